"""One gate taken out of the journal, in a form that still shows it to be part of that journal.

An excerpt has the gate's records in full, and of all others the number and the hash of what they
say: whoever gets it learns nothing of other gates, and can follow the chain from its first record
to the head all the same, and compare that with an anchor.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatectl.core.gate import GateName
from gatectl.errors import InvalidInput
from gatectl.journal.chain import Head, Problem, chained, genesis
from gatectl.journal.journal import Journal

FORMAT = "gatectl/excerpt/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcerptFound:
    """What a look at an excerpt came to."""

    gate: str
    records: int
    head: Head
    problems: tuple[Problem, ...]


def excerpt_lines(journal: Journal, gate: GateName) -> Iterator[str]:
    """Write an excerpt, line by line; each line is a JSON document."""
    yield json.dumps({"format": FORMAT, "gate": gate, "birth": journal.birth})
    for sequence, owner, body in journal.bodies():
        if owner == gate:
            yield json.dumps({"sequence": sequence, "body": body})
        else:
            digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
            yield json.dumps({"sequence": sequence, "body_hash": digest})
    head = journal.head()
    yield json.dumps({"sequence": head.sequence, "hash": head.hash})


def look_through_excerpt(lines: Iterable[str]) -> ExcerptFound:
    """Follow the chain of an excerpt; raises InvalidInput where it is none."""
    try:
        documents = iter([json.loads(line) for line in lines])
        first = next(documents)
        if first["format"] != FORMAT:
            raise InvalidInput(f"this is not an excerpt of the form {FORMAT}")
        return _followed(first["gate"], first["birth"], list(documents))
    except (ValueError, KeyError, TypeError, StopIteration) as exc:
        raise InvalidInput(f"this is not an excerpt of a journal: {exc}") from exc


def _followed(
    gate: str, birth: dict[str, object], documents: list[dict[str, object]]
) -> ExcerptFound:
    *records, end = documents
    problems: list[Problem] = []
    last, own, count = 0, genesis(birth), 0
    for record in records:
        number = int(str(record["sequence"]))
        if number != last + 1:
            problems.append(Problem(sequence=last + 1, sentence="records are missing here"))
        body = record.get("body")
        if isinstance(body, str):
            count += 1
            if json.loads(body)["gate"] != gate:
                problems.append(Problem(sequence=number, sentence=f"this is not of {gate}"))
            digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
        else:
            digest = str(record["body_hash"])
        own = chained(own, bytes.fromhex(digest))
        last = number
    head = Head(sequence=last, hash=own, lineage=str(birth["lineage"]))
    if (end["sequence"], end["hash"]) != (head.sequence, head.hash):
        problems.append(
            Problem(sequence=last, sentence="the records do not lead to the head: one was changed")
        )
    return ExcerptFound(gate=gate, records=count, head=head, problems=tuple(problems))

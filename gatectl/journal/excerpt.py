"""One gate taken out of the journal, in a form that still shows it to be part of that journal.

An excerpt has the gate's records in full, and of all others the number and the hash of what they
say: whoever gets it learns nothing of other gates, and can follow the chain from its first record
to the head all the same, and compare that with an anchor.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from gatectl.core.gate import GateName
from gatectl.errors import InvalidInput
from gatectl.journal.chain import Head, Problem, genesis
from gatectl.journal.journal import Journal
from gatectl.journal.record import understood
from gatectl.journal.recordlines import line_of, walk

FORMAT = "gatectl/excerpt/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcerptFound:
    """What a look at an excerpt came to."""

    gate: str
    records: int
    head: Head
    """The one that the excerpt names; without problems, its records lead there."""
    problems: tuple[Problem, ...]


def excerpt_lines(journal: Journal, gate: GateName) -> Iterator[str]:
    """Write an excerpt, line by line; each line is a JSON document."""
    # Taken first: what is added meanwhile is left to the next excerpt.
    head = journal.head()
    yield json.dumps(
        {
            "format": FORMAT,
            "gate": gate,
            "birth": journal.birth,
            "head": {"sequence": head.sequence, "hash": head.hash},
        }
    )

    for link in takewhile(lambda one: int(str(one.sequence)) <= head.sequence, journal.links()):
        # The column beside it is not hashed: whose record it is, it must say itself.
        yield line_of(link, whole=link.intact() and understood(str(link.body)).gate == gate)


def look_through_excerpt(lines: Iterable[str]) -> ExcerptFound:
    """Follow the chain of an excerpt; raises InvalidInput where it is none."""
    rest = (line.removesuffix("\n") for line in lines)
    try:
        first = json.loads(next(rest))
        if first["format"] != FORMAT:
            raise InvalidInput(f"this is not an excerpt of the form {FORMAT}")
        gate, birth = str(first["gate"]), first["birth"]
        head = Head(
            sequence=int(first["head"]["sequence"]),
            hash=str(first["head"]["hash"]),
            lineage=str(birth["lineage"]),
        )
        walked = walk(rest, gate=gate, first=1, before=genesis(birth))
    except (ValueError, KeyError, TypeError, StopIteration) as exc:
        raise InvalidInput(f"this is not an excerpt of a journal: {exc}") from exc
    problems = [Problem(sequence=one.sequence, sentence=one.sentence) for one in walked.problems]
    found = len(walked.records) + walked.others
    if not problems and (found, walked.head) != (head.sequence, head.hash):
        sentence = f"the records do not lead to the head, which is record {head.sequence}"
        problems.append(Problem(sequence=found + 1, sentence=sentence))
    return ExcerptFound(gate=gate, records=len(walked.records), head=head, problems=tuple(problems))

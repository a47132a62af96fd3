"""A stretch of a journal as lines of text: one gate's records whole, those of others by hash alone.

A record's link is made from the hash of its body, so that a chain can be walked over records whose
content is nobody's business.
"""

import hashlib
import json
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gatectl.core.event import Recorded
from gatectl.errors import JournalDamaged
from gatectl.journal.chain import Link, canonical, chained
from gatectl.journal.record import understood


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProblem:
    """A line that is not what it must be."""

    sequence: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What came of walking along the lines."""

    records: tuple[Recorded, ...]
    """Those that are there whole, and hold."""
    told: tuple[dict[str, Any], ...]
    """The same as they were written: a newer gatectl may have written what this one cannot read."""
    others: int
    head: str
    problems: tuple[LineProblem, ...]


def lines_of(links: Iterable[Link], whole: Container[int]) -> Iterator[str]:
    """Write a line a record; only those in `whole` with their content."""
    for link in links:
        yield line_of(link, whole=link.sequence in whole)


def line_of(link: Link, *, whole: bool) -> str:
    """Write one record, with its content or with the hash of it alone."""
    if not link.intact():
        raise JournalDamaged(f"record {link.sequence} of the journal was changed")
    content: dict[str, object] = {"sequence": link.sequence, "hash": link.hash}
    if whole:
        content["body"] = link.body
    else:
        content["body_sha256"] = _sha256(str(link.body)).hex()
    return canonical(content)


def walk(lines: Iterable[str], *, gate: str, first: int, before: str) -> Walked:
    """Follow the chain from the hash before the first line, and read what is there whole."""
    records: list[Recorded] = []
    told: list[dict[str, Any]] = []
    problems: list[LineProblem] = []
    others = 0
    previous, sequence = before, first - 1
    for line in lines:
        sequence += 1
        try:
            found = _fields(line)
            linked = chained(previous, _body_hash(found))
            previous = str(found["hash"])
            bytes.fromhex(previous)
        except (ValueError, KeyError, TypeError) as exc:
            problems.append(LineProblem(sequence=sequence, sentence=f"it is not readable: {exc}"))
            break
        if found["sequence"] != sequence or linked != previous:
            sentence = "its content was changed, or it does not follow the record before it"
            problems.append(LineProblem(sequence=sequence, sentence=sentence))
            # From here on it goes by what the line says itself, so that one gap is told once.
            sequence = found["sequence"]
        elif "body" not in found:
            others += 1
        else:
            try:
                records.append(_record(str(found["body"]), sequence, gate))
                told.append(json.loads(found["body"]))
            except JournalDamaged as exc:
                problems.append(LineProblem(sequence=sequence, sentence=exc.sentence))
    return Walked(
        records=tuple(records),
        told=tuple(told),
        others=others,
        head=previous,
        problems=tuple(problems),
    )


def _fields(line: str) -> dict[str, Any]:
    found = json.loads(line)
    if not isinstance(found, dict) or canonical(found) != line:
        raise ValueError("it is not in the form in which gatectl writes records")
    if found.keys() not in ({"sequence", "hash", "body"}, {"sequence", "hash", "body_sha256"}):
        raise ValueError("it has other fields than a record has")
    if type(found["sequence"]) is not int:
        raise ValueError("its number is none")
    return found


def _body_hash(found: dict[str, Any]) -> bytes:
    return _sha256(found["body"]) if "body" in found else bytes.fromhex(found["body_sha256"])


def _sha256(body: str) -> bytes:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).digest()


def _record(body: str, sequence: int, gate: str) -> Recorded:
    recorded = understood(body)
    if recorded.sequence != sequence or recorded.gate != gate:
        raise JournalDamaged("it says itself that it is of another place or gate")
    return recorded

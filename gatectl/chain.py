"""The journal's hash chain: how a record is linked to the one before, and how a break is found."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_EVENT_DOMAIN = b"gatectl/event/1"
_JOURNAL_DOMAIN = b"gatectl/journal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last link of a journal; kept elsewhere it is the anchor that shows a rewritten past."""

    sequence: int
    hash: str
    lineage: str
    """Names this one journal; another journal with the same gates has another lineage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One place where the journal is not what was written."""

    sequence: int
    """The event at which it was noticed; 0 is the journal itself."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalVerdict:
    """What a verification found; no problems means that the chain holds up to `head`."""

    events: int
    head: Head
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One row as it lies in the database; anything may be in a damaged one."""

    sequence: object
    gate: object
    run: object
    kind: object
    body: object
    previous: object
    hash: object

    def readable(self) -> bool:
        """Whether it has the form of a record at all."""
        texts = (self.gate, self.kind, self.body)
        return (
            isinstance(self.sequence, int)
            and all(isinstance(text, str) for text in texts)
            and (self.run is None or isinstance(self.run, str))
            and all(_is_digest(value) for value in (self.previous, self.hash))
        )

    def intact(self) -> bool:
        """Whether its content is the one that was hashed."""
        return self.readable() and linked(str(self.previous), str(self.body)) == self.hash


def canonical(value: Mapping[str, object]) -> str:
    """Write a value in the one way that is hashed: sorted keys, no blanks, ASCII, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def genesis(birth: Mapping[str, object]) -> str:
    """Give what stands in the first record's place of a previous hash: the journal's own birth."""
    return hashlib.sha256(_JOURNAL_DOMAIN + canonical(birth).encode("ascii")).hexdigest()


def linked(previous: str, body: str) -> str:
    """Hash a record's body together with the hash before it."""
    # Digests have a fixed length, so that no other split of the same bytes has the same hash.
    body_hash = hashlib.sha256(body.encode("utf-8", "surrogatepass")).digest()
    return hashlib.sha256(_EVENT_DOMAIN + bytes.fromhex(previous) + body_hash).hexdigest()


class Walk:
    """Goes along a chain, row by row, and tells what does not fit.

    After a break it goes on from what the row itself claims, so that one change is told once and
    further ones are still found.
    """

    def __init__(self, *, birth: Mapping[str, object], anchor: Head | None = None) -> None:
        self.sequence = 0
        self.events = 0
        self._lineage = str(birth["lineage"])
        self._hash = genesis(birth)
        self._anchor = anchor
        self._at_anchor = ""

    def head(self) -> Head:
        """Give the last link that was seen."""
        return Head(sequence=self.sequence, hash=self._hash, lineage=self._lineage)

    def step(self, link: Link) -> Iterator[Problem]:
        """Compare the next row with what must follow."""
        if not link.readable():
            self.sequence += 1
            yield Problem(sequence=self.sequence, sentence="the record is not readable as one")
            return
        sequence, body, previous, own = (
            int(str(link.sequence)),
            str(link.body),
            str(link.previous),
            str(link.hash),
        )
        if sequence != self.sequence + 1:
            yield Problem(
                sequence=self.sequence + 1,
                sentence=f"{_span(self.sequence + 1, sequence - 1)} missing",
            )
        elif previous != self._hash:
            yield Problem(
                sequence=sequence,
                sentence="it does not follow the record before it: "
                "a record was put in, taken out, moved or replaced here",
            )
        if not link.intact():
            yield Problem(sequence=sequence, sentence="its content was changed")
        else:
            yield from _columns(link, sequence, body)
        self.sequence, self._hash = sequence, own
        self.events += 1
        if self._anchor is not None and sequence == self._anchor.sequence:
            self._at_anchor = own

    def end(self) -> Iterator[Problem]:
        """Compare the chain that was walked with the head that was kept elsewhere."""
        anchor = self._anchor
        if anchor is None:
            return
        if anchor.lineage != self._lineage:
            yield Problem(
                sequence=0,
                sentence=f"this is another journal: {self._lineage}, while the anchor is of "
                f"{anchor.lineage}",
            )
        elif anchor.sequence > self.sequence:
            yield Problem(
                sequence=self.sequence + 1,
                sentence=f"the end was cut off: {_span(self.sequence + 1, anchor.sequence)} "
                "missing that the anchor has seen",
            )
        elif anchor.sequence and self._at_anchor != anchor.hash:
            yield Problem(
                sequence=anchor.sequence,
                sentence="the anchor has another hash here: "
                "this record or one before it was rewritten",
            )


def _span(first: int, last: int) -> str:
    return f"record {first} is" if first >= last else f"records {first} to {last} are"


def _is_digest(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) == 64  # noqa: PLR2004 - hex digits of a SHA-256
        and all(digit in "0123456789abcdef" for digit in value)
    )


def _columns(link: Link, sequence: int, body: str) -> Iterator[Problem]:
    """Check the columns that rows are found by: they repeat the body and are not hashed."""
    try:
        record = json.loads(body)
        told = (record["sequence"], record["gate"], record["run"], record["event"]["kind"])
    except (ValueError, KeyError, TypeError):
        yield Problem(sequence=sequence, sentence="it is linked, and yet no record of gatectl's")
        return
    if told != (link.sequence, link.gate, link.run, link.kind):
        yield Problem(
            sequence=sequence,
            sentence="it is filed under another number, gate, run or kind than it says itself",
        )

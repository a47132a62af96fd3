"""The journal's hash chain: how a record is linked to the one before, and how a break is found."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = tuple[Any, ...]
"""A record as the database gives it: the fields of `Link` in their order."""

_EVENT_DOMAIN = b"gatectl/event/1"
_JOURNAL_DOMAIN = b"gatectl/journal/1"
_DIGEST = re.compile("[0-9a-f]{64}")
_RUN_TYPES = (str, type(None))


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
class Stretch:
    """A part of a journal that somebody else walked along."""

    problems: tuple[Problem, ...]
    events: int
    head: Head
    at_anchor: str
    """The hash at the anchor's place, if that was in this part."""


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

    @classmethod
    def of(cls, row: Row) -> "Link":
        """Name the fields of a row."""
        sequence, gate, run, kind, body, previous, own = row
        return cls(
            sequence=sequence, gate=gate, run=run, kind=kind, body=body, previous=previous, hash=own
        )

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
    return chained(previous, body_hash)


def chained(previous: str, body_hash: bytes) -> str:
    """Hash what is known of a record's body together with the hash before it."""
    return hashlib.sha256(_EVENT_DOMAIN + bytes.fromhex(previous) + body_hash).hexdigest()


class Walk:
    """Goes along a chain, row by row, and tells what does not fit.

    After a break it goes on from what the row itself claims, so that one change is told once and
    further ones are still found.
    """

    def __init__(
        self,
        *,
        birth: Mapping[str, object],
        anchor: Head | None = None,
        begin: Head | None = None,
    ) -> None:
        self.birth = birth
        self.anchor = anchor
        self.sequence = begin.sequence if begin else 0
        self.events = 0
        self._lineage = str(birth["lineage"])
        self._hash = begin.hash if begin else genesis(birth)
        self._at_anchor = ""

    def head(self) -> Head:
        """Give the last link that was seen."""
        return Head(sequence=self.sequence, hash=self._hash, lineage=self._lineage)

    def stretch(self, problems: Sequence[Problem]) -> Stretch:
        """Give what was walked to whoever goes on with it."""
        return Stretch(
            problems=tuple(problems),
            events=self.events,
            head=self.head(),
            at_anchor=self._at_anchor,
        )

    def join(self, stretch: Stretch) -> Iterator[Problem]:
        """Go on behind a stretch that began at the head as it is now."""
        yield from stretch.problems
        self.sequence, self._hash = stretch.head.sequence, stretch.head.hash
        self.events += stretch.events
        self._at_anchor = stretch.at_anchor or self._at_anchor

    def rows(self, rows: Sequence[Row]) -> Iterator[Problem]:
        """Go along many rows; those that fit cost little, any other gets a look of its own."""
        at = 0
        while at < len(rows):
            good, own = _fitting(rows, at, self.sequence, self._hash)
            if good:
                self._pass(rows, at, good, own)
                at += good
            if at < len(rows):
                yield from self.step(Link.of(rows[at]))
                at += 1

    def through(
        self, stretch: Callable[[int, int], Sequence[Row]], up_to: int
    ) -> Iterator[Problem]:
        """Go on up to a record; `stretch` reads some rows behind one number, up to another."""
        after = self.sequence
        while after < up_to:
            rows = stretch(after, up_to)
            if not rows:
                return
            yield from self.rows(rows)
            after = rows[-1][0] if isinstance(rows[-1][0], int) else up_to

    def _pass(self, rows: Sequence[Row], at: int, good: int, own: str) -> None:
        if self.anchor is not None and 0 < self.anchor.sequence - self.sequence <= good:
            self._at_anchor = str(rows[at + self.anchor.sequence - self.sequence - 1][-1])
        self.sequence += good
        self.events += good
        self._hash = own

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
        if self.anchor is not None and sequence == self.anchor.sequence:
            self._at_anchor = own

    def end(self) -> Iterator[Problem]:
        """Compare the chain that was walked with the head that was kept elsewhere."""
        anchor = self.anchor
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
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _fitting(rows: Sequence[Row], at: int, sequence: int, previous: str) -> tuple[int, str]:
    """Count the rows from `at` on that follow without a flaw, and give the last one's hash.

    The same tests as in `Walk.step`, laid out for speed: a journal of years has a million rows.
    """
    sha256 = hashlib.sha256
    last_gate = last_run = last_kind = object()
    gate_part = run_part = kind_part = ""
    good = 0
    for number, gate, run, kind, body, claimed, own in rows[at:] if at else rows:
        if number != sequence + 1 or claimed != previous or type(body) is not str:
            break
        try:
            body_hash = sha256(body.encode()).digest()
        except UnicodeEncodeError:
            break
        if sha256(_EVENT_DOMAIN + bytes.fromhex(previous) + body_hash).hexdigest() != own:
            break
        if gate != last_gate or run != last_run or kind != last_kind:
            if type(gate) is not str or type(kind) is not str or type(run) not in _RUN_TYPES:
                break
            last_gate, last_run, last_kind = gate, run, kind
            gate_part = f',"gate":{json.dumps(gate)}'
            run_part = f',"run":{json.dumps(run)},"sequence":'
            kind_part = f'"kind":{json.dumps(kind)}'
        tail = f"{run_part}{number}}}"
        # Keys are sorted and quotes in values escaped, so that these can only be the keys meant.
        origin = body.rfind(',"origin":"', 0, len(body) - len(tail))
        filed = body.endswith(tail) and body.endswith(gate_part, 0, origin)
        if not (filed and kind_part in body and body.count('"kind":"') == 1) and any(
            _columns(Link.of((number, gate, run, kind, body, claimed, own)), number, body)
        ):
            break
        sequence, previous = number, own
        good += 1
    return good, previous


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

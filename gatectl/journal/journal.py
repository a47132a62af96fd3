"""The journal: what has happened to every gate, in tables that only grow.

An event is on disk when `append` returns. Each record is linked to the one before it by a hash
(`chain`), so that `verify` can say where one was changed; the head, kept elsewhere, shows
a past that was rewritten as a whole.
"""

import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from gatectl.clock import Clock, read
from gatectl.core.event import Event, Noted, Recorded, RunId
from gatectl.core.gate import GateName
from gatectl.core.moment import CLOCK_STEP_S, Moment
from gatectl.errors import JournalDamaged, JournalFull, JournalUnavailable
from gatectl.journal.chain import Head, JournalVerdict, Link, Problem, Walk, genesis, linked
from gatectl.journal.engine import Condition, Engine, Rows
from gatectl.journal.groupcommit import GroupCommit
from gatectl.journal.lately import LatelyWritten
from gatectl.journal.lease import Fence, Leases
from gatectl.journal.mark import NEWEST_ROWS, TURN_ROWS, Mark, read_mark, write_mark
from gatectl.journal.record import understood, written
from gatectl.journal.schema import LINK_COLUMNS, hash_at
from gatectl.journal.sqlitefile import SqliteFile
from gatectl.ports import Entry

_PAGE_ROWS = 500


class Journal:
    """The journal of one operator machine, or of several; may be used from several threads."""

    def __init__(self, engine: Engine, *, clock: Clock, actor: str, origin: str) -> None:
        self._engine = engine
        self._clock = clock
        self._actor = actor
        self._origin = origin
        self._last_moment: Moment | None = None
        self._lately = LatelyWritten()
        self._appending: GroupCommit[Rows] = GroupCommit(self._writing)
        self._where = engine.where
        self.read_only = engine.read_only
        self.birth = self._read_birth()
        """What stands in the first record's place of a hash before it."""
        self.lineage = str(self.birth["lineage"])
        self.leases = Leases(
            transaction=self._writing,
            reading=engine.reading,
            note=lambda rows, gate, text: self._insert_note(rows, text, gate=gate, run=None),
            time=lambda rows: engine.lease_time(rows, clock),
        )

    @classmethod
    def on(
        cls, engine: Engine, *, clock: Clock, actor: str, origin: str, verified: bool = True
    ) -> Self:
        """Open the journal that lies in an engine, which is let go of if it is refused.

        A journal that does not verify is refused, unless it is opened (`verified=False`) to be
        looked at.
        """
        try:
            journal = cls(engine, clock=clock, actor=actor, origin=origin)
            if verified and not engine.newer:
                journal._refuse_damage()
        except BaseException:
            engine.close()
            raise
        return journal

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        actor: str,
        origin: str,
        read_only: bool = False,
        verified: bool = True,
        unsafe_any_file_system: bool = False,
    ) -> Self:
        """Open the journal in a file, making it if it is missing and may be written.

        Only tests and rehearsals may have it on a file system that forgets.
        """
        engine = SqliteFile.open(
            path,
            created=clock.now(),
            read_only=read_only,
            unsafe_any_file_system=unsafe_any_file_system,
        )
        return cls.on(engine, clock=clock, actor=actor, origin=origin, verified=verified)

    @classmethod
    def in_memory(cls, *, clock: Clock, actor: str, origin: str) -> Self:
        """Make a journal that ends with the process."""
        engine = SqliteFile.in_memory(created=clock.now())
        return cls(engine, clock=clock, actor=actor, origin=origin)

    def append(
        self,
        event: Event,
        *,
        gate: GateName,
        run: RunId | None = None,
        require: Fence | None = None,
        begins: bool = False,
    ) -> Recorded:
        """Put an event on disk, if the fence stands; else LeaseLost.

        What `begins` something is refused where there would be no room left to tell its end.
        """
        return self.append_all(((event, gate, run),), require=require, begins=begins)[0]

    def append_all(
        self, entries: Sequence[Entry], *, require: Fence | None = None, begins: bool = False
    ) -> tuple[Recorded, ...]:
        """Put several events on disk, all of them or none, if the fence stands; else LeaseLost."""

        def put_down(rows: Rows) -> tuple[Recorded, ...]:
            if begins and not self._engine.room_kept():
                raise JournalFull(f"the journal {self._where} cannot be used: the disk is full")
            if require is not None:
                self.leases.check(rows, require)
            return tuple(
                self._place(rows, self.dated(event, gate=gate, run=run))
                for event, gate, run in entries
            )

        return self._appending.do(put_down)

    def append_decided(self, decide: Callable[[], Sequence[Entry]]) -> tuple[Recorded, ...]:
        """Put on disk what `decide` makes of the journal, which nobody else writes meanwhile."""
        return self._appending.do(
            lambda rows: tuple(
                self._place(rows, self.dated(event, gate=gate, run=run))
                for event, gate, run in tuple(decide())
            )
        )

    def dated(self, event: Event, *, gate: GateName, run: RunId | None = None) -> Recorded:
        """Give an event its time; it has no place in the journal before it is `put` there."""
        moment = read(self._clock)
        return Recorded(
            sequence=0,
            at=moment.at,
            boot_time_ns=moment.boot_time_ns,
            boot_id=moment.boot_id,
            gate=gate,
            run=run,
            actor=self._actor,
            origin=self._origin,
            event=event,
        )

    def put(self, dated: Sequence[Recorded]) -> list[Recorded]:
        """Put events on disk that have their time already, all of them or none."""
        return self._appending.do(lambda rows: [self._place(rows, one) for one in dated])

    def events(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """Give events in their order; the file is not locked while the caller thinks."""
        where, values = _where(gate=gate, run=run, kinds=kinds)
        for link in self._links(where, values, after=after, limit=limit):
            yield self._read_back(link)

    def notes(self, beginning: str) -> Iterator[Recorded]:
        """Give the notes, of whatever gate, that begin with these words."""
        # A sign that needs an escape may be any sign here: the words themselves are compared below.
        words = json.dumps(beginning)[:-1].replace("\\", "_")
        where = " AND kind = 'note' AND body LIKE ?"
        for link in self._links(where, (f'%"text":{words}%',)):
            recorded = self._read_back(link)
            if isinstance(recorded.event, Noted) and recorded.event.text.startswith(beginning):
                yield recorded

    def links(self, *, after: int = 0, limit: int | None = None) -> Iterator[Link]:
        """Give the chain's own rows as they lie there, whatever they hold."""
        return self._links(after=after, limit=limit)

    def newest_first(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
        before: int | None = None,
    ) -> Iterator[Recorded]:
        """Give events backwards, for whoever needs the end of a long history alone."""
        where, values = _where(gate=gate, run=run, kinds=kinds)
        before = sys.maxsize if before is None else before
        while True:
            with self._engine.reading() as reading:
                rows = reading.execute(
                    f"SELECT {LINK_COLUMNS} FROM event WHERE sequence < ?{where}"  # noqa: S608 - only our own column names are put in
                    " ORDER BY sequence DESC LIMIT ?",
                    (before, *values, _PAGE_ROWS),
                ).fetchall()
            for row in rows:
                yield self._read_back(Link.of(row))
            if len(rows) < _PAGE_ROWS:
                return
            before = rows[-1][0]

    def runs(self, *, gate: GateName | None = None, limit: int = 50) -> list[RunId]:
        """List the newest runs first."""
        where, values = _where(gate=gate, run=None, kinds=("run.started",))
        with self._engine.reading() as reading:
            rows = reading.execute(
                f"SELECT run FROM event WHERE run IS NOT NULL{where}"  # noqa: S608 - only our own column names are put in
                " ORDER BY sequence DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [RunId(row[0]) for row in rows]

    def head(self) -> Head:
        """Give the last link, to be kept elsewhere as an anchor."""
        with self._engine.reading() as reading:
            sequence, last = self._last_link(reading)
        return Head(sequence=sequence, hash=last, lineage=self.lineage)

    def hash_at(self, sequence: int) -> str | None:
        """Give one record's hash as it lies there, to be compared with what stands on paper."""
        with self._engine.reading() as rows:
            return hash_at(rows, sequence)

    def conditions(self) -> Iterator[Condition]:
        """Tell what the promises of the records rest on, for a doctor."""
        return self._engine.conditions()

    def verify(self, anchor: Head | None = None) -> JournalVerdict:
        """Look for every change since the records were written; with an anchor also at the end."""
        problems: list[Problem] = []
        walk = Walk(birth=self.birth, anchor=anchor)
        try:
            problems.extend(self._engine.walked_whole(walk, self.head().sequence))
        except JournalDamaged as exc:
            problems.append(Problem(sequence=walk.sequence + 1, sentence=exc.sentence))
        problems += walk.end()
        return JournalVerdict(events=walk.events, head=walk.head(), problems=tuple(problems))

    def _head(self, sequence: int, own: str | None) -> Head:
        return Head(sequence=sequence, hash=own or "", lineage=self.lineage)

    def close(self) -> None:
        """Let go of the tables."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Rows]:
        if self.read_only:
            raise JournalUnavailable(f"the journal {self._where} is open for reading only")
        last_moment = self._last_moment
        try:
            with self._engine.transaction() as rows:
                yield rows
        except BaseException:
            # What was taken back is no event to measure a step of the clock from.
            self._last_moment = last_moment
            raise

    def _place(self, rows: Rows, dated: Recorded) -> Recorded:
        """Give an event its place, behind a word on the clock if that was moved meanwhile."""
        moment, last = dated.moment, self._last_moment
        step_s = last.wall_step_s(moment) if last else 0.0
        if abs(step_s) > CLOCK_STEP_S:
            # A step of the wall clock between two events is itself an event.
            moved = f"clock step: the wall clock moved by {step_s:+.1f} s since the last event"
            self._insert_note(rows, moved, gate=dated.gate, run=dated.run)
        self._last_moment = moment
        return self._insert(rows, dated)

    def _insert(self, rows: Rows, dated: Recorded) -> Recorded:
        """Link one record to the last; only within a transaction."""
        sequence, previous = self._last_link(rows)
        recorded = replace(dated, sequence=sequence + 1)
        body = written(recorded)
        filed = (recorded.sequence, recorded.gate, recorded.run, recorded.event.kind)
        own = linked(previous, body)
        rows.execute(
            f"INSERT INTO event ({LINK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - only our own column names are put in
            (*filed, body, previous, own),
        )
        self._lately.remember(own, recorded)
        return recorded

    def _insert_note(self, rows: Rows, text: str, *, gate: GateName, run: RunId | None) -> None:
        self._insert(rows, self.dated(Noted(text=text), gate=gate, run=run))

    def _read_back(self, link: Link) -> Recorded:
        """Read one record, after a look at its own hash: a changed one is told to nobody."""
        if not link.intact():
            raise JournalDamaged(f"record {link.sequence} of the journal {self._where} was changed")
        return self._lately.find(str(link.hash)) or understood(str(link.body))

    def _last_link(self, rows: Rows) -> tuple[int, str]:
        newest = "SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1"
        row = rows.execute(newest).fetchone()
        return (row[0], row[1]) if row else (0, genesis(self.birth))

    def _read_birth(self) -> dict[str, object]:
        with self._engine.reading() as reading:
            rows = reading.execute("SELECT key, value FROM meta").fetchall()
        birth: dict[str, object] = dict(rows)
        if "lineage" not in birth:
            raise JournalDamaged(f"the journal {self._where} does not say which journal it is")
        return birth

    def _links(
        self,
        where: str = "",
        values: Sequence[str] = (),
        *,
        after: int = -1,
        limit: int | None = None,
    ) -> Iterator[Link]:
        """Read in pages: a reader who takes his time must not keep a writer waiting."""
        left = sys.maxsize if limit is None else limit
        while left > 0:
            page = min(_PAGE_ROWS, left)
            with self._engine.reading() as reading:
                rows = reading.execute(
                    f"SELECT {LINK_COLUMNS} FROM event WHERE sequence > ?{where}"  # noqa: S608 - only our own column names are put in
                    " ORDER BY sequence LIMIT ?",
                    (after, *values, page),
                ).fetchall()
            yield from map(Link.of, rows)
            if len(rows) < page:
                return
            after = rows[-1][0]
            left -= page

    def _refuse_damage(self) -> None:
        """Refuse a journal with a flaw; of a long one, look at the newest records and some more."""
        last = self.head()
        beside = self._engine.mark
        mark = read_mark(beside, self.lineage, self.hash_at) if beside else None
        if mark is None or mark.head.sequence <= NEWEST_ROWS:
            problems, turn = self.verify().problems, 0
        else:
            problems = (*self._engine.lost_guards(), *self._since(mark, last))
            turn = (mark.turn + TURN_ROWS) % max(1, mark.head.sequence)
        if problems:
            first = problems[0]
            raise JournalDamaged(
                f"the journal {self._where} does not verify: "
                f"record {first.sequence}: {first.sentence} ({len(problems)} problems)"
            )
        if beside is not None and not self.read_only and last.sequence > NEWEST_ROWS:
            write_mark(beside, Mark(head=last, turn=turn))

    def _since(self, mark: Mark, last: Head) -> Iterator[Problem]:
        """Look at what is new since a mark, at the newest, and at the old ones whose turn it is."""
        newest = min(mark.head.sequence, max(0, last.sequence - NEWEST_ROWS))
        turn_ends = min(mark.turn + TURN_ROWS, newest)
        for begin, end in ((mark.turn, turn_ends), (newest, last.sequence)):
            own = self.hash_at(begin) if begin else genesis(self.birth)
            walk = Walk(birth=self.birth, begin=self._head(begin, own))
            yield from self._engine.walked(walk, end)


def _where(
    *, gate: GateName | None, run: RunId | None, kinds: Collection[str]
) -> tuple[str, list[str]]:
    """Give the end of a WHERE clause and its values."""
    clause = ""
    values: list[str] = []
    for column, value in (("gate", gate), ("run", run)):
        if value is not None:
            clause += f" AND {column} = ?"
            values.append(value)
    if kinds:
        clause += f" AND kind IN ({', '.join('?' for _ in kinds)})"
        values.extend(kinds)
    return clause, values

"""The journal: what has happened to every gate, in one SQLite file that only grows.

An event is appended in a transaction of its own and is on disk when `append` returns. Each record
is linked to the one before it by a hash (`gatectl.chain`), so that `verify` can say where one was
changed; the head, kept elsewhere, shows a past that was rewritten as a whole.
"""

import sqlite3
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from gatectl.chain import Head, JournalVerdict, Link, Problem, Walk, genesis, linked
from gatectl.clock import Clock, read
from gatectl.core.event import Event, Noted, Recorded, RunId
from gatectl.core.gate import GateName
from gatectl.core.moment import CLOCK_STEP_S, Moment
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.lease import Leases, LeaseToken
from gatectl.mark import NEWEST_ROWS, TURN_ROWS, Mark, read_mark, write_mark
from gatectl.record import understood, written
from gatectl.schema import (
    LINK_COLUMNS,
    SCHEMA_VERSION,
    STATEMENTS,
    create_tables,
    schema_version,
    set_pragmas,
)
from gatectl.sqlitefile import (
    PARALLEL_ROWS,
    connect,
    shares_of,
    translated,
    walk_file,
    walk_shared,
)
from gatectl.storage import (
    create_private_file,
    private_folder,
    refuse_strange_file,
    refuse_unsafe_file_system,
)

_PAGE_ROWS = 500


class Journal:
    """The journal of one operator machine; may be used from several threads."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        path: Path | None,
        identity: tuple[int, int] | None,
        clock: Clock,
        actor: str,
        origin: str,
        read_only: bool,
    ) -> None:
        self._connection = connection
        self._path = path
        self._identity = identity
        self._clock = clock
        self._actor = actor
        self._origin = origin
        self._lock = threading.RLock()
        self._last_moment: Moment | None = None
        self._where = str(path or "in memory")
        self.read_only = read_only
        """Also true when a newer gatectl has written the file, whose rules we do not know."""
        self.birth = self._read_birth()
        """What stands in the first record's place of a hash before it."""
        self.lineage = str(self.birth["lineage"])
        self.leases = Leases(
            transaction=self._writing,
            reading=self._reading,
            note=lambda gate, text: self._insert_note(text, gate=gate, run=None),
            clock=clock,
        )

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
        """Open the journal, making it if it is missing and may be written.

        A journal that does not verify is refused, unless it is opened (`verified=False`) to be
        looked at. Only tests and rehearsals may have it on a file system that forgets.
        """
        if not read_only:
            private_folder(path.parent)
            if not unsafe_any_file_system:
                refuse_unsafe_file_system(path.parent)
            create_private_file(path)
        identity = refuse_strange_file(path, to_write=not read_only)
        with translated(str(path)):
            connection = connect(path, read_only=read_only)
        try:
            with translated(str(path)):
                set_pragmas(connection, read_only=read_only)
                if not read_only:
                    create_tables(connection, created=clock.now())
                version = schema_version(connection)
            journal = cls(
                connection,
                path=path,
                identity=identity,
                clock=clock,
                actor=actor,
                origin=origin,
                read_only=read_only or version > SCHEMA_VERSION,
            )
            if verified and version <= SCHEMA_VERSION:
                journal._refuse_damage()
        except BaseException:
            connection.close()
            raise
        return journal

    @classmethod
    def in_memory(cls, *, clock: Clock, actor: str, origin: str) -> Self:
        """Make a journal that ends with the process."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        create_tables(connection, created=clock.now())
        return cls(
            connection,
            path=None,
            identity=None,
            clock=clock,
            actor=actor,
            origin=origin,
            read_only=False,
        )

    def append(
        self,
        event: Event,
        *,
        gate: GateName,
        run: RunId | None = None,
        require: LeaseToken | None = None,
    ) -> Recorded:
        """Put an event on disk; with `require`, only while that lease of the gate counts."""
        with self._writing() as connection:
            if require is not None:
                self.leases.check(connection, gate, require)
            moment = read(self._clock)
            step_s = self._last_moment.wall_step_s(moment) if self._last_moment else 0.0
            if abs(step_s) > CLOCK_STEP_S:
                # A step of the wall clock between two events is itself an event.
                self._insert_note(
                    f"clock step: the wall clock moved by {step_s:+.1f} s since the last event",
                    gate=gate,
                    run=run,
                )
            recorded = self._insert(event, moment, gate=gate, run=run)
        self._last_moment = moment
        return recorded

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
        for row in self._rows(where, values, after=after, limit=limit):
            yield self._read_back(Link.of(row))

    def newest_first(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
    ) -> Iterator[Recorded]:
        """Give events backwards, for whoever needs the end of a long history alone."""
        where, values = _where(gate=gate, run=run, kinds=kinds)
        before = sys.maxsize
        while True:
            with self._reading() as connection:
                rows = connection.execute(
                    f"SELECT {LINK_COLUMNS} FROM event WHERE sequence < ?{where}"  # noqa: S608 - only our own column names are put in
                    " ORDER BY sequence DESC LIMIT ?",
                    (before, *values, _PAGE_ROWS),
                ).fetchall()
            for row in rows:
                yield self._read_back(Link.of(row))
            if len(rows) < _PAGE_ROWS:
                return
            before = rows[-1][0]

    def bodies(self) -> Iterator[tuple[int, GateName, str]]:
        """Give every record's number, gate and text; a changed one is told to nobody."""
        for row in self._rows():
            recorded = self._read_back(Link.of(row))
            yield recorded.sequence, recorded.gate, str(row[4])

    def runs(self, *, gate: GateName | None = None, limit: int = 50) -> list[RunId]:
        """List the newest runs first."""
        where, values = _where(gate=gate, run=None, kinds=("run.started",))
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT run FROM event WHERE run IS NOT NULL{where}"  # noqa: S608 - only our own column names are put in
                " ORDER BY sequence DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [RunId(row[0]) for row in rows]

    def head(self) -> Head:
        """Give the last link, to be kept elsewhere as an anchor."""
        with self._reading() as connection:
            sequence, last = self._last_link(connection)
        return Head(sequence=sequence, hash=last, lineage=self.lineage)

    def hash_at(self, sequence: int) -> str | None:
        """Give one record's hash as it lies there, to be compared with what stands on paper."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT hash FROM event WHERE sequence = ?", (sequence,)
            ).fetchone()
        return str(row[0]) if row else None

    def verify(self, anchor: Head | None = None) -> JournalVerdict:
        """Look for every change since the records were written; with an anchor also at the end."""
        problems: list[Problem] = []
        walk = Walk(birth=self.birth, anchor=anchor)
        try:
            problems.extend(self._looked_through(walk))
        except JournalDamaged as exc:
            problems.append(Problem(sequence=walk.sequence + 1, sentence=exc.sentence))
        problems += walk.end()
        return JournalVerdict(events=walk.events, head=walk.head(), problems=tuple(problems))

    def _looked_through(self, walk: Walk) -> Iterator[Problem]:
        """Look at the file's structure and walk from first to last; a long way on all cores."""
        up_to = self.head().sequence
        if self._path is None or up_to < PARALLEL_ROWS:
            yield from self._structure_problems()
            yield from self._walked_alone(walk, up_to)
            return
        shares = [(self._head(begin, self.hash_at(begin)), end) for begin, end in shares_of(up_to)]
        yield from walk_shared(self._path, walk, shares, self._structure_problems)

    def _walked_alone(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        if self._path is not None:
            return walk_file(self._path, walk, up_to)
        return walk.rows(list(self._rows(after=walk.sequence)))

    def _head(self, sequence: int, own: str | None) -> Head:
        return Head(sequence=sequence, hash=own or "", lineage=self.lineage)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

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
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold one transaction: all of it is on disk at the end, or nothing of it."""
        if self.read_only:
            raise JournalUnavailable(f"the journal {self._where} is open for reading only")
        connection = self._connection
        with self._lock, translated(self._where):
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_replaced_file()
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # After a full disk SQLite has rolled back by itself.
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._where):
            yield self._connection

    def _refuse_replaced_file(self) -> None:
        """Refuse to write into a file that nobody will find again under its name."""
        if self._path is not None:
            with suppress(FileNotFoundError):
                status = self._path.lstat()
                if (status.st_dev, status.st_ino) == self._identity:
                    return
            raise JournalDamaged(f"the journal {self._where} was replaced or removed while in use")

    def _insert(
        self, event: Event, moment: Moment, *, gate: GateName, run: RunId | None
    ) -> Recorded:
        """Link one record to the last; only within a transaction."""
        sequence, previous = self._last_link(self._connection)
        recorded = Recorded(
            sequence=sequence + 1,
            at=moment.at,
            boot_time_ns=moment.boot_time_ns,
            boot_id=moment.boot_id,
            gate=gate,
            run=run,
            actor=self._actor,
            origin=self._origin,
            event=event,
        )
        body = written(recorded)
        self._connection.execute(
            f"INSERT INTO event ({LINK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - only our own column names are put in
            (recorded.sequence, gate, run, event.kind, body, previous, linked(previous, body)),
        )
        return recorded

    def _insert_note(self, text: str, *, gate: GateName, run: RunId | None) -> None:
        self._insert(Noted(text=text), read(self._clock), gate=gate, run=run)

    def _read_back(self, link: Link) -> Recorded:
        """Read one record, after a look at its own hash: a changed one is told to nobody."""
        if not link.intact():
            raise JournalDamaged(f"record {link.sequence} of the journal {self._where} was changed")
        return understood(str(link.body))

    def _last_link(self, connection: sqlite3.Connection) -> tuple[int, str]:
        row = connection.execute(
            "SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return (row[0], row[1]) if row else (0, genesis(self.birth))

    def _read_birth(self) -> dict[str, object]:
        with translated(self._where):
            rows = self._connection.execute("SELECT key, value FROM meta").fetchall()
        birth: dict[str, object] = dict(rows)
        if "lineage" not in birth:
            raise JournalDamaged(f"the journal {self._where} does not say which journal it is")
        return birth

    def _structure_problems(self) -> Iterator[Problem]:
        """Check what the hashes do not cover: pages, indexes and the triggers that guard rows."""
        with self._reading() as connection:
            pages = connection.execute("PRAGMA integrity_check(20)").fetchall()
        for (sentence,) in pages:
            if sentence != "ok":
                yield Problem(sequence=0, sentence=f"the database is damaged: {sentence}")
        yield from self._lost_guards()

    def _lost_guards(self) -> Iterator[Problem]:
        with self._reading() as connection:
            rows = connection.execute("SELECT sql FROM sqlite_master").fetchall()
        present = {row[0] for row in rows}
        for sql in STATEMENTS:
            if sql not in present:
                yield Problem(sequence=0, sentence=f"missing or changed in the file: {sql}")

    def _rows(
        self,
        where: str = "",
        values: Sequence[str] = (),
        *,
        after: int = -1,
        limit: int | None = None,
    ) -> Iterator[tuple[object, ...]]:
        """Read in pages: a reader who takes his time must not keep a writer waiting."""
        left = sys.maxsize if limit is None else limit
        while left > 0:
            page = min(_PAGE_ROWS, left)
            with self._reading() as connection:
                rows = connection.execute(
                    f"SELECT {LINK_COLUMNS} FROM event WHERE sequence > ?{where}"  # noqa: S608 - only our own column names are put in
                    " ORDER BY sequence LIMIT ?",
                    (after, *values, page),
                ).fetchall()
            yield from rows
            if len(rows) < page:
                return
            after = rows[-1][0]
            left -= page

    def _refuse_damage(self) -> None:
        """Refuse a journal with a flaw; of a long one, look at the newest records and some more."""
        last = self.head()
        mark = read_mark(self._path, self.lineage, self.hash_at) if self._path else None
        if mark is None or mark.head.sequence <= NEWEST_ROWS:
            problems = self.verify().problems
            turn = 0
        else:
            problems = (*self._lost_guards(), *self._since(mark, last))
            turn = (mark.turn + TURN_ROWS) % max(1, mark.head.sequence)
        if problems:
            first = problems[0]
            raise JournalDamaged(
                f"the journal {self._where} does not verify: "
                f"record {first.sequence}: {first.sentence} ({len(problems)} problems)"
            )
        if self._path is not None and not self.read_only and last.sequence > NEWEST_ROWS:
            write_mark(self._path, Mark(head=last, turn=turn))

    def _since(self, mark: Mark, last: Head) -> Iterator[Problem]:
        """Look at what is new since a mark, at the newest, and at the old ones whose turn it is."""
        newest = min(mark.head.sequence, max(0, last.sequence - NEWEST_ROWS))
        turn_ends = min(mark.turn + TURN_ROWS, newest)
        for begin, end in ((mark.turn, turn_ends), (newest, last.sequence)):
            own = self.hash_at(begin) if begin else genesis(self.birth)
            walk = Walk(birth=self.birth, begin=self._head(begin, own))
            yield from self._walked_alone(walk, end)


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

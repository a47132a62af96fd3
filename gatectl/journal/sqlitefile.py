"""A journal in one SQLite file: how it is opened, written, read in stretches, and how it fails."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from gatectl.clock import Clock, read
from gatectl.errors import JournalDamaged, JournalFull, JournalUnavailable
from gatectl.journal.ballast import Ballast
from gatectl.journal.chain import Head, Problem, Row, Stretch, Walk
from gatectl.journal.engine import Condition, LeaseTime, Rows
from gatectl.journal.schema import (
    BUSY_TIMEOUT_MS,
    SCHEMA_VERSION,
    STATEMENTS,
    create_tables,
    hash_at,
    schema_version,
    set_pragmas,
    stretch,
)
from gatectl.storage import (
    create_private_file,
    private_folder,
    refuse_strange_file,
    refuse_unsafe_file_system,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

_REASONS = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: "another program has had it locked for too long",
        sqlite3.SQLITE_LOCKED: "another program has had it locked for too long",
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_READONLY: "it cannot be written",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
        sqlite3.SQLITE_IOERR: "the disk does not do what it should",
    }
)
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE})
"""The second is what SQLite says where a quota is used up."""
_DAMAGE = frozenset(
    # Our own statements are right for our own tables: an error or a broken constraint in them
    # says that the tables are not ours any more.
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
    }
)
PARALLEL_ROWS = 100_000
"""From so many records on, other processes take their share of a verification."""
_OWN_SHARE = 0.6


class SqliteFile:
    """The tables of a journal in a file of this machine, or in memory."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        path: Path | None = None,
        identity: tuple[int, int] | None = None,
        read_only: bool = False,
        newer: bool = False,
    ) -> None:
        self._connection = connection
        self._path = path
        self._identity = identity
        self._lock = threading.RLock()
        self.where = str(path or "in memory")
        self.read_only = read_only or newer
        self.newer = newer
        self.mark = path
        self._ballast = Ballast(path.parent if path and not self.read_only else None)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        created: datetime,
        read_only: bool = False,
        unsafe_any_file_system: bool = False,
    ) -> Self:
        """Open the file, making it if it is missing and may be written."""
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
                    create_tables(connection, created=created)
                version = schema_version(connection)
        except BaseException:
            connection.close()
            raise
        opened = cls(
            connection,
            path=path,
            identity=identity,
            read_only=read_only,
            newer=version > SCHEMA_VERSION,
        )
        opened.room_kept()
        return opened

    @classmethod
    def in_memory(cls, *, created: datetime) -> Self:
        """Make tables that end with the process."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        create_tables(connection, created=created)
        return cls(connection)

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Hold one transaction: all of it is on disk at the end, or nothing of it."""
        connection = self._connection
        with self._lock, self._ballast.given_up_at_need(), translated(self.where):
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
    def reading(self) -> Iterator[Rows]:
        """Give the connection while no other thread uses it."""
        with self._lock, translated(self.where):
            yield self._connection

    def room_kept(self) -> bool:
        """Say whether the ballast is there, laid again if there is room for it."""
        return self._ballast.lay()

    def lease_time(self, rows: Rows, clock: Clock) -> LeaseTime:
        """Read the boot-time clock of this machine, the only one that nobody can step."""
        del rows  # a file knows no time
        now = read(clock)
        return LeaseTime(at=now.at, time_ns=now.boot_time_ns, boot_id=now.boot_id, shared=False)

    def _refuse_replaced_file(self) -> None:
        """Refuse to write into a file that nobody will find again under its name."""
        if self._path is not None:
            with suppress(FileNotFoundError):
                status = self._path.lstat()
                if (status.st_dev, status.st_ino) == self._identity:
                    return
            raise JournalDamaged(f"the journal {self.where} was replaced or removed while in use")

    def lost_guards(self) -> Iterator[Problem]:
        """Compare the statements in the file with those that made it."""
        with self.reading() as rows:
            found = rows.execute("SELECT sql FROM sqlite_master").fetchall()
        present = {row[0] for row in found}
        for sql in STATEMENTS:
            if sql not in present:
                yield Problem(sequence=0, sentence=f"missing or changed in the file: {sql}")

    def walked(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        """Go on with a walk, over a connection of its own where there is a file."""
        if self._path is not None:
            yield from walk_file(self._path, walk, up_to)
        else:
            with self.reading() as rows:
                yield from walk.through(partial(stretch, rows), up_to)

    def walked_whole(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        """Look at the file's structure and walk from first to last; a long way on all cores."""
        if self._path is None or up_to < PARALLEL_ROWS:
            yield from self._structure_problems()
            yield from self.walked(walk, up_to)
            return
        lineage = str(walk.birth["lineage"])
        with self.reading() as rows:
            begins = [
                Head(sequence=begin, hash=hash_at(rows, begin) or "", lineage=lineage)
                for begin, _ in shares_of(up_to)
            ]
        ends = [end for _, end in shares_of(up_to)]
        shares = list(zip(begins, ends, strict=True))
        yield from walk_shared(self._path, walk, shares, self._structure_problems)

    def _structure_problems(self) -> Iterator[Problem]:
        """Check what the hashes do not cover: pages, indexes and the triggers that guard rows."""
        with self.reading() as rows:
            pages = rows.execute("PRAGMA integrity_check(20)").fetchall()
        for (sentence,) in pages:
            if sentence != "ok":
                yield Problem(sequence=0, sentence=f"the database is damaged: {sentence}")
        yield from self.lost_guards()

    def conditions(self) -> Iterator[Condition]:
        """Tell nothing: what a file rests on is this machine, which a doctor looks at anyway."""
        return iter(())

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Stop SQLite's exceptions at this door."""
    try:
        yield
    except sqlite3.Error as exc:
        # Extended codes carry the primary code in their low byte.
        code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGE:
            raise JournalDamaged(f"the journal {where} is damaged: {exc}") from exc
        reason = _REASONS.get(code, str(exc))
        if getattr(exc, "sqlite_errorcode", 0) in _NO_ROOM:
            raise JournalFull(f"the journal {where} cannot be used: {reason}") from exc
        raise JournalUnavailable(f"the journal {where} cannot be used: {reason}") from exc


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Connect to a file that is there."""
    connection = _connected(path, "ro" if read_only else "rw")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as exc:
        connection.close()
        if not read_only or exc.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        # A writer was killed in mid-transaction. What it had not finished must be taken back
        # before anything can be read; after that this connection writes nothing.
        connection = _connected(path, "rw")
        connection.execute("PRAGMA query_only = 1")
    return connection


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        # The journal has a lock of its own.
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    connection.text_factory = _any_text
    return connection


def _any_text(raw: bytes) -> str:
    """Read what was changed into no text at all: it must fail its hash, not the reading."""
    return raw.decode("utf-8", "backslashreplace")


def walk_stretch(
    path: Path, birth: Mapping[str, object], begin: Head, up_to: int, anchor: Head | None
) -> Stretch:
    """Walk along the records behind `begin`; made for a process of its own.

    `begin` is taken as it lies in the file: that it is right is for the stretch before to say.
    """
    walk = Walk(birth=birth, begin=begin, anchor=anchor)
    return walk.stretch(tuple(walk_file(path, walk, up_to)))


def shares_of(up_to: int) -> list[tuple[int, int]]:
    """Share the records out over the cores: behind which each begins, and where it ends.

    This process takes less than the others, for it also looks at the file's structure.
    """
    others = (os.cpu_count() or 1) - 1
    own_end = round(up_to * _OWN_SHARE / (others + 1)) if others else up_to
    ends = [own_end + (up_to - own_end) * n // max(1, others) for n in range(others + 1)]
    return list(pairwise((0, *ends)))


def walk_shared(
    path: Path,
    walk: Walk,
    shares: Sequence[tuple[Head, int]],
    meanwhile: Callable[[], Iterator[Problem]],
) -> Iterator[Problem]:
    """Walk along a whole journal, a process a share; do what is to be done meanwhile first."""
    # Short journals, and all that is not a verification, start the quicker without it.
    import multiprocessing  # noqa: PLC0415 - only a long journal needs it
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor  # noqa: PLC0415 - same

    (_, own_end), *others = shares
    if not all(begin.hash for begin, _ in others):
        # A record that a share would begin behind is missing: who walks alone finds where.
        own_end, others = shares[-1][1], []
    with ExitStack() as helped:
        helpers: list[Future[Stretch]] = []
        # Where there are no processes to be had, or they die, all of it can be walked alone.
        with suppress(OSError, RuntimeError, ImportError):
            context = multiprocessing.get_context("spawn")
            pool = helped.enter_context(ProcessPoolExecutor(max(1, len(others)), context))
            for begin, end in others:
                helpers.append(pool.submit(walk_stretch, path, walk.birth, begin, end, walk.anchor))
        yield from meanwhile()
        yield from walk_file(path, walk, own_end)
        with suppress(OSError, BrokenExecutor):
            for helper in helpers:
                yield from walk.join(helper.result())
        if walk.sequence < shares[-1][1]:
            yield from walk_file(path, walk, shares[-1][1])


def walk_file(path: Path, walk: Walk, up_to: int) -> Iterator[Problem]:
    """Go on with a walk up to a record, over a connection of its own."""
    with translated(str(path)), closing(connect(path, read_only=True)) as connection:
        set_pragmas(connection, read_only=True)
        yield from walk.through(partial(_strict_first, connection), up_to)


def _strict_first(connection: sqlite3.Connection, after: int, up_to: int) -> list[Row]:
    connection.text_factory = str
    try:
        return stretch(connection, after, up_to)
    except sqlite3.OperationalError as exc:
        # Reading the strict way is a third quicker, and every whole record can be read so.
        if "UTF-8" not in str(exc):
            raise
        connection.text_factory = _any_text
        return stretch(connection, after, up_to)


def sqlite_version() -> tuple[int, ...]:
    """Tell which SQLite this Python brings."""
    return sqlite3.sqlite_version_info

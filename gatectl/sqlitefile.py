"""The SQLite file behind a journal: how it is opened, read in stretches, and how it fails."""

import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from gatectl.chain import Head, Problem, Row, Stretch, Walk
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.schema import BUSY_TIMEOUT_MS, LINK_COLUMNS, set_pragmas

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
_STRETCH_ROWS = 5000
"""Rows that are read at once; a writer waits no longer than that takes."""


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
    (_, own_end), *others = shares
    if not all(begin.hash for begin, _ in others):
        # A record that a share would begin behind is missing: who walks alone finds where.
        own_end, others = shares[-1][1], []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, len(others)), mp_context=context) as pool:
        walked = [
            pool.submit(walk_stretch, path, walk.birth, begin, end, walk.anchor)
            for begin, end in others
        ]
        yield from meanwhile()
        yield from walk_file(path, walk, own_end)
        for other in walked:
            yield from walk.join(other.result())


def walk_file(path: Path, walk: Walk, up_to: int) -> Iterator[Problem]:
    """Go on with a walk up to a record, over a connection of its own."""
    with translated(str(path)), closing(connect(path, read_only=True)) as connection:
        set_pragmas(connection, read_only=True)
        yield from _walked(connection, walk, up_to)


def _walked(connection: sqlite3.Connection, walk: Walk, up_to: int) -> Iterator[Problem]:
    after = walk.sequence
    while after < up_to:
        rows = _stretch(connection, after, up_to)
        if not rows:
            return
        yield from walk.rows(rows)
        after = rows[-1][0] if isinstance(rows[-1][0], int) else up_to


def _stretch(connection: sqlite3.Connection, after: int, up_to: int) -> list[Row]:
    query = (
        f"SELECT {LINK_COLUMNS} FROM event WHERE sequence > ? AND sequence <= ?"  # noqa: S608 - only our own column names are put in
        " ORDER BY sequence LIMIT ?"
    )
    connection.text_factory = str
    try:
        return connection.execute(query, (after, up_to, _STRETCH_ROWS)).fetchall()
    except sqlite3.OperationalError as exc:
        # Reading the strict way is a third quicker, and every whole record can be read so.
        if "UTF-8" not in str(exc):
            raise
        connection.text_factory = _any_text
        return connection.execute(query, (after, up_to, _STRETCH_ROWS)).fetchall()


def sqlite_version() -> tuple[int, ...]:
    """Tell which SQLite this Python brings."""
    return sqlite3.sqlite_version_info

"""A journal in a PostgreSQL server: one writer at a time, and one clock for all leases."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import psycopg

from gatectl.clock import Clock
from gatectl.core.journalserver import JournalServer
from gatectl.errors import JournalDamaged, JournalUnavailable, JournalUnreachable
from gatectl.journal.chain import Problem, Row, Walk
from gatectl.journal.engine import Condition, LeaseTime, Rows
from gatectl.journal.postgres.condition import conditions
from gatectl.journal.postgres.link import ANSWER_S, Link, Password
from gatectl.journal.postgres.tables import birth_statements, lost_guards, tables_version
from gatectl.journal.schema import SCHEMA_VERSION, stretch

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# Whoever may renew a lease may take this lock, and whoever only reads is not kept waiting.
_ONE_WRITER: Final = "LOCK TABLE lease IN EXCLUSIVE MODE"
_LINEAGE: Final = "SELECT value FROM meta WHERE key = 'lineage'"


class PostgresServer:
    """The tables of a journal in a database of a server."""

    def __init__(
        self, link: Link, *, version: int, lineage: str, read_only: bool, mark: Path | None
    ) -> None:
        self._link = link
        self._lineage = lineage
        self._lock = threading.RLock()
        self.where = link.where
        self.newer = version > SCHEMA_VERSION
        self.read_only = read_only or self.newer
        self.mark = mark

    @classmethod
    def open(
        cls,
        server: JournalServer,
        *,
        created: datetime,
        password: Password,
        read_only: bool = False,
        mark: Path | None = None,
        answer_s: float = ANSWER_S,
    ) -> Self:
        """Connect, making the tables if they are missing and may be written."""
        link = Link(server, password, answer_s)
        try:
            version = _found(link) if read_only else _found_or_made(link, created)
            with link.rows() as rows:
                row = rows.execute(_LINEAGE).fetchone()
        except BaseException:
            link.close()
            raise
        lineage = str(row[0]) if row else ""
        return cls(link, version=version, lineage=lineage, read_only=read_only, mark=mark)

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Hold one transaction, behind whoever writes at present."""
        with self._lock:
            self._begin_again()
            with self._link.rows() as rows:
                try:
                    rows.execute(_ONE_WRITER)
                    self._refuse_other_journal(rows)
                    yield rows
                    _commit(rows, self.where)
                except BaseException:
                    # A lost connection has taken everything back by itself.
                    with suppress(psycopg.Error):
                        rows.execute("ROLLBACK")
                    raise

    def _begin_again(self) -> None:
        """Begin a transaction; where the connection was lost meanwhile, on a new one."""
        was_usable = self._link.usable()
        try:
            with self._link.rows() as rows:
                rows.execute(_BEGIN)
        except JournalUnreachable:
            if not was_usable or self._link.usable():
                raise
            # Nothing was asked of the server yet, so that asking again repeats nothing.
            with self._link.rows() as rows:
                rows.execute(_BEGIN)

    def _refuse_other_journal(self, rows: Rows) -> None:
        """Refuse to write where the tables, or the server behind the name, were replaced."""
        row = rows.execute(_LINEAGE).fetchone()
        if row is None or row[0] != self._lineage:
            raise JournalDamaged(f"the journal {self.where} was replaced while in use")

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Give the connection while no other thread uses it."""
        with self._lock, self._link.rows() as rows:
            yield rows

    def room_kept(self) -> bool:
        """Leave the room on its disk to the server, which keeps no share for us."""
        return True

    def lease_time(self, rows: Rows, clock: Clock) -> LeaseTime:
        """Read the server's clock: those of two machines cannot be compared."""
        (micros,) = rows.execute(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        ).fetchone()
        at = _EPOCH + timedelta(microseconds=micros)
        return LeaseTime(at=at, time_ns=micros * 1000, boot_id=clock.boot_id(), shared=True)

    def lost_guards(self) -> Iterator[Problem]:
        """Compare what the server knows of the tables with what made them."""
        with self.reading() as rows:
            found = tuple(lost_guards(rows))
        yield from found

    def walked(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        """Go on with a walk, some rows at a time."""
        return walk.through(self._stretch, up_to)

    def _stretch(self, after: int, up_to: int) -> list[Row]:
        with self.reading() as rows:
            return stretch(rows, after, up_to)

    def walked_whole(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        """Walk from first to last; pages and indexes are for the server's administrator."""
        yield from self.lost_guards()
        yield from self.walked(walk, up_to)

    def conditions(self) -> Iterator[Condition]:
        """Look at the server, and at what our role may do there."""
        with self.reading() as rows:
            found = tuple(conditions(rows, self._link.server, self._link.own_end()))
        yield from found

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._link.close()


def _found(link: Link) -> int:
    with link.rows() as rows:
        version = tables_version(rows)
    if not version:
        raise JournalUnavailable(
            f"there is no journal in {link.where} yet",
            hint="The first verb that works on a gate makes it, or what `gatectl journal sql` "
            "prints.",
        )
    return version


def _found_or_made(link: Link, created: datetime) -> int:
    """Find the tables or make them, unless another machine is quicker."""
    with link.rows() as rows:
        version = tables_version(rows)
    if version:
        return version
    try:
        with link.rows() as rows:
            rows.execute("; ".join((_BEGIN, *birth_statements(created))))
            _commit(rows, link.where)
    except JournalDamaged as exc:
        with link.rows() as rows:
            rows.execute("ROLLBACK")
            version = tables_version(rows)
        if not version:
            raise JournalUnavailable(exc.sentence) from exc
        return version
    return SCHEMA_VERSION


def _commit(rows: Rows, where: str) -> None:
    answer = rows.execute("COMMIT")
    # A transaction that failed inside is taken back by COMMIT without an error.
    if getattr(answer, "statusmessage", "") != "COMMIT":
        raise JournalUnavailable(f"the journal {where} did not keep what was written")

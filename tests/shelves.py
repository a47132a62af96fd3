"""Where a journal lies, for tests that hold wherever it does: in a file, and in a server."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gatectl.clock import Clock, HandClock
from gatectl.core.event import Noted, RunId
from gatectl.core.gate import GateName
from gatectl.core.journalserver import JournalServer
from gatectl.journal.chain import Head
from gatectl.journal.engine import Engine, LeaseTime, Rows
from gatectl.journal.journal import Journal
from gatectl.journal.postgres.server import PostgresServer
from gatectl.journal.schema import SCHEMA_VERSION
from gatectl.journal.sqlitefile import SqliteFile
from tests.postgres_server import OwnServer

GATE = GateName("almelo")
NAMES = ("sqlite", "postgres")


class Shelf(Protocol):
    """One place for a journal."""

    mark: Path
    """The file beside which its mark lies."""

    def open(
        self, *, clock: Clock | None = None, read_only: bool = False, verified: bool = True
    ) -> Journal:
        """Open the journal, or make it."""

    def engine(self, clock: Clock, *, read_only: bool = False) -> Engine:
        """Open the tables alone."""

    def tamper(self, *statements: str) -> None:
        """Change rows behind the journal's back, as somebody with all rights would."""

    def drop_guard(self, name: str, table: str) -> None:
        """Take one trigger away."""

    def outgrow(self) -> None:
        """Let a newer gatectl have made the tables."""

    def clear(self) -> None:
        """Take the journal away, so that the next opening makes another."""

    def script(self) -> str:
        """Give the lines with which another process opens it as `journal`."""


def fill(shelf: Shelf, count: int) -> Head:
    """Write some notes and give the head."""
    with shelf.open() as journal:
        for number in range(count):
            journal.append(Noted(text=f"note {number}"), gate=GATE, run=RunId("r1"))
        return journal.head()


class FileShelf:
    """A file of SQLite's."""

    def __init__(self, path: Path) -> None:
        self.mark = path
        self._path = path

    def open(
        self, *, clock: Clock | None = None, read_only: bool = False, verified: bool = True
    ) -> Journal:
        """Open the file, wherever the tests' files are, memory included."""
        clock = clock or HandClock()
        engine = self.engine(clock, read_only=read_only)
        return Journal.on(engine, clock=clock, actor="alice", origin="desk-7", verified=verified)

    def engine(self, clock: Clock, *, read_only: bool = False) -> Engine:
        """Open the tables alone."""
        return SqliteFile.open(
            self._path, created=clock.now(), read_only=read_only, unsafe_any_file_system=True
        )

    def tamper(self, *statements: str) -> None:
        """Take the guards away for a moment."""
        connection = sqlite3.connect(self._path)
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for statement in (
            *(f"DROP TRIGGER {name}" for name, _ in kept),
            *statements,
            *(sql for _, sql in kept),
        ):
            connection.execute(statement)
        connection.commit()
        connection.close()

    def drop_guard(self, name: str, table: str) -> None:
        """Take one trigger away."""
        del table  # SQLite's triggers have names of their own
        connection = sqlite3.connect(self._path)
        connection.execute(f"DROP TRIGGER {name}")
        connection.commit()
        connection.close()

    def outgrow(self) -> None:
        """Count the version up."""
        self.tamper(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    def clear(self) -> None:
        """Remove the file."""
        self._path.unlink()

    def script(self) -> str:
        """Open the file."""
        return (
            "from pathlib import Path\n"
            f"journal = Journal.open(Path({str(self._path)!r}), clock=SystemClock(),\n"
            "    actor='other', origin='test', unsafe_any_file_system=True)\n"
        )


class HandTimedServer(PostgresServer):
    """A server whose clock is the one that the test moves by hand."""

    def lease_time(self, rows: Rows, clock: Clock) -> LeaseTime:
        """Ask the server, and take the time from the hand."""
        found = super().lease_time(rows, clock)
        return replace(found, at=clock.now(), time_ns=clock.boot_time_ns())


class ServerShelf:
    """The database that the tests share, emptied."""

    def __init__(self, server: OwnServer, folder: Path) -> None:
        self.server = server
        self.mark = folder / "journal-server"
        self.database = server.emptied()
        self.place = JournalServer(url=server.url(self.database))

    def open(
        self, *, clock: Clock | None = None, read_only: bool = False, verified: bool = True
    ) -> Journal:
        """Connect."""
        clock = clock or HandClock()
        engine = self.engine(clock, read_only=read_only)
        return Journal.on(engine, clock=clock, actor="alice", origin="desk-7", verified=verified)

    def engine(self, clock: Clock, *, read_only: bool = False) -> Engine:
        """Open the tables alone."""
        return HandTimedServer.open(
            self.place,
            created=clock.now(),
            password=lambda: None,
            read_only=read_only,
            mark=self.mark,
        )

    def run(self, statements: Sequence[str]) -> None:
        """Run statements as the administrator."""
        self.server.run(self.database, "SET search_path = gatectl", *statements)

    def tamper(self, *statements: str) -> None:
        """Let the guards be off for a moment."""
        verbs = [f"ALTER TABLE {table} {{}} TRIGGER ALL" for table in ("event", "meta")]
        guards = [
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_{verb}"
            for table in ("event", "meta")
            for verb in ("update", "delete", "truncate")
        ]
        self.run([*(verb.format("DISABLE") for verb in verbs), *statements, *guards])

    def drop_guard(self, name: str, table: str) -> None:
        """Take one trigger away."""
        self.run([f"DROP TRIGGER {name} ON {table}"])

    def outgrow(self) -> None:
        """Count the version up."""
        self.run([f"COMMENT ON TABLE event IS 'gatectl journal {SCHEMA_VERSION + 1}'"])

    def clear(self) -> None:
        """Drop the tables."""
        self.run(["DROP SCHEMA gatectl CASCADE"])

    def script(self) -> str:
        """Connect."""
        return (
            "from gatectl.core.journalserver import JournalServer\n"
            "from gatectl.journal.postgres.server import PostgresServer\n"
            f"engine = PostgresServer.open(JournalServer(url={self.place.url!r}),\n"
            "    created=SystemClock().now(), password=lambda: None)\n"
            "journal = Journal.on(engine, clock=SystemClock(), actor='other', origin='test')\n"
        )

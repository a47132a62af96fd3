"""A PostgreSQL server of the tests' own: no network, a folder of its own, gone with the tests."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

_INSTALLED = Path("/usr/lib/postgresql")
_START_S = 60.0
LOCKED = "locked"
"""The one role that needs a password; whoever wants to be it sets one."""


# Tests that are killed leave no server behind.
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "QUIT") if shutil.which("setpriv") else ()


def programs() -> Path | None:
    """Find the newest server's programs: Debian keeps them out of the search path."""
    found = sorted(_INSTALLED.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    return Path(there).resolve().parent if there else None


def _account() -> str | None:
    """Name the account to run it as: the server refuses to be root's."""
    return "postgres" if os.geteuid() == 0 else None


class OwnServer:
    """One running server, with databases for its tests."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        self._data = folder / "data"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._shared = ""
        words = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", str(self._data), *words)
        rules = f"local all {LOCKED} scram-sha-256\nlocal all all trust\n"
        (self._data / "pg_hba.conf").write_text(rules, encoding="ascii")

    @property
    def pid(self) -> int:
        """The process to stop, let go on, or kill."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(  # noqa: S603 - the server that was found
            [
                *_ENDS_WITH_US,
                *(self.programs / "postgres", "-D", self._data, "-k", self.folder),
                *("-c", "listen_addresses=", "-c", "log_destination=stderr"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            user=_account(),
            group=_account(),
            extra_groups=[] if _account() else None,
        )
        ends = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(psycopg.OperationalError), self.connected("postgres"):
                return
            assert time.monotonic() < ends, "the server does not start"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it without waiting for those who are connected."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=_START_S)
            self._process = None

    @contextlib.contextmanager
    def connected(self, database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Connect as the administrator, past everything that gatectl does."""
        address = f"host={self.folder} dbname={database} user=postgres connect_timeout=5"
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection

    def new_database(self) -> str:
        """Make an empty database."""
        name = f"test{next(self._numbers)}"
        self.run("postgres", f"CREATE DATABASE {name}")
        return name

    def emptied(self) -> str:
        """Give the database that tests share, without what the one before left in it."""
        if not self._shared:
            self._shared = self.new_database()
        self.cut_others(self._shared)
        self.run(self._shared, "DROP SCHEMA IF EXISTS gatectl CASCADE")
        return self._shared

    def cut_others(self, database: str) -> None:
        """End every other connection to a database."""
        self.run(
            database,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )

    def run(self, database: str, *statements: str) -> None:
        """Run statements as the administrator, one by one."""
        with self.connected(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, database: str, role: str = "postgres") -> str:
        """Give a database's address as it stands in a configuration."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(  # noqa: S603 - the server's own programs
            [self.programs / program, *words],
            check=True,
            capture_output=True,
            timeout=_START_S,
            cwd=self.folder,
            user=_account(),
            group=_account(),
            extra_groups=[] if _account() else None,
        )


@contextlib.contextmanager
def own_server() -> Iterator[OwnServer]:
    """Start a server for these tests, or skip them where there is none to start."""
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL server on this machine")
    # The path of a socket may have a hundred letters, and the tests' own folder is root's alone.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server: OwnServer | None = None
    try:
        if (account := _account()) is not None:
            shutil.chown(folder, account, account)
        server = OwnServer(folder, found)
        server.start()
        server.run("postgres", f"CREATE ROLE {LOCKED} SUPERUSER LOGIN")
        yield server
    finally:
        if server is not None:
            # Nobody wants to read it again, so that nothing need be put in order.
            server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)

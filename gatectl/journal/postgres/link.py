"""One connection to the server: made again after it was lost, and no wait on it without an end."""

import contextlib
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gatectl.core.journalserver import JournalServer
from gatectl.errors import GatectlError, JournalUnavailable, JournalUnreachable
from gatectl.journal.engine import Answer, Rows
from gatectl.journal.postgres.refusal import refusal, translated
from gatectl.journal.postgres.tables import SEARCH_PATH
from gatectl.journal.schema import BUSY_TIMEOUT_MS
from gatectl.watchdog import Watchdog

CONNECT_S: Final = 5
"""How long to wait for the server; `close` goes on without the journal after that."""
ANSWER_S: Final = 15.0
"""How long a statement may take; a server that is silent for longer is taken for lost."""
_STATEMENT_MS: Final = 10_000
_IDLE_MS: Final = 15_000
"""A process that sleeps in mid-transaction keeps others waiting no longer than this."""
_STRONGER: Final = frozenset({"on", "remote_apply"})

Connection = psycopg.Connection[tuple[Any, ...]]
Password = Callable[[], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEnd:
    """The connection as it is seen from here, where nobody in between can tell us another tale."""

    peer: str
    """The address that it goes to; empty for a socket in this machine's own files."""
    encrypted: bool


class PostgresRows:
    """The connection's statements, with our sign for a value instead of the driver's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[str | int | None] = (), /) -> Answer:
        """Run one statement; several in one text, where there are no values."""
        if not parameters:
            return self._connection.execute(sql.encode())
        translated_sql = sql.replace("%", "%%").replace("?", "%s")
        return self._connection.execute(translated_sql.encode(), parameters)


class Link:
    """A connection that is made when it is first needed; for one thread at a time."""

    def __init__(self, server: JournalServer, password: Password, answer_s: float) -> None:
        self.server = server
        self._password = password
        self._answer_s = answer_s
        self._watchdog = Watchdog()
        self._connection: Connection | None = None
        self.where = server.shown

    def usable(self) -> bool:
        """Whether there is a connection that was not lost."""
        return self._connection is not None and not self._connection.closed

    @contextmanager
    def rows(self) -> Iterator[Rows]:
        """Give the connection for some statements, which must come to an end in time."""
        connection = self._opened()
        guard = self._watchdog.guard(self._answer_s, lambda: _cut(connection))
        try:
            with guard:
                yield PostgresRows(connection)
        except psycopg.Error as exc:
            if guard.expired:
                raise JournalUnreachable(
                    f"the journal {self.where} gave no answer in {self._answer_s:g} s"
                ) from exc
            raise refusal(self.where, exc) from exc

    def own_end(self) -> OwnEnd:
        """Look where the connection goes to from here, and how."""
        connection = self._opened()
        try:
            with translated(self.where), _twin(connection) as twin:
                peer = "" if twin.family == socket.AF_UNIX else str(twin.getpeername()[0])
                return OwnEnd(peer=peer, encrypted=connection.pgconn.ssl_in_use)
        except OSError as exc:
            raise JournalUnreachable(f"the journal {self.where} was lost: {exc}") from exc

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def _opened(self) -> Connection:
        if self._connection is None or self._connection.closed:
            with translated(self.where):
                self._connection = _in_time(self.where, self._connect)
        return self._connection

    def _connect(self) -> Connection:
        parameters = {**_parameters(self.server), **conninfo_to_dict(self.server.url)}
        password = self._password()
        if password is not None:
            parameters["password"] = password
        connection = psycopg.connect(
            autocommit=True, prepare_threshold=None, **_plain({**parameters, **_BOUNDS})
        )
        try:
            _set_up(PostgresRows(connection), self.where)
        except BaseException:
            connection.close()
            raise
        return connection


_BOUNDS: Final = {
    "connect_timeout": CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "client_encoding": "utf8",
    "application_name": "gatectl",
}
_SETTINGS: Final = {
    "search_path": SEARCH_PATH,
    "lock_timeout": f"{BUSY_TIMEOUT_MS}ms",
    "statement_timeout": f"{_STATEMENT_MS}ms",
    "idle_in_transaction_session_timeout": f"{_IDLE_MS}ms",
    "default_transaction_isolation": "read committed",
}


def _parameters(server: JournalServer) -> dict[str, Any]:
    encryption = server.encryption()
    return {"gssencmode": "disable", **({"sslmode": encryption} if encryption else {})}


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _set_up(rows: Rows, where: str) -> None:
    """Make a session keep its promises, and refuse one that does not."""
    for name, value in _SETTINGS.items():
        rows.execute("SELECT set_config(?, ?, false)", (name, value))
    durable = rows.execute("SHOW synchronous_commit").fetchone()[0]
    if durable not in _STRONGER:
        rows.execute("SET synchronous_commit = on")
    for name, wanted in (("synchronous_commit", _STRONGER), ("fsync", {"on"})):
        found = rows.execute(f"SHOW {name}").fetchone()[0]
        if found not in wanted:
            raise JournalUnavailable(
                f"the journal {where} cannot be used: the server has {name} = {found}, and loses "
                "with its power what it has acknowledged",
                hint=f"Let the server's administrator set {name} = on.",
            )


def _in_time(where: str, connect: Callable[[], Connection]) -> Connection:
    """Connect, and give up on a name that nobody resolves: the driver's own limit begins later."""
    done: queue.Queue[Connection | Exception] = queue.Queue(1)
    late = threading.Event()

    def work() -> None:
        try:
            connection = connect()
        except (psycopg.Error, GatectlError, OSError) as exc:
            done.put(exc)
            return
        done.put(connection)
        if late.is_set():
            connection.close()

    threading.Thread(target=work, name="journal-connect", daemon=True).start()
    try:
        found = done.get(timeout=2 * CONNECT_S)
    except queue.Empty:
        late.set()
        raise JournalUnreachable(
            f"the journal {where} cannot be reached: no answer in {2 * CONNECT_S} s"
        ) from None
    if isinstance(found, Exception):
        raise found
    return found


def _cut(connection: Connection) -> None:
    """End a wait from another thread: both ways of the socket are shut, the driver sees an end."""
    with contextlib.suppress(OSError, psycopg.Error), _twin(connection) as twin:
        twin.shutdown(socket.SHUT_RDWR)


def _twin(connection: Connection) -> socket.socket:
    return socket.socket(fileno=os.dup(connection.fileno()))

"""One connection: its settings are in force, its waits end, and its secret stays one."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator

import psycopg
import pytest

from gatectl.core.journalserver import JournalServer
from gatectl.errors import JournalUnavailable, JournalUnreachable
from gatectl.journal.postgres import link as link_module
from gatectl.journal.postgres.link import Link, OwnEnd
from tests.postgres_server import LOCKED, OwnServer

PASSWORD = "canary-Zaanstad-17"


@pytest.fixture
def database(postgres_server: OwnServer) -> str:
    """Give an empty database."""
    return postgres_server.new_database()


@pytest.fixture
def link(postgres_server: OwnServer, database: str) -> Iterator[Link]:
    """Give a connection that has a minute for each answer."""
    made = Link(JournalServer(url=postgres_server.url(database)), lambda: None, 60.0)
    yield made
    made.close()


def test_a_session_is_durable_and_bounded_whatever_the_server_is_set_to(
    postgres_server: OwnServer, database: str, link: Link
) -> None:
    """What an administrator has made the default is not what we write by."""
    for setting in ("synchronous_commit = off", "lock_timeout = 0", "search_path = public"):
        postgres_server.run("postgres", f"ALTER DATABASE {database} SET {setting}")
    wanted = {
        "synchronous_commit": "on",
        "lock_timeout": "5s",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "15s",
        "search_path": "gatectl, pg_temp",
    }
    with link.rows() as rows:
        found = {name: rows.execute(f"SHOW {name}").fetchone()[0] for name in wanted}
    assert found == wanted


def test_a_stronger_promise_of_the_server_is_left_as_it_is(
    postgres_server: OwnServer, database: str, link: Link
) -> None:
    """Whoever waits for a standby as well goes on to do so."""
    postgres_server.run(
        "postgres", f"ALTER DATABASE {database} SET synchronous_commit = remote_apply"
    )
    with link.rows() as rows:
        assert rows.execute("SHOW synchronous_commit").fetchone()[0] == "remote_apply"


def test_a_server_that_forgets_is_refused(postgres_server: OwnServer, link: Link) -> None:
    """Without fsync nothing that it acknowledges is worth anything after a power cut."""

    def reloaded(statement: str, wanted: str) -> None:
        postgres_server.run("postgres", statement, "SELECT pg_reload_conf()")
        for _ in range(200):
            with postgres_server.connected("postgres") as connection:
                row = connection.execute("SELECT setting FROM pg_settings WHERE name = 'fsync'")
                if row.fetchone() == (wanted,):
                    return
        pytest.fail("the server does not take its setting")

    reloaded("ALTER SYSTEM SET fsync = off", "off")
    try:
        with pytest.raises(JournalUnavailable, match="fsync = off"), link.rows():
            pytest.fail("it was taken")
    finally:
        reloaded("ALTER SYSTEM RESET fsync", "on")


def test_a_connection_that_was_lost_is_made_again(postgres_server: OwnServer, link: Link) -> None:
    """The one who was at work hears of it, the next one goes on."""
    with link.rows() as rows:
        pid = rows.execute("SELECT pg_backend_pid()").fetchone()[0]
    postgres_server.run("postgres", f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(JournalUnreachable), link.rows() as rows:
        rows.execute("SELECT 1")
    assert not link.usable()
    with link.rows() as rows:
        assert rows.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_falls_silent_is_given_up(link: Link) -> None:
    """A stopped machine answers no packet and refuses none: the wait ends here."""
    with link.rows() as rows:
        pid = rows.execute("SELECT pg_backend_pid()").fetchone()[0]
    os.kill(pid, signal.SIGSTOP)
    link._answer_s = 0.5
    try:
        with pytest.raises(JournalUnreachable, match=r"no answer in 0\.5 s"), link.rows() as rows:
            rows.execute("SELECT 1")
    finally:
        os.kill(pid, signal.SIGCONT)


def passed_on(near: socket.socket, far: socket.socket) -> None:
    """Carry what comes in at one end to the other, until it ends."""
    with near, far, contextlib.suppress(OSError):
        while content := near.recv(65536):
            far.sendall(content)
        far.shutdown(socket.SHUT_WR)


def test_our_own_end_is_seen_as_it_is(
    postgres_server: OwnServer, database: str, link: Link
) -> None:
    """A socket's file has no address; through a tunnel, the address is where that begins."""
    assert link.own_end() == OwnEnd(peer="", encrypted=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def carry() -> None:
            near = listener.accept()[0]
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(postgres_server.folder / ".s.PGSQL.5432"))
            threading.Thread(target=passed_on, args=(far.dup(), near.dup()), daemon=True).start()
            passed_on(near, far)

        tunnel = threading.Thread(target=carry, daemon=True)
        tunnel.start()
        port = listener.getsockname()[1]
        url = f"postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable"
        through = Link(JournalServer(url=url), lambda: None, 60.0)
        assert through.own_end() == OwnEnd(peer="127.0.0.1", encrypted=False)
        with through.rows() as rows:
            assert rows.execute("SELECT host(inet_server_addr())").fetchone() == (None,)
        through.close()
        tunnel.join(timeout=10)


def test_a_name_that_nobody_resolves_is_given_up(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver's own limit begins behind the look-up of the name."""
    monkeypatch.setattr(link_module, "CONNECT_S", 0.05)
    waited = threading.Event()

    def connect(**_parameters: object) -> None:
        waited.wait(20)
        raise psycopg.OperationalError("too late")

    monkeypatch.setattr("psycopg.connect", connect)
    with pytest.raises(JournalUnreachable, match="no answer"), link.rows():
        pytest.fail("it was taken")
    waited.set()


@pytest.mark.parametrize("given", [PASSWORD, f"not-{PASSWORD}", None])
def test_a_password_opens_the_door_and_is_told_to_nobody(
    postgres_server: OwnServer, database: str, given: str | None
) -> None:
    """A wrong one is a refusal in which no password stands."""
    postgres_server.run("postgres", f"ALTER ROLE {LOCKED} PASSWORD '{PASSWORD}'")
    link = Link(JournalServer(url=postgres_server.url(database, LOCKED)), lambda: given, 60.0)
    if given == PASSWORD:
        with link.rows() as rows:
            assert rows.execute("SELECT current_user").fetchone() == (LOCKED,)
        link.close()
        return
    with pytest.raises(JournalUnreachable) as caught, link.rows():
        pytest.fail("it was taken")
    assert PASSWORD not in f"{caught.value.sentence} {caught.value.hint} {caught.value.__cause__!r}"


def test_the_way_to_another_machine_is_demanded_to_be_safe_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the address leaves open is filled in strictly, and waits have our own ends."""
    asked: dict[str, object] = {}

    def connect(**parameters: object) -> None:
        asked.update(parameters)
        raise psycopg.OperationalError("not in this test")

    monkeypatch.setattr("psycopg.connect", connect)
    link = Link(JournalServer(url="postgresql://anna@db.example/x"), lambda: PASSWORD, 5.0)
    with pytest.raises(JournalUnreachable), link.rows():
        pytest.fail("it was taken")
    assert asked["sslmode"] == "verify-full"
    assert asked["password"] == PASSWORD
    assert (asked["connect_timeout"], asked["tcp_user_timeout"]) == (5, 10_000)


def test_nothing_is_said_to_a_server_that_cannot_encrypt() -> None:
    """Where the certificate must be verified, not even the name of the role leaves in clear."""
    heard = bytearray()

    def refuse_encryption(listener: socket.socket) -> None:
        with listener.accept()[0] as visitor:
            heard.extend(visitor.recv(1000))
            visitor.sendall(b"N")
            heard.extend(visitor.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        peer = threading.Thread(target=refuse_encryption, args=(listener,))
        peer.start()
        port = listener.getsockname()[1]
        url = f"postgresql://anna@127.0.0.1:{port}/journal?sslmode=verify-full"
        link = Link(JournalServer(url=url), lambda: PASSWORD, 5.0)
        with pytest.raises(JournalUnreachable, match=r"SSL|certificate"), link.rows():
            pytest.fail("it was taken")
        # Where the driver gave up before it knocked, the peer is still waiting for somebody.
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        peer.join(timeout=10)
    assert b"anna" not in heard
    assert PASSWORD.encode() not in heard

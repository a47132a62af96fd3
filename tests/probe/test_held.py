"""A connection from before a closing, against real sockets: only an answer says anything."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from gatectl.core.gate import Side, Vantage, VantageName
from gatectl.core.page import Page
from gatectl.core.reach import LookKind
from gatectl.probe.held import HeldConnection
from gatectl.probe.stream import Stream, local_dialler
from tests.ports import HoldPort, reserved_port
from tests.probe_servers import (
    ADDRESS,
    Credentials,
    Handler,
    keeping_quiet,
    listening,
    make_credentials,
    over_tls,
    redirect,
    saying,
)

HOME = Vantage(name=VantageName("home"), side=Side.OUTSIDE)
TIRED = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
SIGN_ON_AHEAD = redirect("/vpn/index.html")


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


def answering(*answers: bytes, then: Handler = keeping_quiet) -> Handler:
    """Answer one request after another over the same connection."""

    def serve(connection: socket.socket) -> None:
        for answer in answers:
            if not connection.recv(4096):
                return
            connection.sendall(answer)
        then(connection)

    return serve


def ending(_connection: socket.socket) -> None:
    """End the connection."""


@contextlib.contextmanager
def held_at(handler: Handler, *, timeout_s: float = 1.0) -> Iterator[HeldConnection]:
    """Hold a connection to a server that behaves in this way, until after it stands."""
    with listening(handler) as port, held(port, timeout_s=timeout_s) as made:
        yield made


@contextlib.contextmanager
def held(port: int, *, timeout_s: float = 1.0) -> Iterator[HeldConnection]:
    """Hold a connection to a port."""
    made = HeldConnection(
        HOME,
        dial=local_dialler(),
        target=(ADDRESS, port),
        server_name="gate.test",
        timeout_s=timeout_s,
    )
    made.begin()
    assert made.settled.wait(10)
    try:
        yield made
    finally:
        made.close()


def test_a_connection_that_is_still_answered_is_seen_again_and_again(
    credentials: Credentials,
) -> None:
    """It is a sign of the gateway, and says whence it comes."""
    with held_at(over_tls(credentials, answering(*[SIGN_ON_AHEAD] * 3))) as one:
        for _ in range(2):
            seen = one.look()
            assert seen is not None
            assert (seen.kind, seen.status, seen.page) == (LookKind.ANSWERED, 302, Page.REDIRECT)
            assert seen.shows_gateway
            assert "open before" in seen.detail
            assert seen.certificate_sha256 == credentials.sha256


def test_it_is_answered_behind_a_door_that_takes_nobody_new(credentials: Credentials) -> None:
    """What every new look is refused does not end those who are in."""
    handler = over_tls(credentials, answering(SIGN_ON_AHEAD, SIGN_ON_AHEAD))
    with reserved_port() as port, contextlib.ExitStack() as door:
        door.enter_context(listening(handler, port=port))
        with held(port) as one:
            door.close()
            with pytest.raises(ConnectionRefusedError):
                local_dialler()(ADDRESS, port, 1.0)
            assert one.look() is not None


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(ending, id="ended"),
        pytest.param(keeping_quiet, id="silent"),
        pytest.param(
            saying(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), id="408"
        ),
        pytest.param(saying(b"garbage\r\n\r\n"), id="garbage"),
    ],
)
def test_a_connection_that_gets_no_answer_says_nothing_and_is_let_go(
    credentials: Credentials, then: Handler
) -> None:
    """It may have ended by itself, so it proves neither open nor shut."""
    handler = over_tls(credentials, answering(SIGN_ON_AHEAD, then=then))
    with held_at(handler, timeout_s=0.5) as one:
        assert one.look() is None
        assert one.look() is None


@pytest.mark.parametrize("wrong", ["refused", "no tls", "silent"])
def test_what_could_not_be_held_says_nothing(wrong: str, shut_port: HoldPort) -> None:
    """A gate that was shut before has nobody in it that we could know of."""
    match wrong:
        case "refused":
            with held(shut_port()) as one:
                assert one.look() is None
        case "no tls":
            with held_at(saying(b"SSH-2.0-x\r\n")) as one:
                assert one.look() is None
        case "silent":
            with held_at(keeping_quiet, timeout_s=0.3) as one:
                assert one.look() is None


def test_closing_does_not_wait_for_it_and_what_comes_late_is_let_go(
    credentials: Credentials,
) -> None:
    """The gate is closed however long it takes to open, and nothing stays behind."""
    may_go_on = threading.Event()
    opened: list[Stream] = []

    def slow(host: str, port: int, timeout_s: float) -> Stream:
        may_go_on.wait(10)
        opened.append(local_dialler()(host, port, timeout_s))
        return opened[-1]

    with listening(over_tls(credentials, answering(SIGN_ON_AHEAD))) as port:
        one = HeldConnection(
            HOME, dial=slow, target=(ADDRESS, port), server_name="gate.test", timeout_s=5.0
        )
        one.begin()
        assert one.look() is None
        one.close()
        may_go_on.set()
        assert one.settled.wait(10)
        assert one.look() is None
        assert comes_true(lambda: is_closed(opened[0]))


def is_closed(stream: Stream) -> bool:
    """Tell whether our end was closed."""
    assert isinstance(stream, socket.socket)
    return stream.fileno() < 0


def comes_true(claim: Callable[[], bool]) -> bool:
    """Wait for something for a bounded time."""
    for _ in range(200):
        if claim():
            return True
        time.sleep(0.01)
    return False

"""Deadlines, diallers, and TLS through any kind of stream."""

import contextlib
import socket
import time
from ipaddress import ip_address

import pytest

from gatectl.core.gate import Side, Vantage, VantageName
from gatectl.core.page import Page
from gatectl.probe.stream import Deadline, PlainStream, Stream, local_dialler, speaks_tls
from gatectl.probe.visit import look_at
from tests.ports import HoldPort
from tests.probe_servers import (
    ADDRESS,
    Credentials,
    gateway_site,
    listening,
    make_credentials,
    over_tls,
    serving,
)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


class StingyStream:
    """A stream like an SSH channel's: no file descriptor, seven bytes at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port))
        self.closed = False

    def send(self, data: bytes, /) -> int:
        """Send a few bytes."""
        return self._socket.send(data[:7])

    def recv(self, limit: int, /) -> bytes:
        """Give a few bytes."""
        return self._socket.recv(min(limit, 7))

    def settimeout(self, timeout_s: float | None, /) -> None:
        """Bound each wait."""
        self._socket.settimeout(timeout_s)

    def close(self) -> None:
        """Let go, and remember it."""
        self.closed = True
        self._socket.close()


def test_tls_runs_through_a_stream_that_is_no_socket(credentials: Credentials) -> None:
    """Nothing but send, recv, settimeout and close is needed, in pieces of any size."""
    opened: list[StingyStream] = []

    def dial(host: str, port: int, _timeout_s: float) -> Stream:
        opened.append(StingyStream(host, port))
        return opened[-1]

    with listening(over_tls(credentials, serving(gateway_site))) as port:
        home = Vantage(name=VantageName("home"), side=Side.OUTSIDE)
        seen = look_at(home, dial=dial, target=(ADDRESS, port))
    assert seen.page is Page.SIGN_ON
    assert [stream.closed for stream in opened] == [True, True]


class EndlessStream:
    """A stream that always has more, and takes nothing."""

    def send(self, _data: bytes, /) -> int:
        """Take nothing."""
        return 0

    def recv(self, limit: int, /) -> bytes:
        """Give as much as is asked for."""
        return b"x" * limit

    def settimeout(self, _timeout_s: float | None, /) -> None:
        """Never wait."""

    def close(self) -> None:
        """Have nothing to close."""


def test_plain_stream_ends_a_flood_and_a_refusal_to_read() -> None:
    """Neither direction can go on for ever without time passing."""
    stream = PlainStream(EndlessStream(), Deadline.after(30))
    with pytest.raises(ConnectionResetError):
        stream.send_all(b"hello")
    with pytest.raises(ConnectionAbortedError):
        sum(len(stream.recv()) for _ in range(1000))


def test_deadline_ends() -> None:
    """What is left becomes less, and then it is over."""
    assert 0 < Deadline.after(5).left_s() <= 5
    with pytest.raises(TimeoutError):
        Deadline(time.monotonic() - 1).left_s()


def test_local_dialler_binds_its_source() -> None:
    """The other end sees the address that the vantage names."""
    peers: list[str] = []
    with listening(lambda connection: peers.append(connection.getpeername()[0])) as port:
        stream = local_dialler(ip_address("127.0.0.9"))(ADDRESS, port, 2.0)
        with contextlib.suppress(OSError):
            stream.recv(1)
        stream.close()
    assert peers == ["127.0.0.9"]


def test_local_dialler_reaches_ipv6() -> None:
    """A gateway's second address is dialled alike."""
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        with listening(lambda _: None, address="::1") as port:
            local_dialler(ip_address("::1"))("::1", port, 2.0).close()
    except OSError as exc:
        pytest.skip(f"this machine has no IPv6 loopback: {exc}")


def test_local_dialler_says_what_connect_says(shut_port: HoldPort) -> None:
    """A refusal stays a refusal; a name without address is another trouble."""
    with pytest.raises(ConnectionRefusedError):
        local_dialler()(ADDRESS, shut_port(), 1.0)
    with pytest.raises(OSError, match="cannot be a name"):
        local_dialler()("x" * 64 + ".test", 443, 1.0)
    with pytest.raises(OSError, match=r"."):
        local_dialler(ip_address("::1"))(ADDRESS, shut_port(), 1.0)


@pytest.mark.parametrize(
    ("first", "is_tls"),
    [
        (b"\x16\x03\x01", True),
        (b"\x15\x03\x03", True),
        (b"HTTP", False),
        (b"\x16\xfe", False),
        (b"\x16", False),
        (b"", False),
    ],
)
def test_speaks_tls_knows_a_record_by_its_first_bytes(first: bytes, is_tls: bool) -> None:
    """Type and major version of a record."""
    assert speaks_tls(first) is is_tls

"""The look over UDP, against real sockets and a real DTLS server."""

import contextlib
import functools
import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from gatectl.core.gate import Side, Vantage, VantageName
from gatectl.core.reach import LookKind
from gatectl.probe.datagram import client_hello, look_dtls, speaks_dtls
from gatectl.probe.stream import local_dialler
from gatectl.probe.visit import look_at
from tests.ports import HoldPort, reserved_port
from tests.probe_servers import ADDRESS, make_credentials

HOME = Vantage(name=VantageName("home"), side=Side.OUTSIDE)
HELLO_VERIFY = b"\x16\xfe\xff" + b"\0" * 10 + b"\x03" + b"\0" * 20


@contextlib.contextmanager
def answering(answer: Callable[[int], bytes | None]) -> Iterator[int]:
    """Answer the n-th datagram with these bytes, or not; gives the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((ADDRESS, 0))
        server.settimeout(5)

        def serve() -> None:
            with contextlib.suppress(OSError):
                for number in range(10):
                    _, peer = server.recvfrom(4096)
                    reply = answer(number)
                    if reply is not None:
                        server.sendto(reply, peer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_look_dtls_is_answered_by_a_hello_verify_request() -> None:
    """The first thing that a DTLS server says."""
    with answering(lambda _: HELLO_VERIFY) as port:
        seen = look_dtls(HOME, target=(ADDRESS, port), timeout_s=2)
    assert (seen.kind, seen.detail, seen.wire) == (
        LookKind.ANSWERED,
        "HelloVerifyRequest",
        "dtls",
    )
    assert seen.shows_gateway


def test_a_name_that_took_too_long_says_nothing_of_the_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was sent, or nobody had the time to answer: that is no silence."""
    known = socket.getaddrinfo

    def slow(*asked: Any, **more: Any) -> Any:
        time.sleep(0.2)
        return known(*asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with answering(lambda _: None) as port:
        seen = look_dtls(HOME, target=(ADDRESS, port), timeout_s=0.15)
        barely = look_dtls(HOME, target=(ADDRESS, port), timeout_s=0.25)
        walked = look_at(HOME, dial=local_dialler(), target=(ADDRESS, port), timeout_s=0.25)
    assert (seen.kind, barely.kind, walked.kind) == (LookKind.NOT_LOOKED,) * 3
    assert "took too long to resolve" in seen.detail


def test_look_dtls_greets_again_when_a_datagram_is_lost() -> None:
    """One lost packet is not a dropped port."""
    with answering(lambda number: HELLO_VERIFY if number else None) as port:
        assert look_dtls(HOME, target=(ADDRESS, port), timeout_s=3).kind is LookKind.ANSWERED


def test_look_dtls_at_silence_ends_in_time_as_dropped() -> None:
    """Silence is not told apart from a drop, and takes no longer than allowed."""
    with answering(lambda _: None) as port:
        began = time.monotonic()
        seen = look_dtls(HOME, target=(ADDRESS, port), timeout_s=0.6)
    assert seen.kind is LookKind.DROPPED
    assert time.monotonic() - began < 2


def test_look_dtls_at_a_closed_port_is_refused(shut_port: HoldPort) -> None:
    """ICMP's port unreachable is heard."""
    assert look_dtls(HOME, target=(ADDRESS, shut_port()), timeout_s=2).kind is LookKind.REFUSED


def test_look_dtls_at_another_protocol_is_not_tls() -> None:
    """Whatever else speaks UDP there is no gateway."""
    with answering(lambda _: b"\x80hello") as port:
        seen = look_dtls(HOME, target=(ADDRESS, port), timeout_s=2)
    assert seen.kind is LookKind.NOT_TLS
    assert not seen.shows_gateway


def test_look_dtls_from_an_address_that_is_not_ours_is_not_a_look() -> None:
    """Our own trouble is no word of the gate."""
    away = replace(HOME, source=ip_address("192.0.2.77"))
    assert look_dtls(away, target=(ADDRESS, 9), timeout_s=1).kind is LookKind.NOT_LOOKED


def test_client_hello_is_one_whole_record() -> None:
    """The lengths of record, message, fragment, suites and extensions fit into one another."""
    hello = io.BytesIO(client_hello(b"r" * 32))
    assert speaks_dtls(hello.getvalue())
    number = functools.partial(int.from_bytes, byteorder="big")
    assert hello.read(11)[:3] == b"\x16\xfe\xff"
    assert number(hello.read(2)) == len(hello.getvalue()) - 13
    kind, length, _sequence, offset, fragment = (hello.read(size) for size in (1, 3, 2, 3, 3))
    assert (kind, number(offset), fragment) == (b"\x01", 0, length)
    assert number(length) == len(hello.getvalue()) - 25
    assert hello.read(34) == b"\xfe\xfd" + b"r" * 32
    assert hello.read(2) == b"\0\0", "neither session nor cookie"
    suites = hello.read(number(hello.read(2)))
    assert len(suites) % 2 == 0
    assert b"\xc0\x2f" in suites
    assert hello.read(2) == b"\x01\0"
    extensions = hello.read(number(hello.read(2)))
    assert extensions
    assert hello.read() == b""


def test_speaks_dtls_knows_a_record_by_its_first_bytes() -> None:
    """TLS over TCP has another version, and one byte tells nothing."""
    assert speaks_dtls(HELLO_VERIFY)
    assert not speaks_dtls(b"\x16\x03\x03")
    assert not speaks_dtls(b"\x16")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
@pytest.mark.parametrize("version", ["-dtls1_2", "-dtls1"])
def test_look_dtls_is_answered_by_openssl(
    version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A real DTLS server, new or old, asks to be greeted again with its cookie."""
    made = make_credentials(tmp_path_factory.mktemp("dtls"))
    with reserved_port() as port:
        command = ["openssl", "s_server", version, "-accept", f"{ADDRESS}:{port}", "-quiet"]
        command += [
            "-cert",
            str(made.certificate),
            "-key",
            str(made.key),
            "-cipher",
            "ALL:@SECLEVEL=0",
        ]
        with subprocess.Popen(  # noqa: S603 - a fixed command of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                ends_s = time.monotonic() + 10
                while True:
                    seen = look_dtls(HOME, target=(ADDRESS, port), timeout_s=2)
                    if seen.kind is not LookKind.REFUSED or time.monotonic() > ends_s:
                        break
                    time.sleep(0.05)
            finally:
                server.kill()
    assert (seen.kind, seen.detail) == (LookKind.ANSWERED, "HelloVerifyRequest")

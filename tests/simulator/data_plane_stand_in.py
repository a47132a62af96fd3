"""A stand-in for a pair of appliances, and a visitor who sends exactly what a test says."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from gatectl.simulator.certificates import make_certificate
from gatectl.simulator.gateway import Gateway
from gatectl.simulator.user_session import UserSession

VSERVER = "gw_ext"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePort:
    """A port that is to be open."""

    address: str
    port: int
    protocol: Literal["TCP", "UDP"] = "TCP"
    vserver: str = VSERVER
    kind: str = "vpn"


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedPolicy:
    """A responder policy that always has the same answer."""

    kind: str
    payload: bytes = b""


@dataclass(slots=True, kw_only=True)
class ObedientNode:
    """An appliance that admits, answers and listens exactly as a test has set it."""

    name: str = "ns-a"
    build: str = "12.1-55.13"
    faults: set[str] = field(default_factory=set)
    ports: set[OnePort] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    policies: dict[str, CannedPolicy] = field(default_factory=dict)
    """Answers by phase."""
    sessions: list[UserSession] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    """Sources of the connections that counted as a hit."""
    thinking_s: float = 0.0
    """How long it takes to say which ports are open."""
    callbacks: list[Callable[[str], None]] = field(default_factory=list)

    def listeners(self) -> Iterable[OnePort]:
        """List the ports that the test has set."""
        time.sleep(self.thinking_s)
        return frozenset(self.ports)

    def admits(
        self, *, source: str, destination: str, port: int, protocol: str, count: bool = True
    ) -> bool:
        """Admit whoever the test has not denied."""
        del destination, port, protocol
        if count:
            self.counted.append(source)
        return source not in self.denied

    def responder(
        self, *, path: str, source: str, vserver: str, phase: Literal["request", "aaa"]
    ) -> CannedPolicy | None:
        """Give the answer that the test has set for the phase."""
        del path, source, vserver
        return self.policies.get(phase)

    def begin_session(
        self,
        *,
        user: str,
        kind: Literal["ica", "aaa", "rdp", "pcoip"],
        client_address: str,
        client_port: int,
        vserver: str,
    ) -> UserSession:
        """Begin a session of the real kind."""
        session = UserSession(
            user=user,
            kind=kind,
            client_address=client_address,
            client_port=client_port,
            vserver=vserver,
            entry_address="127.0.0.1",
            entry_port=443,
            server_address="10.0.0.9",
            server_port=2598,
        )
        self.sessions.append(session)
        return session

    def live(self, kind: str) -> list[UserSession]:
        """List the sessions of a kind that still stand."""
        return [session for session in self.sessions if session.kind == kind and session.alive]

    def subscribe(self, callback: Callable[[str], None], /) -> None:
        """Remember who wants to know."""
        self.callbacks.append(callback)

    def announce(self, event: str) -> None:
        """Tell everybody who wants to know."""
        for callback in self.callbacks:
            callback(event)


@dataclass(slots=True, kw_only=True)
class ObedientPair:
    """A pair whose primary is the node that a test names."""

    nodes: tuple[ObedientNode, ...]
    primary: ObedientNode | None


@contextmanager
def serving(pair: ObedientPair, folder: Path) -> Iterator[Gateway]:
    """Serve a pair for as long as the block lasts, with a certificate made in the folder."""
    certificate = make_certificate(folder, host_name="gw", address="127.0.0.1")
    gateway = Gateway(pair, certificate=certificate)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.close()


class Visitor:
    """A TLS client that checks no certificate and sends its bytes unchanged."""

    def __init__(self, port: int, *, source: str = "127.0.0.3", timeout_s: float = 5.0) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(
            ("127.0.0.1", port), timeout=timeout_s, source_address=(source, 0)
        )
        try:
            self.connection = context.wrap_socket(plain)
        except BaseException:
            plain.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.connection.close()

    def ask(self, target: str, *, method: str = "GET", more: str = "", body: bytes = b"") -> bytes:
        """Send one request and read one answer by its length, or to the end without one."""
        head = f"{method} {target} HTTP/1.1\r\nHost: gw\r\n{more}"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        self.connection.sendall(head.encode() + b"\r\n" + body)
        return self.answer(without_body=method == "HEAD")

    def answer(self, *, without_body: bool = False) -> bytes:
        """Read one answer."""
        received = b""
        while True:
            head, separator, body = received.partition(b"\r\n\r\n")
            length = _length(head)
            whole = without_body or (length is not None and len(body) >= length)
            if separator and (whole or head.startswith(b"HTTP/1.1 101")):
                return received
            data = self.connection.recv(4096)
            if not data:
                return received
            received += data

    def ended(self) -> bool:
        """Wait for the other side to end the connection."""
        try:
            return self.connection.recv(4096) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return None


def knock(port: int, *, source: str, timeout_s: float = 3.0) -> str:
    """Connect without TLS and say what happened: open, refused, reset or silent."""
    try:
        with socket.create_connection(
            ("127.0.0.1", port), timeout=timeout_s, source_address=(source, 0)
        ) as connection:
            connection.settimeout(0.3)
            try:
                return "ended" if connection.recv(1) == b"" else "open"
            except TimeoutError:
                return "open"
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "silent"


def client_hello() -> bytes:
    """Make the smallest datagram that is a DTLS ClientHello by its headers."""
    body = b"\xfe\xfd" + bytes(32) + b"\0\0\0\x02\xc0\x2b\x01\0"
    message = b"\x01" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big")
    message += body
    return b"\x16\xfe\xff" + bytes(8) + struct.pack("!H", len(message)) + message

"""A connection to the gate: dialled from here or through an SSH host, with TLS on top, bounded."""

import functools
import hashlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from gatectl.core.gate import Address

Result = TypeVar("Result")

CHUNK_BYTES: Final = 16_384
_RECEIVED_BYTES_MAX: Final = 1_048_576
_ADDRESSES_MAX: Final = 4
_FIRST_BYTES: Final = 16
_TLS_RECORD_TYPES: Final = range(20, 25)
_TLS_MAJOR_VERSION: Final = 3


class Stream(Protocol):
    """What a look needs of a connection; a socket and a paramiko channel both have it."""

    def send(self, data: bytes, /) -> int:
        """Send some of the bytes and tell how many."""

    def recv(self, limit: int, /) -> bytes:
        """Wait for bytes; none means that the other end is done."""

    def settimeout(self, timeout_s: float | None, /) -> None:
        """Bound each wait; a wait that is too long raises TimeoutError."""

    def close(self) -> None:
        """Let go of the connection."""


Target = tuple[str, int]
Dialler = Callable[[str, int, float], Stream]
"""Opens a connection to host and port within so many seconds.

It raises what `socket.connect` raises: ConnectionRefusedError, TimeoutError for silence, OSError
with EHOSTUNREACH or ENETUNREACH. A GatectlError means that the look could not be made at all.
"""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a whole look on the monotonic clock; a dripping server cannot move it."""

    ends_s: float

    @classmethod
    def after(cls, timeout_s: float) -> "Deadline":
        """Start the time now."""
        return cls(time.monotonic() + timeout_s)

    def left_s(self) -> float:
        """Give the seconds that are left; raises TimeoutError when there are none."""
        left_s = self.ends_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the time for this look is over")
        return left_s


def local_dialler(source: Address | None = None) -> Dialler:
    """Connect from this machine, from one of its addresses where `source` names it."""

    def dial(host: str, port: int, timeout_s: float) -> Stream:
        deadline = Deadline.after(timeout_s)
        family = socket.AF_UNSPEC
        if source is not None:
            family = socket.AF_INET if source.version == 4 else socket.AF_INET6  # noqa: PLR2004 - IP version
        found = addresses_of(host, port, family, socket.SOCK_STREAM, within_s=timeout_s)
        found = found[:_ADDRESSES_MAX]
        left_s = deadline.left_s()
        trouble: OSError = OSError(f"{host} has no address")
        for kind, *_, address in found:
            try:
                return _connect(kind, address, source=source, timeout_s=left_s / len(found))
            except OSError as exc:
                trouble = exc
        raise trouble

    return dial


AddressFound = tuple[
    socket.AddressFamily,
    socket.SocketKind,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
]


def addresses_of(
    host: str,
    port: int,
    family: socket.AddressFamily,
    kind: socket.SocketKind,
    *,
    within_s: float,
) -> Sequence[AddressFound]:
    """Resolve a name, and leave time of `within_s` for the look itself.

    Raises OSError, also for what can be no name at all.
    """
    begin_s = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, family, kind)
    except UnicodeError as exc:
        raise OSError(f"{host[:80]!r} cannot be a name: {exc}") from exc
    if time.monotonic() - begin_s > within_s / 2:
        # No TimeoutError: the gate was sent nothing, or had no time, and its silence means nothing.
        raise OSError(f"the name {host} took too long to resolve")
    return found


def _connect(
    family: int,
    address: tuple[str | int, ...] | tuple[int, bytes],
    *,
    source: Address | None,
    timeout_s: float,
) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        if source is not None:
            connection.bind((str(source), 0))
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class PlainStream:
    """A stream whose every wait ends with the look."""

    def __init__(self, stream: Stream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self.first_bytes = b""
        """The beginning of what came, to tell silence from an answer."""
        self._received = 0

    def until(self, deadline: Deadline) -> None:
        """Go on with another deadline: a connection can be asked more than once."""
        self._deadline = deadline

    def send_all(self, data: bytes) -> None:
        """Send every byte; raises OSError."""
        rest = data
        while rest:
            self._stream.settimeout(self._deadline.left_s())
            sent = self._stream.send(rest)
            if sent <= 0:
                raise ConnectionResetError("the connection takes no more bytes")
            rest = rest[sent:]

    def recv(self) -> bytes:
        """Wait for bytes; none means the end. Raises OSError."""
        self._stream.settimeout(self._deadline.left_s())
        data = self._stream.recv(CHUNK_BYTES)
        self._received += len(data)
        if self._received > _RECEIVED_BYTES_MAX:
            raise ConnectionAbortedError("the other end sends more than any answer needs")
        self.first_bytes = (self.first_bytes + data)[:_FIRST_BYTES]
        return data


class TlsStream:
    """TLS over any stream, through memory, so that it also runs inside an SSH channel."""

    def __init__(self, plain: PlainStream, context: ssl.SSLContext, server_name: str) -> None:
        self._plain = plain
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # For an address Python checks the certificate against it, but sends no SNI.
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name or None
        )

    def handshake(self) -> None:
        """Agree on a session; raises OSError, of which ssl.SSLError is one."""
        try:
            self._pump(self._tls.do_handshake)
        except ssl.SSLError:
            # The alert that says why; whether it arrives changes nothing here.
            self._say_farewell()
            raise

    def certificate(self) -> bytes:
        """Give the certificate that was shown, in DER; nothing without one."""
        return self._tls.getpeercert(binary_form=True) or b""

    def certificate_sha256(self) -> str:
        """Give the fingerprint of the certificate that was shown, or nothing without one."""
        shown = self.certificate()
        return hashlib.sha256(shown).hexdigest() if shown else ""

    def send_all(self, data: bytes) -> None:
        """Send every byte; raises OSError."""
        rest = data
        while rest:
            sent = self._pump(functools.partial(self._tls.write, rest))
            rest = rest[sent:]

    def recv(self) -> bytes:
        """Wait for bytes; none means the end. Raises OSError."""
        try:
            return self._pump(lambda: self._tls.read(CHUNK_BYTES))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # Many servers close without the farewell that TLS asks for.
            return b""

    def _pump(self, act: Callable[[], Result]) -> Result:
        while True:
            try:
                result = act()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._plain.recv()
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._plain.send_all(data)

    def _say_farewell(self) -> None:
        try:
            self._flush()
        except OSError:
            return


def speaks_tls(first_bytes: bytes) -> bool:
    """Tell whether an answer begins as a TLS record does."""
    return (
        len(first_bytes) > 1
        and first_bytes[0] in _TLS_RECORD_TYPES
        and first_bytes[1] == _TLS_MAJOR_VERSION
    )

"""One SSH connection: TCP, key exchange, the pinned host key, login, and a deadline on each.

The watchdog closes the connection under whatever waits too long. It marks the cut first, since a
connection that is closed looks like a normal end to whoever reads from it.
"""

import contextlib
import errno
import hmac
import logging
import socket
import threading
from base64 import b64encode
from hashlib import sha256
from typing import Any

import paramiko
import structlog
from paramiko.packet import Packetizer

from gatectl.core.gate import Host
from gatectl.errors import GatectlError, HostKeyMismatch, Unreachable, Untrusted
from gatectl.secret import Credential
from gatectl.transport.algorithms import Offer, nothing_in_common, restrict
from gatectl.transport.contract import Stream, Timeouts
from gatectl.watchdog import Guard, Watchdog

_BEFORE_LOGIN_BYTES_MAX = 256_000
"""What a host may send before it has let us in; a flood of banner text ends there."""
_AT_ONCE_BYTES = 65_536
_FOREVER_S = 1e9
"""paramiko's own timeouts follow the wall clock: they are put out of the way of the watchdog."""
_PROHIBITED = 1
"""The reason that a host gives when it does not forward at all (RFC 4254, 5.1)."""

Failures = (paramiko.SSHException, EOFError, OSError)
"""What paramiko raises when a connection is not there any more."""


def fingerprint(key: bytes) -> str:
    """Return a host key's fingerprint as OpenSSH prints it."""
    return "SHA256:" + b64encode(sha256(key).digest()).decode().rstrip("=")


def plain(text: object) -> str:
    """Make a text from outside fit for a terminal and a log line."""
    shown = str(text)[:300]
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in shown
    )


class _Door(socket.socket):
    """The socket of a connection, with a limit on what comes in before the login."""

    eager = True
    """Acknowledge at once until the first command: the peer's algorithm else waits 40 ms."""
    before_login: int | None = _BEFORE_LOGIN_BYTES_MAX
    _ahead = b""
    """What has come already and was not asked for yet; one thread alone receives."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive, or end a connection that floods us."""
        if not self._ahead:
            self._ahead = self._receive(flags)
        # paramiko asks for a packet's length and for the rest of it: one call gets both.
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data

    def _receive(self, flags: int) -> bytes:
        if self.eager and hasattr(socket, "TCP_QUICKACK"):
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        data = super().recv(_AT_ONCE_BYTES, flags)
        if self.before_login is not None:
            self.before_login -= len(data)
            if self.before_login < 0:
                return b""
        return data

    def close(self) -> None:
        """Close, and wake whoever receives: he would only notice at the end of his wait."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)
        super().close()


class _Packetizer(Packetizer):
    """Leaves the handshake's deadline to the watchdog: paramiko's timer delays our exit."""

    def start_handshake(self, timeout: float) -> None:
        """Start no timer."""
        del timeout

    def handshake_timed_out(self) -> bool:
        """Never time out by itself."""
        return False


class ForwardRefused(paramiko.ChannelException):
    """The host did not open this channel; the text is what it said of this very one."""


class Client(paramiko.Transport):
    """paramiko's transport, which forgets two things that an operator must be told."""

    offer: Offer | None = None
    _active_check_timeout = 0.5
    """Seconds between two looks whether it is time for a keepalive; an end is noticed at once."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self._opening = threading.local()
        self._refused: dict[int, ForwardRefused] = {}
        super().__init__(*args, **settings)

    def forward(self, host: str, port: int, *, timeout_s: float) -> paramiko.Channel:
        """Open a channel onwards; raises ForwardRefused, or what paramiko raises."""
        # paramiko keeps one failure for all channels: of two that fail at once, one would hear
        # the other's reason and the other none, which reads as silence.
        self._opening.number = None
        try:
            return self.open_channel(
                "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=timeout_s
            )
        except paramiko.SSHException as exc:
            # There is no number yet where the session had ended before.
            number: int | None = self._opening.number
            refused = None if number is None else self._refused.pop(number, None)
            if refused is None:
                raise
            raise refused from exc

    def _next_channel(self) -> int:
        # Called by whoever opens a channel, in the own thread.
        number: int = super()._next_channel()  # type: ignore[misc]  # not in the stubs
        self._opening.number = number
        return number

    def _parse_kex_init(self, m: paramiko.Message) -> None:
        copy = paramiko.Message(m.asbytes())
        copy.get_bytes(16)
        lists = [tuple(copy.get_list()) for _ in range(6)]
        self.offer = Offer(
            key_exchanges=lists[0], host_keys=lists[1], ciphers=lists[3], macs=lists[5]
        )
        super()._parse_kex_init(m)  # type: ignore[misc]  # not in the stubs

    def _parse_channel_open_failure(self, m: paramiko.Message) -> None:
        copy = paramiko.Message(m.asbytes())
        number, code = copy.get_int(), copy.get_int()
        if self._channels.get(number) is not None:  # type: ignore[attr-defined]  # not in the stubs
            self._refused[number] = ForwardRefused(code, plain(copy.get_text()))
        super()._parse_channel_open_failure(m)  # type: ignore[misc]  # not in the stubs


def open_socket(address: str, port: int, timeouts: Timeouts, *, name: str = "") -> _Door:
    """Connect by TCP; raises Unreachable."""
    try:
        connected = socket.create_connection((address, port), timeouts.connect_s)
    except OSError as exc:
        where = name or f"{address} port {port}"
        raise Unreachable(f"{where}: {plain(exc.strerror or exc)}") from exc
    door = _Door(fileno=connected.detach())
    door.settimeout(timeouts.connect_s)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # With the keepalive of SSH this finds a dead link in time; SO_KEEPALIVE would hide it.
        unacknowledged_ms = int(timeouts.unacknowledged_s * 1000)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unacknowledged_ms)
    return door


class Connection:
    """A connection that is open from the constructor on; whoever makes it closes it."""

    def __init__(self, host: Host, *, watchdog: Watchdog, timeouts: Timeouts) -> None:
        self.host = host
        self.timeouts = timeouts
        self._watchdog = watchdog
        self._door = open_socket(host.address, host.port, timeouts, name=self.name)
        self.client = make_client(self._door, legacy=host.legacy_algorithms)

    @property
    def name(self) -> str:
        """Name the host for an operator."""
        return f"{self.host.name} ({self.host.address} port {self.host.port})"

    @property
    def alive(self) -> bool:
        """Whether the connection is still up, as far as this side knows."""
        return self.client.is_active()

    def guard(self, timeout_s: float) -> Guard:
        """Put a deadline on a block; when it passes, this connection is closed."""
        return self._watchdog.guard(timeout_s, self.drop)

    def drop(self) -> None:
        """End the connection at once, from any thread, whatever waits on it."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self.client.close()
        self._door.close()

    def handshake(self) -> None:
        """Exchange keys and compare the host key with the pins; nobody has logged in yet."""
        with self.guard(self.timeouts.handshake_s) as guard:
            try:
                self.client.start_client()
            except paramiko.ssh_exception.IncompatiblePeer as exc:
                raise nothing_in_common(
                    self.name, self.client.offer, legacy=self.host.legacy_algorithms
                ) from exc
            except Failures as exc:
                raise self._unreachable(exc, guard, "no SSH handshake") from exc
        if not (self.client.is_active() and self.client.initial_kex_done):
            raise Unreachable(f"{self.name}: the SSH handshake was not finished")
        self._check_pin()
        self._tell()

    def _check_pin(self) -> None:
        key = self.client.get_remote_server_key()
        offered = fingerprint(key.asbytes())
        if any(hmac.compare_digest(offered.encode(), pin.encode()) for pin in self.host.host_keys):
            return
        raise HostKeyMismatch(
            f"{self.name} shows the {key.get_name()} host key {offered}, "
            f"pinned is {' or '.join(self.host.host_keys) or 'none'}",
            hint="Compare on the appliance's console. Nothing was sent, no password either. "
            "`gatectl hostkeys` shows all keys of the host and pins them.",
        )

    def _tell(self) -> None:
        ours = self.client.get_security_options().kex
        theirs = self.client.offer.key_exchanges if self.client.offer else ()
        structlog.get_logger().info(
            "ssh.keys_exchanged",
            host=self.host.name,
            key_exchange=next((name for name in ours if name in theirs), ""),
            host_key=self.client.host_key_type,
            cipher=self.client.local_cipher,
            mac=self.client.local_mac,
            strict=getattr(self.client, "agreed_on_strict_kex", False),
        )

    def login(self, credential: Credential) -> None:
        """Log in; raises LoginRefused if the host says no."""
        # Late, since a look at host keys needs none of it.
        from gatectl.transport.login import log_in  # noqa: PLC0415

        with self.guard(self.timeouts.login_s) as guard:
            try:
                log_in(self.client, self.host, credential)
            except Failures as exc:
                raise self._unreachable(exc, guard, "no answer to the login") from exc
        self._door.before_login = None
        self.client.set_keepalive(self.timeouts.keepalive_s)

    def open_session(self) -> paramiko.Channel:
        """Open a channel for a command line or a file transfer; raises Unreachable."""
        with self.guard(self.timeouts.channel_s) as guard:
            try:
                channel = self.client.open_session(timeout=_FOREVER_S)
            except Failures as exc:
                raise self._unreachable(exc, guard, "no session was opened") from exc
        self._door.eager = False
        return channel

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Connect onwards from the host; raises OSError as a socket would, Unreachable if not."""
        # Only this channel ends at its timeout. The watchdog stands behind it, since the wait
        # for a channel follows the wall clock, and frees all when that was set back.
        self._door.eager = False
        with self.guard(timeout_s + self.timeouts.channel_s) as guard:
            try:
                return self.client.forward(host, port, timeout_s=timeout_s)
            except ForwardRefused as exc:
                if exc.code == _PROHIBITED:
                    raise Unreachable(
                        f"{self.name} does not forward connections to {host} port {port}: "
                        f"{exc.text or 'prohibited'}",
                        hint="In its sshd_config: AllowTcpForwarding yes (or local), and any "
                        "PermitOpen that stands there must name this address and port.",
                    ) from exc
                raise _dial_error(exc.text) from exc
            except Failures as exc:
                if self.alive:
                    raise TimeoutError(f"no connection within {timeout_s:g} s") from exc
                raise self._unreachable(exc, guard, "no connection onwards") from exc

    def _unreachable(self, exc: Exception, guard: Guard, what: str) -> GatectlError:
        if guard.expired:
            return Unreachable(f"{self.name}: {what} in time")
        return Unreachable(f"{self.name}: {what}: {plain(exc) or 'the connection ended'}")


_DIAL_ERRORS = (
    ("refused", errno.ECONNREFUSED),
    ("timed out", errno.ETIMEDOUT),
    ("no route", errno.EHOSTUNREACH),
    ("unreachable", errno.ENETUNREACH),
    ("reset", errno.ECONNRESET),
)


def _dial_error(refusal: str) -> OSError:
    """Tell apart what OpenSSH tells apart; OSError becomes its own subclass by the number."""
    for words, number in _DIAL_ERRORS:
        if words in refusal.casefold():
            return OSError(number, refusal)
    return OSError(errno.EIO, refusal or "the host could not connect onwards")


def make_client(
    door: socket.socket, *, legacy: bool, host_keys: tuple[str, ...] | None = None
) -> Client:
    """Make a client on a connected socket, its timeouts left to the watchdog."""
    # Without a handler of its own, Python prints paramiko's errors, and what a host sent in them.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    client = Client(door, strict_kex=True, packetizer_class=_Packetizer)
    client.banner_timeout = client.auth_timeout = client.channel_timeout = _FOREVER_S
    restrict(client, legacy=legacy, host_keys=host_keys)
    return client


def check_pins(host: Host) -> None:
    """Refuse a host without a pin before anything is sent to it."""
    if not host.host_keys:
        raise Untrusted(
            f"no host key is pinned for {host.name}",
            hint="`gatectl hostkeys` shows them; compare them on the console, then pin them.",
        )

"""Somebody who works from a distance: signs in at the gateway and holds a session open."""

import contextlib
import socket
import ssl
import threading
from typing import Final, Self

from gatectl.simulator.web import ICA_PATH, SIGN_IN_PATH

_CONNECT_S: Final = 5.0
_HEAD_BYTES_MAX: Final = 16_384


class SignInRefusedError(ConnectionError):
    """The gateway answered, and did not let the worker in."""


class RemoteWorker:
    """A client with an open ICA session, until the gateway cuts it or `close` is called.

    The certificate is not checked: a worker is there to be cut, not to judge the gateway.
    """

    def __init__(self, *, source: str, host: str, port: int, user: str = "worker") -> None:
        self.source: Final = source
        self.user: Final = user
        self._host: Final = host
        self._port: Final = port
        self._connection: ssl.SSLSocket | None = None
        self._cut: Final = threading.Event()
        self._news: Final = threading.Condition()
        self._echoed = bytearray()
        self._reader: Final = threading.Thread(
            target=self._read, name=f"worker-{user}", daemon=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the session stands, as far as this end has noticed."""
        return self._connection is not None and not self._cut.is_set()

    def connect(self) -> None:
        """Sign in and open the ICA stream; raises OSError when the gateway does not let it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(
            (self._host, self._port), timeout=_CONNECT_S, source_address=(self.source, 0)
        )
        try:
            connection = context.wrap_socket(plain)
        except OSError:
            plain.close()
            raise
        try:
            self._sign_in(connection)
        except OSError:
            connection.close()
            raise
        connection.settimeout(None)
        self._connection = connection
        self._reader.start()

    def exchange(self, message: bytes, *, timeout_s: float = _CONNECT_S) -> bool:
        """Send something over the session and tell whether it came back in time."""
        if self._connection is None or not self.alive:
            return False
        with self._news:
            self._echoed.clear()
            try:
                self._connection.sendall(message)
            except OSError:
                return False
            return self._news.wait_for(
                lambda: message in self._echoed or self._cut.is_set(), timeout_s
            ) and (message in self._echoed)

    def wait_until_cut(self, timeout_s: float) -> bool:
        """Tell whether the session ended within so many seconds."""
        return self._cut.wait(timeout_s)

    def close(self) -> None:
        """Leave."""
        if self._connection is None:
            return
        # Unlike close alone, shutdown wakes the thread that reads; a cut connection refuses it.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._reader.join(_CONNECT_S)
        self._connection.close()

    def _sign_in(self, connection: ssl.SSLSocket) -> None:
        form = f"login={self.user}&passwd=simulated".encode()
        reply = _ask(
            connection,
            f"POST {SIGN_IN_PATH} HTTP/1.1\r\nHost: {self._host}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n".encode()
            + form,
        )
        cookie = next(
            (line.partition(":")[2].split(";")[0] for line in reply if "NSC_AAAC=" in line), ""
        ).strip()
        if not cookie:
            raise SignInRefusedError(f"the gateway answered {reply[0]!r}")
        reply = _ask(
            connection,
            f"GET {ICA_PATH} HTTP/1.1\r\nHost: {self._host}\r\nCookie: {cookie}\r\n"
            "Connection: Upgrade\r\nUpgrade: ica\r\n\r\n".encode(),
        )
        if " 101 " not in reply[0]:
            raise SignInRefusedError(f"the gateway answered {reply[0]!r}")

    def _read(self) -> None:
        connection = self._connection
        while connection is not None:
            try:
                data = connection.recv(4096)
            except (OSError, ValueError):
                data = b""
            with self._news:
                self._echoed += data
                if not data:
                    self._cut.set()
                self._news.notify_all()
            if not data:
                return


def _ask(connection: ssl.SSLSocket, request: bytes) -> list[str]:
    """Send a request and read its answer; gives the lines of the head."""
    connection.sendall(request)
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        data = connection.recv(4096)
        if not data or len(received) > _HEAD_BYTES_MAX:
            raise SignInRefusedError("the gateway ended the connection")
        received += data
    lines = received[:end].decode("latin-1").split("\r\n")
    length = next(
        (
            int(line.partition(":")[2])
            for line in lines
            if line.lower().startswith("content-length")
        ),
        0,
    )
    while len(received) < end + 4 + length:
        data = connection.recv(4096)
        if not data:
            raise SignInRefusedError("the gateway ended the connection")
        received += data
    return lines

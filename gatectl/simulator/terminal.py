"""The line discipline between an SSH channel and a command: echo, newlines, pages."""

import contextlib
import random
import socket
import struct
import threading
import time

import paramiko

from gatectl.simulator.command import Disconnected

READ_BYTES = 4096
LINE_LIMIT = 65_536
POLL_S = 0.02
PIECES = 3
MORE = "--More--"


class IdleTooLong(Exception):
    """Nothing was typed for as long as the session allows."""


class ChannelTerminal:
    """A terminal on an SSH channel; with a pty it echoes and ends lines with CR LF."""

    def __init__(
        self,
        channel: paramiko.Channel,
        *,
        pty: bool,
        rows: int = 24,
        split: random.Random | None = None,
    ) -> None:
        self._channel = channel
        self.pty = pty
        self.rows = rows
        self.paging = False
        self._split = split
        """Cuts what is sent into pieces of random length; None sends it whole."""
        self._received = b""
        self._after_return = False
        self._lines_on_page = 0
        self._discard = False

    # Sending.

    def begin_reply(self) -> None:
        """Start a new page."""
        self._lines_on_page = 0
        self._discard = False

    def write(self, text: str) -> None:
        """Send text, page by page if that is wanted."""
        if not (self.paging and self.pty):
            self._send(text)
            return
        for line in text.splitlines(keepends=True):
            if self._discard:
                return
            self._send(line)
            self._lines_on_page += line.endswith("\n")
            if self._lines_on_page >= self.rows - 1:
                self._more()

    def _more(self) -> None:
        self._send(MORE)
        key = self._take_bytes(1, wait_s=None)
        self._send(f"\r{' ' * len(MORE)}\r")
        if key in (b"q", b"Q"):
            self._discard = True
        elif key in (b"\r", b"\n"):
            self._lines_on_page -= 1
        else:
            self._lines_on_page = 0

    def _send(self, text: str) -> None:
        if self.pty:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        data = text.encode("utf-8", "surrogateescape")
        try:
            for piece in self._pieces(data):
                self._channel.settimeout(None)
                self._channel.sendall(piece)
        except OSError as error:
            raise Disconnected from error

    def _pieces(self, data: bytes) -> list[bytes]:
        if self._split is None or len(data) < PIECES:
            return [data]
        cuts = sorted(self._split.randrange(1, len(data)) for _ in range(PIECES - 1))
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]

    def cut(self) -> None:
        """Break the whole connection off with a reset."""
        transport = self._channel.get_transport()
        abort(transport)
        raise Disconnected

    def wait(self, wait_s: float) -> None:
        """Pass time, and notice when the other side goes away."""
        deadline = time.monotonic() + wait_s
        while (left_s := deadline - time.monotonic()) > 0:
            if self._channel.closed or not self._channel.get_transport().is_active():
                raise Disconnected
            time.sleep(min(POLL_S, left_s))

    # Receiving.

    def ask(self, prompt: str) -> str:
        """Send a question and give the line that comes back; nothing at the end of input."""
        line = self.read_line(prompt, idle_s=None)
        return line or ""

    def read_line(self, prompt: str, *, idle_s: float | None) -> str | None:
        """Send the prompt and give the next line; None at the end of input."""
        self._send(prompt)
        line = bytearray()
        while len(line) < LINE_LIMIT:
            if not self._received and not self._fill(idle_s):
                return None if not line else line.decode("utf-8", "surrogateescape")
            if self._edit(line):
                return line.decode("utf-8", "surrogateescape")
            if not line and self._received[:1] == b"\x04":
                self._received = self._received[1:]
                return None
        return line.decode("utf-8", "surrogateescape")

    def _edit(self, line: bytearray) -> bool:
        """Take what was received into the line; True when the line is complete."""
        echo = bytearray()
        complete = False
        while self._received and not complete:
            key, rest = self._received[:1], self._received[1:]
            if key == b"\x04" and not line:
                break
            self._received = rest
            was_return, self._after_return = self._after_return, key == b"\r"
            if key == b"\n" and was_return:
                continue
            if key in (b"\r", b"\n"):
                echo += b"\n"
                complete = True
            else:
                self._key(key, line, echo)
        if self.pty and echo:
            self._send(echo.decode("utf-8", "surrogateescape"))
        return complete

    def _key(self, key: bytes, line: bytearray, echo: bytearray) -> None:
        if key in (b"\x7f", b"\x08"):
            if line:
                del line[-1]
                echo += b"\b \b"
        elif key in (b"\x15", b"\x03"):
            echo += b"\b \b" * len(line)
            line.clear()
        elif key == b"\t" or key >= b" ":
            line += key
            echo += key

    def _fill(self, idle_s: float | None) -> bool:
        """Receive something; False at the end of input."""
        self._channel.settimeout(idle_s)
        try:
            data = self._channel.recv(READ_BYTES)
        except TimeoutError as error:
            raise IdleTooLong from error
        except OSError as error:
            raise Disconnected from error
        if not data and self._channel.closed:
            raise Disconnected
        self._received += data
        return bool(data)

    def _take_bytes(self, count: int, *, wait_s: float | None) -> bytes:
        while len(self._received) < count:
            if not self._fill(wait_s):
                raise Disconnected
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def read_exactly(self, count: int) -> bytes:
        """Give so many raw bytes."""
        return self._take_bytes(count, wait_s=None)

    def read_raw_line(self) -> bytes:
        """Give raw bytes up to a newline; empty at the end of input."""
        while b"\n" not in self._received and len(self._received) < LINE_LIMIT:
            if not self._fill(None):
                return b""
        line, _, self._received = self._received.partition(b"\n")
        return line

    def write_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        try:
            self._channel.settimeout(None)
            self._channel.sendall(data)
        except OSError as error:
            raise Disconnected from error


def abort(transport: paramiko.Transport) -> None:
    """Reset the TCP connection under a transport, and let the transport end."""
    connection = transport.sock
    with contextlib.suppress(OSError):
        if isinstance(connection, socket.socket):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Closing waits for the transport's own thread, which may be the one that we are called from.
    threading.Thread(target=transport.close, name="simulator-abort", daemon=True).start()

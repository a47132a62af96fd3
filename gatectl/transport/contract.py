"""What a transport can do, whoever is at the other end: an appliance, a simulator, a recording."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from gatectl.core.netscaler import Reply

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each part of a connection may take; a command brings its own limit."""

    connect_s: float = 10.0
    handshake_s: float = 20.0
    login_s: float = 30.0
    channel_s: float = 10.0
    prompt_s: float = 30.0
    goodbye_s: float = 1.0
    stall_s: float = 30.0
    """Longest silence while a file is moved."""
    unacknowledged_s: float = 30.0
    """How long sent data may go without an answer of the peer's kernel."""
    keepalive_s: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file on the other side, as it was found."""

    path: str
    kind: Literal["file", "link", "other", "unreadable"] = "file"
    """A link is told and not followed; a folder that cannot be listed is unreadable."""
    size: int
    mode: int
    uid: int
    gid: int
    mtime: datetime
    sha256: str = ""
    """Of the bytes that were fetched; empty where nothing was."""
    truncated: bool = False
    """The file is longer than what was fetched."""
    hidden: int = 0
    """In so many places a secret of gatectl's own was hidden; the hash is of what is left."""


class Stream(Protocol):
    """As much of a socket as a probe needs."""

    def send(self, data: bytes, /) -> int:
        """Send some of these bytes and return how many."""

    def recv(self, size: int, /) -> bytes:
        """Return what has come, nothing at the end."""

    def settimeout(self, timeout_s: float | None, /) -> None:
        """Set the longest wait of one call."""

    def close(self) -> None:
        """End it."""


class Transport(Protocol):
    """One attempt a call. Only `ConversationCut` leaves open whether something was done."""

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Send one command and return its whole answer."""

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Send a command that ends the session; none if the end came before an answer."""

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Bring a file there, whole and with this hash, or leave the target as it was."""

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fetch a file, of which at most so many bytes, and hash it on the way."""

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Find the files at and below a path, at most so many; nothing if it is not there."""

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Connect onwards from the other side; raises OSError as a socket does."""

    def close(self) -> None:
        """End the session politely, if there is one."""

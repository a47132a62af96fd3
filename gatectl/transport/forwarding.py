"""A transport in front of another one; whoever builds on it says what is done around each call.

`ReadOnly` does not: what it does not know by name must not be passed on.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from gatectl.core.netscaler import Reply
from gatectl.transport.contract import Progress, RemoteFile, Stream, Transport

T = TypeVar("T")


class Forwarding:
    """Passes everything on, what speaks to the host's shell by way of `around`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def around(self, ask: Callable[[], T]) -> T:
        """Make one call; what comes before and after it is for others to say."""
        return ask()

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Send a command."""
        return self.around(lambda: self._transport.send(command, timeout_s=timeout_s))

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Send a command that ends the session."""
        sent = self._transport.send_expecting_disconnect
        return self.around(lambda: sent(command, timeout_s=timeout_s))

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Bring a file there."""
        put = self._transport.put
        self.around(
            lambda: put(source, target, sha256=sha256, timeout_s=timeout_s, progress=progress)
        )

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fetch a file."""
        get = self._transport.get
        return self.around(lambda: get(path, sink, limit=limit, progress=progress))

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Find the files at and below a path."""
        return self._transport.walk(path, limit=limit)

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Connect onwards from the other side."""
        return self._transport.dial(host, port, timeout_s=timeout_s)

    def close(self) -> None:
        """End the session."""
        self._transport.close()

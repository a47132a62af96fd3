"""The transport of a dry run: what is not known to read only does not leave."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gatectl.core.netscaler import Reply, is_read_only
from gatectl.errors import WriteForbidden
from gatectl.transport.contract import Progress, RemoteFile, Stream, Transport


class ReadOnly:
    """Stands in front of another transport and refuses every write."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Send a command if it is on the read-only list."""
        _check(command)
        return self._transport.send(command, timeout_s=timeout_s)

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Refuse: no command that only reads ends a session."""
        del timeout_s
        raise WriteForbidden(f"`{command}` ends the session and was not sent: this run only reads")

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Refuse: a file that is put is a write."""
        del sha256, timeout_s, progress
        raise WriteForbidden(f"{source} was not uploaded to {target}: this run only reads")

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fetch a file."""
        return self._transport.get(path, sink, limit=limit, progress=progress)

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Find files."""
        return self._transport.walk(path, limit=limit)

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Connect onwards."""
        return self._transport.dial(host, port, timeout_s=timeout_s)

    def close(self) -> None:
        """End the session."""
        self._transport.close()


def _check(command: str) -> None:
    if not is_read_only(command):
        raise WriteForbidden(f"`{command}` could write and was not sent: this run only reads")

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from gatectl.core.netscaler import Reply
from gatectl.errors import WriteForbidden
from gatectl.transport.contract import Progress, RemoteFile, Stream, Transport
from gatectl.transport.readonly import ReadOnly
from tests.transport_stand_ins import SshServer, appliance, connected


class NotingTransport:
    """A transport that only notes what it was asked to do."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Note the call."""
        self.calls.append(command)
        return Reply(text="", elapsed_s=timeout_s)

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Note the call."""
        return self.send(command, timeout_s=timeout_s)

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Note the call."""
        self.calls.append(f"put {source} {target} {sha256} {timeout_s} {progress}")

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Note the call."""
        self.calls.append(f"get {path} {limit} {progress}")
        sink.write(b"x")
        raise FileNotFoundError

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Note the call."""
        self.calls.append(f"walk {path} {limit}")
        return iter(())

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Note the call."""
        self.calls.append(f"dial {host} {port} {timeout_s}")
        raise ConnectionRefusedError

    def close(self) -> None:
        """Note the call."""
        self.calls.append("close")


@pytest.mark.parametrize(
    "command", ["save ns config", "reboot -f", "shell rm -f /x", "sh ns version", "show a; reboot"]
)
def test_a_write_does_not_leave_over_a_read_only_transport(command: str) -> None:
    """A dry run is held to its word where bytes leave the process."""
    inner = NotingTransport()
    with pytest.raises(WriteForbidden, match="not sent"):
        ReadOnly(inner).send(command, timeout_s=1)
    with pytest.raises(WriteForbidden):
        ReadOnly(inner).send_expecting_disconnect(command, timeout_s=1)
    assert inner.calls == []


def test_an_upload_does_not_leave_over_a_read_only_transport(tmp_path: Path) -> None:
    """A file that is put is a write, whatever it is called."""
    inner = NotingTransport()
    with pytest.raises(WriteForbidden):
        ReadOnly(inner).put(tmp_path, "/x", sha256="0", timeout_s=1)
    assert inner.calls == []


def test_everything_that_reads_passes() -> None:
    """Looks, files and dials reach the transport behind it."""
    inner: Transport = NotingTransport()
    outer: Transport = ReadOnly(inner)
    outer.send("show ns version", timeout_s=1)
    with pytest.raises(FileNotFoundError):
        outer.get("/f", io.BytesIO(), limit=3)
    assert list(outer.walk("/d", limit=4)) == []
    with pytest.raises(ConnectionRefusedError):
        outer.dial("h", 5, timeout_s=6)
    outer.close()
    assert isinstance(inner, NotingTransport)
    assert inner.calls == ["show ns version", "get /f 3 None", "walk /d 4", "dial h 5 6", "close"]


def test_the_real_transport_fits_the_contract() -> None:
    """What the runner is given can be wrapped for a dry run."""
    with (
        SshServer(appliance(lambda _: " Done\r\n")) as server,
        connected(server.port) as transport,
    ):
        assert ReadOnly(transport).send("show ns acl", timeout_s=1).text == ""

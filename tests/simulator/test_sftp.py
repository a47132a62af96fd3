import io
import stat
from collections.abc import Callable, Iterator

import paramiko
import pytest

from gatectl.simulator.appliance import Appliance

Connect = Callable[[], paramiko.SSHClient]


@pytest.fixture
def sftp(connect: Connect) -> Iterator[paramiko.SFTPClient]:
    """Open an SFTP session."""
    with connect().open_sftp() as client:
        yield client


def test_an_upload_is_there_whole(primary: Appliance, sftp: paramiko.SFTPClient) -> None:
    """Bytes, size and history are right, under a partial name and after the rename."""
    data = bytes(range(256)) * 3000
    sftp.mkdir("/var/nsinstall/x")
    sftp.putfo(io.BytesIO(data), "/var/nsinstall/x/a.part", confirm=True)
    sftp.posix_rename("/var/nsinstall/x/a.part", "/var/nsinstall/x/a")
    assert primary.files.read("/var/nsinstall/x/a") == data
    assert [entry.command.split()[0] for entry in primary.writes()] == ["mkdir", "put", "rename"]
    assert {entry.origin for entry in primary.writes()} == {"sftp"}


def test_a_download_and_a_listing_write_nothing(
    primary: Appliance, sftp: paramiko.SFTPClient
) -> None:
    """Evidence is collected without a trace of writing."""
    with sftp.open("/nsconfig/ns.conf") as file:
        assert file.read() == primary.files.read("/flash/nsconfig/ns.conf")
    listed = {entry.filename: entry.st_mode for entry in sftp.listdir_attr("/")}
    assert stat.S_ISLNK(listed["nsconfig"] or 0)
    assert stat.S_ISDIR(listed["var"] or 0)
    assert sftp.readlink("/nsconfig") == "/flash/nsconfig"
    assert stat.S_ISDIR(sftp.stat("/nsconfig").st_mode or 0)
    assert primary.writes() == []


def test_an_upload_can_be_resumed(primary: Appliance, sftp: paramiko.SFTPClient) -> None:
    """What was written before a cut is there to go on from."""
    with sftp.open("/var/tmp/f", "wb") as file:
        file.write(b"abc")
    assert sftp.stat("/var/tmp/f").st_size == 3
    with sftp.open("/var/tmp/f", "ab") as file:
        file.write(b"def")
    assert primary.files.read("/var/tmp/f") == b"abcdef"


def test_errors_are_errors(primary: Appliance, sftp: paramiko.SFTPClient) -> None:
    """Missing files, directories in the way, and a full disk."""
    with pytest.raises(FileNotFoundError):
        sftp.stat("/none")
    with pytest.raises(OSError, match="Failure"):
        sftp.remove("/var/tmp")
    sftp.putfo(io.BytesIO(b"1"), "/var/tmp/a")
    sftp.putfo(io.BytesIO(b"2"), "/var/tmp/b")
    with pytest.raises(OSError, match="Failure"):
        sftp.rename("/var/tmp/a", "/var/tmp/b")
    primary.faults.add("disk-full")
    with pytest.raises(OSError, match="Failure"):
        sftp.putfo(io.BytesIO(b"1"), "/var/tmp/c")


def test_modes_and_lengths_can_be_set(primary: Appliance, sftp: paramiko.SFTPClient) -> None:
    """chmod, truncate, links and removal."""
    sftp.putfo(io.BytesIO(b"12345"), "/var/tmp/a")
    sftp.chmod("/var/tmp/a", 0o600)
    sftp.truncate("/var/tmp/a", 2)
    assert primary.files.read("/var/tmp/a") == b"12"
    assert primary.files.stat("/var/tmp/a").mode == 0o600
    sftp.symlink("/var/tmp/a", "/var/tmp/l")
    assert primary.files.read("/var/tmp/l") == b"12"
    sftp.remove("/var/tmp/l")
    sftp.mkdir("/var/tmp/d")
    sftp.rmdir("/var/tmp/d")
    assert not primary.files.exists("/var/tmp/d")
    assert sftp.normalize("x") == "/root/x"

from collections.abc import Callable

import paramiko
import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.scp import is_scp

Connect = Callable[[], paramiko.SSHClient]


def test_a_file_is_received_byte_by_byte(primary: Appliance, connect: Connect) -> None:
    """The sink answers each step with a zero byte."""
    stdin, stdout, _ = connect().exec_command("scp -t /var/tmp", timeout=10)
    assert stdout.read(1) == b"\0"
    stdin.write(b"C0640 5 hello.txt\n")
    assert stdout.read(1) == b"\0"
    stdin.write(b"hello\0")
    assert stdout.read(1) == b"\0"
    stdin.channel.shutdown_write()
    assert stdout.channel.recv_exit_status() == 0
    assert primary.files.read("/var/tmp/hello.txt") == b"hello"
    assert primary.files.stat("/var/tmp/hello.txt").mode == 0o640
    assert [entry.origin for entry in primary.writes()] == ["scp"]


def test_what_goes_wrong_is_said_in_the_protocol(primary: Appliance, connect: Connect) -> None:
    """A missing file and a full disk come as a message behind a one byte."""
    stdin, stdout, _ = connect().exec_command("scp -f /none", timeout=10)
    stdin.write(b"\0")
    assert stdout.read() == b"\x01scp: /none: No such file or directory\n"
    primary.faults.add("disk-full")
    stdin, stdout, _ = connect().exec_command("scp -t /var/tmp/x", timeout=10)
    stdin.write(b"C0640 1 x\n1\0")
    assert b"\x01scp: /var/tmp/x: No space left on device\n" in stdout.read()
    assert stdout.channel.recv_exit_status() == 1


@pytest.mark.parametrize(
    ("command", "expected"),
    [("scp -t /x", True), ("/usr/bin/scp -f x", True), ("shell scp", False), ("scpx -t", False)],
)
def test_only_scp_is_scp(command: str, *, expected: bool) -> None:
    """Other exec requests go to the CLI."""
    assert is_scp(command) is expected

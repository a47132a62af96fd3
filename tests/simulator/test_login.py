import io
from collections.abc import Callable
from dataclasses import replace

import paramiko
import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.login import BANNER
from gatectl.simulator.ssh import SshFront

Connect = Callable[[], paramiko.SSHClient]


def test_a_person_is_asked_for_the_password_by_the_device(front: SshFront) -> None:
    """Keyboard-interactive asks `Password:` and shows the banner before."""
    asked: list[str] = []

    def answer(_title: str, _text: str, prompts: list[tuple[str, bool]]) -> list[str]:
        asked.extend(prompt for prompt, _ in prompts)
        return ["nsroot"]

    transport = paramiko.Transport(front.address)
    transport.start_client(timeout=10)
    transport.auth_interactive("nsroot", answer)
    assert asked == ["Password:"]
    assert transport.get_banner() == BANNER.encode()
    transport.close()


@pytest.mark.parametrize("where", ["list", "file"])
def test_a_known_key_logs_in_and_another_does_not(
    primary: Appliance, front: SshFront, where: str
) -> None:
    """Keys come from the box's list or from its authorized_keys file."""
    known, stranger = paramiko.RSAKey.generate(2048), paramiko.RSAKey.generate(2048)
    line = f"ssh-rsa {known.get_base64()} operator"
    if where == "list":
        primary.authorized_keys.append(line)
    else:
        primary.files.append("/nsconfig/ssh/authorized_keys", f"{line}\n")
    transport = paramiko.Transport(front.address)
    transport.start_client(timeout=10)
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("nsroot", stranger)
    transport.auth_publickey("nsroot", known)
    assert transport.is_authenticated()
    transport.close()


def test_exec_answers_between_two_dones(connect: Connect) -> None:
    """The login's ` Done`, the reply, and its ` Done`, with plain newlines."""
    _, stdout, stderr = connect().exec_command("shell cat /nsconfig/rc.netscaler", timeout=10)
    assert stdout.read() == b" Done\n#!/bin/sh\n Done\n"
    assert stderr.read() == b""
    assert stdout.channel.recv_exit_status() == 0


@pytest.mark.parametrize(("policy", "expected"), [("zero", 0), ("error", 1), ("none", -1)])
def test_the_exit_status_of_a_refusal_is_a_switch(
    primary: Appliance, connect: Connect, policy: str, expected: int
) -> None:
    """Nobody knows what a device does, so nobody may depend on it."""
    primary.switches = replace(primary.switches, exec_exit_status=policy)  # type: ignore[arg-type]  # test data
    _, stdout, _ = connect().exec_command("show foo", timeout=10)
    assert stdout.read() == b" Done\nERROR: No such command\n"
    assert stdout.channel.recv_exit_status() == expected


def test_the_leading_done_is_a_switch(primary: Appliance, connect: Connect) -> None:
    """Without it the reply begins at once."""
    primary.switches = replace(primary.switches, exec_leading_done=False)
    _, stdout, _ = connect().exec_command("show ns hostName", timeout=10)
    assert stdout.read() == b"\tHostname:  ns-a\n Done\n"


def test_too_many_sessions_are_told_so(primary: Appliance, connect: Connect) -> None:
    """The text of the device, instead of a prompt."""
    primary.switches = replace(primary.switches, session_limit=0)
    _, stdout, _ = connect().exec_command("show ns hostName", timeout=10)
    assert stdout.read() == b"ERROR: Connection limit to CFE exceeded\n"


def test_forwarding_is_refused(connect: Connect) -> None:
    """A vantage cannot be made of the appliance itself."""
    transport = connect().get_transport()
    assert transport is not None
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", 9), ("127.0.0.1", 9), timeout=10)


def test_an_idle_session_is_ended(primary: Appliance, connect: Connect) -> None:
    """Nothing typed for too long ends the session with the device's words."""
    primary.switches = replace(primary.switches, idle_timeout_s=60, idle_timeout_floor_s=0.0)
    channel = connect().invoke_shell()
    channel.settimeout(10)
    received = io.BytesIO()
    while piece := channel.recv(1000):
        received.write(piece)
    assert b"ERROR: Session expired or killed. Please login again" in received.getvalue()
    assert primary.open_sessions == []


def test_the_root_shell_reads_lines_from_an_exec_request(connect: Connect) -> None:
    """`shell` without words takes its lines from the input."""
    stdin, stdout, _ = connect().exec_command("shell", timeout=10)
    stdin.write(b"echo one\necho two\n")
    stdin.channel.shutdown_write()
    assert stdout.read() == b" Done\none\ntwo\n Done\n"

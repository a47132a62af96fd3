import contextlib
from collections.abc import Callable
from dataclasses import replace

import paramiko
import pytest

from gatectl.simulator.appliance import Appliance

Connect = Callable[[], paramiko.SSHClient]


class Typist:
    """Types at a pty and collects what comes back."""

    def __init__(self, client: paramiko.SSHClient) -> None:
        self.channel = client.invoke_shell(width=80, height=10)
        self.channel.settimeout(10)
        self.seen = b""

    def until(self, wanted: bytes) -> bytes:
        """Read until something has come."""
        while wanted not in self.seen:
            piece = self.channel.recv(4096)
            assert piece, self.seen
            self.seen += piece
        found, _, self.seen = self.seen.partition(wanted)
        return found + wanted

    def type(self, keys: bytes) -> None:
        """Press keys."""
        self.channel.sendall(keys)


@pytest.fixture
def typist(connect: Connect) -> Typist:
    """Sit down at a session that has greeted."""
    found = Typist(connect())
    found.until(b" Done\r\n> ")
    return found


def test_what_is_typed_is_echoed_with_both_line_ends(typist: Typist) -> None:
    """Echo, reply, ` Done` and prompt, each line with CR LF."""
    typist.type(b"show ns hostName\r")
    assert typist.until(b"\r\n> ") == b"show ns hostName\r\n\tHostname:  ns-a\r\n Done\r\n> "


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_each_kind_of_line_end_ends_one_line(typist: Typist, end: bytes) -> None:
    """A pair of CR and LF is one end, not two."""
    typist.type(b"whoami" + end + b"history" + end)
    seen = typist.until(b"> history\r\n") + typist.until(b"\r\n> ")
    assert seen.count(b"> ") == 2


def test_typing_errors_can_be_taken_back(typist: Typist) -> None:
    """Backspace takes one letter, Ctrl-U takes the line."""
    typist.type(b"garbage\x15whoax\x7fmi\r")
    assert b"UserName: nsroot" in typist.until(b" Done\r\n> ")


def test_the_end_of_input_leaves_the_shell_and_then_the_session(typist: Typist) -> None:
    """Ctrl-D goes back one level."""
    typist.type(b"shell\r")
    typist.until(b"root@ns-a# ")
    typist.type(b"\x04")
    typist.until(b" Done\r\n> ")
    typist.type(b"\x04")
    typist.until(b"Bye!\r\n")
    assert typist.channel.recv(100) == b""


def test_long_replies_stop_at_each_page(typist: Typist) -> None:
    """Space gives a page, Return a line, and q the prompt."""
    typist.type(b"set cli mode -page ON\rshow ha node\r")
    first = typist.until(b"--More--")
    assert first.count(b"\n") == 9 + 2 + 1
    typist.type(b"\r")
    assert typist.until(b"--More--").count(b"\n") == 1
    typist.type(b" ")
    assert typist.until(b"--More--").count(b"\n") == 9
    typist.type(b"q")
    typist.until(b"> ")


def test_a_question_takes_its_answer_from_the_keyboard(typist: Typist) -> None:
    """The answer is echoed behind the question."""
    typist.type(b"reboot\r")
    typist.until(b"(Y/N)? [N]:")
    typist.type(b"N\r")
    assert typist.until(b"> ") == b"N\r\n Done\r\n> "


def test_replies_come_in_pieces(primary: Appliance, connect: Connect) -> None:
    """By default a reply is cut up, and the pieces give the whole."""
    primary.switches = replace(primary.switches, split_writes=True)
    _, stdout, _ = connect().exec_command("show ns hostName", timeout=10)
    first = stdout.channel.recv(1000)
    rest = stdout.read()
    assert first + rest == b" Done\n\tHostname:  ns-a\n Done\n"


def test_a_cut_connection_is_reset(primary: Appliance, connect: Connect) -> None:
    """In the middle of a reply the connection is gone, with no end of the channel."""
    primary.faults.add("cut:show ha")
    client = connect()
    transport = client.get_transport()
    assert transport is not None
    _, stdout, _ = client.exec_command("show ha node", timeout=10)
    reply = stdout.read()
    assert b"Node ID:" in reply
    assert reply.count(b" Done") == 1
    transport.join(5)
    assert not transport.is_active()


def test_a_hanging_command_ends_with_the_connection(
    primary: Appliance, connect: Connect, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """Nothing comes back, and the session's place is free again after the client left."""
    primary.faults.add("hang:show ns version")
    client = connect()
    channel = client.invoke_shell()
    channel.settimeout(0.3)
    channel.sendall(b"show ns version\r")
    seen = b""
    with contextlib.suppress(TimeoutError):
        while piece := channel.recv(1000):
            seen += piece
    assert b"NetScaler" not in seen
    assert len(primary.open_sessions) == 1
    client.close()
    eventually(lambda: not primary.open_sessions)

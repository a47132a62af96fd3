import time
from collections.abc import Callable

import paramiko
import pytest

from gatectl.errors import ConversationCut, InvalidInput, Unreachable, Untrusted
from gatectl.transport.conversation import parse_request
from tests.transport_stand_ins import QUICK, SshServer, appliance, connected

DONE = " Done\r\n"


def answer(command: str) -> str | None:
    """Answer as an appliance would, one case a command."""
    return {
        "show ns version": f"\tNetScaler NS12.1: Build 55.18.nc, Date: Jan 2020\r\n{DONE}",
        "show ns acl": DONE,
        "show x": "     ^\r\nERROR: No such command\r\n",
        "shell cat /f": f"\xff\x1b[31mred\r\n{DONE}",
        "reboot -f": None,
        "reboot -d": DONE,
        "force ha failover": "Please confirm whether you want force-failover (Y/N)? [N]:",
    }.get(command, f"{command}\r\n{DONE}")


def test_commands_are_answered_over_one_session() -> None:
    """Several commands share one login, and each gets its own answer."""
    with SshServer(appliance(answer)) as server:
        with connected(server.port) as transport:
            version = transport.send("show ns version", timeout_s=2)
            nothing = transport.send("show ns acl", timeout_s=2)
            wrong = transport.send("show x", timeout_s=2)
        assert "55.18" in version.text
        assert (nothing.text, nothing.error) == ("", None)
        assert (wrong.text, wrong.error) == ("", "No such command")
        assert 0 < version.elapsed_s < 2
        assert len(server.sessions) == 1


def test_a_prompt_of_the_site_is_learnt() -> None:
    """A prompt with user, host, state and clock ends an answer like the plain one."""
    with (
        SshServer(appliance(answer, prompt="Primary|nsroot@adc1-07:25> ")) as server,
        connected(server.port) as transport,
    ):
        assert "55.18" in transport.send("show ns version", timeout_s=2).text


def test_bytes_that_are_no_text_arrive_readable() -> None:
    """A file's content comes through the decoder whatever it holds."""

    def shell(channel: paramiko.Channel) -> None:
        appliance(answer)(_Raw(channel))  # type: ignore[arg-type]  # as much of a channel as is used

    class _Raw:
        def __init__(self, channel: paramiko.Channel) -> None:
            self.recv, self.close, self._channel = channel.recv, channel.close, channel

        def sendall(self, data: bytes) -> None:
            self._channel.sendall(data.replace("\xff".encode(), b"\xff"))

    with SshServer(shell) as server, connected(server.port) as transport:
        assert transport.send("shell cat /f", timeout_s=2).text == "\\xffred"


@pytest.mark.parametrize("command", ["", " ", "show a\nreboot", "show\x00", "show\tx"])
def test_a_command_that_is_not_one_line_is_never_sent(command: str) -> None:
    """A line end would start a second command, a tab the device's completion."""
    with SshServer(appliance(answer)) as server:
        with connected(server.port) as transport, pytest.raises(InvalidInput):
            transport.send(command, timeout_s=1)
        assert not server.sessions


def test_an_unexpected_question_ends_the_session_unanswered() -> None:
    """Nobody answers it, and the next command starts in a session of its own."""
    with SshServer(appliance(answer)) as server, connected(server.port) as transport:
        with pytest.raises(ConversationCut, match=r"force-failover \(Y/N\)"):
            transport.send("force ha failover", timeout_s=5)
        assert transport.send("show ns acl", timeout_s=2).text == ""
        assert len(server.sessions) == 2


def test_a_question_is_an_error_also_where_a_disconnect_is_expected() -> None:
    """A restart that waits for an answer has not begun."""
    with (
        SshServer(appliance(answer)) as server,
        connected(server.port) as transport,
        pytest.raises(ConversationCut),
    ):
        transport.send_expecting_disconnect("force ha failover", timeout_s=5)


@pytest.mark.parametrize(("command", "answered"), [("reboot -f", False), ("reboot -d", True)])
def test_an_expected_disconnect_says_whether_an_answer_came(
    command: str, *, answered: bool
) -> None:
    """A cut after a restart is no error, and proves nothing either."""
    with SshServer(appliance(answer)) as server, connected(server.port) as transport:
        reply = transport.send_expecting_disconnect(command, timeout_s=2)
        assert (reply is not None) is answered
        assert "55.18" in transport.send("show ns version", timeout_s=2).text


def test_a_session_that_the_device_ended_since_is_begun_again() -> None:
    """An idle timeout between two commands costs a login, and no command."""
    with SshServer(appliance(answer)) as server, connected(server.port) as transport:
        transport.send("show ns acl", timeout_s=2)
        server.sessions[0].close()
        for _ in range(100):
            if not server.sessions[0].is_alive():
                break
            time.sleep(0.01)
        time.sleep(0.05)
        assert "55.18" in transport.send("show ns version", timeout_s=2).text


def test_a_forged_end_is_seen_through_when_the_rest_follows() -> None:
    """A file that holds a terminator and a prompt does not shorten its own answer."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(b" Done\r\n> ")
        channel.recv(100)
        channel.sendall(b"\r\n> ")
        typed = channel.recv(100).decode().strip()
        channel.sendall(f"{typed}\r\none\r\n{DONE}> ".encode())
        # The rest is on the way, as it is when a file is read in pieces.
        time.sleep(0.01)
        channel.sendall(f"two\r\n{DONE}> ".encode())
        channel.recv(100)

    with SshServer(shell) as server, connected(server.port) as transport:
        assert transport.send("shell cat /f", timeout_s=2).text.endswith("two")


def test_an_answer_that_goes_on_after_its_end_spoils_the_next_one() -> None:
    """Late output in front of the echo is found, and what it might belong to is not used."""

    def shell(channel: paramiko.Channel) -> None:
        seen = 0
        channel.sendall(b" Done\r\n> ")
        while data := channel.recv(4096):
            seen += 1
            text = data.decode().strip()
            late = "late\r\n" if seen == 3 else ""
            channel.sendall(f"{late}{text}\r\n{DONE if text else ''}> ".encode())

    with SshServer(shell) as server, connected(server.port) as transport:
        transport.send("show a", timeout_s=2)
        with pytest.raises(ConversationCut, match="does not begin with it"):
            transport.send("show b", timeout_s=2)


def test_pages_are_turned() -> None:
    """A pager gets its key for each page, and the whole text arrives."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(b" Done\r\n> ")
        channel.recv(10)
        channel.sendall(b"\r\n> ")
        command = channel.recv(100).decode().strip()
        channel.sendall(f"{command}\r\none\r\n--More--".encode())
        assert channel.recv(10) == b" "
        channel.sendall(b"\r        \rtwo\r\n Done\r\n> ")

    with SshServer(shell) as server, connected(server.port) as transport:
        assert transport.send("show x", timeout_s=2).text.split() == ["one", "two"]


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        ("Please enter new password: ", Untrusted),
        ("Terminal type? ", Untrusted),
        ("ERROR: Connection limit to CFE exceeded\r\n", Unreachable),
        ("root@ns# ", Unreachable),
    ],
)
def test_a_login_that_gives_no_command_line_is_told(greeting: str, error: type[Exception]) -> None:
    """A forced password change, a full session table or a root shell is no prompt."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(greeting.encode())
        if greeting.startswith("ERROR"):
            channel.close()
        while channel.recv(100):
            pass

    with SshServer(shell) as server, connected(server.port) as transport:
        begin = time.monotonic()
        with pytest.raises(error, match=greeting.strip()[:12]):
            transport.send("show ns acl", timeout_s=2)
        assert time.monotonic() - begin < QUICK.prompt_s + 2


def test_goodbye_is_said() -> None:
    """A session that is only dropped counts against the device's limit for a while."""
    typed: list[str] = []

    def note(command: str) -> str:
        typed.append(command)
        return DONE

    shell = appliance(note)
    said: list[bytes] = []

    class Listening:
        def __init__(self, channel: paramiko.Channel) -> None:
            self.sendall, self.close, self._channel = channel.sendall, channel.close, channel

        def recv(self, size: int) -> bytes:
            data = self._channel.recv(size)
            said.append(data)
            return data

    with (
        SshServer(lambda channel: shell(Listening(channel))) as server,  # type: ignore[arg-type]
        connected(server.port) as transport,
    ):
        transport.send("show a", timeout_s=2)
    assert b"exit\n" in said


def executor(*, login_first: bool) -> Callable[[paramiko.Channel, str], None]:
    """Make a server for exec requests that frames its answers in one of the two ways."""

    def execute(channel: paramiko.Channel, command: str) -> None:
        lead = DONE if login_first else ""
        channel.sendall(f"{lead}{answer(command) or ''}".encode())
        channel.shutdown_write()
        channel.close()

    return execute


@pytest.mark.parametrize("login_first", [True, False])
def test_exec_requests_are_framed_as_the_device_does(*, login_first: bool) -> None:
    """Whether the login prints its own terminator is learnt, and not taken for an answer."""
    execute = executor(login_first=login_first)
    with (
        SshServer(appliance(answer), execute=execute) as server,
        connected(server.port, session="exec") as transport,
    ):
        assert transport.send("show ns acl", timeout_s=2).text == ""
        assert transport.send("show x", timeout_s=2).error == "No such command"
        assert "55.18" in transport.send("show ns version", timeout_s=2).text
        with pytest.raises(ConversationCut):
            transport.send("reboot -f", timeout_s=2)


def test_only_the_logins_own_terminator_is_no_answer() -> None:
    """A cut after the login's terminator must not look like an empty answer."""
    assert parse_request([" Done", ""], command="show ns acl", login_first=True) is None
    assert parse_request(["text"], command="show ns acl", login_first=False) is None
    assert parse_request(["text"], command="show ns acl", login_first=True) is None

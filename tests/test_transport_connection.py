import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import paramiko
import pytest
from paramiko.common import (
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_SUCCEEDED,
)

from gatectl.core.gate import SecretRef
from gatectl.errors import (
    ConversationCut,
    GatectlError,
    HostKeyMismatch,
    LoginRefused,
    Unreachable,
    Untrusted,
)
from gatectl.secret import Agent, Credential, KeyFile, Secret
from gatectl.transport.algorithms import Offer, nothing_in_common
from gatectl.transport.connection import Client, open_socket, plain
from gatectl.transport.contract import Timeouts
from gatectl.transport.ssh import SshTransport
from tests.ports import HoldPort
from tests.transport_stand_ins import (
    PASSWORD,
    PIN,
    QUICK,
    RawServer,
    SshServer,
    appliance,
    connected,
    host_at,
    password_of,
)

DONE = " Done\r\n"
GRACE_S = 1.0


def silent(connection: socket.socket) -> None:
    """Take what comes and say nothing."""
    while connection.recv(4096):
        pass


def drips_banner(connection: socket.socket) -> None:
    """Begin a banner that never ends its line."""
    while True:
        connection.sendall(b"x")
        time.sleep(0.1)


def drips_banner_lines(connection: socket.socket) -> None:
    """Send one line of banner after the other."""
    while True:
        connection.sendall(b"hello\r\n")
        time.sleep(0.1)


def floods_banner(connection: socket.socket) -> None:
    """Send a banner line of any length."""
    while True:
        connection.sendall(b"x" * 65536)


def speaks_http(connection: socket.socket) -> None:
    """Be a web server."""
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[31m")


def hangs_up(connection: socket.socket) -> None:
    """Accept and end."""
    connection.close()


def resets(connection: socket.socket) -> None:
    """Accept and reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def banner_only(connection: socket.socket) -> None:
    """Introduce itself and say nothing more."""
    connection.sendall(b"SSH-2.0-Quiet\r\n")
    silent(connection)


def lists_algorithms_only(connection: socket.socket) -> None:
    """Begin a key exchange and leave it there."""
    with SshServer(appliance(lambda _: DONE)) as server:
        behind = socket.create_connection(("127.0.0.1", server.port), 1)
        behind.sendall(b"SSH-2.0-Between\r\n")
        time.sleep(0.2)
        connection.sendall(behind.recv(4096))
        silent(connection)


@pytest.mark.parametrize(
    "serve",
    [
        silent,
        drips_banner,
        drips_banner_lines,
        floods_banner,
        speaks_http,
        hangs_up,
        resets,
        banner_only,
        lists_algorithms_only,
    ],
)
def test_a_host_that_never_finishes_the_handshake_is_unreachable_in_time(
    serve: Callable[[socket.socket], None],
) -> None:
    """Whatever a host does before the key exchange is done ends at the deadline."""
    with RawServer(serve) as server, connected(server.port) as transport:
        begin = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            transport.send("show ns version", timeout_s=1)
        assert time.monotonic() - begin < QUICK.handshake_s + GRACE_S
        assert "\x1b" not in str(caught.value)


def test_a_flood_before_the_login_is_ended_by_its_size() -> None:
    """Memory is not filled until the deadline comes."""
    patient = Timeouts(handshake_s=20.0)
    with RawServer(floods_banner) as server, connected(server.port, timeouts=patient) as transport:
        begin = time.monotonic()
        with pytest.raises(Unreachable):
            transport.send("show ns version", timeout_s=1)
        assert time.monotonic() - begin < 8


def test_a_closed_port_is_unreachable(shut_port: HoldPort) -> None:
    """A refused connection is told as such."""
    with connected(shut_port()) as transport, pytest.raises(Unreachable, match="refused"):
        transport.send("show ns version", timeout_s=1)


def hang() -> None:
    """Wait longer than any deadline here."""
    time.sleep(4)


@pytest.mark.parametrize("where", ["before_login", "before_channel"])
def test_a_host_that_is_silent_at_login_or_session_is_unreachable_in_time(where: str) -> None:
    """Nothing was sent yet, so trying again is safe."""
    server = SshServer(appliance(lambda _: DONE), **{where: hang})  # type: ignore[arg-type]
    with server, connected(server.port) as transport:
        begin = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            transport.send("show ns version", timeout_s=1)
        assert time.monotonic() - begin < 1 + GRACE_S


def test_a_host_that_does_not_start_an_exec_request_is_cut_in_time() -> None:
    """The library's own wait for that answer has no end."""
    server = SshServer(appliance(lambda _: DONE), before_exec=hang)
    with server, connected(server.port, session="exec") as transport:
        begin = time.monotonic()
        with pytest.raises(ConversationCut, match="in time"):
            transport.send("show ns version", timeout_s=1)
        assert time.monotonic() - begin < 1 + GRACE_S


def is_silent(channel: paramiko.Channel) -> None:
    """Say nothing to a command."""
    channel.recv(100)


def drips(channel: paramiko.Channel) -> None:
    """Answer byte by byte, without an end."""
    while True:
        channel.sendall(b"x")
        time.sleep(0.1)


def ends(channel: paramiko.Channel) -> None:
    """End the session in the middle."""
    channel.sendall(b"part\r\n")
    channel.close()


def hangs_up_the_line(channel: paramiko.Channel) -> None:
    """End the connection in the middle."""
    channel.sendall(b"part\r\n")
    channel.get_transport().close()


def resets_the_line(channel: paramiko.Channel) -> None:
    """Reset the connection in the middle."""
    channel.sendall(b"part\r\n")
    door = channel.get_transport().sock
    assert isinstance(door, socket.socket)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    door.close()


def floods(channel: paramiko.Channel) -> None:
    """Print without an end."""
    while True:
        channel.sendall(b"x" * 32768)


def floods_done(channel: paramiko.Channel) -> None:
    """Print without an end what looks like one."""
    while True:
        channel.sendall(b" Done\r\n> " * 1000)


def ends_without_prompt(channel: paramiko.Channel) -> None:
    """Finish the answer, but give no prompt."""
    channel.sendall(DONE.encode())
    time.sleep(4)


@pytest.mark.parametrize(
    ("misbehave", "words"),
    [
        (is_silent, "in time"),
        (drips, "in time"),
        (ends_without_prompt, "in time"),
        (ends, "ended"),
        (hangs_up_the_line, "ended"),
        (resets_the_line, "ended"),
        (floods, "overflow"),
        (floods_done, "overflow"),
    ],
)
def test_a_command_that_gets_no_whole_answer_is_cut_in_time(
    misbehave: Callable[[paramiko.Channel], None], words: str
) -> None:
    """Silence, a drip, an end or a flood after sending: the outcome is not known, and said so."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(b" Done\r\n> ")
        channel.recv(100)
        channel.sendall(b"\r\n> ")
        typed = channel.recv(100).decode()
        channel.sendall(typed.encode())
        misbehave(channel)

    with SshServer(shell) as server, connected(server.port) as transport:
        begin = time.monotonic()
        with pytest.raises(ConversationCut, match=words):
            transport.send("shell cat /f", timeout_s=1)
        assert time.monotonic() - begin < 1 + GRACE_S + 0.5


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_deadline_holds_when_the_wall_clock_is_set(
    monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    """A step of an hour neither holds a command up nor cuts one off."""
    now, moved = time.time, threading.Event()
    monkeypatch.setattr(time, "time", lambda: now() + (step_s if moved.is_set() else 0.0))

    def answer(command: str) -> str:
        moved.set()
        time.sleep(0.3 if command == "show a" else 3)
        return DONE

    with SshServer(appliance(answer)) as server, connected(server.port) as transport:
        assert transport.send("show a", timeout_s=2).text == ""
        begin = time.monotonic()
        with pytest.raises(ConversationCut, match="in time"):
            transport.send("show b", timeout_s=1)
        assert 0.9 < time.monotonic() - begin < 1 + GRACE_S


def test_a_wrong_host_key_is_refused_before_any_password_leaves() -> None:
    """The pin is compared after the key exchange and before the login."""
    with SshServer(appliance(lambda _: DONE)) as server:
        with (
            connected(server.port, host_keys=("SHA256:other",)) as transport,
            pytest.raises(HostKeyMismatch, match="SHA256:") as caught,
        ):
            transport.send("show a", timeout_s=1)
        assert PIN in str(caught.value)
        assert server.attempts == []


def test_any_of_several_pins_is_enough() -> None:
    """During a rotation the old and the new key are both accepted."""
    with (
        SshServer(appliance(lambda _: DONE)) as server,
        connected(server.port, host_keys=("SHA256:other", PIN)) as transport,
    ):
        assert transport.send("show a", timeout_s=1).text == ""


def test_a_host_without_a_pin_is_not_contacted() -> None:
    """Trust on first use is no option."""
    with SshServer(appliance(lambda _: DONE)) as server:
        with connected(server.port, host_keys=()) as transport, pytest.raises(Untrusted):
            transport.send("show a", timeout_s=1)
        assert not server.sessions


def logging_in(server: SshServer, credential: Credential) -> None:
    """Send a command with this credential."""
    transport = SshTransport(host_at(server.port), secrets=lambda _: credential, timeouts=QUICK)
    try:
        transport.send("show a", timeout_s=1)
    finally:
        transport.close()


def test_a_wrong_password_is_tried_once() -> None:
    """A second attempt would count towards a lock-out."""
    with SshServer(appliance(lambda _: DONE), methods="keyboard-interactive,password") as server:
        with pytest.raises(LoginRefused, match="nsroot"):
            logging_in(server, Secret("wrong"))
        assert server.attempts == ["wrong"]


def test_a_host_that_only_knows_the_plain_method_gets_the_password_so() -> None:
    """The fallback is used where the host lacks the method that appliances have."""
    with SshServer(appliance(lambda _: DONE), methods="password") as server:
        logging_in(server, Secret(PASSWORD))
        assert server.attempts == [PASSWORD]


@pytest.mark.parametrize("question", ["New password: ", "Token code: "])
def test_another_question_at_the_login_does_not_get_the_password(question: str) -> None:
    """A forced change or a second factor is the operator's to answer."""
    with SshServer(appliance(lambda _: DONE), question=question) as server:
        with pytest.raises(LoginRefused, match=question.strip()):
            logging_in(server, Secret(PASSWORD))
        assert PASSWORD not in server.attempts


def test_a_key_file_logs_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A private key in a file is taken as OpenSSH writes it, and a foreign one refused."""
    folder = tmp_path_factory.mktemp("keys")
    mine, other = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    mine.write_private_key_file(str(folder / "mine"))
    other.write_private_key_file(str(folder / "other"))
    with SshServer(appliance(lambda _: DONE), methods="publickey") as server:
        server.authorized_keys = [mine]
        logging_in(server, KeyFile(path=folder / "mine"))
        with pytest.raises(LoginRefused, match="not accepted"):
            logging_in(server, KeyFile(path=folder / "other"))


def test_a_key_that_cannot_be_read_is_told_without_its_text(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A broken key file concerns the login of this host."""
    path = tmp_path_factory.mktemp("keys") / "broken"
    path.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n")
    with (
        SshServer(appliance(lambda _: DONE), methods="publickey") as server,
        pytest.raises(LoginRefused) as caught,
    ):
        logging_in(server, KeyFile(path=path))
    assert "c2VjcmV0" not in str(caught.value)


def test_an_agent_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an agent there is no key to try."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with (
        SshServer(appliance(lambda _: DONE), methods="publickey") as server,
        pytest.raises(LoginRefused, match="agent"),
    ):
        logging_in(server, Agent())


def test_a_host_of_weak_algorithms_is_refused_with_what_it_offers() -> None:
    """Block chaining and SHA-1 are not agreed on, and the error names them and the way out."""

    def weaken(session: paramiko.Transport) -> None:
        session.get_security_options().ciphers = ("aes128-cbc", "3des-cbc")

    with SshServer(appliance(lambda _: DONE), prepare=weaken) as server:
        with connected(server.port) as transport, pytest.raises(Untrusted) as caught:
            transport.send("show a", timeout_s=1)
        with connected(server.port, legacy_algorithms=True) as transport:
            assert transport.send("show a", timeout_s=1).text == ""
    assert "aes128-cbc" in str(caught.value)
    assert "legacy_algorithms = true" in caught.value.hint


def test_a_host_of_sha1_alone_is_told_with_the_command_that_helps() -> None:
    """The newest library speaks no SHA-1: the error says which one does and what is given up."""
    offer = Offer(
        key_exchanges=("diffie-hellman-group14-sha1",),
        host_keys=("ssh-rsa\x1b[31m",),
        ciphers=("aes128-ctr",),
        macs=("hmac-sha2-256",),
    )
    error = nothing_in_common("ns-a", offer, legacy=True)
    assert "diffie-hellman-group14-sha1" in str(error)
    assert "aes128-ctr" not in str(error)
    assert "\x1b" not in str(error)
    if not paramiko.__version__.startswith("4."):
        assert "pip install 'paramiko<5'" in error.hint
    assert "SHA-1" in error.hint


def test_a_peer_that_stops_reading_is_cut_too() -> None:
    """A command that cannot be sent ends at its deadline like one without an answer."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(b" Done\r\n> ")
        channel.recv(100)
        channel.sendall(b"\r\n> ")
        time.sleep(4)

    with SshServer(shell) as server, connected(server.port) as transport:
        begin = time.monotonic()
        with pytest.raises(ConversationCut):
            transport.send("show " + "x" * 3_000_000, timeout_s=1)
        assert time.monotonic() - begin < 1 + GRACE_S


@pytest.mark.parametrize("failing", [True, False])
def test_dialling_onwards_tells_refusals_apart(*, failing: bool) -> None:
    """A host that forwards nothing is a trouble of the vantage, not of what is looked at."""
    code = OPEN_FAILED_CONNECT_FAILED if failing else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
    expected: type[Exception] = OSError if failing else Unreachable
    with (
        SshServer(appliance(lambda _: DONE), forward=code) as server,
        connected(server.port) as transport,
        pytest.raises(expected),
    ):
        transport.dial("127.0.0.1", 9, timeout_s=1)


def test_dialling_on_a_session_that_has_just_ended_is_told() -> None:
    """A look has a thread of its own, in which nothing was dialled before."""
    with (
        SshServer(appliance(lambda _: DONE), forward=OPEN_SUCCEEDED) as server,
        connected(server.port) as transport,
        ThreadPoolExecutor(1) as thread,
    ):
        transport.dial("127.0.0.1", 9, timeout_s=1).close()
        client = transport._connected().client
        client.close()
        with pytest.raises(paramiko.SSHException):
            thread.submit(client.forward, "127.0.0.1", 9, timeout_s=1).result()


def test_dialling_gives_a_stream() -> None:
    """What is dialled can be written to, read from and closed."""
    with (
        SshServer(appliance(lambda _: DONE), forward=OPEN_SUCCEEDED) as server,
        connected(server.port) as transport,
    ):
        stream = transport.dial("127.0.0.1", 9, timeout_s=1)
        far = server.sessions[0].accept(1)
        assert far is not None
        far.sendall(b"hello")
        stream.settimeout(1)
        assert stream.recv(5) == b"hello"
        assert stream.send(b"x") == 1
        stream.close()


def test_many_threads_share_one_connection_to_dial() -> None:
    """A survey over a vantage logs in once."""
    with SshServer(appliance(lambda _: DONE), forward=OPEN_SUCCEEDED) as server:
        with connected(server.port) as transport:
            failures: list[GatectlError] = []

            def dial() -> None:
                try:
                    transport.dial("127.0.0.1", 9, timeout_s=1).close()
                except GatectlError as exc:
                    failures.append(exc)

            threads = [threading.Thread(target=dial) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(5)
        assert failures == []
        assert len(server.sessions) == 1


def test_what_comes_at_once_is_given_piece_by_piece() -> None:
    """Bytes that were received ahead are given in their order, then what comes next."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"0123456789")
        connection.recv(1)
        connection.sendall(b"more")

    with RawServer(serve) as server:
        door = open_socket("127.0.0.1", server.port, Timeouts())
        assert [door.recv(4), door.recv(4), door.recv(4)] == [b"0123", b"4567", b"89"]
        door.sendall(b"x")
        assert door.recv(4) == b"more"
        door.close()


def test_a_door_that_is_closed_wakes_whoever_receives() -> None:
    """A thread that waits for the other side hears of our own end at once."""
    with RawServer(silent) as server:
        door = open_socket("127.0.0.1", server.port, Timeouts())
        woken = threading.Event()

        def receive() -> None:
            with contextlib.suppress(OSError):
                door.recv(4)
            woken.set()

        threading.Thread(target=receive, daemon=True).start()
        assert not woken.wait(0.2)
        door.close()
        assert woken.wait(GRACE_S)


def test_text_from_outside_is_made_plain() -> None:
    """Control characters of a host do not reach a terminal."""
    assert plain("a\x1b[31m\r\n") == "a\\x1b[31m\\r\\n"


def test_no_thread_is_left_behind() -> None:
    """A closed transport leaves neither a connection's thread nor a watchdog."""
    with SshServer(appliance(lambda _: DONE)) as server:
        transport = SshTransport(
            host_at(server.port, secret=SecretRef(kind="prompt")),
            secrets=password_of,
            timeouts=Timeouts(),
        )
        transport.send("show a", timeout_s=2)
        transport.close()
    for _ in range(60):
        left = [t for t in threading.enumerate() if isinstance(t, Client) or t.name == "watchdog"]
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {left}")

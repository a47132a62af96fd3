"""Small SSH servers for the transport's tests: one that behaves, and ways to misbehave."""

# paramiko calls the methods of a server by their names and with all their arguments.
# ruff: noqa: D102, ARG002

import contextlib
import functools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from gatectl.core.gate import Host, SecretRef
from gatectl.secret import Credential, Secret
from gatectl.transport.connection import fingerprint
from gatectl.transport.contract import Timeouts
from gatectl.transport.ssh import SshTransport

PASSWORD = "correct horse"
HOST_KEY = paramiko.ECDSAKey.generate()
PIN = fingerprint(HOST_KEY.asbytes())
QUICK = Timeouts(
    connect_s=1.0, handshake_s=1.0, login_s=1.0, channel_s=1.0, prompt_s=1.0, stall_s=1.0
)

Shell = Callable[[paramiko.Channel], None]


class RawServer:
    """Accepts TCP connections and hands each to a function, in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self.port: int = self._listener.getsockname()[1]
        self.stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def _accept(self) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(connection)
                self._start(functools.partial(self._run, connection))

    def _run(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._serve(connection)

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(2)


class Door(paramiko.ServerInterface):
    """Lets in whoever knows the password, and gives a command line."""

    def __init__(self, server: "SshServer") -> None:
        self.server = server

    def get_allowed_auths(self, username: str) -> str:
        return self.server.methods

    def check_auth_password(self, username: str, password: str) -> int:
        self.server.attempts.append(password)
        return AUTH_SUCCESSFUL if password == PASSWORD else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = key in self.server.authorized_keys
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def check_auth_interactive(
        self, username: str, submethods: str
    ) -> int | paramiko.server.InteractiveQuery:
        self.server.before_login()
        return paramiko.server.InteractiveQuery("", "", (self.server.question, False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        self.server.attempts.extend(responses)
        return AUTH_SUCCESSFUL if responses == [PASSWORD] else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self.server.before_channel()
        return OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        return self.server.forward

    def check_channel_pty_request(self, *_args: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        threading.Thread(target=self.server.run, args=(channel,), daemon=True).start()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.server.before_exec()
        text = command.decode()
        threading.Thread(target=self.server.run_exec, args=(channel, text), daemon=True).start()
        return True


def nothing() -> None:
    """Do not disturb."""


class SshServer:
    """An SSH server on loopback whose command line is a function."""

    def __init__(
        self,
        shell: Shell,
        *,
        execute: Callable[[paramiko.Channel, str], None] | None = None,
        methods: str = "keyboard-interactive",
        question: str = "Password: ",
        before_login: Callable[[], None] = nothing,
        before_channel: Callable[[], None] = nothing,
        before_exec: Callable[[], None] = nothing,
        forward: int = OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
        sftp: type[paramiko.SFTPServerInterface] | None = None,
        prepare: Callable[[paramiko.Transport], None] = lambda _: None,
    ) -> None:
        self._shell = shell
        self._execute = execute
        self.methods = methods
        self.question = question
        self.before_login = before_login
        self.before_channel = before_channel
        self.before_exec = before_exec
        self.forward = forward
        self._sftp = sftp
        self._prepare = prepare
        self.attempts: list[str] = []
        self.authorized_keys: list[paramiko.PKey] = []
        self.sessions: list[paramiko.Transport] = []
        self.raw = RawServer(self._serve)

    @property
    def port(self) -> int:
        return self.raw.port

    def _serve(self, connection: socket.socket) -> None:
        session = paramiko.Transport(connection)
        session.add_server_key(HOST_KEY)
        self._prepare(session)
        if self._sftp is not None:
            session.set_subsystem_handler("sftp", paramiko.SFTPServer, self._sftp)
        self.sessions.append(session)
        session.start_server(server=Door(self))

    def run(self, channel: paramiko.Channel) -> None:
        # The request itself is answered first.
        time.sleep(0.02)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._shell(channel)

    def run_exec(self, channel: paramiko.Channel, command: str) -> None:
        time.sleep(0.02)
        if self._execute is not None:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                self._execute(channel, command)

    def __enter__(self) -> Self:
        self.raw.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in self.sessions:
            session.close()
        self.raw.__exit__(kind, error, trace)


def lines(channel: paramiko.Channel) -> Iterator[str]:
    """Read what is typed, line by line."""
    pending = b""
    while data := channel.recv(4096):
        pending += data
        while b"\n" in pending:
            line, pending = pending.split(b"\n", 1)
            yield line.decode()


def appliance(answer: Callable[[str], str | None], *, prompt: str = "> ") -> Shell:
    """Make a command line that echoes, answers and prompts; no answer ends it."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(f"Last login: Fri\r\n Done\r\n{prompt}".encode())
        for line in lines(channel):
            channel.sendall(f"{line}\r\n".encode())
            if line == "exit":
                channel.sendall(b"Bye!\r\n")
                break
            text = answer(line) if line.strip() else ""
            if text is None:
                break
            # A question is not followed by a prompt.
            channel.sendall(f"{text}{'' if text.endswith(':') else prompt}".encode())
        channel.close()

    return shell


def host_at(port: int, **changes: object) -> Host:
    """Describe a stand-in as the configuration would."""
    facts: dict[str, object] = {
        "name": "ns-a",
        "address": "127.0.0.1",
        "port": port,
        "username": "nsroot",
        "secret": SecretRef(kind="prompt"),
        "host_keys": (PIN,),
    }
    return Host(**(facts | changes))  # type: ignore[arg-type]  # the values are those of Host


def password_of(_ref: SecretRef) -> Credential:
    """Give the stand-in's password for every reference."""
    return Secret(PASSWORD)


@contextlib.contextmanager
def connected(
    port: int, *, timeouts: Timeouts = QUICK, **changes: object
) -> Iterator[SshTransport]:
    """Make a transport to a stand-in and close it afterwards."""
    transport = SshTransport(host_at(port, **changes), secrets=password_of, timeouts=timeouts)
    try:
        yield transport
    finally:
        transport.close()

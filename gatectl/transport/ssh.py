"""The transport over SSH: connects at first use, and again when the session has ended since."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gatectl.core.check import Seen
from gatectl.core.gate import Host, SecretRef
from gatectl.core.looks import read_look
from gatectl.core.netscaler import Reply, parameter_is_safe
from gatectl.errors import CommandRefused, GatectlError, ImageInvalid, InvalidInput
from gatectl.secret import Credential
from gatectl.transport.connection import Connection, Failures, check_pins
from gatectl.transport.contract import Progress, RemoteFile, Stream, Timeouts
from gatectl.transport.conversation import Conversation, Ended, Requests, Silent, Terminal
from gatectl.transport.files import Files, hash_of
from gatectl.watchdog import Clock, Watchdog, boot_clock

SecretResolver = Callable[[SecretRef], Credential]


class SshTransport:
    """A host behind SSH: one connection, one command line, files beside it."""

    def __init__(
        self,
        host: Host,
        *,
        secrets: SecretResolver,
        clock: Clock = boot_clock,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._host = host
        self._secrets = secrets
        self._timeouts = timeouts or Timeouts()
        self._watchdog = Watchdog(clock)
        self._connection: Connection | None = None
        self._conversation: Conversation | None = None
        self._files: Files | None = None
        # Probes dial in threads of their own, over the one connection.
        self._connecting = threading.RLock()
        self._talking = threading.RLock()

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Send one command and return its whole answer."""
        if not command.strip() or not command.isprintable():
            # A second line would be a second command.
            raise InvalidInput(f"{command!r} is not one line of printable text")
        with self._talking:
            conversation = self._talk()
            begin = self._watchdog.now()
            try:
                reply = conversation.run(command, timeout_s=timeout_s)
            except GatectlError:
                self._drop()
                raise
            return replace(reply, elapsed_s=self._watchdog.now() - begin)

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Send a command that restarts the device; none if it went before it answered."""
        with self._talking:
            try:
                return self.send(command, timeout_s=timeout_s)
            except (Ended, Silent):
                return None
            finally:
                # What comes next over this connection is only its end.
                self._drop()

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Bring a file there; a part that an earlier call left behind is gone on with."""
        wanted = sha256.lower()
        if not parameter_is_safe(target) or not target.startswith("/"):
            raise InvalidInput(f"{target!r} is not a path that can be named on the device")
        actual = hash_of(source)
        if actual != wanted:
            raise ImageInvalid(f"{source} has the SHA-256 {actual}, promised is {wanted}")
        with self._talking, self._connected().guard(timeout_s) as guard:
            end = self._watchdog.now() + timeout_s
            size = source.stat().st_size
            there = self._open_files().size_of(target)
            if there == size and self._hash_there(target, end) == wanted:
                return
            part = f"{target}.part"
            begin = self._open_files().size_of(part) or 0
            begin = begin if begin <= size else 0
            for position in dict.fromkeys((begin, 0)):
                self._open_files().upload(
                    source, part, begin=position, total_guard=guard, progress=progress
                )
                if self._hash_there(part, end) == wanted:
                    self._open_files().rename(part, target)
                    return
            raise CommandRefused(
                f"{self._host.name}: {part} arrived with another SHA-256 than {wanted}"
            )

    def _hash_there(self, path: str, end: float) -> str:
        command = f"shell sha256 {path}"
        left_s = max(1.0, end - self._watchdog.now())
        observation = read_look(command, self.send(command, timeout_s=left_s))
        match observation:
            case Seen(records=[record]):
                return record["sha256"]
            case _:
                raise CommandRefused(f"{self._host.name} cannot hash {path}: {observation}")

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fetch a file and hash it on the way."""
        with self._talking:
            return self._open_files().fetch(path, sink, limit=limit, progress=progress)

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Find files below a path."""
        with self._talking:
            files = self._open_files()
        yield from files.walk(path, limit=limit)

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Connect onwards from the host."""
        return self._connected().dial(host, port, timeout_s=timeout_s)

    def close(self) -> None:
        """Say goodbye and end the connection."""
        with self._talking:
            connection, conversation = self._connection, self._conversation
            if connection is not None and conversation is not None and connection.alive:
                goodbye = connection.guard(self._timeouts.goodbye_s)
                # It may have left already.
                with goodbye as guard, contextlib.suppress(*Failures):
                    conversation.leave(guard)
            self._drop()

    def _connected(self) -> Connection:
        with self._connecting:
            if self._connection is not None and self._connection.alive:
                return self._connection
            self._drop()
            check_pins(self._host)
            # Asked for before anything is open: an operator may take his time to type it.
            credential = self._secrets(self._host.secret)
            connection = Connection(self._host, watchdog=self._watchdog, timeouts=self._timeouts)
            try:
                connection.handshake()
                connection.login(credential)
            except GatectlError:
                connection.drop()
                raise
            self._connection = connection
            return connection

    def _talk(self) -> Conversation:
        if self._conversation is not None and self._conversation.usable():
            return self._conversation
        if self._conversation is not None:
            # It ended or said something unasked: a new one begins before anything is sent.
            self._drop()
        connection = self._connected()
        exec_session = self._host.session == "exec"
        self._conversation = Requests(connection) if exec_session else Terminal(connection)
        return self._conversation

    def _open_files(self) -> Files:
        connection = self._connected()
        if self._files is None:
            self._files = Files(connection)
        return self._files

    def _drop(self) -> None:
        with self._connecting:
            if self._connection is not None:
                self._connection.drop()
            self._connection = self._conversation = self._files = None

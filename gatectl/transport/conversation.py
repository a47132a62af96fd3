"""Talking to the command line: one command, one whole answer, or a cut that is told as one."""

import codecs
import threading
from typing import Protocol

import paramiko

from gatectl.core.framing import (
    Framing,
    Prompt,
    Stage,
    asks,
    is_terminator,
    learn_prompt,
    read_reply,
    shows_content,
)
from gatectl.core.netscaler import Reply
from gatectl.errors import ConversationCut, Unreachable, Untrusted
from gatectl.transport.connection import Connection, Failures, plain
from gatectl.watchdog import Guard

OUTPUT_BYTES_MAX = 1_000_000
"""More than this is not an answer to any command that is sent here."""
_PIECE = 65536
_QUIET_QUESTION_S = 0.3
"""How long a question stands alone before it is one; half a line can look like it."""
_QUIET_CONTENT_S = 0.03
"""A file may hold what looks like the end of an answer: look whether more is on the way."""
_NUDGE_S = 1.0
_NUDGES_MAX = 8
_TERMINAL_WIDTH = 511
"""No command is so long that the terminal breaks its echo."""
_TERMINAL_HEIGHT = 10_000


class Ended(ConversationCut):
    """The other side ended the connection; whoever restarts a device expects that."""


class Silent(ConversationCut):
    """No whole answer came in time."""


class Conversation(Protocol):
    """A way to have commands answered over a connection."""

    def usable(self) -> bool:
        """Say whether a command may be sent, as far as this side can tell."""

    def run(self, command: str, *, timeout_s: float) -> Reply:
        """Send one command and read its answer."""

    def leave(self, guard: Guard) -> None:
        """Say goodbye."""


class _Reader:
    """Reads a channel as text, up to a limit, and tells the ways in which it can end apart."""

    def __init__(self, connection: Connection, channel: paramiko.Channel, what: str) -> None:
        self._connection = connection
        self._channel = channel
        self._what = what
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._bytes_read = 0

    def piece(self) -> str | None:
        """Return what has come next; none at the end."""
        data = self._channel.recv(_PIECE)
        if not data:
            return None
        self._bytes_read += len(data)
        if self._bytes_read > OUTPUT_BYTES_MAX:
            self._connection.drop()
            raise ConversationCut(
                f"{self._connection.name}: overflow, {self._what} printed more than "
                f"{OUTPUT_BYTES_MAX // 1_000_000} MB and was cut off"
            )
        return self._decoder.decode(data)

    def cut(self, guard: Guard) -> ConversationCut:
        """Make the error for an end in the middle."""
        self._connection.drop()
        if guard.expired:
            return Silent(f"{self._connection.name}: no whole answer to {self._what} in time")
        return Ended(f"{self._connection.name}: the connection ended during {self._what}")

    def quiet(self, seconds: float) -> bool:
        """Wait and say whether nothing more came."""
        stirred = threading.Event()
        # It is set at once where there is something to read, or nothing will come any more.
        self._channel.in_buffer.set_event(stirred)
        stirred.wait(seconds)
        return not self._channel.recv_ready()


class Terminal:
    """One interactive session with a terminal, prompt by prompt."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = connection.open_session()
        self._echoes: bool | None = None
        self.greeting = ""
        with connection.guard(connection.timeouts.prompt_s) as guard:
            try:
                self._channel.get_pty("vt100", width=_TERMINAL_WIDTH, height=_TERMINAL_HEIGHT)
                self._channel.invoke_shell()
                self._prompt = self._learn(guard)
            except Failures as exc:
                connection.drop()
                raise Unreachable(f"{connection.name}: no command line: {plain(exc)}") from exc

    def _learn(self, guard: Guard) -> Prompt:
        reader = _Reader(self._connection, self._channel, "the login")
        # A typed line that arrives before the prompt would spoil it, so it waits for one; the
        # wait itself is only a nudge, and the watchdog bounds the whole.
        self._channel.settimeout(_NUDGE_S)
        sent = 0
        while True:
            try:
                piece = reader.piece()
            except TimeoutError:
                sent = self._nudge(sent)
                continue
            if piece is None:
                raise self._no_prompt(guard)
            self.greeting += piece
            prompt = learn_prompt(self.greeting)
            if prompt is not None:
                break
            question = asks(self.greeting)
            if question and reader.quiet(_QUIET_QUESTION_S):
                self._connection.drop()
                raise Untrusted(
                    f"{self._connection.name} asks {plain(question)!r} at the login",
                    hint="Log in by hand once and answer it.",
                )
            if not sent and self.greeting.rstrip(" ").endswith(">"):
                sent = self._nudge(sent)
        self._channel.settimeout(None)
        if sent > 1:
            # Each nudge is answered by one more prompt.
            while not reader.quiet(_QUIET_QUESTION_S):
                reader.piece()
        return prompt

    def _nudge(self, sent: int) -> int:
        if sent < _NUDGES_MAX:
            self._channel.sendall(b"\n")
        return sent + 1

    def _no_prompt(self, guard: Guard) -> Unreachable:
        self._connection.drop()
        lines = [line.strip() for line in self.greeting.splitlines() if line.strip()]
        said = f": {plain(lines[-1])}" if lines else ""
        why = "no prompt in time" if guard.expired else "the session ended before a prompt"
        return Unreachable(f"{self._connection.name}: {why}{said}")

    def usable(self) -> bool:
        """Say whether the session is open and silent; unasked text means that it is not ours."""
        channel = self._channel
        closed = channel.closed or channel.eof_received or not self._connection.alive
        return not (closed or channel.recv_ready())

    def run(self, command: str, *, timeout_s: float) -> Reply:
        """Send one command and read until its own terminator and the prompt."""
        framing = Framing(command=command, prompt=self._prompt)
        reader = _Reader(self._connection, self._channel, f"`{command}`")
        with self._connection.guard(timeout_s) as guard:
            try:
                self._channel.sendall(f"{command}\n".encode())
                while not self._has_ended(framing, reader, guard):
                    pass
            except Failures as exc:
                raise reader.cut(guard) from exc
        self._check_echo(framing, command)
        return framing.reply()

    def _has_ended(self, framing: Framing, reader: _Reader, guard: Guard) -> bool:
        piece = reader.piece()
        if piece is None:
            raise reader.cut(guard)
        match framing.feed(piece):
            case Stage.WHOLE:
                return not framing.content or reader.quiet(_QUIET_CONTENT_S)
            case Stage.PAGED:
                framing.page_answered()
                self._channel.sendall(b" ")
            case Stage.QUESTION if reader.quiet(_QUIET_QUESTION_S):
                # An answer nobody planned, or a next command that is taken for one, does harm.
                self._connection.drop()
                raise ConversationCut(
                    f"{self._connection.name} asks {plain(framing.question())!r}; "
                    "it was not answered and the session was ended",
                    hint="Answer it by hand on the appliance, then `gatectl resume`.",
                )
            case _:
                pass
        return False

    def _check_echo(self, framing: Framing, command: str) -> None:
        echoed = framing.begins_with_echo()
        if self._echoes is None:
            self._echoes = echoed
        if self._echoes and not echoed:
            self._connection.drop()
            raise ConversationCut(
                f"{self._connection.name}: the answer to `{command}` does not begin with it; "
                "an earlier answer went on after its end"
            )

    def leave(self, guard: Guard) -> None:
        """Say goodbye, since sessions that are only dropped count against the device's limit."""
        self._channel.sendall(b"exit\n")
        while not guard.expired and self._channel.recv(_PIECE):
            pass


class Requests:
    """One exec request a command, for hosts whose configuration asks for that."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._login_is_done_first: bool | None = None

    def usable(self) -> bool:
        """Say whether the connection is up."""
        return self._connection.alive

    def run(self, command: str, *, timeout_s: float) -> Reply:
        """Run one request; the first one is a look, to learn how the device frames answers."""
        if self._login_is_done_first is None:
            probe = self._request("show ns version", timeout_s=timeout_s)
            # Two in an answer that holds none itself: one of them is the login's.
            self._login_is_done_first = sum(line.strip() == "Done" for line in probe) > 1
        lines = self._request(command, timeout_s=timeout_s)
        reply = parse_request(lines, command=command, login_first=self._login_is_done_first)
        if reply is None:
            self._connection.drop()
            raise Ended(f"{self._connection.name}: the answer to `{command}` has no end")
        return reply

    def _request(self, command: str, *, timeout_s: float) -> list[str]:
        channel = self._connection.open_session()
        reader = _Reader(self._connection, channel, f"`{command}`")
        text = ""
        with self._connection.guard(timeout_s) as guard:
            try:
                # Read apart, one stream would stand still when the other is full.
                channel.set_combine_stderr(combine=True)
                self._start(channel, command)
                while (piece := reader.piece()) is not None:
                    text += piece
            except Failures as exc:
                raise reader.cut(guard) from exc
            if guard.expired or not self._connection.alive:
                raise reader.cut(guard)
        channel.close()
        return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def _start(self, channel: paramiko.Channel, command: str) -> None:
        try:
            channel.exec_command(command)
        except paramiko.SSHException:
            # A short answer and its end can overtake the word that the request was taken.
            if not (self._connection.alive and channel.recv_ready()):
                raise

    def leave(self, guard: Guard) -> None:
        """Say nothing: each request has ended by itself."""


def parse_request(lines: list[str], *, command: str, login_first: bool) -> Reply | None:
    """Take an exec answer apart; none if it lacks its own terminator."""
    rest = list(lines)
    if login_first:
        at = next((index for index, line in enumerate(rest) if line.strip() == "Done"), None)
        if at is None:
            return None
        rest = rest[at + 1 :]
    shown = [line for line in rest if line.strip()]
    if not shown or not is_terminator(shown[-1], content=shows_content(command)):
        return None
    return read_reply(rest, command=command)

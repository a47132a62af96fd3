"""A CLI session on an appliance: from a typed line to what is printed."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING, Literal

from gatectl.simulator import devicelog
from gatectl.simulator.command import Call, Command, Disconnected, ScriptedTerminal, Terminal
from gatectl.simulator.commandset import COMMANDS
from gatectl.simulator.dialect import (
    Arguments,
    Word,
    parse_arguments,
    resolve,
    split_line,
    tokenise,
)
from gatectl.simulator.shell import Shell
from gatectl.simulator.texts import RPC_WARNING, TEXTS, Refused

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.history import HistoryEntry, Origin

HISTORY_LIMIT = 500
READ_VERBS = ("show", "sh", "stat", "diff", "help", "man", "history", "whoami", "exit", "quit")
CARET_CODES = (1088, 1089, 1090, 1091, 1097, 1098, 1099, 1105, 1108, 1109)


class CliSession:
    """One login at the CLI; the same for an interactive one, an exec request and HA."""

    def __init__(
        self, box: Appliance, *, username: str, interactive: bool, peer: str, origin: Origin = "cli"
    ) -> None:
        self.box = box
        self.username = username
        self.interactive = interactive
        self.peer = peer
        self.origin = origin
        self.mode: Literal["cli", "shell", "closed"] = "cli"
        self.prompt_format = box.switches.prompt
        self.paging = False
        self.idle_s = box.switches.idle_s
        self.lines: list[str] = []
        self.failed = False
        """Whether the last command ended in an ERROR line."""
        self.shell = Shell(box, username=username)

    def greeting(self) -> str:
        """Give what the login prints before the first prompt, with its own ` Done`."""
        found: list[str] = []
        if self.box.switches.last_login and self.box.last_login:
            found.append(self.box.last_login)
        found += self.warnings()
        return "\n".join([*found, " Done", ""])

    def warnings(self) -> list[str]:
        """Warnings that a login brings."""
        found: list[str] = []
        if self.box.switches.rpc_warning:
            found.append(RPC_WARNING)
        if self.box.switches.secondary_warning and self.box.is_secondary:
            found.append(f"Warning: {TEXTS[1028]}")
        return found

    def prompt(self) -> str:
        """Give the prompt as it is now."""
        if self.mode == "shell":
            return f"root@{self.box.configuration.hostname}# "
        if not self.prompt_format:
            return "> "
        now = time.gmtime()
        values = {
            "!": str(len(self.lines) + 1),
            "u": self.username,
            "h": self.box.configuration.hostname,
            "t": time.strftime("%I:%M", now),
            "T": time.strftime("%H:%M", now),
            "d": time.strftime("%Y/%m/%d", now),
            "s": "Primary" if not self.box.is_secondary else "Secondary",
        }
        text = re.sub("%([!uhtTds])", lambda found: values[found[1]], self.prompt_format).rstrip()
        return f"{text} " if text.endswith(">") else f"{text}> "

    def run(self, line: str, *, answers: tuple[str, ...] = ()) -> str:
        """Run a line and give what it prints; questions get the answers in order."""
        terminal = ScriptedTerminal(answers)
        with contextlib.suppress(Disconnected):
            self.execute(line, terminal)
        return terminal.text

    def execute(self, line: str, terminal: Terminal) -> None:
        """Run a typed line, which may hold several commands."""
        if self.mode == "shell":
            self._shell_line(line, terminal)
            return
        self.lines = [*self.lines, line][-HISTORY_LIMIT:] if line.strip() else self.lines
        for column, part in split_line(line, ";"):
            if self.mode != "cli":
                return
            if part.strip() and not part.lstrip().startswith("#"):
                self._one(column, part, terminal)

    def _shell_line(self, line: str, terminal: Terminal) -> None:
        if line.strip() in ("exit", "logout"):
            self.leave_shell(terminal)
        elif line.strip():
            self.shell.run(line, terminal)

    def leave_shell(self, terminal: Terminal) -> None:
        """Go back from the root shell to the CLI."""
        self.mode = "cli"
        terminal.write(" Done\n")

    def _one(self, column: int, text: str, terminal: Terminal) -> None:
        text_column = column + len(text) - len(text.lstrip())
        recorded = _Recorder(terminal)
        entry = self.box.record(
            self.origin, text.strip(), writes=self.origin != "boot" and self._might_write(text)
        )
        try:
            self._perform(text, text_column, recorded, entry)
        finally:
            entry.reply = recorded.text
            if self.origin == "cli":
                devicelog.note_command(self.box, self, text.strip())

    def _might_write(self, text: str) -> bool:
        try:
            words = tokenise(text)
            command, _ = resolve(words, COMMANDS)
        except Refused:
            return text.split(maxsplit=1)[0].lower() not in READ_VERBS
        if command.text == "shell":
            return self.shell.might_write(_shell_text(text, words))
        return command.writes

    def _perform(self, text: str, column: int, terminal: _Recorder, entry: HistoryEntry) -> None:
        self.failed = False
        command_text, *filters = (part for _, part in split_line(text, "|"))
        sink: Terminal = terminal
        if filters:
            sink = ScriptedTerminal()
        try:
            cut = self.origin == "cli" and self.box.disturb(text.strip(), terminal)
            if cut:
                sink = ScriptedTerminal()
            words = tokenise(command_text, column=column - _indent(command_text))
            command, rest = resolve(words, COMMANDS)
            if entry.writes and self.origin == "cli" and self.box.loses(text.strip()):
                terminal.write(" Done\n")
                return
            self._call(command, rest, _raw_rest(command_text, words, rest), sink)
            if cut:
                _cut_short(sink, terminal)
        except Refused as refusal:
            self._report(refusal, terminal)
            return
        if isinstance(sink, ScriptedTerminal):
            terminal.write(self._filtered(sink.text, filters))
        if self.mode == "cli":
            terminal.write(" Done\n")

    def _call(self, command: Command, rest: list[Word], raw: str, terminal: Terminal) -> None:
        arguments = Arguments({}, {}, {}) if command.raw else parse_arguments(rest, command)
        call = Call(box=self.box, session=self, terminal=terminal, arguments=arguments, rest=raw)
        peer_failed = False
        if command.propagates and self.origin == "cli":
            line = f"{command.text} {raw}".strip()
            peer_failed = not self.box.pair.propagate(self.box, line)
        if command.locked:
            with self.box.pair.change():
                lines = list(command.run(call) or ())
        else:
            lines = list(command.run(call) or ())
        if command.writes and self.origin != "boot":
            self.box.last_changed = time.time()
            with self.box.pair.change():
                self.box.emit("config")
        if peer_failed:
            lines.append(f"Warning: {TEXTS[349]}")
        if lines:
            terminal.write("\n".join([*lines, ""]))

    def _filtered(self, text: str, filters: list[str]) -> str:
        for written in filters:
            words = [word.text for word in tokenise(written)]
            if not words or words[0].lower() != "grep":
                raise Refused(1088)
            text = self.shell.filter(words, text)
        return text

    def _report(self, refusal: Refused, terminal: Terminal) -> None:
        self.failed = True
        if (
            self.interactive
            and self.box.switches.caret
            and refusal.column is not None
            and refusal.code in CARET_CODES
        ):
            terminal.write(" " * (len(self.prompt()) + refusal.column) + "^\n")
        terminal.write(f"ERROR: {refusal}\n")


class _Recorder:
    """Passes everything on, and keeps the beginning of what was written."""

    LIMIT = 200_000

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._parts: list[str] = []
        self._kept = 0

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def write(self, text: str) -> None:
        if self._kept < self.LIMIT:
            self._parts.append(text)
            self._kept += len(text)
        self._terminal.write(text)

    def ask(self, prompt: str) -> str:
        return self._terminal.ask(prompt)

    def wait(self, wait_s: float) -> None:
        self._terminal.wait(wait_s)

    def cut(self) -> None:
        self._terminal.cut()


def _cut_short(sink: Terminal, terminal: Terminal) -> None:
    """Send the first half of a reply, and break the connection off."""
    if isinstance(sink, ScriptedTerminal):
        terminal.write(sink.text[: len(sink.text) // 2])
    terminal.cut()
    raise Disconnected


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _raw_rest(text: str, words: list[Word], rest: list[Word]) -> str:
    """Give the part of the line behind the command's own words, as it was typed."""
    if not rest:
        return ""
    offset = words[0].column - _indent(text)
    return text[rest[0].column - offset :].strip()


def _shell_text(text: str, words: list[Word]) -> str:
    return _raw_rest(text, words, words[1:]) if len(words) > 1 else ""

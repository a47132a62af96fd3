"""The root shell: quotes, pipes, lists and redirections, over the virtual files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gatectl.simulator import devicelog
from gatectl.simulator.command import ScriptedTerminal, Terminal
from gatectl.simulator.shell_process import Process
from gatectl.simulator.shellwords import (
    Pipeline,
    Simple,
    parse,
)

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.filesystem import FileSystem

LINE_LIMIT = 16_384
_READERS = """
    cat cd crontab date df du echo egrep find grep head hostname id last ls md5 mount netstat ps
    pwd sha256 sockstat sort stat strings sysctl tail test true uname uniq uptime w wc which who
    whoami zcat zgrep
"""
READ_ONLY = frozenset(_READERS.split())


class Shell:
    """A shell that remembers its directory."""

    def __init__(self, box: Appliance, *, username: str) -> None:
        self.box = box
        self.username = username
        self.cwd = "/root"

    def might_write(self, line: str) -> bool:
        """Say whether a line could change the box; doubt counts as yes."""
        text = line.strip()
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            text = text[1:-1].replace('\\"', '"')
        try:
            pipelines = parse(text)
        except ValueError:
            return True
        return any(_may_change(simple) for pipeline in pipelines for simple in pipeline.commands)

    def filter(self, words: Sequence[str], text: str) -> str:
        """Run a CLI filter such as `grep -i x` over a reply."""
        terminal = ScriptedTerminal()
        simple = Simple(words=list(words))
        self._start(simple, text, terminal, terminal.write)
        return terminal.text

    def run(self, line: str, terminal: Terminal) -> int:
        """Run a line; give the exit status of the last program."""
        devicelog.note_shell(self.box, self.username, line)
        entry = self.box.record("shell", line, writes=self.might_write(line))
        status = 0
        try:
            pipelines = parse(line[:LINE_LIMIT])
        except ValueError as error:
            terminal.write(f"{error}\n")
            return 1
        status = self._list(pipelines, terminal)
        entry.reply = f"exit status {status}"
        return status

    def run_in_script(self, line: str, terminal: Terminal) -> int:
        """Run a line of a script: no prompt has seen it, so no log has it."""
        return self._list(parse(line[:LINE_LIMIT]), terminal)

    def _list(self, pipelines: list[Pipeline], terminal: Terminal) -> int:
        status = 0
        for pipeline in pipelines:
            if (pipeline.after == "&&" and status != 0) or (pipeline.after == "||" and status == 0):
                continue
            status = self._pipeline(pipeline, terminal)
        return status

    def _pipeline(self, pipeline: Pipeline, terminal: Terminal) -> int:
        text = ""
        status = 0
        for number, simple in enumerate(pipeline.commands):
            if number == len(pipeline.commands) - 1 and not simple.output:
                return self._start(simple, text, terminal, terminal.write)
            collected: list[str] = []
            status = self._start(simple, text, terminal, collected.append)
            text = "".join(collected)
            if simple.output:
                status = self._redirect(simple, text, terminal) or status
                text = ""
        return status

    def _redirect(self, simple: Simple, text: str, terminal: Terminal) -> int:
        if simple.output == "/dev/null":
            return 0
        try:
            if simple.append:
                self.box.files.append(simple.output, text, cwd=self.cwd)
            else:
                self.box.files.write(simple.output, text, cwd=self.cwd)
        except OSError as error:
            terminal.write(f"{simple.output}: {error.strerror}.\n")
            return 1
        return 0

    def _start(
        self, simple: Simple, stdin: str, terminal: Terminal, out: Callable[[str], None]
    ) -> int:
        from gatectl.simulator.shell_programs import PROGRAMS  # noqa: PLC0415 - programs know the shell

        if not simple.words:
            return 0
        name, *arguments = _globbed(simple.words, self.box.files, self.cwd)
        if simple.input:
            try:
                stdin = self.box.files.read_text(simple.input, cwd=self.cwd)
            except OSError as error:
                terminal.write(f"{simple.input}: {error.strerror}.\n")
                return 1
        errors = out if simple.error == "&1" else terminal.write
        if simple.error == "/dev/null":
            errors = _nowhere
        program = PROGRAMS.get(name.rsplit("/", 1)[-1])
        if program is None:
            errors(f"{name}: Command not found.\n")
            return 127
        process = Process(
            box=self.box,
            shell=self,
            arguments=arguments,
            stdin=stdin,
            terminal=terminal,
            out=out,
            error=errors,
        )
        try:
            return program(process)
        except OSError as error:
            errors(f"{name}: {error.filename or ''}: {error.strerror}\n".replace(": : ", ": "))
            return 1
        except re.error:
            errors(f"{name}: bad regular expression\n")
            return 2


def _nowhere(_text: str) -> None:
    """Drop the text: `2>/dev/null`."""


def _may_change(simple: Simple) -> bool:
    if simple.output not in ("", "/dev/null"):
        return True
    if not simple.words:
        return False
    name = simple.words[0].rsplit("/", 1)[-1]
    rest = simple.words[1:]
    match name:
        case "find":
            return any(word in ("-delete", "-exec") for word in rest)
        case "crontab":
            return "-l" not in rest
        case "date":
            return any(not word.startswith(("-", "+")) for word in rest)
        case "sysctl":
            return any("=" in word for word in rest)
        case "tar":
            return not rest or "t" not in rest[0]
        case _:
            return name not in READ_ONLY


def _globbed(words: Sequence[str], files: FileSystem, cwd: str) -> list[str]:
    """Replace words with `*` in their last part by the names that fit."""
    found: list[str] = []
    for word in words:
        folder, slash, pattern = word.rpartition("/")
        if "\0*" not in pattern:
            found.append(word.replace("\0", ""))
            continue
        wanted = re.compile(re.escape(pattern.replace("\0*", "*")).replace(r"\*", ".*"))
        where = folder or ("/" if slash else cwd)
        names = files.names(where, cwd=cwd) if files.is_dir(where, cwd=cwd) else []
        fitting = [f"{folder}{slash}{n}" for n in names if wanted.fullmatch(n) and n[0] != "."]
        found += fitting or [word.replace("\0", "")]
    return found

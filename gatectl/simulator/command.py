"""What a command of the CLI is, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.commandline import CliSession
    from gatectl.simulator.configuration import Configuration
    from gatectl.simulator.dialect import Arguments


class Disconnected(Exception):
    """The connection ended while a command was at work."""


class Terminal(Protocol):
    """Where a command's output goes and its answers come from."""

    def write(self, text: str) -> None:
        """Send text, with plain newlines."""

    def ask(self, prompt: str) -> str:
        """Send a question and give the line that was typed."""

    def wait(self, wait_s: float) -> None:
        """Pass time; raises Disconnected when the connection goes away meanwhile."""

    def cut(self) -> None:
        """Break the connection off, with no farewell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command at work."""

    box: Appliance
    session: CliSession
    terminal: Terminal
    arguments: Arguments
    rest: str = ""
    """What stood behind a raw command's own words, as it was typed."""

    @property
    def configuration(self) -> Configuration:
        """The running configuration of the box."""
        return self.box.configuration

    def operand(self, name: str) -> str:
        """Give an operand, or nothing when it was left out."""
        return self.arguments.operands.get(name, "")

    def values(self, name: str) -> list[str]:
        """Give the values of an operand that can be repeated."""
        return self.arguments.lists.get(name, [])

    def option(self, name: str) -> str:
        """Give an option's value, or nothing when it was left out."""
        return self.arguments.options.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command and how it is run; the lines that it gives are printed before ` Done`."""

    text: str
    run: Callable[[Call], Iterable[str] | None]
    operands: str = ""
    options: str = ""
    writes: bool = False
    propagates: bool = False
    """Executed on the peer as well, and before: what HA command propagation does."""
    locked: bool = True
    """Holds the pair's lock; not for commands that ask, wait or start programs."""
    raw: bool = False
    """Takes the rest of the line as it stands."""

    @property
    def words(self) -> tuple[str, ...]:
        """The command's own words."""
        return _words(self.text)


@cache
def _words(text: str) -> tuple[str, ...]:
    # Every line that is typed is compared with the words of every command.
    return tuple(text.split())


class ScriptedTerminal:
    """Collects output, and answers questions from a list; the last answer is an empty line."""

    def __init__(self, answers: Iterable[str] = ()) -> None:
        self.output: list[str] = []
        self._answers = list(answers)

    @property
    def text(self) -> str:
        """Everything that was written."""
        return "".join(self.output)

    def write(self, text: str) -> None:
        """Keep the text."""
        self.output.append(text)

    def ask(self, prompt: str) -> str:
        """Give the next answer."""
        answer = self._answers.pop(0) if self._answers else ""
        self.write(f"{prompt}{answer}\n")
        return answer

    def wait(self, wait_s: float) -> None:
        """Pass no time."""

    def cut(self) -> None:
        """Stop the command: there is nobody to talk to."""
        raise Disconnected

"""One program of the root shell at work: its words, its streams and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.command import Terminal
    from gatectl.simulator.filesystem import FileSystem
    from gatectl.simulator.shell import Shell


@dataclass(slots=True, kw_only=True)
class Process:
    """One program at work."""

    box: Appliance
    shell: Shell
    arguments: list[str]
    stdin: str
    terminal: Terminal
    out: Callable[[str], None]
    error: Callable[[str], None]
    flags: set[str] = field(default_factory=set)
    operands: list[str] = field(default_factory=list)

    @property
    def files(self) -> FileSystem:
        """The files of the box."""
        return self.box.files

    @property
    def cwd(self) -> str:
        """The directory that relative paths start from."""
        return self.shell.cwd

    def texts(self) -> list[tuple[str, str]]:
        """Give the named files with their content, or the standard input without a name."""
        if not self.operands:
            return [("", self.stdin)]
        return [(path, self.files.read_text(path, cwd=self.cwd)) for path in self.operands]

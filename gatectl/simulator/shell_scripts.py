"""Scripts in the root shell: plain lists of commands, and nothing of the language around them.

What a script has beyond that (variables, tests, loops) is refused in the shell's own way, so that
nobody takes the half of a script that was understood for the whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gatectl.simulator.command import ScriptedTerminal

if TYPE_CHECKING:
    from gatectl.simulator.shell_process import Process

_BEYOND = re.compile(r"[$`(){}]|^(if|for|while|case|function|until|set|local|export|\w+=)\b")
_ERROR = 2


def run_script(process: Process) -> int:
    """Run a file line by line; `exit N` ends it."""
    if not process.arguments:
        process.error("sh: no script was named\n")
        return _ERROR
    name = process.arguments[0]
    status = 0
    for number, line in enumerate(process.files.read_text(name, cwd=process.cwd).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if _BEYOND.search(text):
            process.error(f"{name}: line {number}: syntax error near unexpected token\n")
            return _ERROR
        if ended := re.fullmatch(r"exit(?: (\d+))?", text):
            return int(ended[1] or status)
        terminal = ScriptedTerminal()
        try:
            status = process.shell.run_in_script(text, terminal)
        except ValueError as error:
            process.error(f"{name}: line {number}: {error}\n")
            return _ERROR
        process.out(terminal.text)
    return status

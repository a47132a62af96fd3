"""Scripts in the simulated shell: plain lists of commands, and a refusal of everything beyond."""

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import ScriptedTerminal
from gatectl.simulator.shell import Shell


def ran(box: Appliance, script: str) -> tuple[str, int]:
    """Run a script in a new root shell; give output and exit status."""
    box.files.write("/var/tmp/s", script, cwd="/")
    terminal = ScriptedTerminal()
    status = Shell(box, username="nsroot").run("bash /var/tmp/s", terminal)
    return terminal.text, status


@pytest.mark.parametrize(
    ("script", "output", "status"),
    [
        ("#!/bin/sh\n# a comment\n\necho a | grep -c a\n", "1\n", 0),
        ("ls /none 2>/dev/null && echo yes\nls /none 2>/dev/null || echo no\n", "no\n", 0),
        ("ls /none 2>/dev/null\nexit\necho late\n", "", 1),
        ("echo a\nexit 3\n", "a\n", 3),
        ("echo a\nif true; then\n", "a\n/var/tmp/s: line 2: syntax error", 2),
        ("x=1\n", "/var/tmp/s: line 1: syntax error", 2),
        ("echo $HOME\n", "/var/tmp/s: line 1: syntax error", 2),
        ("echo 'a\n", "/var/tmp/s: line 1: Unmatched", 2),
    ],
)
def test_a_script_is_run_line_by_line(
    primary: Appliance, script: str, output: str, status: int
) -> None:
    """What is more than a list of commands ends it, as an error of the shell's."""
    text, ended = ran(primary, script)
    assert (text.startswith(output), ended) == (True, status), text


def test_a_script_that_is_not_there_is_told(primary: Appliance) -> None:
    """As any program that cannot open its file."""
    terminal = ScriptedTerminal()
    assert Shell(primary, username="nsroot").run("sh /none", terminal) == 1
    assert "No such file" in terminal.text
    assert Shell(primary, username="nsroot").run("sh", terminal) == 2

"""The verb that looks again and again, and calls for help once a gate is not as it should be."""

import json
import sys
from pathlib import Path

from gatectl.core.gate import GateName
from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard

_WRITES = "import json,os,sys; open(sys.argv[1],'a').write(json.dumps(dict(os.environ))+chr(10))"


def hook_into(file: Path) -> str:
    """Make a hook that adds what it was told to a file, a line a call."""
    return f'{sys.executable} -c "{_WRITES}" {file}'


def calls(file: Path) -> list[dict[str, str]]:
    """Read what the hook was told."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_gate_that_is_as_it_should_be_calls_nobody(bystander: Keyboard, tmp_path: Path) -> None:
    """An open gate that should be open is told in a line, and the hook stays quiet."""
    file = tmp_path / "calls"
    shown = bystander.type("watch", "--times", "2", "--every", "0.1", "--hook", hook_into(file))
    assert shown.code == ExitCode.PROVEN, shown.err
    assert len([line for line in shown.out.splitlines() if " ok " in line]) == 2
    assert calls(file) == []


def test_gate_that_is_found_open_calls_the_hook_once(keyboard: Keyboard, tmp_path: Path) -> None:
    """A shut gate that somebody else opens is an alarm, told once however often it is seen."""
    assert keyboard.type("close").code == ExitCode.PROVEN
    primary = keyboard.site.pair.primary
    assert primary is not None
    primary.run_quietly("rm ns acl GATECTL_DENY_TLS", origin="cli")
    primary.run_quietly("apply ns acls", origin="cli")
    file = tmp_path / "calls"
    shown = keyboard.type("watch", "--times", "2", "--every", "0.1", "--hook", hook_into(file))
    assert shown.code == ExitCode.MAYBE_OPEN
    (told,) = calls(file)
    assert told["GATECTL_EVENT"] == "may-be-open"
    assert GateName(told["GATECTL_GATE"]) == "rehearsal"


def test_gate_that_is_found_open_is_closed_again_where_asked(keyboard: Keyboard) -> None:
    """With --close the alarm ends with a shut gate."""
    assert keyboard.type("close").code == ExitCode.PROVEN
    primary = keyboard.site.pair.primary
    assert primary is not None
    primary.run_quietly("rm ns acl GATECTL_DENY_TLS", origin="cli")
    primary.run_quietly("apply ns acls", origin="cli")
    shown = keyboard.type("watch", "--times", "1", "--close")
    assert shown.code == ExitCode.PROVEN, shown.err
    assert keyboard.visits() == (False, True)

from collections.abc import Callable
from dataclasses import replace

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.texts import Refused


def test_passwords_are_checked_with_their_user(primary: Appliance) -> None:
    """Both have to be right."""
    assert primary.check_password("nsroot", "nsroot")
    assert not primary.check_password("nsroot", "other")
    assert not primary.check_password("root", "nsroot")


def test_there_is_a_limit_to_sessions(primary: Appliance) -> None:
    """One too many is refused with the device's words, and an end makes room."""
    primary.switches = replace(primary.switches, session_limit=1)
    first = primary.start_cli(username="nsroot", interactive=True, peer="x")
    with pytest.raises(Refused, match="Connection limit to CFE exceeded"):
        primary.start_cli(username="nsroot", interactive=True, peer="x")
    primary.end_cli(first)
    primary.start_cli(username="nsroot", interactive=True, peer="x")


def test_a_late_command_takes_effect_after_its_answer(
    primary: Appliance, cli: CliSession, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The answer is ` Done` at once, and the change comes by itself."""
    primary.faults.add("command-late")
    assert cli.run("enable ns feature responder") == " Done\n"
    assert "RESPONDER" not in primary.configuration.features
    eventually(lambda: "RESPONDER" in primary.configuration.features)


def test_whoever_asks_is_called_before_each_command(primary: Appliance, cli: CliSession) -> None:
    """The door for more faults sees each line."""
    seen: list[str] = []
    primary.before_command.append(lambda _box, line: seen.append(line))
    cli.run("show ns ip; show foo")
    assert seen == ["show ns ip", "show foo"]

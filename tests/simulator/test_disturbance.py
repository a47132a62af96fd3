import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import Disconnected, ScriptedTerminal
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.disturbance import before, take


def test_a_fault_that_waits_for_a_command_strikes_once() -> None:
    """It looks at the beginning of the line, and is gone after it struck."""
    faults = {"command-lost:save", "always-cut:show ns", "disk-full"}
    assert not take(faults, "command-lost", "show ns version")
    assert take(faults, "command-lost", "SAVE ns config")
    assert not take(faults, "command-lost", "save ns config")
    assert take(faults, "cut", "show ns ip")
    assert take(faults, "cut", "show ns ip")
    assert faults == {"always-cut:show ns", "disk-full"}


def test_a_question_that_is_not_answered_ends_the_session() -> None:
    """Only a yes lets the command go on."""
    with pytest.raises(Disconnected):
        before({"question:save"}, "save ns config", ScriptedTerminal(["n"]))
    assert not before({"question:save"}, "save ns config", ScriptedTerminal(["y"]))


def test_a_lost_command_looks_like_a_done_one(primary: Appliance, cli: CliSession) -> None:
    """The answer is ` Done`, nothing changed, and looks are never lost."""
    primary.faults.add("command-lost")
    assert "ns-a" in cli.run("show ns hostName")
    assert cli.run("enable ns feature responder") == " Done\n"
    assert "RESPONDER" not in primary.configuration.features
    cli.run("enable ns feature responder")
    assert "RESPONDER" in primary.configuration.features


def test_a_cut_comes_after_the_deed(primary: Appliance, cli: CliSession) -> None:
    """The command is carried out, and its reply stops in the middle."""
    primary.faults |= {"cut:enable", "cut:show ha"}
    assert " Done" not in cli.run("enable ns feature responder")
    assert "RESPONDER" in primary.configuration.features
    half = cli.run("show ha node")
    assert half.startswith("1)\tNode ID:")
    assert "Done" not in half

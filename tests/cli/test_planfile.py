"""Plans in files: exactly what was kept is done, or nothing, with the facts that changed."""

from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard

MITIGATION = "mitigate-cve-2019-19781"


def kept(keyboard: Keyboard, *words: str) -> Path:
    """Make a plan and keep it."""
    path = keyboard.folder / f"plan-{len(list(keyboard.folder.iterdir()))}"
    shown = keyboard.type("plan", MITIGATION, "-o", str(path), *words)
    assert shown.code == ExitCode.DRIFT
    assert shown.written == ()
    return path


def test_a_kept_plan_is_carried_out_line_by_line(keyboard: Keyboard) -> None:
    """What was read is what is sent; a second time nothing is, for the facts have changed."""
    keyboard.type("status")
    path = kept(keyboard)
    dry = keyboard.type("run", "--plan", str(path), "-n")
    assert dry.code == ExitCode.DRIFT
    assert dry.written == ()
    shown = keyboard.type("run", "--plan", str(path), "--json")
    assert shown.code == ExitCode.PROVEN, shown.err
    assert shown.gate["runs"][0]["digest"] in path.read_text(encoding="utf-8")
    assert any("add responder policy ctx267027" in line for line in shown.written)


def test_a_stale_plan_is_refused_with_the_facts_that_changed(keyboard: Keyboard) -> None:
    """Between plan and run somebody closed the gate."""
    keyboard.type("status")
    path = kept(keyboard)
    keyboard.type("close")
    shown = keyboard.type("run", "--plan", str(path))
    assert shown.code == ExitCode.REFUSED
    assert shown.written == ()
    words = " ".join(shown.one_sentence_and_a_hint().split())
    assert "the plan is stale" in words
    assert "the gate changed from open to closed" in words
    assert "what holds the gate shut changed from nothing to close-acl" in words


def test_a_plan_that_was_changed_is_refused(bystander: Keyboard) -> None:
    """Nothing is sent of what nobody planned."""
    path = kept(bystander)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("bind responder global", "bind responder local"), "utf-8")
    shown = bystander.type("run", "--plan", str(path))
    assert shown.code == ExitCode.INVALID
    assert shown.arrived == ()
    assert "not what was made" in shown.one_sentence_and_a_hint()


@pytest.mark.parametrize(
    "words", [("-p", "a=b"), ("--undo",), ("--override", "window", "--reason", "x")]
)
def test_a_kept_plan_takes_no_other_words(bystander: Keyboard, words: tuple[str, ...]) -> None:
    """It has its parameters already; exactly it is run, or nothing."""
    path = kept(bystander)
    assert bystander.type("run", "--plan", str(path), *words).code == ExitCode.INVALID


def test_an_existing_file_is_not_written_over(bystander: Keyboard) -> None:
    """A plan that somebody approved stays as it is."""
    path = kept(bystander)
    shown = bystander.type("plan", MITIGATION, "-o", str(path))
    assert shown.code == ExitCode.INVALID
    assert "exists" in shown.one_sentence_and_a_hint()


def test_a_plan_that_opens_the_gate_is_not_run_by_this_door(bystander: Keyboard) -> None:
    """Only the verb that judges the interlocks opens a gate, kept plan or not."""
    path = bystander.folder / "reopen"
    assert bystander.type("plan", "reopen", "-o", str(path)).code == ExitCode.DRIFT
    shown = bystander.type("run", "--plan", str(path))
    assert shown.code == ExitCode.REFUSED
    assert shown.written == ()


def test_run_without_a_playbook_and_without_a_plan_is_refused(bystander: Keyboard) -> None:
    """There is nothing to run."""
    assert bystander.type("run").code == ExitCode.INVALID


def test_a_file_that_is_no_text_is_told(bystander: Keyboard) -> None:
    """Whatever is given, it is one sentence."""
    path = bystander.folder / "noise"
    path.write_bytes(bytes(range(256)))
    shown = bystander.type("run", "--plan", str(path))
    assert shown.code == ExitCode.INVALID
    shown.one_sentence_and_a_hint()

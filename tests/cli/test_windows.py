"""Windows at work: what is held back, what is not, and how somebody goes on all the same."""

from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard

DENY = '[[windows]]\nkind = "deny"\nschedule = "* * * * *"\nduration = "1h"\n'
NEVER = '[[windows]]\nkind = "allow"\nschedule = "0 0 29 2 *"\nduration = "1m"\n'


def with_windows(keyboard: Keyboard, *windows: str) -> Path:
    """Write the configuration with windows in front."""
    path = keyboard.folder / "windows.toml"
    path.write_text("".join(windows) + keyboard.config.read_text(encoding="utf-8"), "utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("window", [DENY, NEVER], ids=["deny", "outside of allow"])
def test_work_outside_of_its_window_is_exit_6_and_nothing_is_sent(
    keyboard: Keyboard, window: str
) -> None:
    """The blocker names the window, and how to go on all the same."""
    config = with_windows(keyboard, window)
    shown = keyboard.type("mitigate", "--json", config=config)
    assert shown.code == ExitCode.REFUSED
    assert shown.written == ()
    (blocker,) = shown.gate["blockers"]
    assert blocker["interlock"] == "window"
    assert "--override window" in blocker["clears"]


def test_closing_is_never_held_back(keyboard: Keyboard) -> None:
    """Not by a deny window that is always open."""
    config = with_windows(keyboard, DENY)
    assert keyboard.type("close", config=config).code == ExitCode.PROVEN
    assert keyboard.visits() == (False, True)


def test_looking_and_dry_runs_are_not_held_back(keyboard: Keyboard) -> None:
    """They send nothing that could not wait."""
    config = with_windows(keyboard, DENY)
    assert keyboard.type("mitigate", "-n", config=config).code == ExitCode.DRIFT
    assert keyboard.type("plan", "close-acl", config=config).code == ExitCode.DRIFT
    assert keyboard.type("status", config=config).code == ExitCode.PROVEN


def test_an_override_by_name_with_its_reason_is_on_record(keyboard: Keyboard) -> None:
    """Without a reason it is refused; with one the report tells it."""
    config = with_windows(keyboard, DENY)
    assert keyboard.type("mitigate", "--override", "window", config=config).code == 2
    words = ("mitigate", "--override", "window", "--reason", "exploited now")
    assert keyboard.type(*words, config=config).code == ExitCode.PROVEN
    started = [one for one in keyboard.events(config) if one["kind"] == "run.started"]
    assert started[-1]["plan"]["overrides"] == {"window": "exploited now"}


def test_reopening_is_held_back_before_anything_is_sent(keyboard: Keyboard) -> None:
    """The window is one of the blockers, beside all others."""
    keyboard.type("close")
    config = with_windows(keyboard, DENY)
    gate = keyboard.site.access().gate
    shown = keyboard.type("reopen", "--confirm", gate, "--json", config=config)
    assert shown.code == ExitCode.REFUSED
    assert "window" in {one["interlock"] for one in shown.gate["blockers"]}
    assert shown.written == ()
    assert keyboard.visits() == (False, True)

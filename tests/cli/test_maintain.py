"""Unattended work: never late, never beyond its window, and never left open."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from tests.cli.keyboard import FIXED_BUILD, Keyboard, start
from tests.cli.test_windows import DENY, NEVER, with_windows

MITIGATION = "mitigate-cve-2019-19781"


def closing_soon(keyboard: Keyboard) -> Path:
    """Let everything be denied in one to two minutes."""
    at = datetime.now(tz=UTC) + timedelta(minutes=2)
    window = DENY.replace("* * * * *", f"{at.minute} {at.hour} * * *")
    return with_windows(keyboard, window)


def skipped(keyboard: Keyboard) -> list[dict[str, object]]:
    """Read what is on record of skipped work."""
    return [one for one in keyboard.events() if one["kind"] == "maintenance.skipped"]


def test_playbooks_are_carried_out_one_after_the_other(keyboard: Keyboard) -> None:
    """Without windows, now; nobody is asked anything."""
    shown = keyboard.type("maintain", MITIGATION, "verify", "--json")
    first, _second = shown.document["gates"]
    assert first["exit_code"] == ExitCode.PROVEN


def test_what_comes_too_late_is_skipped_and_on_record(keyboard: Keyboard) -> None:
    """At nine in the morning nothing begins that was meant for the night."""
    past = datetime.now(tz=UTC) - timedelta(minutes=5)
    limit = ("--start-before", f"{past:%H:%M}", "--time-zone", "UTC")
    shown = keyboard.type("maintain", MITIGATION, *limit)
    assert shown.code == ExitCode.REFUSED
    assert shown.arrived == ()
    assert "never begins late" in shown.one_sentence_and_a_hint()
    (event,) = skipped(keyboard)
    assert event["playbook"] == MITIGATION
    assert event["latest"]


def test_what_comes_in_time_is_done(keyboard: Keyboard) -> None:
    """The same deadline, some minutes ahead."""
    soon = datetime.now(tz=UTC) + timedelta(minutes=5)
    limit = ("--start-before", f"{soon:%H:%M}", "--time-zone", "UTC")
    assert keyboard.type("maintain", MITIGATION, *limit).code == ExitCode.PROVEN


@pytest.mark.parametrize("window", [DENY, NEVER], ids=["deny", "outside of allow"])
def test_outside_of_its_window_work_is_skipped_and_on_record(
    keyboard: Keyboard, window: str
) -> None:
    """Not only refused: whoever looks in the morning finds why it is missing."""
    shown = keyboard.type("maintain", MITIGATION, config=with_windows(keyboard, window))
    assert shown.code == ExitCode.REFUSED
    assert shown.written == ()
    assert len(skipped(keyboard)) == 1


def test_no_step_is_begun_that_cannot_end_and_the_gate_is_left_shut(keyboard: Keyboard) -> None:
    """A restart may take many minutes, and two are left at the most."""
    keyboard.type("close")
    image = keyboard.site.image(FIXED_BUILD)
    given = {"build": image.build, "image": str(image.path), "image_sha256": image.sha256}
    words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    shown = keyboard.type("maintain", "patch", *words, config=closing_soon(keyboard))
    assert shown.code == ExitCode.FAILED_SHUT
    told = " ".join(shown.err.split())
    assert "was stopped before" in told
    assert "left shut" in told
    assert keyboard.visits() == (False, True)
    assert all(node.build == "12.1-55.13" for node in keyboard.site.pair.nodes)


def test_closing_is_done_whatever_the_time(keyboard: Keyboard) -> None:
    """Too late, and inside a deny window."""
    past = datetime.now(tz=UTC) - timedelta(minutes=5)
    limit = ("--start-before", f"{past:%H:%M}", "--time-zone", "UTC")
    config = with_windows(keyboard, DENY)
    assert keyboard.type("maintain", "close-acl", *limit, config=config).code == ExitCode.PROVEN
    assert keyboard.visits() == (False, True)


@pytest.mark.parametrize("playbook", ["reopen", "confirm"])
def test_nothing_is_opened_without_anybody(bystander: Keyboard, playbook: str) -> None:
    """Where nobody else has to agree somebody has to be there; and to confirm is a person's."""
    shown = bystander.type("maintain", playbook)
    assert shown.code == ExitCode.REFUSED
    assert shown.written == ()


def test_a_dry_run_looks_and_is_not_held_back(bystander: Keyboard) -> None:
    """Somebody who prepares the night wants to see it by day."""
    config = with_windows(bystander, DENY)
    shown = bystander.type("maintain", MITIGATION, "-n", config=config)
    assert shown.code == ExitCode.DRIFT
    assert shown.written == ()


@pytest.mark.parametrize(
    "words",
    [
        (MITIGATION, "--start-before", "half past two"),
        (MITIGATION, "--start-before", "30"),
        (MITIGATION, "--time-zone", "Mars/Phobos"),
        (),
    ],
)
def test_limits_that_mean_nothing_are_refused(bystander: Keyboard, words: tuple[str, ...]) -> None:
    """Minutes without a window count from nothing."""
    shown = bystander.type("maintain", *words)
    assert shown.code == ExitCode.INVALID
    assert shown.arrived == ()


def test_it_never_asks_where_there_is_no_terminal(bystander: Keyboard) -> None:
    """As a timer starts it, as a process of its own."""
    shown = start("--config", str(bystander.config), "maintain", "verify", "--json")
    assert shown.code in {ExitCode.PROVEN, ExitCode.FAILED_SHUT, ExitCode.MAYBE_OPEN}
    assert shown.document["command"] == "maintain"

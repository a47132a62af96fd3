"""P3: SIGKILL in the real process, at boundaries of a patch over real SSH, and then resume."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import OUTSIDE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard
from tests.promises.processes import Moment, Sentry, begin, ended, journal_of, kinds, wait_for

SPEED = 600.0
ACTS = 11
"""A patch of the pair intends so many acts; a figure that is too small would leave some out."""
MAYBE_SHUT = frozenset({"closed", "patching", "held", "unknown"})
"""What a status may call a gate that is shut in truth, after a run was cut off."""


def at(kind: str, number: int, events_later: int = 0, wait_s: float = 0.0) -> Moment:
    """Name a moment of the run."""
    return Moment(kind=kind, number=number, events_later=events_later, wait_s=wait_s)


TWICE = {
    "in the evidence, then in an install": (
        at("evidence.kept", 20),
        at("act.intended", 4, wait_s=0.1),
    ),
    "with an intent, then with an answer": (at("act.intended", 6), at("act.answered", 4)),
}
EVERY = {
    f"act {number}: {name}": at("act.intended", number, later, wait_s)
    for number in range(1, ACTS + 1)
    for name, later, wait_s in (
        ("intended", 0, 0.0),
        ("sent", 0, 0.02),
        ("under way", 0, 0.1),
        ("answered", 1, 0.0),
        ("looked at", 2, 0.0),
        ("ended", 3, 0.0),
        ("the next one began", 4, 0.0),
    )
} | {f"step {number} began": at("step.started", number) for number in (1, 2, 5)}


@pytest.fixture
def shut(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a pair that is closed."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path)
        assert keyboard.type("close").code == ExitCode.PROVEN
        yield keyboard


def patch_words(keyboard: Keyboard) -> tuple[str, ...]:
    """Give the words that patch to the fixed build."""
    image = keyboard.site.image(FIXED_BUILD)
    return ("patch", "--build", image.build, "--image", str(image.path), "--sha256", image.sha256)


def killed(keyboard: Keyboard, words: tuple[str, ...], moment: Moment) -> None:
    """Kill a verb at a moment of its run, and look at what is said of the gate then."""
    journal = journal_of(keyboard)
    before = len(kinds(journal))
    process = begin(keyboard, *words)
    caught = wait_for(process, journal, moment, before)
    process.kill()
    code, _, err = ended(process)
    assert caught, f"the run ended with {code} before {moment}: {err}"
    assert code == -signal.SIGKILL
    status = keyboard.type("status", "--json")
    assert status.gate["state"] in MAYBE_SHUT
    assert status.gate["sides"]["outside"] in {"shut", "unknown"}
    assert status.gate["unfinished"]


def patched_and_shut(keyboard: Keyboard) -> None:
    """See that the run came to its end, by the simulator's own word."""
    assert keyboard.type("status", "--json").gate["state"] == "closed"
    assert [node.build for node in keyboard.site.pair.nodes] == [FIXED_BUILD] * 2
    assert keyboard.visits() == (False, True)
    assert keyboard.type("journal", "verify").code == ExitCode.PROVEN


@pytest.mark.parametrize("name", TWICE)
def test_a_patch_killed_twice_is_never_told_wrong_and_ends(shut: Keyboard, name: str) -> None:
    """The patch is killed and its first resume as well; outside is never in, and two suffice."""
    first, second = TWICE[name]
    with Sentry(shut.site).on_duty() as sentry:
        killed(shut, patch_words(shut), first)
        killed(shut, ("resume",), second)
        resumed = shut.type("resume")
    assert resumed.code == ExitCode.PROVEN, resumed.err
    assert sentry.looks > 50
    assert sentry.let_in == 0
    patched_and_shut(shut)


@pytest.mark.long
@pytest.mark.parametrize("name", EVERY)
def test_a_patch_killed_at_any_boundary_is_resumed(shut: Keyboard, name: str) -> None:
    """Every act of one pair run, before it, in the midst of it and after it."""
    with Sentry(shut.site).on_duty() as sentry:
        killed(shut, patch_words(shut), EVERY[name])
        resumed = shut.type("resume")
        if resumed.code != ExitCode.PROVEN:
            resumed = shut.type("resume")
    assert resumed.code == ExitCode.PROVEN, resumed.err
    assert sentry.let_in == 0
    patched_and_shut(shut)


@pytest.mark.long
def test_a_patch_has_as_many_acts_as_are_struck(shut: Keyboard) -> None:
    """A new step of the playbook must be struck as well."""
    before = len(kinds(journal_of(shut)))
    assert ended(begin(shut, *patch_words(shut)))[0] == ExitCode.PROVEN
    assert kinds(journal_of(shut), before).count("act.intended") == ACTS


def test_the_sentry_sees_an_open_gate(tmp_path: Path) -> None:
    """One that never sees anybody get in would find nothing."""
    with SimulatedSite(speed=SPEED) as site:
        Keyboard.at(site, tmp_path)
        with Sentry(site).on_duty() as sentry:
            assert site.reachable(OUTSIDE)
            time.sleep(0.2)
    assert sentry.looks > 3
    assert sentry.let_in == sentry.looks

"""P3: SIGKILL in the real process, at boundaries of a patch over real SSH, and then resume."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import OUTSIDE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard
from tests.promises.processes import Moment, Sentry, begin, ended, journal_of, kinds, wait_for

SPEED = 240.0
ACTS = 18
"""A patch of the pair intends so many acts; a figure that is too small would leave some out."""
MAYBE_SHUT = frozenset({"closed", "patching", "held", "unknown"})
"""What a status may call a gate that is shut in truth, after a run was cut off."""


def at(kind: str, number: int, events_later: int = 0, wait_s: float = 0.0) -> Moment:
    """Name a moment of the run."""
    return Moment(kind=kind, number=number, events_later=events_later, wait_s=wait_s)


QUICK = {
    "evidence is being kept": at("evidence.kept", 20),
    "an act is intended": at("act.intended", 3),
    "the installer is at work": at("act.intended", 7, wait_s=0.1),
    "an act was answered": at("act.answered", 12),
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


def killed_and_resumed(keyboard: Keyboard, moment: Moment) -> None:
    """Kill a patch at a moment; look at what is said of the gate, and bring the run to its end."""
    journal = journal_of(keyboard)
    before = len(kinds(journal))
    with Sentry(keyboard.site).on_duty() as sentry:
        process = begin(keyboard, *patch_words(keyboard))
        caught = wait_for(process, journal, moment, before)
        process.kill()
        code, _, err = ended(process)
        assert caught, f"the run ended with {code} before {moment}: {err}"
        assert code == -signal.SIGKILL
        status = keyboard.type("status", "--json")
        assert status.gate["state"] in MAYBE_SHUT
        assert status.gate["sides"]["outside"] in {"shut", "unknown"}
        assert status.gate["unfinished"]
        resumed = [keyboard.type("resume")]
        if resumed[0].code != ExitCode.PROVEN:
            resumed.append(keyboard.type("resume"))
        assert resumed[-1].code == ExitCode.PROVEN, [one.err for one in resumed]
    assert sentry.looks > 50
    assert sentry.let_in == 0
    assert keyboard.type("status", "--json").gate["state"] == "closed"
    assert [node.build for node in keyboard.site.pair.nodes] == [FIXED_BUILD] * 2
    assert keyboard.visits() == (False, True)
    assert keyboard.type("journal", "verify").code == ExitCode.PROVEN


@pytest.mark.parametrize("name", QUICK)
def test_a_killed_patch_is_never_told_wrong_and_is_resumed(shut: Keyboard, name: str) -> None:
    """At four boundaries: no wrong status, outside never in, the end in at most two resumes."""
    killed_and_resumed(shut, QUICK[name])


@pytest.mark.long
@pytest.mark.parametrize("name", EVERY)
def test_a_patch_killed_at_any_boundary_is_resumed(shut: Keyboard, name: str) -> None:
    """Every act of one pair run, before it, in the midst of it and after it."""
    killed_and_resumed(shut, EVERY[name])


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
            while sentry.looks < 3:
                pass
    assert sentry.let_in >= 3

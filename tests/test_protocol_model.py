"""The protocol of closing and reopening, walked whole, with each measure taken away once."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from gatectl.config.playbooks import read_playbook
from gatectl.core.playbook import DeviceStep, SidesStep
from tests.protocol_model import BUDGET, FAULTS, MEASURES, Fault, Measures
from tests.protocol_walk import Exploration, explore

PLAYBOOKS = Path(__file__).parent.parent / "playbooks"
LIMIT_S = 60.0

PREVENTS = MappingProxyType(
    {
        "saves_when_closing": "lets people in while the journal says closed",
        "looks_after_acts": "lets people in while the journal says closed",
        "checks_again_at_opening": "lets people in on the vulnerable build",
        "ends_other_sessions": "lets people in while the journal says closed",
        "opens_unsaved": "lets people in on the vulnerable build",
        "opening_ends_itself": "open, and nobody ends it",
        "end_is_in_the_rule": "open, and nobody ends it",
    }
)
"""How the shortest story ends when a measure is left out."""


def _without(measure: str, *, whole: bool = False) -> Exploration:
    return explore(replace(Measures(), **{measure: False}), stops_at_first=not whole)


def test_every_measure_of_the_model_has_a_story_that_it_prevents() -> None:
    """A measure that nobody takes away proves nothing."""
    assert set(PREVENTS) == set(MEASURES)


def test_with_all_measures_nothing_is_unsafe_and_nothing_stays_open() -> None:
    """Crash, restart, fallback, lost and late commands and a takeover in every order."""
    found = explore(Measures())
    assert not found.unsafe, found.shortest()
    assert not found.stuck, found.shortest()
    assert not found.endless, found.story(found.endless[0])


def test_the_walk_meets_faults_and_both_ends() -> None:
    """A model that never strikes, or never confirms, would be safe without any measure."""
    found = explore(Measures())
    assert found.worlds > 5000
    assert found.ends == {"closed", "confirmed"}
    labels = {label for _, label in found.told.values()}
    for word in ("dies", "restarts", "falls back", "lost", "cut", "late", "takes over", "itself"):
        assert any(word in label for label in labels), word


@pytest.mark.parametrize("fault", FAULTS)
def test_without_any_fault_but_one_the_protocol_comes_to_both_ends(fault: Fault) -> None:
    """Each fault alone is survived, and does not keep the gate from being confirmed."""
    found = explore(Measures(), {**dict.fromkeys(FAULTS, 0), fault: 1})
    assert not found.unsafe, found.shortest()
    assert not found.stuck, found.shortest()
    assert "confirmed" in found.ends


@pytest.mark.parametrize("measure", MEASURES)
def test_without_one_measure_there_is_a_bad_story(measure: str) -> None:
    """Each measure is there for a story, and the model tells that story when it is left out."""
    found = _without(measure)
    story = found.shortest()
    assert story, f"without {measure} nothing bad happens: the model does not need it"
    assert PREVENTS[measure] in story, f"without {measure}:\n{story}"


def test_the_whole_model_is_walked_in_seconds() -> None:
    """The model has to stay small enough to be walked at every change."""
    began = time.monotonic()
    explore(Measures())
    for measure in MEASURES:
        _without(measure)
    assert time.monotonic() - began < LIMIT_S


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_strikes_twice_is_survived(fault: Fault) -> None:
    """The second strike may come while the first is being made good."""
    found = explore(Measures(), {**BUDGET, fault: 2})
    assert not found.unsafe, found.shortest()
    assert not found.stuck, found.shortest()
    assert not found.endless


@pytest.mark.long
@pytest.mark.parametrize("measure", MEASURES)
def test_without_one_measure_every_bad_story_is_counted(
    measure: str, record_property: Callable[[str, object], None]
) -> None:
    """Walks the worlds behind the first bad one as well, for the table of promises."""
    found = _without(measure, whole=True)
    record_property(measure, f"{len(found.unsafe)} unsafe, {len(found.stuck)} stuck")
    assert found.unsafe or found.stuck


def _acts(playbook: str) -> list[str]:
    steps = read_playbook(playbook, (PLAYBOOKS,)).step
    return [line for step in steps if isinstance(step, DeviceStep) for line in _lines(step)]


def _lines(step: DeviceStep) -> list[str]:
    return (step.act or "").strip().splitlines()


def test_the_reopening_playbook_lets_in_by_rules_with_an_end_and_saves_nothing() -> None:
    """What the model calls opens_unsaved, opening_ends_itself and end_is_in_the_rule."""
    acts = _acts("reopen")
    letting_in = [line for line in acts if " ALLOW " in line]
    assert letting_in
    assert all(" -TTL " in line for line in letting_in)
    assert not [line for line in acts if line.startswith(("save", "rm"))]


def test_the_closing_playbook_saves_after_the_rules_and_looks_at_the_end() -> None:
    """What the model calls saves_when_closing and looks_after_acts."""
    acts = _acts("close-acl")
    assert acts.index("save ns config") > max(
        position for position, line in enumerate(acts) if " DENY " in line
    )
    last = read_playbook("close-acl", (PLAYBOOKS,)).step[-1]
    assert isinstance(last, SidesStep)
    assert (last.outside, last.inside) == ("shut", "open")


def test_the_confirming_playbook_takes_the_rules_away_before_it_saves() -> None:
    """Until a confirmation the saved configuration stays shut."""
    acts = _acts("confirm")
    assert "save ns config" in acts
    assert all(
        line.startswith(("rm ns acl", "rm responder", "apply"))
        for line in acts[: acts.index("save ns config")]
    )

"""What a proof of a node belongs to: each way in which the node can be another one since."""

from dataclasses import replace

import pytest

from gatectl.core.gate import NodeName, Role
from gatectl.core.sighting import Bound, Sighting, changed_since, sightings_of
from tests.builders import BOOT, NS_A, NS_B, make_facts

THEN = Sighting(boot="1", role=Role.PRIMARY, host_keys=("SHA256:a",))
EXCHANGED = replace(THEN, host_keys=("SHA256:b",))
RESTARTED = replace(THEN, boot="2")
UNASKED = replace(THEN, boot="")
FAILED_OVER = replace(THEN, role=Role.SECONDARY)


def reason(now: Sighting, bound: Bound) -> str:
    """Say why a proof does not count any more."""
    return changed_since(NS_A, {NS_A: THEN}, {NS_A: now}, bound)


@pytest.mark.parametrize("bound", ["box", "boot", "role"])
def test_the_same_node_as_before_is_no_other(bound: Bound) -> None:
    """Nothing is said where nothing has changed."""
    assert reason(THEN, bound) == ""


@pytest.mark.parametrize(
    ("now", "told_by", "words"),
    [
        (EXCHANGED, {"box", "boot", "role"}, "not the box that it was"),
        (RESTARTED, {"boot", "role"}, "was restarted since"),
        (UNASKED, {"boot", "role"}, "nobody knows in which boot"),
        (FAILED_OVER, {"role"}, "the pair failed over since"),
    ],
    ids=["exchanged", "restarted", "unasked", "failed over"],
)
def test_each_change_is_told_to_whom_it_concerns(
    now: Sighting, told_by: set[Bound], words: str
) -> None:
    """What is bound more closely minds more; the words name what happened."""
    told = {bound: reason(now, bound) for bound in ("box", "boot", "role")}
    assert {bound for bound, because in told.items() if because} == told_by
    assert all(words in because for because in told.values() if because)


@pytest.mark.parametrize("seen", [{}, {NS_B: THEN}])
def test_a_node_that_was_never_seen_is_not_known_to_be_the_same(
    seen: dict[NodeName, Sighting],
) -> None:
    """Neither then nor now."""
    assert "nobody knows which box ns-a was" in changed_since(NS_A, seen, {NS_A: THEN}, "box")
    assert "nobody knows which box ns-a was" in changed_since(NS_A, {NS_A: THEN}, seen, "box")


def test_a_later_sighting_that_did_not_ask_keeps_the_boot() -> None:
    """Role and keys are the new ones."""
    newer = Sighting(boot="", role=Role.SECONDARY, host_keys=("SHA256:b",))
    assert THEN.then(newer) == replace(newer, boot="1")
    assert THEN.then(RESTARTED) == RESTARTED


def test_the_facts_of_a_plan_tell_of_every_pinned_node() -> None:
    """Also of one that did not answer, whose boot and role are not known then."""
    facts = replace(make_facts(), roles={NS_A: Role.PRIMARY}, boots={NS_A: BOOT})
    seen = sightings_of(facts)
    assert seen[NS_A] == Sighting(boot=BOOT, role=Role.PRIMARY, host_keys=("SHA256:none",))
    assert seen[NS_B] == Sighting(boot="", role=Role.UNKNOWN, host_keys=("SHA256:none",))

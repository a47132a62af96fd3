"""Plans in files: read back as they were, refused when changed, and stale with their reasons."""

import json
from dataclasses import replace

import pytest

from gatectl.core.gate import GateName, GateState, Role
from gatectl.core.plan import Plan
from gatectl.core.planfile import (
    PlanFileInvalid,
    plan_file_text,
    read_plan_file,
    stale_because,
)
from tests.builders import ALMELO, NS_A, NS_B, START, shipped_plan

PLAN = shipped_plan("close-acl")


def text_of(*plans: Plan) -> str:
    """Write plans as a file."""
    return plan_file_text(plans, made=START, made_by="anna")


def test_a_plan_comes_back_exactly_as_it_was_made() -> None:
    """Same digest, same steps, for the gate that it was made for."""
    file = read_plan_file(text_of(PLAN))
    assert file.of(ALMELO) == PLAN
    assert file.of(GateName("other")) is None
    assert (file.made, file.made_by, file.gates) == (START, "anna", (ALMELO,))


def test_a_plan_with_one_changed_letter_is_refused() -> None:
    """Whoever adds a line to the file would have it sent otherwise."""
    text = text_of(PLAN)
    changed = text.replace("apply ns acls", "clear ns acls", 1)
    assert changed != text
    with pytest.raises(PlanFileInvalid, match="not what was made"):
        read_plan_file(changed)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"kind": "gatectl-plan", "version": 2}', text_of(PLAN)[:-40]],
)
def test_what_is_no_file_of_plans_is_refused(text: str) -> None:
    """Anything else than what was written, a newer version included."""
    with pytest.raises(PlanFileInvalid):
        read_plan_file(text)


def test_two_plans_for_one_gate_are_refused() -> None:
    """Which of them is meant must not depend on their order."""
    with pytest.raises(PlanFileInvalid, match="two plans"):
        read_plan_file(text_of(PLAN, PLAN))


def test_a_file_without_a_plan_is_refused() -> None:
    """Carrying out nothing would look as if all were done."""
    document = json.loads(text_of(PLAN))
    document["plans"] = []
    with pytest.raises(PlanFileInvalid):
        read_plan_file(json.dumps(document))


def test_a_plan_on_the_same_facts_is_not_stale() -> None:
    """Nothing is said where nothing has changed."""
    assert stale_because(PLAN, shipped_plan("close-acl")) == ()


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"state": GateState.CLOSED}, "the gate changed from"),
        ({"builds": {NS_A: "12.1-55.18", NS_B: "12.1-55.13"}}, "build of ns-a changed from"),
        ({"roles": {NS_A: Role.SECONDARY, NS_B: Role.PRIMARY}}, "role of ns-a changed from"),
        ({"closed_by": ("close-vserver",)}, "what holds the gate shut changed from nothing to"),
        ({"propagates": True}, "whether the primary passes commands on changed from False"),
        ({"own_addresses": {NS_A: "10.0.0.9"}}, "our own address changed from none to"),
    ],
)
def test_a_stale_plan_names_the_fact_that_changed(facts: dict[str, object], told: str) -> None:
    """Each fact that a plan rests on is named when it is another one."""
    now = replace(PLAN, facts=replace(PLAN.facts, **facts))  # type: ignore[arg-type]  # as the table has it
    assert [reason for reason in stale_because(PLAN, now) if reason.startswith(told)]


def test_another_title_alone_is_told_as_well() -> None:
    """A digest that differs always has a reason in words."""
    (reason,) = stale_because(PLAN, replace(PLAN, title="another"))
    assert reason.startswith("the title changed")

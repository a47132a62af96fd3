"""A plan as a value: its digest says all of it, and it survives the journal."""

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from gatectl.core.gate import GateName, GateState
from gatectl.core.plan import (
    Direction,
    Plan,
)
from gatectl.core.playbook import (
    OnFail,
    Purpose,
    Retry,
)
from tests.builders import (
    NS_B,
    SHIPPED,
    device_task,
    make_facts,
    plan_of,
    planned,
    shipped_plan,
)

_TYPE = TypeAdapter(Plan)
SHUT_BY_ACL = make_facts(state=GateState.CLOSED, closed_by=("close-acl",))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_plan_survives_the_journal(name: str) -> None:
    """Written and read again it is the same plan with the same digest."""
    plan = shipped_plan(name, facts=SHUT_BY_ACL)
    again = _TYPE.validate_json(_TYPE.dump_json(plan))
    assert again == plan
    assert again.digest == plan.digest


@pytest.mark.parametrize("name", SHIPPED)
def test_the_digest_is_over_the_plan_as_its_type_writes_it(name: str) -> None:
    """The quick way of writing gives what is on record since the first version."""
    plan = shipped_plan(name, facts=SHUT_BY_ACL)
    written = json.dumps(
        _TYPE.dump_python(plan, mode="json"), sort_keys=True, separators=(",", ":")
    )
    assert plan.digest == hashlib.sha256(written.encode()).hexdigest()


def test_the_digest_does_not_depend_on_the_order_of_facts() -> None:
    """Two plans that do the same have one digest."""
    facts = make_facts()
    turned = replace(
        facts,
        roles=dict(reversed(list(facts.roles.items()))),
        builds=dict(reversed(list(facts.builds.items()))),
    )
    assert shipped_plan("close-acl", facts=turned).digest == shipped_plan("close-acl").digest


BASE = plan_of(planned("one"), planned("two"))
CHANGES: dict[str, dict[str, Any]] = {
    "gate": {"gate": GateName("other")},
    "playbook": {"playbook": "other"},
    "title": {"title": "other"},
    "purpose": {"purpose": Purpose.CLOSE},
    "direction": {"direction": Direction.UNDO},
    "needs_shut": {"needs_shut": True},
    "parameters": {"parameters": {"build": "13.1-49.13"}},
    "facts": {"facts": SHUT_BY_ACL},
    "advisory": {"advisory": "CTX1"},
    "stops": {"stops": "requests"},
    "unfit": {"unfit": ("it does nothing here",)},
    "overrides": {"overrides": {"space": "the disk was enlarged"}},
    "steps": {"steps": BASE.steps[:1]},
}


@pytest.mark.parametrize("field", [field.name for field in fields(Plan)])
def test_the_digest_changes_with_every_field(field: str) -> None:
    """A plan that was approved is the plan that runs, or it has another digest."""
    assert replace(BASE, **CHANGES[field]).digest != BASE.digest


STEP_CHANGES: list[dict[str, Any]] = [
    {"title": "other"},
    {"retry": Retry(attempts=9)},
    {"on_fail": OnFail.CONTINUE},
    {"proves": "config-saved"},
    {"precheck": True},
    {"task": device_task(node=NS_B)},
    {"task": device_task(look="show ns version")},
    {"task": replace(device_task(), changes="shell sysctl -n kern.boottime")},
    {"task": device_task(act=("save ns config", "reboot -f"))},
    {"task": device_task(undone=True)},
    {"task": device_task(disconnects=True)},
]


@pytest.mark.parametrize("change", STEP_CHANGES)
def test_the_digest_changes_with_every_change_of_a_step(change: dict[str, Any]) -> None:
    """Not a line, a limit or an expectation can change unseen."""
    changed = replace(BASE, steps=(replace(BASE.steps[0], **change), BASE.steps[1]))
    assert changed.digest != BASE.digest


def test_the_order_of_steps_is_part_of_the_digest() -> None:
    """The same lines in another order are another plan."""
    assert replace(BASE, steps=BASE.steps[::-1]).digest != BASE.digest

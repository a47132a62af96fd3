"""Playbooks as they are written: what the format refuses, and that every shipped check can fail."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gatectl.core.check import Answer, Seen, judge
from gatectl.core.gate import GateState
from gatectl.core.interlock import Interlock
from gatectl.core.looks import read_look
from gatectl.core.netscaler import Reply
from gatectl.core.plan import DeviceTask, PlannedStep, RequestTask
from gatectl.core.planning import build_plan
from gatectl.core.playbook import DeviceStep, Playbook, RequestStep, Retry
from tests.builders import (
    NS_A,
    NS_B,
    PATCH_PARAMETERS,
    RICH_BULLETINS,
    SHIPPED,
    make_facts,
    rich_gate,
    shipped_playbook,
)

PLAYBOOK = TypeAdapter(Playbook)
STEP: dict[str, Any] = {
    "id": "saved",
    "title": "See it saved",
    "on": "each-node",
    "look": "show ns config",
    "holds": [{"field": "saved", "equals": "yes"}],
    "refuses": " Done",
}
WRITTEN: dict[str, Any] = {"name": "p", "title": "p", "purpose": "verify", "step": [STEP]}


def test_a_small_playbook_is_read() -> None:
    """A step without a kind is a device step, with the limits that stand in the format."""
    playbook = PLAYBOOK.validate_python(WRITTEN)
    (step,) = playbook.step
    assert isinstance(step, DeviceStep)
    assert step.retry == Retry()
    assert step.act is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "colour"),
        ({"step": []}, "at least one step"),
        ({"step": [STEP, STEP]}, "used twice"),
        ({"step": [{**STEP, "id": "Saved It"}]}, "lower-case words"),
        ({"step": [{**STEP, "id": "a--b"}]}, "lower-case words"),
        ({"step": [{**STEP, "act_now": "x"}]}, "act_now"),
        ({"step": [{**STEP, "kind": "dance"}]}, "dance"),
        ({"step": [{**STEP, "on": "everywhere"}]}, "on"),
        ({"step": [{**STEP, "holds": [{"field": "x", "equal": "y"}]}]}, "equal"),
        ({"step": [{k: v for k, v in STEP.items() if k != "refuses"}]}, "refuses"),
        ({"step": [{**STEP, "retry": {"attempts": 3, "forever": True}}]}, "forever"),
        ({"purpose": "open"}, "purpose"),
    ],
)
def test_what_is_not_in_the_format_is_refused(change: dict[str, Any], words: str) -> None:
    """A key that is not known is never skipped, and the error names it."""
    with pytest.raises(ValidationError, match=words):
        PLAYBOOK.validate_python({**WRITTEN, **change})


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_playbook_is_called_as_its_file(name: str) -> None:
    """It is found by the one and stands in the journal under the other."""
    assert shipped_playbook(name).name == name


@pytest.mark.parametrize("name", SHIPPED)
def test_a_proof_is_for_an_interlock_that_exists(name: str) -> None:
    """A misspelt name would be a proof of nothing, and the gate would stay shut."""
    known = {interlock.value for interlock in Interlock}
    proved = {step.proves for step in shipped_playbook(name).step if step.proves}
    assert proved <= known


def test_every_interlock_that_needs_a_proof_has_a_step_that_gives_one() -> None:
    """An interlock that nothing can prove would keep the gate shut for ever."""
    judged_on_the_journal = {
        *("no-step-in-doubt", "approvals", "attestations", "advice-answered"),
        # Kept after each closing and verification; and looked at with the mitigation's own steps.
        *("config-as-before", "mitigation-proven"),
    }
    proved = {step.proves for name in SHIPPED for step in shipped_playbook(name).step}
    assert {interlock.value for interlock in Interlock} - proved == judged_on_the_journal


@pytest.mark.parametrize("name", SHIPPED)
def test_every_wait_of_a_shipped_playbook_has_an_end(name: str) -> None:
    """Attempts and seconds are bounded."""
    for step in shipped_playbook(name).step:
        assert 1 <= step.retry.attempts <= 500
        assert 0 < step.retry.wait_s <= step.retry.deadline_s <= 1800


def reply_of(text: str) -> Reply:
    """Make the reply that a transport would make of a recorded answer."""
    lines = text.strip("\n").split("\n")
    if lines and lines[-1].strip() == "Done":
        lines.pop()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    kept = [line for line in lines if not line.startswith("ERROR: ")]
    return Reply(text="\n".join(kept), error=errors[0] if errors else None)


def checks_that_can_refuse() -> Iterator[tuple[str, PlannedStep, str | dict[str, str]]]:
    """Plan each playbook for every closure, and pair its checks with their recorded refusals."""
    for name in SHIPPED:
        playbook = shipped_playbook(name)
        refusals = {
            step.id: step.refuses
            for step in playbook.step
            if isinstance(step, DeviceStep | RequestStep)
        }
        found: dict[str, PlannedStep] = {}
        for method in ("close-acl", "close-vserver", "close-responder"):
            given = {**PATCH_PARAMETERS, "fail_back": "yes"}
            plan = build_plan(
                playbook,
                rich_gate(),
                make_facts(
                    state=GateState.CLOSED,
                    closed_by=(method,),
                    builds={NS_A: "13.1-48.47", NS_B: "13.1-48.47"},
                ),
                parameters=given if playbook.parameters else {},
                advisories=RICH_BULLETINS,
            )
            for step in plan.steps:
                written = max(
                    (one for one in refusals if step.id.startswith(one)), key=len, default=""
                )
                if written and isinstance(step.task, DeviceTask | RequestTask):
                    found.setdefault(written, step)
        assert set(found) == set(refusals), f"{name} has a check that no plan holds"
        for written, step in found.items():
            refusal = refusals[written]
            yield name, step, refusal if isinstance(refusal, str) else dict(refusal)


CHECKS = tuple(checks_that_can_refuse())


@pytest.mark.parametrize(
    ("step", "refusal"),
    [pytest.param(step, refusal, id=f"{name}:{step.id}") for name, step, refusal in CHECKS],
)
def test_every_shipped_check_says_no_to_its_recorded_refusal(
    step: PlannedStep, refusal: str | dict[str, str]
) -> None:
    """A check that cannot fail is no check: no pass, and no unknown either."""
    match step.task:
        case DeviceTask(look=look, holds=holds):
            assert isinstance(refusal, str)
            observation = read_look(look, reply_of(refusal))
        case RequestTask(holds=holds):
            assert isinstance(refusal, dict)
            observation = Seen(records=(refusal,))
        case _:
            pytest.fail("only looks and requests have a recorded refusal")
    verdict = judge(observation, holds)
    assert verdict.answer is Answer.FAIL, verdict.because

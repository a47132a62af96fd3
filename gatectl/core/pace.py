"""How long a step may take: by what it took before, else by its own limits."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from gatectl.core.event import Outcome, Recorded, RunStarted, StepEnded
from gatectl.core.gate import NodeName
from gatectl.core.plan import (
    DeviceTask,
    Plan,
    PlannedId,
    PlannedStep,
    ScannerTask,
    UploadTask,
)
from gatectl.core.playbook import Purpose

_MARGIN: Final = 1.5
"""A step that took four minutes the last times is given six."""
_SHORTEST_S: Final = 5.0
_WORKED: Final = frozenset({Outcome.DONE, Outcome.ALREADY})

Learnt = Mapping[tuple[str, str], float]
"""The longest that each claim of each playbook took so far, in seconds."""


def learn(events: Iterable[Recorded]) -> Learnt:
    """Read from the journal how long steps took that did something."""
    plans: dict[str, Plan] = {}
    longest: dict[tuple[str, str], float] = {}
    for recorded in events:
        match recorded.event:
            case RunStarted(plan=plan) if recorded.run is not None:
                plans[recorded.run] = plan
            case StepEnded(outcome=outcome, step=step, elapsed_s=elapsed_s) if (
                outcome in _WORKED and recorded.run in plans
            ):
                plan = plans[recorded.run]
                planned = _step_of(plan, step)
                if planned is None or (outcome is Outcome.ALREADY and planned.writes):
                    # What was so already says nothing of how long it takes to make it so.
                    continue
                key = (plan.playbook, planned.claim)
                longest[key] = max(elapsed_s, longest.get(key, 0.0))
            case _:
                pass
    return longest


def expected_s(playbook: str, step: PlannedStep, learnt: Learnt) -> float:
    """Say how long a step may take; without experience, as long as it is allowed to."""
    took = learnt.get((playbook, step.claim))
    if took is not None:
        return max(_SHORTEST_S, took * _MARGIN)
    return longest_s(step)


def left_s(plan: Plan, ended: Collection[PlannedId], learnt: Learnt) -> float | None:
    """Say how long the rest of a run took at the most before; none, if nobody has done it yet.

    A step that never had anything to do counts nothing. Nodes are closed at the same time.
    """
    steps = [step for step in plan.steps if step.id not in ended]
    took = [(step.node, learnt.get((plan.playbook, step.claim))) for step in steps]
    if not any(step_s is not None for _, step_s in took):
        return None
    by_node: dict[NodeName | None, float] = {}
    for node, step_s in took:
        by_node[node] = by_node.get(node, 0.0) + (step_s or 0.0)
    of_all = by_node.pop(None, 0.0)
    together = max if plan.purpose is Purpose.CLOSE else sum
    return of_all + (together(by_node.values()) if by_node else 0.0)


def longest_s(step: PlannedStep) -> float:
    """Give the longest that a step is allowed to take by its own limits."""
    match step.task:
        case DeviceTask(act=act, act_timeout_s=act_timeout_s):
            return len(act) * act_timeout_s + step.retry.deadline_s
        case UploadTask(act_timeout_s=act_timeout_s) | ScannerTask(act_timeout_s=act_timeout_s):
            return act_timeout_s + step.retry.deadline_s
        case _:
            return step.retry.deadline_s


def _step_of(plan: Plan, name: PlannedId) -> PlannedStep | None:
    return next((step for step in plan.steps if step.id == name), None)

"""What a verification looks at where gatectl has mitigated: that it works still, or is gone.

The looks are those of the mitigation's own plan. One that is in force is seen on each node and by
its requests, the one that must be blocked and the one that must pass; one that was taken back is
seen gone from each node.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from gatectl.core.gate import Side
from gatectl.core.plan import (
    DeviceTask,
    GateFacts,
    Plan,
    PlannedId,
    PlannedStep,
    RequestTask,
)
from gatectl.core.playbook import OnFail

PROVES: Final = "mitigation-proven"


def mitigation_looks(mitigations: Iterable[Plan], facts: GateFacts) -> tuple[PlannedStep, ...]:
    """Give the steps that see what became of each mitigation; none of them acts."""
    return tuple(step for plan in mitigations for step in _looks(plan, facts))


def _looks(plan: Plan, facts: GateFacts) -> Iterator[PlannedStep]:
    for step in plan.steps:
        task = step.task
        match task:
            case DeviceTask(act=(_, *_), again_after_changes=False):
                task = replace(task, act=(), idle=None, changes=None, disconnects=False)
            case RequestTask():
                # The side that can reach the gate may be another than it was then.
                task = replace(task, side=Side.INSIDE if facts.shut else Side.OUTSIDE)
            case _:
                continue
        yield replace(
            step,
            id=PlannedId(f"{plan.playbook}/{step.id}"),
            claim=f"{plan.playbook}/{step.claim}",
            title=f"{plan.playbook} ({_word(task)}): {step.title}",
            task=task,
            proves=PROVES,
            precheck=False,
            on_fail=OnFail.NOTE,
        )


def _word(task: DeviceTask | RequestTask) -> str:
    return "taken back" if isinstance(task, DeviceTask) and task.undone else "in force"

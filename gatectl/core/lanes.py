"""Lanes: which steps of a closing may be carried out at the same time, one lane a node.

Shutting two nodes one after the other would leave the second open for as long as the first takes,
or for as long as it hangs. Everything but closing goes one step at a time.
"""

from collections.abc import Collection

from gatectl.core.event import Mode, Outcome
from gatectl.core.gate import NodeName, Role
from gatectl.core.plan import Plan, PlannedStep
from gatectl.core.playbook import OnFail, Purpose
from gatectl.core.run import Phase, Run
from gatectl.core.sequencer import Perform, Reobserve

_BAD = frozenset({Outcome.FAILED, Outcome.UNKNOWN})


Begun = Perform | Reobserve
"""What a lane begins."""


def runs_in_lanes(plan: Plan, mode: Mode) -> bool:
    """Say whether nodes may be worked on at the same time."""
    return plan.purpose is Purpose.CLOSE and mode is Mode.REAL


def prechecks_in_lanes(run: Run, at_work: Collection[PlannedStep]) -> tuple[Begun, ...]:
    """Name the prechecks to look at now, one a node; they only read."""
    busy = {step.node for step in at_work}
    chosen: dict[NodeName | None, PlannedStep] = {}
    for step in run.plan.steps:
        waiting = step.precheck and run.record(step.id).phase in {Phase.PENDING, Phase.LOOKING}
        if waiting and step.node not in busy:
            chosen.setdefault(step.node, step)
    return tuple(Perform(step=step) for step in chosen.values())


def next_in_lanes(run: Run, at_work: Collection[PlannedStep]) -> tuple[Begun, ...]:
    """Name what each free lane does next; nothing, when all that can be done is at work or done.

    A step that belongs to no node waits for all before it, and all behind it wait for that. A node
    that fails stops its own lane alone; what that means for the run is for `next_action` to say.
    """
    stopped = frozenset(step.node for step in run.plan.steps if _holds_up(run, step))
    taken = {step.node for step in at_work}
    chosen: list[PlannedStep] = []
    for step in run.plan.steps:
        if run.record(step.id).phase is Phase.ENDED or step.node in stopped:
            continue
        if step.node is None:
            if not (taken or stopped):
                chosen.append(step)
            break
        if step.node in taken:
            continue
        # Whatever comes of this step: its lane has no second one now.
        taken.add(step.node)
        if not _waits_for_primary(run, step, stopped):
            chosen.append(step)
    return tuple(_action(run, step) for step in chosen)


def _action(run: Run, step: PlannedStep) -> Begun:
    in_doubt = run.record(step.id).phase is Phase.IN_DOUBT
    return Reobserve(step=step) if in_doubt else Perform(step=step)


def _holds_up(run: Run, step: PlannedStep) -> bool:
    bad = run.record(step.id).outcome in _BAD
    return bad and step.on_fail is OnFail.HOLD and not step.precheck


def _waits_for_primary(run: Run, step: PlannedStep, stopped: Collection[NodeName | None]) -> bool:
    """Whether the primary passes this very act on: the secondary then finds it done already.

    Told both at the same moment, the second one would answer that it exists. The primary's lane is
    not waited for where it has stopped.
    """
    facts = run.plan.facts
    if not (facts.propagates and step.writes) or facts.roles.get(_named(step)) is Role.PRIMARY:
        return False
    for other in run.plan.steps:
        same = other.claim == step.claim and other.node != step.node
        if same and facts.roles.get(_named(other)) is Role.PRIMARY and other.node not in stopped:
            return run.record(other.id).phase is not Phase.ENDED
    return False


def _named(step: PlannedStep) -> NodeName:
    return step.node or NodeName("")

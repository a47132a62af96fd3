"""Compares what shall be with what has been, and names the next action."""

from dataclasses import dataclass
from typing import assert_never

from gatectl.core.check import Answer, Verdict
from gatectl.core.event import Ending, Mode, Outcome
from gatectl.core.plan import Plan, PlannedStep
from gatectl.core.playbook import OnFail, Purpose
from gatectl.core.run import Phase, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform:
    """Look, act if need be, and look again."""

    step: PlannedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Reobserve:
    """An act's outcome is missing: look before anything is decided."""

    step: PlannedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Stop here: a step failed, and what follows rests on it."""

    because: str
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """All steps had their turn."""

    ending: Ending
    because: str


Action = Perform | Reobserve | Hold | Finish


def next_action(plan: Plan, run: Run) -> Action:
    """Name what to do now; the order of the plan decides, and nothing is done twice."""
    for step in plan.steps:
        record = run.record(step.id)
        if record.phase is Phase.IN_DOUBT:
            return Reobserve(step=step)
        if record.phase is not Phase.ENDED:
            return Perform(step=step)
        if step.precheck:
            # What a precheck found was judged, or overridden, before the first act.
            continue
        if record.outcome in {Outcome.FAILED, Outcome.UNKNOWN} and step.on_fail is OnFail.HOLD:
            reason = record.verdict.because if record.verdict else "no reason was recorded"
            return Hold(because=f"{step.title}: {reason}", ending=_ending(record.outcome))
    return _finish(plan, run)


def _ending(outcome: Outcome) -> Ending:
    return Ending.UNKNOWN if outcome is Outcome.UNKNOWN else Ending.FAILED


def _finish(plan: Plan, run: Run) -> Finish:
    """Sum up a run by its worst step, never by its last."""
    for outcome, ending in (
        (Outcome.UNKNOWN, Ending.UNKNOWN),
        (Outcome.FAILED, Ending.FAILED),
        (Outcome.WOULD, Ending.PENDING),
    ):
        steps = [
            step
            for step in plan.steps
            if run.record(step.id).outcome is outcome
            and not step.precheck
            and step.on_fail is not OnFail.NOTE
        ]
        if steps:
            names = ", ".join(step.id for step in steps)
            return Finish(ending=ending, because=f"{outcome}: {names}")
    return Finish(ending=Ending.PROVEN, because=f"all {len(plan.steps)} steps hold")


def next_precheck(plan: Plan, run: Run) -> PlannedStep | None:
    """Name the next precheck to look at; one that fails does not keep the others from a look."""
    waiting = (
        step
        for step in plan.steps
        if step.precheck and run.record(step.id).phase in {Phase.PENDING, Phase.LOOKING}
    )
    return next(waiting, None)


def may_act(verdict: Verdict, purpose: Purpose, mode: Mode) -> bool:
    """Decide whether a step's act may be sent after this look.

    Nothing is written on a claim that could not be judged, except to close: what closes leaves the
    gate no more open than it was, whatever the device's answer would have been.
    """
    if mode is Mode.DRY or verdict.answer is Answer.PASS:
        return False
    return verdict.answer is Answer.FAIL or purpose is Purpose.CLOSE


def outcome_of_look(verdict: Verdict) -> tuple[Outcome, Verdict]:
    """Tell how a step without an act ended."""
    match verdict.answer:
        case Answer.PASS:
            return Outcome.ALREADY, verdict
        case Answer.FAIL:
            return Outcome.FAILED, verdict
        case Answer.UNKNOWN:
            return Outcome.UNKNOWN, verdict
        case _ as never:
            assert_never(never)


def outcome_of_act(verdict: Verdict) -> tuple[Outcome, Verdict]:
    """Tell how a step ended whose act was sent."""
    outcome, _ = outcome_of_look(verdict)
    return (Outcome.DONE if outcome is Outcome.ALREADY else outcome), verdict

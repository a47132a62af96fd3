"""How a run moves the state of its gate, and what its end is worth to whoever called it."""

from typing import Literal, assert_never

from gatectl.core.event import Ending, Mode, Outcome
from gatectl.core.gate import SHUT_STATES, GateState, NodeName, Signal
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.core.standing import Standing
from gatectl.errors import ExitCode

Reach = Literal["open", "shut", "unknown"]

STARTED = {
    Purpose.CLOSE: Signal.CLOSE_STARTED,
    Purpose.PATCH: Signal.PATCH_STARTED,
    Purpose.VERIFY: Signal.VERIFY_STARTED,
    Purpose.REOPEN: Signal.REOPEN_STARTED,
}

PROVEN_SIGNALS = {
    Purpose.CLOSE: Signal.CLOSE_PROVEN,
    Purpose.PATCH: Signal.PATCH_PROVEN,
    Purpose.VERIFY: Signal.VERIFY_PASSED,
    Purpose.REOPEN: Signal.SEEN_OPEN,
    Purpose.CONFIRM: Signal.CONFIRMED,
}


def signal_at_start(purpose: Purpose) -> Signal | None:
    """Tell the gate that a run begins; the other purposes do not move it."""
    return STARTED.get(purpose)


SAVED = "config-saved"
"""What a step proves that sees the configuration of a node saved."""


def unsaved_nodes(run: Run) -> tuple[NodeName, ...]:
    """Name the nodes that said themselves, in a closing, that they are not saved."""
    if run.plan.purpose is not Purpose.CLOSE or run.mode is not Mode.REAL:
        return ()
    failed = [
        step.node
        for step in run.plan.steps
        if step.proves == SAVED and run.record(step.id).outcome is Outcome.FAILED
    ]
    return tuple(dict.fromkeys(node for node in failed if node is not None))


def all_but_saved(run: Run) -> bool:
    """Say whether a closing holds in everything but that a node could not save it."""
    bad = {Outcome.FAILED, Outcome.UNKNOWN}
    return bool(unsaved_nodes(run)) and all(
        step.proves == SAVED or step.precheck or run.record(step.id).outcome not in bad
        for step in run.plan.steps
    )


def signal_at_end(
    purpose: Purpose, ending: Ending, outside: Reach, *, only_unsaved: bool = False
) -> Signal | None:
    """Tell the gate how its run ended, by the ending and by what was seen from outside."""
    if only_unsaved and outside == "shut":
        return Signal.CLOSE_UNSAVED
    match ending:
        case Ending.PROVEN:
            return PROVEN_SIGNALS.get(purpose)
        case Ending.PENDING | Ending.REFUSED:
            return None
        case Ending.INTERRUPTED:
            return Signal.DOUBT if purpose in STARTED else None
        case Ending.FAILED | Ending.UNKNOWN:
            return _signal_of_failure(purpose, outside)
        case _ as never:
            assert_never(never)


def _signal_of_failure(purpose: Purpose, outside: Reach) -> Signal | None:
    if purpose is Purpose.CLOSE:
        return Signal.CLOSE_FAILED
    if purpose is Purpose.REOPEN:
        return Signal.STEP_FAILED
    if purpose not in STARTED:
        return None
    return Signal.STEP_FAILED if outside == "shut" else Signal.DOUBT


def exit_code(ending: Ending, outside: Reach) -> ExitCode:
    """Tell the caller how a run ended; a failure is only harmless behind a gate seen shut."""
    match ending:
        case Ending.PROVEN:
            return ExitCode.PROVEN
        case Ending.PENDING:
            return ExitCode.DRIFT
        case Ending.REFUSED:
            return ExitCode.REFUSED
        case Ending.INTERRUPTED:
            return ExitCode.INTERRUPTED
        case Ending.FAILED | Ending.UNKNOWN:
            return failed_code(outside)
        case _ as never:
            assert_never(never)


def failed_code(outside: Reach) -> ExitCode:
    """Tell how bad a failure is: only a gate that is seen shut can wait for the morning."""
    return ExitCode.FAILED_SHUT if outside == "shut" else ExitCode.MAYBE_OPEN


def code_of_standing(standing: Standing) -> ExitCode:
    """Tell whether a gate is as it should be; only a look from outside can say that it is."""
    outside = standing.sides.outside if standing.sides else "unknown"
    if standing.state is GateState.REOPENING:
        return ExitCode.PROVEN
    if standing.wanted_shut:
        shut = outside == "shut" and standing.state in SHUT_STATES
        return ExitCode.PROVEN if shut else ExitCode.MAYBE_OPEN
    return ExitCode.PROVEN if outside == "open" else ExitCode.MAYBE_OPEN

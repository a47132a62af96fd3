"""How a run moves the state of its gate, and what its end is worth to whoever called it."""

from typing import Literal, assert_never

from gatectl.core.event import Ending, Mode, Outcome, SidesSeen
from gatectl.core.gate import SHUT_STATES, GateState, NodeName, Side, Signal
from gatectl.core.plan import SidesTask
from gatectl.core.playbook import Purpose
from gatectl.core.reach import nobody_looked, reports_from_records
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


def only_inside_unseen(run: Run, seen: SidesSeen) -> bool:
    """Say whether a closing holds in everything but that nobody could look from inside.

    Another method could not make that look succeed; it would only take the offices' access away.
    """
    if seen.outside != "shut" or seen.inside != "unknown":
        return False
    return nobody_looked(reports_from_records(seen.looks), Side.INSIDE) and all(
        step.precheck
        or isinstance(step.task, SidesTask)
        or ((outcome := run.record(step.id).outcome) is not None and outcome.holds)
        for step in run.plan.steps
    )


def all_but_saved(run: Run) -> bool:
    """Say whether a closing holds in everything but that a node could not save it."""
    bad = {Outcome.FAILED, Outcome.UNKNOWN}
    return bool(unsaved_nodes(run)) and all(
        step.proves == SAVED or step.precheck or run.record(step.id).outcome not in bad
        for step in run.plan.steps
    )


def told_by_node(run: Run) -> tuple[str, ...]:
    """Say of each node whether every step held there, or what was wrong at first."""
    nodes = dict.fromkeys(step.node for step in run.plan.steps if step.node is not None)
    return tuple(f"{node}: {_first_trouble(run, node)}" for node in nodes)


def _first_trouble(run: Run, node: NodeName) -> str:
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN):
        for step in run.plan.steps:
            record = run.record(step.id)
            if step.node == node and record.outcome is outcome and not step.precheck:
                because = record.verdict.because if record.verdict else "no reason was recorded"
                return f"{outcome} at {step.claim} ({because})"
    return "closed and saved"


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
    if outside == "open":
        # Nothing is in doubt, and the look itself has told the gate.
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


def shuts_inside_too(standing: Standing, run: Run | None = None) -> bool:
    """Whether the method that closes the gate promises the offices nothing either."""
    tasks = [step.task for step in run.plan.steps] if run else []
    promised = [task.inside for task in tasks if isinstance(task, SidesTask)]
    return "shut" in promised or (not promised and NOBODY_GETS_IN in standing.closed_by)


def proven_outside(outside: Reach, inside: Reach, *, inside_too: bool) -> Reach:
    """Take "shut" for an answer only where the gateway was seen at work, or should not be.

    While a pair fails over nobody is served, inside or outside; what comes back afterwards may
    well be open.
    """
    if outside == "shut" and inside != "open" and not inside_too:
        return "unknown"
    return outside


NOBODY_GETS_IN = "close-vserver"
"""The closing method that takes the gateway itself out of service."""


def failed_code(outside: Reach) -> ExitCode:
    """Tell how bad a failure is: only a gate that is seen shut can wait for the morning."""
    return ExitCode.FAILED_SHUT if outside == "shut" else ExitCode.MAYBE_OPEN


def code_of_standing(standing: Standing) -> ExitCode:
    """Tell whether a gate is as it should be; only a look from outside can say that it is."""
    if standing.state is GateState.REOPENING:
        return ExitCode.PROVEN
    outside: Reach = "unknown"
    if standing.sides is not None:
        outside = proven_outside(
            standing.sides.outside,
            standing.sides.inside,
            inside_too=shuts_inside_too(standing),
        )
    if standing.wanted_shut:
        shut = outside == "shut" and standing.state in SHUT_STATES
        return ExitCode.PROVEN if shut else ExitCode.MAYBE_OPEN
    return ExitCode.PROVEN if outside == "open" else ExitCode.MAYBE_OPEN

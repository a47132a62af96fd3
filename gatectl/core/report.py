"""Tells what happened: runs, verdicts and timelines as plain documents and rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatectl.core.casework import AdviceReceived, CaseClosed, CaseOpened, Decided
from gatectl.core.check import Answer, Verdict
from gatectl.core.effects import propagates
from gatectl.core.event import (
    CompromiseJudged,
    Ending,
    Examined,
    InterlocksJudged,
    Outcome,
    Recorded,
    Refusal,
    RunEnded,
    RunStarted,
    SidesSeen,
    Signalled,
)
from gatectl.core.interlock import Blocker
from gatectl.core.plan import Plan
from gatectl.core.run import Run

DOCUMENT_VERSION = 1
"""Grows when a key of a JSON document changes its meaning or goes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """One line of the verdict table."""

    run: str
    title: str
    node: str
    answer: Answer
    outcome: str
    because: str


def verdict_rows(runs: Iterable[Run]) -> Iterator[VerdictRow]:
    """List every step that came to an outcome, in the order of the plans."""
    for run in runs:
        for step in run.plan.steps:
            record = run.record(step.id)
            if record.outcome is None or record.verdict is None:
                continue
            yield VerdictRow(
                run=run.plan.playbook,
                title=step.title,
                node=step.node or "",
                answer=record.verdict.answer,
                outcome=record.outcome,
                because=record.verdict.because,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a timeline."""

    at: datetime
    what: str
    detail: str


def timeline(events: Iterable[Recorded]) -> Iterator[Moment]:
    """Pick out what a reader needs to follow the story; steps are in the verdict table."""
    shown: object = None
    for recorded in events:
        told = _told(recorded)
        if told is None or told == shown:
            continue
        shown = told
        yield Moment(at=recorded.at, what=told[0], detail=told[1])


def _told(recorded: Recorded) -> tuple[str, str] | None:
    match recorded.event:
        case RunStarted(plan=plan, mode=mode):
            return f"{plan.playbook} started", f"{plan.title} ({mode}, by {recorded.actor})"
        case RunEnded(ending=ending, because=because):
            return f"run {ending}", because
        case Signalled(before=before, after=after, because=because) if before is not after:
            return f"{before} -> {after}", because
        case SidesSeen(outside=outside, inside=inside):
            return "seen", f"outside {outside}, inside {inside}"
        case CompromiseJudged(answer=answer, because=because):
            return f"compromise check: {answer}", because
        case Examined(by=by, finding=finding, file=file):
            return f"examined off the box: {finding}", f"{file}, attested by {by}"
        case InterlocksJudged(blockers=blockers):
            names = ", ".join(blocker["interlock"] for blocker in blockers)
            return "interlocks", f"blocked by {names}" if names else "nothing blocks"
        case Refusal(verb=verb, sentence=sentence):
            return f"{verb} refused", sentence
        case CaseOpened() | CaseClosed() | AdviceReceived() | Decided() as entry:
            return _entered(entry)
        case _:
            return None


def _entered(entry: CaseOpened | CaseClosed | AdviceReceived | Decided) -> tuple[str, str]:
    match entry:
        case CaseOpened(case=case, title=title):
            return f"case {case} opened", title
        case CaseClosed(case=case, why=why):
            return f"case {case} closed", why
        case AdviceReceived(says=says):
            return f"advice: {says}", f"{entry.key}, received by {entry.received_by}"
        case Decided(decision=decision, by=by, why=why):
            return f"decided: {decision}", f"by {by}: {why}"


def run_document(run: Run) -> dict[str, Any]:
    """Put a run in a JSON document's terms."""
    return {
        "run": run.id,
        "playbook": run.plan.playbook,
        "mode": run.mode.value,
        "digest": run.plan.digest,
        "ending": run.ending.value if run.ending else None,
        "because": run.because,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "steps": [
            {
                "step": step.id,
                "title": step.title,
                "node": step.node,
                "phase": run.record(step.id).phase.value,
                "outcome": _value(run.record(step.id).outcome),
                "verdict": verdict_document(run.record(step.id).verdict),
            }
            for step in run.plan.steps
        ],
    }


def _value(outcome: Outcome | Ending | None) -> str | None:
    return None if outcome is None else outcome.value


def verdict_document(verdict: Verdict | None) -> dict[str, str] | None:
    """Put a verdict in a JSON document's terms."""
    if verdict is None:
        return None
    return {"answer": verdict.answer.value, "because": verdict.because}


def blocker_document(blocker: Blocker) -> dict[str, str]:
    """Put a blocker in a JSON document's terms."""
    return {
        "interlock": blocker.interlock,
        "answer": blocker.verdict.answer.value,
        "because": blocker.verdict.because,
        "clears": blocker.clears,
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """Put a plan in a JSON document's terms."""
    return {
        "playbook": plan.playbook,
        "title": plan.title,
        "digest": plan.digest,
        "steps": [
            {"step": step.id, "title": step.title, "node": step.node, "sends": list(step.writes)}
            for step in plan.steps
        ],
    }


def would_send(runs: Iterable[Run]) -> Iterator[tuple[str, str]]:
    """List node and line of all that a dry run would have sent, in its order.

    What the primary is told of its configuration reaches the secondary by propagation, where that
    works; everything else stays on the node that it is sent to.
    """
    for run in runs:
        told: set[str] = set()
        last: dict[str | None, tuple[str, ...]] = {}
        for step in run.plan.steps:
            if run.record(step.id).outcome is not Outcome.WOULD or not step.writes:
                continue
            passed_on = run.plan.facts.propagates and all(map(propagates, step.writes))
            if passed_on and step.claim in told:
                continue
            told.add(step.claim)
            if last.get(step.node) == step.writes:
                # What the step before has just done holds for this one, too.
                continue
            last[step.node] = step.writes
            yield from ((step.node or "", line) for line in step.writes)

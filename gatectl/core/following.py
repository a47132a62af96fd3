"""Whether advice was followed: judged on what was proven, not on what was intended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatectl.core.case import Case, Entered, decided_at
from gatectl.core.casework import AdviceReceived, Choice, Decided, Says
from gatectl.core.event import Ending
from gatectl.core.gate import Side
from gatectl.core.plan import Direction
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.core.sidetime import Stretch, stretches

_OTHERWISE = frozenset({Choice.KEEP_OPEN, Choice.ACCEPT})


class Course(StrEnum):
    """What was done with a piece of advice."""

    FOLLOWED = "followed"
    EXCEPTION = "exception"
    """The advice allows an exception, and somebody decided that it applies."""
    OTHERWISE = "otherwise"
    """Somebody decided to do something else, and said why."""
    OPEN = "open"
    """Nothing on record shows that it was followed, and nobody decided otherwise."""
    NOTHING_ASKED = "nothing-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """One piece of advice and what came of it."""

    advice: Entered[AdviceReceived]
    course: Course
    at: datetime | None = None
    cites: tuple[int, ...] = ()
    decision: Entered[Decided] | None = None


def followings(case: Case) -> tuple[Following, ...]:
    """Judge every piece of advice of a case, in the order in which it came."""
    return tuple(_following(case, one) for one in case.advice)


def proven_runs(case: Case, purpose: Purpose, direction: Direction = Direction.DO) -> list[Run]:
    """List the runs for a purpose that came to a proven end, in their order."""
    return [
        run
        for run in case.runs
        if run.plan.purpose is purpose
        and run.plan.direction is direction
        and run.ending is Ending.PROVEN
        and run.ended is not None
    ]


def end_of(case: Case, run: Run) -> int:
    """Give the sequence number at which a run ended, or of its last record."""
    return max(one.sequence for one in case.records if one.run == run.id)


def _following(case: Case, advice: Entered[AdviceReceived]) -> Following:
    says = advice.entry.says
    if says is Says.LIFTED:
        return Following(advice=advice, course=Course.NOTHING_ASKED)
    received = advice.entry.received_at
    done = min(_done(case, says, received), key=lambda one: one[0], default=None)
    decision = _decision_on(case, advice)
    if decision is not None and decision.entry.decision in _OTHERWISE:
        decided = decided_at(decision)
        if says is Says.SWITCH_OFF_UNLESS and (done is None or decided < done[0]):
            course = Course.EXCEPTION
        elif done is None:
            course = Course.OTHERWISE
        else:
            course = Course.FOLLOWED
        if course is not Course.FOLLOWED:
            cites = (advice.sequence, decision.sequence)
            return Following(
                advice=advice, course=course, at=decided, cites=cites, decision=decision
            )
    if done is None:
        return Following(advice=advice, course=Course.OPEN, cites=(advice.sequence,))
    return Following(
        advice=advice,
        course=Course.FOLLOWED,
        at=done[0],
        cites=(advice.sequence, *done[1]),
        decision=decision,
    )


def _decision_on(case: Case, advice: Entered[AdviceReceived]) -> Entered[Decided] | None:
    on = [one for one in case.decisions if advice.entry.key in one.entry.rests_on]
    return on[-1] if on else None


Done = tuple[datetime, tuple[int, ...]]


def _done(case: Case, says: Says, received: datetime) -> Iterator[Done]:
    """Give the times from which what was asked was so; before the advice counts as at once."""
    if says is Says.PATCH:
        yield from _by_runs(case, Purpose.PATCH, received)
        return
    if says is Says.MITIGATE:
        yield from _by_runs(case, Purpose.MITIGATE, received)
        yield from _by_runs(case, Purpose.PATCH, received)
    for shut in shut_outside(case):
        if shut.end is None or shut.end > received:
            yield max(shut.begin, received), (shut.first,)


def _by_runs(case: Case, purpose: Purpose, received: datetime) -> Iterator[Done]:
    undone = [run.ended for run in proven_runs(case, purpose, Direction.UNDO) if run.ended]
    for run in proven_runs(case, purpose):
        if run.ended is None:
            continue
        ended_again = any(run.ended < other <= received for other in undone)
        if not ended_again:
            yield max(run.ended, received), (end_of(case, run),)


def shut_outside(case: Case) -> tuple[Stretch, ...]:
    """Give the times in which every look from outside was refused."""
    found = stretches(case.records, Side.OUTSIDE)
    return tuple(one for one in found if one.seen == "shut")

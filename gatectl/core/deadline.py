"""Deadlines of a case: until when a measure or a risk decision, a review or a report is due.

A vulnerability of high chance and high damage asks for measures within a week or for an explicit
risk decision; an incident asks for a warning in 24 hours, a report in 72 and a final report in a
month. A deadline that was missed stays on record as met late.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from gatectl.core.advice import unsettled
from gatectl.core.case import Case, Entered, decided_at
from gatectl.core.casework import AdviceReceived, Choice, Says, Stage
from gatectl.core.event import CompromiseJudged, Ending
from gatectl.core.plan import Direction
from gatectl.core.playbook import Purpose
from gatectl.core.upkeep import DeadlinePassed

KINDS = (
    "case.opened",
    "case.closed",
    "advice.received",
    "decided",
    "incident.declared",
    "incident.reported",
    "compromise.judged",
    "run.started",
    "run.resumed",
    "run.ended",
)
"""All the events that deadlines rest on; the looks and acts between them say nothing of time."""

HIGH = "high/high"
_MONTH_DAYS = 30
_STAGES = {
    Stage.WARNING: timedelta(hours=24),
    Stage.REPORT: timedelta(hours=72),
    Stage.FINAL: timedelta(days=_MONTH_DAYS),
}
_MEASURES = frozenset({Purpose.MITIGATE, Purpose.CLOSE, Purpose.PATCH})


class Pressure(StrEnum):
    """How a deadline stands."""

    MET = "met"
    MET_LATE = "met late"
    RUNNING = "running"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Something that is due."""

    what: str
    """`measure`, `review`, `accepted-until`, `new-revision`, or a stage of an incident."""
    subject: str
    due: datetime
    met: datetime | None
    pressure: Pressure


def deadlines(case: Case, now: datetime, *, measure_days: int = 7) -> tuple[Deadline, ...]:
    """Give every deadline of a case, the most pressing first."""
    found = [
        *_measure(case, now, measure_days),
        *_reviews(case, now),
        *_revisions(case, now),
        *_incident(case, now),
    ]
    order = [Pressure.OVERDUE, Pressure.RUNNING, Pressure.MET_LATE, Pressure.MET]
    return tuple(sorted(found, key=lambda one: (order.index(one.pressure), one.due)))


def overdue(found: tuple[Deadline, ...]) -> tuple[Deadline, ...]:
    """Pick out what is late and not met: for a timer, the exit code of pending changes."""
    return tuple(one for one in found if one.pressure is Pressure.OVERDUE)


def untold(
    case: Case, found: tuple[Deadline, ...], told: Iterable[DeadlinePassed]
) -> tuple[DeadlinePassed, ...]:
    """Give what is overdue and was told to nobody yet: an alarm of every minute wakes nobody."""
    known = set(told)
    passed = (
        DeadlinePassed(case=case.name, what=one.what, subject=one.subject, due=one.due)
        for one in overdue(found)
    )
    return tuple(one for one in passed if one not in known)


def measures(case: Case) -> tuple[datetime, ...]:
    """Give the times at which a measure was proven, in order."""
    return tuple(
        sorted(
            run.ended
            for run in case.runs
            if run.ended is not None
            and run.ending is Ending.PROVEN
            and run.plan.purpose in _MEASURES
            and run.plan.direction is Direction.DO
        )
    )


def _measure(case: Case, now: datetime, days: int) -> Iterator[Deadline]:
    """Begin the week at the first advice that speaks of high chance and high damage."""
    first = next((one for one in case.advice if _presses(one)), None)
    if first is None:
        return
    decided = [decided_at(one) for one in case.decisions if one.entry.decision is Choice.ACCEPT]
    done = sorted([*measures(case), *decided])
    due = first.entry.received_at + timedelta(days=days)
    yield _deadline("measure", first.entry.key, due, next(iter(done), None), now)


def _presses(advice: Entered[AdviceReceived]) -> bool:
    return advice.entry.rating.casefold() == HIGH and advice.entry.says is not Says.LIFTED


def _reviews(case: Case, now: datetime) -> Iterator[Deadline]:
    """Take any later decision for the review that an earlier one asked for."""
    for position, decision in enumerate(case.decisions):
        later = case.decisions[position + 1 :]
        met = decided_at(later[0]) if later else case.closed
        entry = decision.entry
        if entry.review_by is not None:
            yield _deadline("review", entry.decision, entry.review_by, met, now)
        if entry.until is not None:
            yield _deadline("accepted-until", entry.decision, _end_of(entry.until), met, now)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def _revisions(case: Case, now: datetime) -> Iterator[Deadline]:
    """Ask for a new decision as soon as the ground of the one in force has changed."""
    for one in unsettled(case):
        if one.decision.sequence == case.decisions[-1].sequence and case.is_open:
            due = one.newer.entry.received_at + timedelta(days=1)
            yield _deadline("new-revision", one.newer.entry.key, due, None, now)


def _incident(case: Case, now: datetime) -> Iterator[Deadline]:
    since = incident_since(case)
    if since is None:
        return
    for stage, allowed in _STAGES.items():
        sent = min((r.entry.sent_at for r in case.reports if r.entry.stage is stage), default=None)
        yield _deadline(stage.value, case.name, since + allowed, sent, now)


def incident_since(case: Case) -> datetime | None:
    """Tell since when there is an incident: declared, or found by the compromise check."""
    found = [
        one.at
        for one in case.records
        if isinstance(one.event, CompromiseJudged) and one.event.answer == "compromised"
    ]
    declared = [case.incident.entry.since] if case.incident else []
    return min([*found, *declared], default=None)


def _deadline(
    what: str, subject: str, due: datetime, met: datetime | None, now: datetime
) -> Deadline:
    if met is not None:
        pressure = Pressure.MET if met <= due else Pressure.MET_LATE
    else:
        pressure = Pressure.RUNNING if now <= due else Pressure.OVERDUE
    return Deadline(what=what, subject=subject, due=due, met=met, pressure=pressure)

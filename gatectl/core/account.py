"""The council's last two questions: what it cost, and what must be said besides."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from gatectl.core.advice import unsettled
from gatectl.core.agreement import ApprovalUsed, AttestationGiven
from gatectl.core.answer import Answer, Answered, Free, Money, Question, Sentence, Term, Value
from gatectl.core.case import Case
from gatectl.core.council import remarks_about
from gatectl.core.deadline import Pressure, deadlines
from gatectl.core.event import Ending, InterlocksJudged, RunResumed, RunStarted, Signalled
from gatectl.core.following import end_of, proven_runs
from gatectl.core.gate import Side, Signal
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.core.sidetime import stretches


def on_cost(case: Case) -> Answer:
    """Tell what it cost: hours by kind, and money."""
    gaps: list[Sentence] = []
    if not case.hours:
        gaps.append(Sentence(key="no-hours"))
    unpriced = [one for one in case.hours if one.entry.rate_cents is None]
    if unpriced:
        hours = sum(one.entry.hours for one in unpriced)
        gaps.append(Sentence(key="no-rate", values={"hours": hours}))
    return Answer(
        question=Question.COST,
        answered=Answered.TOLD if case.hours or case.costs else Answered.UNKNOWN,
        short=(*_hours(case), *_money(case)),
        details=(*_by_role(case), *_other_costs(case), *remarks_about(case, "cost")),
        missing=tuple(gaps),
    )


def _hours(case: Case) -> Iterator[Sentence]:
    over = sum(one.entry.hours for one in case.hours if one.entry.overtime)
    regular = sum(one.entry.hours for one in case.hours if not one.entry.overtime)
    if not case.hours:
        return
    key = "hours-both" if over and regular else "hours-overtime" if over else "hours-regular"
    yield Sentence(
        key=key,
        values={"overtime": over, "regular": regular},
        cites=tuple(one.sequence for one in case.hours),
        by_hand=True,
    )


def _money(case: Case) -> Iterator[Sentence]:
    paid = sum(round(one.entry.hours * (one.entry.rate_cents or 0)) for one in case.hours)
    other = sum(one.entry.cents for one in case.costs)
    if paid or other:
        key = "money-both" if paid and other else "money-hours" if paid else "money-other"
        values: dict[str, Value] = {
            "hours": Money(paid),
            "other": Money(other),
            "all": Money(paid + other),
        }
        yield Sentence(key=key, values=values, by_hand=True)
    if case.hours and not other:
        yield Sentence(key="money-no-other")


def _by_role(case: Case) -> Iterator[Sentence]:
    roles: dict[tuple[str, bool], float] = defaultdict(float)
    cites: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for one in case.hours:
        key = one.entry.who, one.entry.overtime
        roles[key] += one.entry.hours
        cites[key].append(one.sequence)
    for (who, overtime), hours in roles.items():
        yield Sentence(
            key="role-overtime" if overtime else "role-regular",
            values={"who": Free(who), "hours": hours},
            cites=tuple(cites[who, overtime]),
            by_hand=True,
        )


def _other_costs(case: Case) -> Iterator[Sentence]:
    for one in case.costs:
        yield Sentence(
            key="cost",
            values={"what": Free(one.entry.what), "money": Money(one.entry.cents)},
            cites=(one.sequence,),
            by_hand=True,
        )


def on_reservations(case: Case, now: datetime, measure_days: int) -> Answer:
    """Tell what was overridden, what is not known, what was late: what a reader must not miss."""
    found = (
        *_overrides(case),
        *_unknown_looks(case),
        *_doubts(case),
        *(_unproven(case, run) for run in case.runs if _is_unproven(run)),
        *_late(case, now, measure_days),
        *_unsettled(case),
        *_alone(case),
    )
    return Answer(
        question=Question.RESERVATIONS,
        answered=Answered.TOLD if found else Answered.NOT_APPLICABLE,
        short=found or (Sentence(key="reservations-none"),),
        details=(*_agreements(case), *remarks_about(case, "other")),
    )


def _overrides(case: Case) -> Iterator[Sentence]:
    for one in case.records:
        event = one.event
        named: dict[str, str] = {}
        if isinstance(event, RunStarted):
            named = dict(event.plan.overrides)
        elif isinstance(event, InterlocksJudged):
            named = {
                each.get("interlock", "?"): each.get("reason", "") for each in event.overridden
            }
        elif isinstance(event, RunResumed) and event.adopted is not None:
            named = {event.adopted.playbook: event.reason}
        key = "adopted" if isinstance(event, RunResumed) else "override"
        for name, reason in named.items():
            yield Sentence(
                key=key,
                values={"at": one.at, "name": Free(name), "reason": Free(reason or "-")},
                cites=(one.sequence,),
            )


def _unknown_looks(case: Case) -> Iterator[Sentence]:
    for side in Side:
        for one in stretches(case.records, side):
            if one.seen == "unknown":
                yield Sentence(
                    key=f"unknown-{side}",
                    values={"at": one.begin, "looks": one.looks},
                    cites=(one.first,),
                )


def _doubts(case: Case) -> Iterator[Sentence]:
    for one in case.records:
        if isinstance(one.event, Signalled) and one.event.signal is Signal.DOUBT:
            yield Sentence(key="doubt", values={"at": one.at}, cites=(one.sequence,))


def _is_unproven(run: Run) -> bool:
    return run.ending in {Ending.UNKNOWN, Ending.FAILED, Ending.INTERRUPTED, None}


def _unproven(case: Case, run: Run) -> Sentence:
    last = max(one.sequence for one in case.records if one.run == run.id)
    return Sentence(
        key="unproven-run",
        values={
            "at": run.started,
            "title": Free(run.plan.title),
            "ending": Term("ending", run.ending or "unfinished"),
        },
        cites=(last,),
    )


def _late(case: Case, now: datetime, measure_days: int) -> Iterator[Sentence]:
    for one in deadlines(case, now, measure_days=measure_days):
        if one.pressure is Pressure.OVERDUE:
            values: dict[str, Value] = {"what": Term("deadline", one.what), "due": one.due}
            yield Sentence(key="overdue", values=values)
        elif one.pressure is Pressure.MET_LATE and one.met is not None:
            yield Sentence(
                key="late",
                values={"what": Term("deadline", one.what), "due": one.due, "met": one.met},
            )


def _unsettled(case: Case) -> Iterator[Sentence]:
    for one in unsettled(case):
        if not one.answered:
            yield Sentence(
                key="unsettled",
                values={
                    "choice": Term("choice", one.decision.entry.decision),
                    "old": Free(one.rests_on),
                    "new": Free(one.newer.entry.key),
                },
                cites=(one.decision.sequence, one.newer.sequence),
            )


def _alone(case: Case) -> Iterator[Sentence]:
    """Tell of a reopening that nobody but the operator answers for."""
    agreed = any(
        isinstance(one.event, ApprovalUsed) and not one.event.override for one in case.records
    )
    opened = proven_runs(case, Purpose.REOPEN)
    if opened and not agreed:
        cites = (end_of(case, opened[-1]),)
        yield Sentence(key="reopened-alone", values={"at": opened[-1].started}, cites=cites)


def _agreements(case: Case) -> Iterator[Sentence]:
    for one in case.records:
        match one.event:
            case ApprovalUsed(override=str(override), principals=principals) if override:
                yield Sentence(
                    key="override-approved",
                    values={"name": Free(override), "at": one.at},
                    cites=(one.sequence,),
                )
            case ApprovalUsed(principals=principals):
                values: dict[str, Value] = {"count": len(principals), "at": one.at}
                yield Sentence(key="approved", values=values, cites=(one.sequence,))
            case AttestationGiven(name=name, by=by):
                yield Sentence(
                    key="attested",
                    values={"name": Free(name), "by": Free(by), "at": one.at},
                    cites=(one.sequence,),
                    by_hand=True,
                )
            case _:
                pass

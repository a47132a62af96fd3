"""The course of a case on one time axis: what held from when to when, and what happened when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatectl.core.agreement import ApprovalGiven, AttestationGiven
from gatectl.core.answer import Term
from gatectl.core.case import Case, decided_at
from gatectl.core.event import CompromiseJudged
from gatectl.core.exposedtime import ExposedTime
from gatectl.core.following import proven_runs
from gatectl.core.gate import AdvisoryId, Side
from gatectl.core.plan import Direction
from gatectl.core.playbook import Purpose
from gatectl.core.sidetime import stretches

_A_MOMENT = timedelta(minutes=1)
"""What is shorter is shown as a mark alone."""


class Lane(StrEnum):
    """One row of the picture, from top to bottom."""

    ADVICE = "advice"
    DECISIONS = "decisions"
    EXPOSED = "exposed"
    MITIGATION = "mitigation"
    OUTSIDE = "outside"
    INSIDE = "inside"
    PATCHES = "patches"
    SCANS = "scans"
    APPROVALS = "approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that held for a while."""

    lane: Lane
    what: Term
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a moment."""

    lane: Lane
    what: Term
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The picture's content."""

    begin: datetime
    end: datetime
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]


def timeline_of(case: Case, exposed: Mapping[AdvisoryId, ExposedTime], now: datetime) -> Timeline:
    """Lay out a case, from its first advice to its end."""
    end = max([case.closed or now, case.begin])
    spans = (
        *_exposed(exposed.values(), case.begin, end),
        *_mitigation(case, end),
        *_sides(case, end),
        *_patches(case),
    )
    return Timeline(
        begin=case.begin, end=end, spans=tuple(_within(spans, end)), marks=tuple(_marks(case))
    )


def _within(spans: Iterable[Span], end: datetime) -> Iterator[Span]:
    for one in spans:
        if one.begin < end:
            yield Span(lane=one.lane, what=one.what, begin=one.begin, end=min(one.end, end))


def _exposed(times: Iterable[ExposedTime], begin: datetime, end: datetime) -> Iterator[Span]:
    for time in times:
        for period in time.periods:
            until = period.end or end
            if until > begin:
                yield Span(
                    lane=Lane.EXPOSED,
                    what=Term("span", "exposed"),
                    begin=max(period.begin, begin),
                    end=until,
                )


def _mitigation(case: Case, end: datetime) -> Iterator[Span]:
    undone = [run.ended for run in proven_runs(case, Purpose.MITIGATE, Direction.UNDO) if run.ended]
    done = [run.ended for run in proven_runs(case, Purpose.MITIGATE) if run.ended]
    covered: datetime | None = None
    for begin in done:
        if covered is not None and begin < covered:
            continue
        covered = min([one for one in undone if one > begin], default=end)
        yield Span(lane=Lane.MITIGATION, what=Term("span", "mitigated"), begin=begin, end=covered)


def _sides(case: Case, end: datetime) -> Iterator[Span]:
    for side, lane in ((Side.OUTSIDE, Lane.OUTSIDE), (Side.INSIDE, Lane.INSIDE)):
        for one in stretches(case.records, side):
            yield Span(lane=lane, what=Term("span", one.seen), begin=one.begin, end=one.end or end)


def _patches(case: Case) -> Iterator[Span]:
    for run in proven_runs(case, Purpose.PATCH):
        if run.ended and run.ended - run.started > _A_MOMENT:
            yield Span(
                lane=Lane.PATCHES,
                what=Term("span", "patched"),
                begin=run.started,
                end=run.ended,
            )


def _marks(case: Case) -> Iterator[Mark]:
    for heard in case.advice:
        entry = heard.entry
        yield Mark(lane=Lane.ADVICE, what=Term("says", entry.says), at=entry.received_at)
    for made in case.decisions:
        what = Term("choice", made.entry.decision)
        yield Mark(lane=Lane.DECISIONS, what=what, at=decided_at(made))
    for run in proven_runs(case, Purpose.PATCH):
        if run.ended:
            yield Mark(lane=Lane.PATCHES, what=Term("span", "patched"), at=run.ended)
    for recorded in case.records:
        match recorded.event:
            case CompromiseJudged(answer=answer):
                yield Mark(lane=Lane.SCANS, what=Term("scan", answer), at=recorded.at)
            case ApprovalGiven() | AttestationGiven():
                what = Term("span", "approved")
                yield Mark(lane=Lane.APPROVALS, what=what, at=recorded.at)
            case _:
                pass

"""How long each side could or could not come in, by the looks that were made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from gatectl.core.event import (
    ActIntended,
    LookMade,
    Mode,
    Recorded,
    RunStarted,
    SidesSeen,
    StepEnded,
)
from gatectl.core.gate import Side
from gatectl.core.plan import DeviceTask, Plan, PlannedId
from gatectl.core.playbook import Purpose

Seen = Literal["open", "shut", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which every look from one side saw the same; between looks it is taken to last."""

    side: Side
    seen: Seen
    begin: datetime
    end: datetime | None
    """The first look that saw something else; none if there was no such look."""
    looks: int
    first: int
    """The journal's sequence number of the first look, and of the last."""
    last: int


def stretches(records: Iterable[Recorded], side: Side) -> tuple[Stretch, ...]:
    """Fold the looks from one side into stretches, in order and without gaps."""
    found: list[Stretch] = []
    for recorded in records:
        if not isinstance(recorded.event, SidesSeen):
            continue
        event = recorded.event
        seen = event.outside if side is Side.OUTSIDE else event.inside
        if found and found[-1].seen == seen:
            found[-1] = replace(found[-1], looks=found[-1].looks + 1, last=recorded.sequence)
            continue
        if found:
            found[-1] = replace(found[-1], end=recorded.at)
        found.append(
            Stretch(
                side=side,
                seen=seen,
                begin=recorded.at,
                end=None,
                looks=1,
                first=recorded.sequence,
                last=recorded.sequence,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded:
    """The sessions from outside that a closing found still open and ended."""

    count: int
    looks: tuple[int, ...]
    """Sequence numbers of the looks for sessions, each before its act."""
    for_all: tuple[Recorded, ...]
    """Acts that ended every session, and so those of the offices as well."""


def sessions_ended(records: Iterable[Recorded]) -> SessionsEnded:
    """Count what closings found before they ended it, and only what was seen gone after that."""
    plans: dict[object, Plan] = {}
    met: dict[tuple[object, PlannedId], int] = {}
    looks: list[int] = []
    for_all: list[Recorded] = []
    count = 0
    for recorded in records:
        event = recorded.event
        match event:
            case RunStarted(plan=plan, mode=Mode.REAL) if plan.purpose is Purpose.CLOSE:
                plans[recorded.run] = plan
            case LookMade(step=step, verdict=verdict) if _ends_sessions(plans, recorded, step):
                # Only the first look of a step is before its act.
                if (recorded.run, step) not in met:
                    found = 0 if verdict.passed else verdict.because.count(", expected:")
                    met[recorded.run, step] = found
                    looks.append(recorded.sequence)
            case ActIntended(step=step, lines=lines) if _ends_sessions(plans, recorded, step):
                if any(line.endswith(" -all") for line in lines):
                    for_all.append(recorded)
            case StepEnded(step=step, outcome=outcome) if outcome.holds:
                count += met.pop((recorded.run, step), 0)
            case _:
                pass
    return SessionsEnded(count=count, looks=tuple(looks), for_all=tuple(for_all))


def _ends_sessions(plans: dict[object, Plan], recorded: Recorded, step: PlannedId) -> bool:
    """Whether a step of a closing looks for clients from outside, and ends what it finds."""
    plan = plans.get(recorded.run)
    task = next((one.task for one in plan.steps if one.id == step), None) if plan else None
    return (
        isinstance(task, DeviceTask)
        and bool(task.act)
        and any(one.within is not None for one in task.holds)
    )

"""How long each side could or could not come in, by the looks that were made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from gatectl.core.event import LookMade, Recorded, RunStarted, SidesSeen
from gatectl.core.gate import Side
from gatectl.core.plan import DeviceTask, Plan, PlannedId

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
class SessionsSeen:
    """How many sessions from outside were still there when the gate was being closed."""

    count: int
    looks: tuple[int, ...]
    """Sequence numbers of the looks for sessions."""


def sessions_seen(records: Iterable[Recorded]) -> SessionsSeen:
    """Count what the looks for sessions from outside found before they were ended."""
    plans: dict[object, Plan] = {}
    met: set[tuple[object, PlannedId]] = set()
    count, looks = 0, []
    for recorded in records:
        event = recorded.event
        if isinstance(event, RunStarted):
            plans[recorded.run] = event.plan
        elif isinstance(event, LookMade) and recorded.run in plans:
            field = _session_field(plans[recorded.run], event.step)
            # Only the first look of a step is before its act.
            if field and (recorded.run, event.step) not in met:
                met.add((recorded.run, event.step))
                looks.append(recorded.sequence)
                count += 0 if event.verdict.passed else event.verdict.because.count(", expected:")
    return SessionsSeen(count=count, looks=tuple(looks))


def _session_field(plan: Plan, step: PlannedId) -> str:
    task = next((one.task for one in plan.steps if one.id == step), None)
    if not isinstance(task, DeviceTask):
        return ""
    return next((one.field for one in task.holds if one.within is not None), "")

"""A case written by hand, for tests of what is told about it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from gatectl.core.case import Case, cases_of
from gatectl.core.casework import (
    AdviceKey,
    AdviceReceived,
    CaseClosed,
    CaseName,
    CaseOpened,
    Choice,
    Decided,
    HoursSpent,
    Remarked,
    Says,
)
from gatectl.core.check import Verdict, passed
from gatectl.core.event import Ending, RunEnded, SidesSeen
from gatectl.core.plan import Direction, Plan, SidesTask
from gatectl.core.playbook import Purpose
from tests.builders import Chronicle, ended, plan_of, planned, started

CASE = CaseName("winter")


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """Give a moment of January 2020."""
    return datetime(2020, 1, day, hour, minute, tzinfo=UTC)


def advice(revision: str, received: datetime, says: Says, **more: object) -> AdviceReceived:
    """Make a piece of advice from one source about one thing."""
    values: dict[str, object] = {
        "case": CASE,
        "source": "NCSC",
        "identifier": "N-1",
        "revision": revision,
        "received_at": received,
        "received_by": "officer",
        "says": says,
    }
    return AdviceReceived(**{**values, **more})  # type: ignore[arg-type]  # as the fields say


def decision(choice: Choice, when: datetime, *grounds: str, **more: object) -> Decided:
    """Make a decision that rests on revisions of that advice."""
    values: dict[str, object] = {
        "case": CASE,
        "decision": choice,
        "by": "board",
        "why": "it is right",
        "rests_on": tuple(AdviceKey(f"NCSC N-1 {one}") for one in grounds),
        "decided_at": when,
    }
    return Decided(**{**values, **more})  # type: ignore[arg-type]  # as the fields say


class CaseFile(Chronicle):
    """A journal with a case in it, told day by day."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start or at(1))
        self.add(CaseOpened(case=CASE, title="A flaw"), run=None)
        self._runs = 0

    def on(self, when: datetime) -> "CaseFile":
        """Go on at a later moment."""
        self.now = when
        return self

    def look(self, outside: str, inside: str = "open") -> None:
        """Look from both sides."""
        self.add(
            SidesSeen(outside=outside, inside=inside, because="seen", looks=()),  # type: ignore[arg-type]  # one of three words
            run=None,
        )

    def run_for(
        self,
        purpose: Purpose,
        *,
        ending: Ending = Ending.PROVEN,
        direction: Direction = Direction.DO,
        verdict: Verdict | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> Plan:
        """Carry something out; its one step looks from both sides."""
        self._runs += 1
        run = f"run-{self._runs}"
        task = SidesTask(outside="shut", inside="open")
        step = planned("sides", task)
        plan = plan_of(step, purpose=purpose, playbook=f"{purpose}", direction=direction)
        if overrides:
            plan = replace(plan, overrides=overrides)
        self.begin(plan, run=run)
        self.add(started(step), run=run)
        self.add(ended(step, verdict=verdict or passed("so")), run=run)
        self.add(RunEnded(ending=ending, because="told"), run=run)
        return plan

    def case(self) -> Case:
        """Fold the case."""
        return cases_of(self.records)[CASE]


def followed() -> CaseFile:
    """Tell a case in which all advice was followed: mitigated, closed, patched, reopened."""
    file = CaseFile()
    file.look("open")
    file.on(at(1, 13)).add(advice("1", at(1, 12), Says.MITIGATE), run=None)
    file.on(at(2)).run_for(Purpose.MITIGATE)
    file.on(at(18, 15)).add(advice("2", at(18, 15), Says.SWITCH_OFF), run=None)
    file.on(at(18, 17)).add(decision(Choice.CLOSE, at(18, 17), "2"), run=None)
    file.on(at(18, 20)).run_for(Purpose.CLOSE)
    file.look("shut")
    file.on(at(20)).look("shut")
    file.on(at(24, 9)).add(advice("3", at(24, 9), Says.PATCH), run=None)
    file.on(at(24, 18)).run_for(Purpose.PATCH)
    file.on(at(27, 9)).look("open")
    file.add(decision(Choice.REOPEN, at(27, 8), "3"), run=None)
    file.add(
        HoursSpent(
            case=CASE,
            who="engineer",
            begin=at(18, 19),
            end=at(18, 22),
            overtime=True,
            rate_cents=6000,
        ),
        run=None,
    )
    file.add(Remarked(case=CASE, about="residents", text="Nothing.", by="desk"), run=None)
    return file


def closing() -> CaseClosed:
    """Make the end of the case."""
    return CaseClosed(case=CASE, why="over")

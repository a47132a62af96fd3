"""A case: one affair around one gate, folded from everything that was recorded while it was open.

Nothing is copied: what the machine records belongs to a case by its place in the journal, between
the case's opening and its closing. What people enter names its case, so that hours can still be
added after the closing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from gatectl.core.casework import (
    AdviceReceived,
    CaseClosed,
    CaseEntry,
    CaseName,
    CaseOpened,
    CostIncurred,
    Decided,
    HoursSpent,
    IncidentDeclared,
    IncidentReported,
    Person,
    Remarked,
)
from gatectl.core.event import Mode, Recorded, RunId
from gatectl.core.gate import GateName
from gatectl.core.run import Run

EntryT = TypeVar("EntryT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered(Generic[EntryT]):
    """One entry and where it stands in the journal."""

    sequence: int
    at: datetime
    """When it was written down, which may be long after it happened."""
    entry: EntryT


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that belongs to one affair."""

    name: CaseName
    gate: GateName
    title: str
    opened: datetime
    opened_at: int
    """The journal's sequence number of the opening."""
    closed: datetime | None = None
    closed_why: str = ""
    records: tuple[Recorded, ...] = ()
    """In the order of the journal, opening and closing included."""

    @property
    def closed_at(self) -> int | None:
        """The journal's sequence number of the closing."""
        closing = (one.sequence for one in self.records if isinstance(one.event, CaseClosed))
        return next(closing, None)

    @property
    def is_open(self) -> bool:
        """Whether what touches the gate now belongs to it."""
        return self.closed is None

    @property
    def advice(self) -> tuple[Entered[AdviceReceived], ...]:
        """What we were told, by the time at which we were told it."""
        return tuple(
            sorted(_of(self, AdviceReceived), key=lambda one: (one.entry.received_at, one.sequence))
        )

    @property
    def decisions(self) -> tuple[Entered[Decided], ...]:
        """What was decided, by the time of the decision."""
        return tuple(sorted(_of(self, Decided), key=lambda one: (decided_at(one), one.sequence)))

    @property
    def hours(self) -> tuple[Entered[HoursSpent], ...]:
        """Who worked on it when."""
        return tuple(sorted(_of(self, HoursSpent), key=lambda one: one.entry.begin))

    @property
    def costs(self) -> tuple[Entered[CostIncurred], ...]:
        """What was spent besides."""
        return tuple(_of(self, CostIncurred))

    @property
    def remarks(self) -> tuple[Entered[Remarked], ...]:
        """What people tell."""
        return tuple(_of(self, Remarked))

    @property
    def incident(self) -> Entered[IncidentDeclared] | None:
        """The first declaration: a later one does not buy time."""
        return min(_of(self, IncidentDeclared), key=lambda one: one.entry.since, default=None)

    @property
    def reports(self) -> tuple[Entered[IncidentReported], ...]:
        """What was reported of the incident."""
        return tuple(_of(self, IncidentReported))

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that wanted to change or prove something; a dry run did neither."""
        events: dict[RunId, list[Recorded]] = {}
        for recorded in self.records:
            if recorded.run is not None:
                events.setdefault(recorded.run, []).append(recorded)
        folded = (Run.from_events(one) for one in events.values())
        return tuple(run for run in folded if run is not None and run.mode is Mode.REAL)

    @property
    def begin(self) -> datetime:
        """When the affair began: with the first advice, if that came before the opening."""
        return min([self.opened, *(one.entry.received_at for one in self.advice)])

    @property
    def people(self) -> frozenset[Person]:
        """Everybody whose name lies beside the journal."""
        found = (getattr(one.event, "person", None) for one in self.records)
        return frozenset(person for person in found if isinstance(person, Person))


def decided_at(decision: Entered[Decided]) -> datetime:
    """Tell when something was decided; without an own time, when it was written down."""
    return decision.entry.decided_at or decision.at


def cases_of(events: Iterable[Recorded]) -> dict[CaseName, Case]:
    """Fold a gate's events into its cases, oldest first."""
    cases: dict[CaseName, Case] = {}
    records: dict[CaseName, list[Recorded]] = {}
    for recorded in events:
        event = recorded.event
        if isinstance(event, CaseOpened):
            if event.case not in cases:
                cases[event.case] = _opened(event, recorded)
                records[event.case] = [recorded]
        elif isinstance(event, CaseEntry):
            if event.case in cases:
                records[event.case].append(recorded)
                if isinstance(event, CaseClosed):
                    closed = replace(cases[event.case], closed=recorded.at, closed_why=event.why)
                    cases[event.case] = closed
        else:
            for case in cases.values():
                if case.is_open:
                    records[case.name].append(recorded)
    return {name: replace(case, records=tuple(records[name])) for name, case in cases.items()}


def open_case(events: Iterable[Recorded]) -> Case | None:
    """Find the case that is open; a gate has one at the most."""
    return next((case for case in cases_of(events).values() if case.is_open), None)


def _opened(event: CaseOpened, recorded: Recorded) -> Case:
    return Case(
        name=event.case,
        gate=recorded.gate,
        title=event.title,
        opened=recorded.at,
        opened_at=recorded.sequence,
    )


def _of(case: Case, kind: type[EntryT]) -> Iterator[Entered[EntryT]]:
    for recorded in case.records:
        if isinstance(recorded.event, kind):
            yield Entered(sequence=recorded.sequence, at=recorded.at, entry=recorded.event)

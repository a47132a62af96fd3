"""A case's whole report, without a language: the answers, what they cite, and the timeline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatectl.core.account import on_cost, on_reservations
from gatectl.core.advisory import Advisory
from gatectl.core.answer import Answer, Sentence, Term
from gatectl.core.case import Case
from gatectl.core.casework import CaseEntry, Person
from gatectl.core.council import on_advice, on_consequences, on_deviation
from gatectl.core.event import Recorded, kept_by
from gatectl.core.exposedtime import ExposedTime, exposed_times
from gatectl.core.exposure import NodeSeen
from gatectl.core.gate import AdvisoryId, Gate
from gatectl.core.proof import on_compromise, on_measures
from gatectl.core.timeline import Timeline, timeline_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A record of the journal that an answer cites, by its number in the report."""

    number: int
    sequence: int
    at: datetime
    what: Term
    by_hand: bool
    sha256: str | None
    """Of the piece of evidence that the record keeps, if there is one."""
    person: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """Everything that a report of a case says."""

    case: Case
    gate: Gate
    made: datetime
    answers: tuple[Answer, ...]
    exhibits: tuple[Exhibit, ...]
    timeline: Timeline
    exposed: Mapping[AdvisoryId, ExposedTime]

    def numbers(self, sentence: Sentence) -> tuple[int, ...]:
        """Give the numbers of what a sentence cites, in order and each once."""
        by_sequence = {one.sequence: one.number for one in self.exhibits}
        return tuple(sorted({by_sequence[one] for one in sentence.cites if one in by_sequence}))


def case_report(
    case: Case, gate: Gate, advisories: Mapping[AdvisoryId, Advisory], now: datetime
) -> CaseReport:
    """Answer every question of the council from what is on record."""
    answers = (
        on_advice(case),
        on_consequences(case, gate),
        on_deviation(case),
        on_measures(case),
        on_compromise(case),
        on_cost(case),
        on_reservations(case, now, gate.measure_days),
    )
    exposed = _exposed(case, gate, advisories, now)
    return CaseReport(
        case=case,
        gate=gate,
        made=now,
        answers=answers,
        exhibits=_exhibits(case, answers),
        timeline=timeline_of(case, exposed, now),
        exposed=exposed,
    )


def _exposed(
    case: Case, gate: Gate, advisories: Mapping[AdvisoryId, Advisory], now: datetime
) -> Mapping[AdvisoryId, ExposedTime]:
    """Find the exposed times for the bulletins that the advice of this case speaks of."""
    named = {one for advice in case.advice for one in advice.entry.advisories}
    # A report contacts nobody: what the nodes showed is not known, so each bulletin counts.
    seen = [NodeSeen(node=node.name, shows={}) for node in gate.nodes]
    chosen = [advisories[one] for one in sorted(named) if one in advisories]
    return exposed_times(seen, chosen, case.records, case.closed or now)


def _exhibits(case: Case, answers: Iterable[Answer]) -> tuple[Exhibit, ...]:
    cited = {
        number
        for answer in answers
        for sentence in (*answer.short, *answer.details, *answer.missing)
        for number in sentence.cites
    }
    records = {one.sequence: one for one in case.records}
    return tuple(
        _exhibit(number, records[sequence])
        for number, sequence in enumerate(sorted(cited & records.keys()), start=1)
    )


def _exhibit(number: int, recorded: Recorded) -> Exhibit:
    event = recorded.event
    person = getattr(event, "person", None)
    return Exhibit(
        number=number,
        sequence=recorded.sequence,
        at=recorded.at,
        what=Term("kind", event.kind),
        by_hand=isinstance(event, CaseEntry),
        sha256=kept_by(event),
        person=person if isinstance(person, Person) else None,
    )

"""Deadlines of a case."""

from datetime import date

import pytest

from gatectl.core.casework import (
    Choice,
    IncidentDeclared,
    IncidentReported,
    Says,
    Stage,
)
from gatectl.core.deadline import Pressure, deadlines, incident_since, overdue
from gatectl.core.event import CompromiseJudged, Ending
from gatectl.core.playbook import Purpose
from tests.casefile import CASE, CaseFile, advice, at, closing, decision


def pressures(file: CaseFile, day: int, measure_days: int = 7) -> dict[str, Pressure]:
    """Tell how each deadline stands on a day."""
    found = deadlines(file.case(), at(day), measure_days=measure_days)
    return {one.what: one.pressure for one in found}


@pytest.mark.parametrize(
    ("day", "pressure"), [(8, Pressure.RUNNING), (10, Pressure.RUNNING), (11, Pressure.OVERDUE)]
)
def test_advice_of_high_chance_and_damage_asks_for_a_measure_in_a_week(
    day: int, pressure: Pressure
) -> None:
    """The week runs from the moment at which the advice was received."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    assert pressures(file, day) == {"measure": pressure}


def test_a_proven_measure_meets_the_deadline_and_a_failed_one_does_not() -> None:
    """Only what was proven counts."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    file.on(at(4)).run_for(Purpose.MITIGATE, ending=Ending.FAILED)
    assert pressures(file, 11) == {"measure": Pressure.OVERDUE}
    file.on(at(12)).run_for(Purpose.MITIGATE)
    assert pressures(file, 13) == {"measure": Pressure.MET_LATE}


def test_an_explicit_risk_decision_meets_it_too() -> None:
    """Whoever accepts the risk by name and date has decided."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    file.add(decision(Choice.ACCEPT, at(4), "1", until=date(2020, 1, 20)), run=None)
    assert pressures(file, 11)["measure"] is Pressure.MET
    assert pressures(file, 11)["accepted-until"] is Pressure.RUNNING
    assert pressures(file, 22)["accepted-until"] is Pressure.OVERDUE


def test_advice_of_another_rating_asks_for_no_week() -> None:
    """The week is for high chance and high damage; what is not told counts as such."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE, rating="medium/high"), run=None)
    assert pressures(file, 30) == {}


def test_the_configuration_can_shorten_the_week() -> None:
    """Two days are two days."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    assert pressures(file, 6, measure_days=2) == {"measure": Pressure.OVERDUE}


def test_a_review_is_met_by_the_next_decision() -> None:
    """Until then it runs, and then it is late or not."""
    file = CaseFile()
    file.add(decision(Choice.KEEP_OPEN, at(4), review_by=at(10)), run=None)
    assert pressures(file, 11) == {"review": Pressure.OVERDUE}
    file.add(decision(Choice.CLOSE, at(9)), run=None)
    assert pressures(file, 11) == {"review": Pressure.MET}


def test_a_new_revision_asks_for_a_decision_within_a_day() -> None:
    """Only while the case is open and the last decision rests on the old one."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.LIFTED), run=None)
    file.add(decision(Choice.KEEP_OPEN, at(4), "1"), run=None)
    file.add(advice("2", at(5), Says.LIFTED), run=None)
    assert pressures(file, 7) == {"new-revision": Pressure.OVERDUE}
    file.add(closing(), run=None)
    assert pressures(file, 7) == {}


def test_an_incident_asks_for_three_reports() -> None:
    """After a day, three days and a month; each is met by its own report."""
    file = CaseFile()
    file.add(IncidentDeclared(case=CASE, since=at(5), why="traces"), run=None)
    file.add(
        IncidentReported(case=CASE, stage=Stage.WARNING, to="CSIRT", sent_at=at(5, 20)), run=None
    )
    assert pressures(file, 9) == {
        "early-warning": Pressure.MET,
        "report": Pressure.OVERDUE,
        "final-report": Pressure.RUNNING,
    }


def test_traces_of_a_break_in_are_an_incident_without_a_declaration() -> None:
    """The clock runs from the check, and a later declaration does not stop it."""
    file = CaseFile()
    file.on(at(6)).add(CompromiseJudged(answer="compromised", because="x", findings=()), run=None)
    file.add(IncidentDeclared(case=CASE, since=at(9), why="late"), run=None)
    since = incident_since(file.case())
    assert since is not None
    assert since.day == 6


def test_what_is_overdue_comes_first() -> None:
    """Whoever reads one line reads the worst."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    file.add(decision(Choice.KEEP_OPEN, at(4), review_by=at(30)), run=None)
    found = deadlines(file.case(), at(12))
    assert [one.what for one in found] == ["measure", "review"]
    assert [one.what for one in overdue(found)] == ["measure"]

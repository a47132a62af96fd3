"""The council's questions about costs, and what must be said besides."""

from gatectl.core.account import on_cost, on_reservations
from gatectl.core.agreement import ApprovalUsed
from gatectl.core.answer import Answered, Money
from gatectl.core.case import Case
from gatectl.core.casework import CostIncurred, HoursSpent, Says
from gatectl.core.event import Ending, Signalled
from gatectl.core.gate import GateState, Signal
from gatectl.core.playbook import Purpose
from tests.casefile import CASE, CaseFile, advice, at, followed


def reservations(case: Case, day: int = 28) -> list[str]:
    """Tell what must be said, by its keys."""
    return [one.key for one in on_reservations(case, at(day), 7).short]


def test_overtime_only_is_told_as_such() -> None:
    """Three hours at sixty euros."""
    answer = on_cost(followed().case())
    assert [one.key for one in answer.short] == [
        "hours-overtime",
        "money-hours",
        "money-no-other",
    ]
    assert answer.short[1].values["all"] == Money(18_000)


def test_hours_of_both_kinds_and_other_costs_are_added_up() -> None:
    """Nothing is left out of the sum."""
    file = followed()
    file.add(HoursSpent(case=CASE, who="x", begin=at(5, 8), end=at(5, 9), overtime=False), run=None)
    file.add(CostIncurred(case=CASE, what="advice", cents=5_000), run=None)
    answer = on_cost(file.case())
    assert answer.short[0].key == "hours-both"
    assert answer.short[1].values["all"] == Money(23_000)
    assert [one.key for one in answer.missing] == ["no-rate"]


def test_without_hours_the_cost_is_not_known() -> None:
    """No hours on record are not no hours."""
    answer = on_cost(CaseFile().case())
    assert answer.answered is Answered.UNKNOWN
    assert [one.key for one in answer.missing] == ["no-hours"]


def test_an_override_stands_on_the_first_page() -> None:
    """With its name and its reason."""
    file = CaseFile()
    file.run_for(Purpose.CLOSE, overrides={"own-connection": "no other way"})
    assert reservations(file.case()) == ["override"]


def test_unknown_looks_doubts_and_unproven_runs_are_told() -> None:
    """What is not known is not left out."""
    file = CaseFile()
    file.look("unknown", "unknown")
    doubt = Signalled(
        signal=Signal.DOUBT, before=GateState.CLOSED, after=GateState.UNKNOWN, because="crash"
    )
    file.add(doubt, run=None)
    file.run_for(Purpose.PATCH, ending=Ending.UNKNOWN)
    told = reservations(file.case())
    assert set(told) == {"unknown-inside", "unknown-outside", "doubt", "unproven-run"}


def test_a_missed_deadline_is_told_and_stays_told() -> None:
    """Overdue first, late afterwards."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    assert "overdue" in reservations(file.case())
    file.on(at(20)).run_for(Purpose.MITIGATE)
    assert "late" in reservations(file.case())


def test_a_reopening_that_nobody_approved_is_told() -> None:
    """One that somebody approved is not."""
    file = CaseFile()
    file.run_for(Purpose.REOPEN)
    assert reservations(file.case()) == ["reopened-alone"]
    file.add(ApprovalUsed(nonce="n", principals=("a", "b")), run=None)
    assert reservations(file.case()) == ["reservations-none"]


def test_a_case_without_reservations_says_so() -> None:
    """The question is answered and not left empty."""
    answer = on_reservations(CaseFile().case(), at(2), 7)
    assert answer.answered is Answered.NOT_APPLICABLE

"""A case: what belongs to it, and what does not."""

from gatectl.core.case import cases_of, decided_at, open_case
from gatectl.core.casework import CaseName, CaseOpened, Choice, HoursSpent, Person, Remarked, Says
from gatectl.core.event import Mode, SidesSeen
from gatectl.core.playbook import Purpose
from tests.builders import Chronicle, plan_of, planned
from tests.casefile import CASE, CaseFile, advice, at, closing, decision


def test_what_happens_while_a_case_is_open_belongs_to_it() -> None:
    """A run and a look between opening and closing are in it; those before and after are not."""
    book = Chronicle(at(1))
    book.add(SidesSeen(outside="open", inside="open", because="x", looks=()), run=None)
    book.add(CaseOpened(case=CASE), run=None)
    book.begin(plan_of(planned()), run="inside")
    book.add(closing(), run=None)
    book.begin(plan_of(planned()), run="after")
    case = cases_of(book.records)[CASE]
    assert [one.sequence for one in case.records] == [2, 3, 4]
    assert [run.id for run in case.runs] == ["inside"]
    assert not case.is_open


def test_hours_can_be_added_to_a_closed_case_by_its_name() -> None:
    """Who writes hours down a week later does not lose them."""
    file = CaseFile()
    file.add(closing(), run=None)
    file.add(
        HoursSpent(case=CASE, who="engineer", begin=at(2, 8), end=at(2, 10), overtime=False),
        run=None,
    )
    assert [one.entry.hours for one in file.case().hours] == [2.0]


def test_an_entry_for_a_case_that_was_never_opened_belongs_to_none() -> None:
    """A slip in a name makes no case."""
    file = CaseFile()
    file.add(Remarked(case=CaseName("other"), about="other", text="x"), run=None)
    assert list(cases_of(file.records)) == [CASE]
    assert file.case().remarks == ()


def test_a_dry_run_is_no_run_of_a_case() -> None:
    """What only looked at what it would do changed and proved nothing."""
    file = CaseFile()
    file.begin(plan_of(planned(), purpose=Purpose.CLOSE), run="dry", mode=Mode.DRY)
    assert file.case().runs == ()


def test_advice_stands_in_the_order_in_which_it_came() -> None:
    """What was written down late is told at the time at which it was received."""
    file = CaseFile()
    file.add(advice("2", at(5), Says.PATCH), run=None)
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    case = file.case()
    assert [one.entry.revision for one in case.advice] == ["1", "2"]


def test_a_case_begins_with_its_first_advice() -> None:
    """The affair is older than the record of it, if the advice is."""
    file = CaseFile(at(4))
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    assert file.case().begin == at(3)


def test_a_decision_without_a_time_was_made_when_it_was_written_down() -> None:
    """The journal's own time is the one that is left."""
    file = CaseFile(at(4))
    file.add(decision(Choice.CLOSE, at(3)), run=None)
    file.add(decision(Choice.REOPEN, at(9), decided_at=None), run=None)
    first, second = file.case().decisions
    assert decided_at(first) == at(3)
    assert decided_at(second) == second.at


def test_the_open_case_of_a_gate_is_found() -> None:
    """After the closing there is none."""
    file = CaseFile()
    found = open_case(file.records)
    assert found is not None
    assert found.name == CASE
    file.add(closing(), run=None)
    assert open_case(file.records) is None


def test_everybody_whose_name_is_kept_is_known() -> None:
    """Whoever erases names finds all pseudonyms of the case."""
    somebody = Person(pseudonym="p-1", commitment="00")
    file = CaseFile()
    file.add(Remarked(case=CASE, about="other", text="x", person=somebody), run=None)
    assert file.case().people == {somebody}

"""Revisions of advice, and the decisions that they unsettle."""

from gatectl.core.advice import changes, previous, superseded, unsettled
from gatectl.core.casework import Choice, Says
from tests.casefile import CaseFile, advice, at, decision


def two_revisions() -> CaseFile:
    """Tell of advice that was revised after a decision."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.MITIGATE), run=None)
    file.add(decision(Choice.KEEP_OPEN, at(4), "1"), run=None)
    file.add(advice("2", at(5), Says.SWITCH_OFF), run=None)
    return file


def test_a_revision_takes_the_place_of_the_one_before() -> None:
    """Of two revisions the older knows its successor, and the newer its predecessor."""
    case = two_revisions().case()
    old, new = case.advice
    assert superseded(case, old) == new
    assert superseded(case, new) is None
    assert previous(case, new) == old
    assert previous(case, old) is None


def test_other_advice_is_no_revision() -> None:
    """What another source says does not take the place of anything."""
    file = two_revisions()
    file.add(advice("9", at(6), Says.PATCH, source="vendor"), run=None)
    case = file.case()
    assert superseded(case, case.advice[1]) is None


def test_a_decision_that_rests_on_an_old_revision_is_unsettled() -> None:
    """A new revision asks for a new decision."""
    (one,) = unsettled(two_revisions().case())
    assert one.rests_on == "NCSC N-1 1"
    assert one.newer.entry.revision == "2"
    assert not one.answered


def test_a_later_decision_on_the_new_revision_answers_it() -> None:
    """So does a decision on a revision that is newer still."""
    for revision in ("2", "3"):
        file = two_revisions()
        file.add(advice("3", at(6), Says.SWITCH_OFF), run=None)
        file.add(decision(Choice.CLOSE, at(7), revision), run=None)
        assert unsettled(file.case())[0].answered


def test_a_later_decision_on_the_old_revision_answers_nothing() -> None:
    """It was made on the same ground as before."""
    file = two_revisions()
    file.add(decision(Choice.KEEP_OPEN, at(7), "1"), run=None)
    assert [one.answered for one in unsettled(file.case())] == [False, False]


def test_changes_are_told_field_by_field_and_line_by_line() -> None:
    """What the advice says now is told first, then the text."""
    told = changes(
        advice("1", at(3), Says.MITIGATE),
        advice("2", at(5), Says.SWITCH_OFF),
        "stay\nmitigate\n",
        "stay\nswitch off\n",
    )
    assert told[:2] == ("revision: 1 -> 2", "says: mitigate -> switch-off")
    assert "-mitigate" in told
    assert "+switch off" in told
    assert not any(line.startswith(("---", "+++")) for line in told)


def test_a_long_comparison_says_how_much_is_left_out() -> None:
    """A bulletin of a thousand lines does not bury the report."""
    old = "\n".join(f"old {n}" for n in range(500))
    new = "\n".join(f"new {n}" for n in range(500))
    told = changes(advice("1", at(3), Says.PATCH), advice("1", at(3), Says.PATCH), old, new)
    assert len(told) < 250
    assert told[-1].endswith("lines more")

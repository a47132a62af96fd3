"""Whether advice was followed, by what was proven."""

from gatectl.core.casework import Choice, Says
from gatectl.core.event import Ending
from gatectl.core.following import Course, followings
from gatectl.core.plan import Direction
from gatectl.core.playbook import Purpose
from tests.casefile import CaseFile, advice, at, decision, followed


def courses(file: CaseFile) -> list[Course]:
    """Tell what came of each piece of advice."""
    return [one.course for one in followings(file.case())]


def test_a_case_in_which_everything_was_done() -> None:
    """Mitigated, shut and patched: each advice was followed, at the time of the proof."""
    found = followings(followed().case())
    assert [one.course for one in found] == [Course.FOLLOWED] * 3
    assert [one.at.day for one in found if one.at] == [2, 18, 24]


def test_advice_that_nobody_acted_on_is_open() -> None:
    """Neither a proof nor a decision: nobody may say that it was followed."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.SWITCH_OFF), run=None)
    assert courses(file) == [Course.OPEN]


def test_a_decision_is_no_proof() -> None:
    """That closing was decided does not say that the gate was shut."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.SWITCH_OFF), run=None)
    file.add(decision(Choice.CLOSE, at(3), "1"), run=None)
    assert courses(file) == [Course.OPEN]


def test_a_failed_measure_is_no_proof() -> None:
    """An attempt follows no advice."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.PATCH), run=None)
    file.on(at(4)).run_for(Purpose.PATCH, ending=Ending.UNKNOWN)
    assert courses(file) == [Course.OPEN]


def test_a_decision_for_something_else_is_told_as_such() -> None:
    """The risk was accepted instead, by name and with a reason."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.SWITCH_OFF), run=None)
    file.add(decision(Choice.ACCEPT, at(4), "1"), run=None)
    (one,) = followings(file.case())
    assert one.course is Course.OTHERWISE
    assert one.decision is not None


def test_an_exception_that_the_advice_allows_is_no_deviation() -> None:
    """Switch off unless: somebody decided that the unless applies."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.SWITCH_OFF_UNLESS), run=None)
    file.add(decision(Choice.KEEP_OPEN, at(4), "1"), run=None)
    assert courses(file) == [Course.EXCEPTION]


def test_a_gate_that_was_shut_before_the_advice_follows_it_at_once() -> None:
    """Whoever closed on Friday has done what Saturday's advice asks."""
    file = CaseFile()
    file.on(at(2)).look("shut")
    file.add(advice("1", at(3), Says.SWITCH_OFF), run=None)
    (one,) = followings(file.case())
    assert (one.course, one.at) == (Course.FOLLOWED, at(3))


def test_a_closure_that_had_ended_does_not_follow_later_advice() -> None:
    """Shut last week and open again is not switched off."""
    file = CaseFile()
    file.on(at(2)).look("shut")
    file.on(at(3)).look("open")
    file.add(advice("1", at(5), Says.SWITCH_OFF), run=None)
    assert courses(file) == [Course.OPEN]


def test_a_mitigation_that_was_taken_back_does_not_follow_later_advice() -> None:
    """What is no longer there protects nobody."""
    file = CaseFile()
    file.on(at(2)).run_for(Purpose.MITIGATE)
    file.on(at(3)).run_for(Purpose.MITIGATE, direction=Direction.UNDO)
    file.add(advice("1", at(5), Says.MITIGATE), run=None)
    assert courses(file) == [Course.OPEN]
    file.on(at(6)).run_for(Purpose.MITIGATE)
    assert courses(file) == [Course.FOLLOWED]


def test_advice_that_was_lifted_asks_for_nothing() -> None:
    """There is nothing to follow."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.LIFTED), run=None)
    assert courses(file) == [Course.NOTHING_ASKED]

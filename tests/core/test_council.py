"""The council's questions about advice and its consequences."""

from dataclasses import replace

from gatectl.core.answer import Answer, Answered
from gatectl.core.casework import Choice, Says
from gatectl.core.council import on_advice, on_consequences, on_deviation
from gatectl.core.gate import Side, UserGroup
from tests.builders import make_gate
from tests.casefile import CaseFile, advice, at, decision, followed


def keys(answer: Answer) -> list[str]:
    """Tell what an answer says, by its keys."""
    return [one.key for one in answer.short]


def gaps(answer: Answer) -> list[str]:
    """Tell what an answer says is missing."""
    return [one.key for one in answer.missing]


def test_without_advice_the_answer_says_what_is_missing() -> None:
    """Nothing is claimed about advice that nobody put on record."""
    answer = on_advice(CaseFile().case())
    assert answer.answered is Answered.UNKNOWN
    assert gaps(answer) == ["advice-none"]


def test_advice_that_was_followed_is_answered_by_yes_with_its_evidence() -> None:
    """The records of the measures are cited."""
    case = followed().case()
    answer = on_advice(case)
    assert answer.answered is Answered.YES
    assert keys(answer)[:3] == ["advice-yes", "advice-first", "advice-closed"]
    assert set(answer.short[0].cites) <= {one.sequence for one in case.records}
    assert len(answer.short[0].cites) > 3


def test_what_somebody_told_is_marked_as_such() -> None:
    """That advice came in is somebody's word; that the gate was shut is not."""
    answer = on_advice(followed().case())
    marked = {one.key: one.by_hand for one in answer.short}
    assert marked["advice-first"]
    assert not marked["advice-closed"]


def test_one_piece_of_advice_of_two_is_partly() -> None:
    """One was followed and for the other nothing is on record."""
    file = followed()
    file.add(advice("1", at(28), Says.SWITCH_OFF, source="vendor"), run=None)
    assert on_advice(file.case()).answered is Answered.PARTLY
    assert gaps(on_deviation(file.case())) == ["deviation-open"]


def test_a_deviation_is_told_with_its_reason() -> None:
    """Why, and by a decision on record."""
    file = CaseFile()
    file.add(advice("1", at(3), Says.SWITCH_OFF), run=None)
    file.add(decision(Choice.ACCEPT, at(4), "1"), run=None)
    answer = on_deviation(file.case())
    assert on_advice(file.case()).answered is Answered.NO
    assert (answer.answered, keys(answer)) == (Answered.TOLD, ["advice-otherwise"])


def test_the_time_outside_was_shut_is_told_and_that_the_offices_went_on() -> None:
    """From the first look that was refused to the first that was not."""
    answer = on_consequences(followed().case(), make_gate())
    shut = answer.short[0]
    assert shut.key == "outside-shut"
    assert shut.values["looks"] == 2
    assert keys(answer)[1] == "inside-open"


def test_an_office_that_could_not_get_in_is_not_passed_over() -> None:
    """One refused look from inside is told with its times."""
    file = CaseFile()
    file.on(at(3)).look("shut", "open")
    file.on(at(4)).look("shut", "shut")
    file.on(at(5)).look("shut", "open")
    told = keys(on_consequences(file.case(), make_gate()))
    assert "inside-shut" in told
    assert "inside-open" not in told


def test_an_unknown_look_from_inside_is_no_proof_that_the_offices_went_on() -> None:
    """Unknown is never a pass, in a report either."""
    file = CaseFile()
    file.on(at(3)).look("shut", "unknown")
    told = keys(on_consequences(file.case(), make_gate()))
    assert "inside-unknown" in told
    assert "inside-open" not in told


def test_without_a_look_nothing_is_said_about_access() -> None:
    """The gaps are told instead."""
    answer = on_consequences(CaseFile().case(), make_gate())
    assert answer.answered is Answered.UNKNOWN
    assert gaps(answer) == ["no-looks", "no-groups", "no-residents"]


def test_who_is_affected_comes_from_the_configuration() -> None:
    """Groups of outside and inside are told apart."""
    users = (
        UserGroup(group="Home", count=3, side=Side.OUTSIDE),
        UserGroup(group="Hall", count=4, side=Side.INSIDE),
    )
    answer = on_consequences(followed().case(), replace(make_gate(), users=users))
    assert {"group-outside", "group-inside"} <= {one.key for one in answer.short}
    assert "no-groups" not in gaps(answer)

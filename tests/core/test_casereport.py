"""A case's whole report."""

from gatectl.core.answer import Question
from gatectl.core.casereport import case_report
from gatectl.core.casework import CaseEntry
from tests.builders import BULLETINS, make_gate
from tests.casefile import CaseFile, at, followed


def test_every_question_is_answered_in_its_order() -> None:
    """None is left out, in a full case and in an empty one."""
    for file in (followed(), CaseFile()):
        report = case_report(file.case(), make_gate(), BULLETINS, at(28))
        assert [one.question for one in report.answers] == list(Question)


def test_exhibits_are_numbered_without_gaps_in_the_order_of_the_journal() -> None:
    """A number leads to one record, and every citation has one."""
    case = followed().case()
    report = case_report(case, make_gate(), BULLETINS, at(28))
    assert [one.number for one in report.exhibits] == list(range(1, len(report.exhibits) + 1))
    sequences = [one.sequence for one in report.exhibits]
    assert sequences == sorted(set(sequences))
    for answer in report.answers:
        for sentence in (*answer.short, *answer.details):
            assert len(report.numbers(sentence)) == len(set(sentence.cites))


def test_what_was_entered_by_hand_is_marked_in_the_list_of_evidence() -> None:
    """The mark follows from the kind of record, and not from who writes the report."""
    case = followed().case()
    by_sequence = {one.sequence: one.event for one in case.records}
    for exhibit in case_report(case, make_gate(), BULLETINS, at(28)).exhibits:
        assert exhibit.by_hand is isinstance(by_sequence[exhibit.sequence], CaseEntry)

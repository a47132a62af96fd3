"""The council's questions about measures and a break-in."""

from typing import Literal

import pytest

from gatectl.core.answer import Answered
from gatectl.core.event import CompromiseJudged, Ending, EvidenceKept
from gatectl.core.plan import PlannedId
from gatectl.core.playbook import Purpose
from gatectl.core.proof import on_compromise, on_measures
from tests.builders import NS_A
from tests.casefile import CaseFile, at, followed

Judged = Literal["clean", "scanned", "compromised", "inconclusive"]


def test_measures_that_were_seen_to_work_are_answered_by_yes() -> None:
    """Each was checked by a look from the network."""
    answer = on_measures(followed().case())
    assert answer.answered is Answered.YES
    assert [one.key for one in answer.short][:2] == ["mitigated", "closed"]


def test_a_measure_that_failed_is_told_on_the_first_page() -> None:
    """A failure is not passed over because another one worked."""
    file = followed()
    file.on(at(28)).run_for(Purpose.PATCH, ending=Ending.FAILED)
    answer = on_measures(file.case())
    assert answer.answered is Answered.PARTLY
    assert answer.short[-1].key == "measure-failed"


def test_no_measure_is_told_as_none() -> None:
    """A case without runs has no measure."""
    assert on_measures(CaseFile().case()).answered is Answered.NO


def judged(*answers: Judged) -> CaseFile:
    """Tell of checks for a break-in, in their order."""
    file = CaseFile()
    for day, answer in enumerate(answers, start=2):
        file.on(at(day)).add(CompromiseJudged(answer=answer, because="x", findings=()), run=None)
    return file


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (("clean",), Answered.NO),
        (("scanned",), Answered.NO),
        (("inconclusive",), Answered.UNKNOWN),
        (("clean", "inconclusive"), Answered.UNKNOWN),
        (("compromised",), Answered.YES),
        (("compromised", "clean"), Answered.YES),
    ],
)
def test_a_later_clean_check_does_not_undo_a_break_in(
    answers: tuple[Judged, ...], told: Answered
) -> None:
    """Of break-ins the worst counts, of everything else the last."""
    assert on_compromise(judged(*answers).case()).answered is told


def test_without_a_check_nothing_is_said_about_a_break_in() -> None:
    """The answer is not known, and how to know it is told."""
    answer = on_compromise(CaseFile().case())
    assert answer.answered is Answered.UNKNOWN
    assert answer.missing[0].key == "no-compromise-check"


def test_what_could_not_be_tested_is_told() -> None:
    """A file that was missing, and the limits of every such test."""
    file = judged("clean")
    file.add(
        EvidenceKept(
            step=PlannedId("collect"), node=NS_A, what="missing", name="/x", evidence=None
        ),
        run=None,
    )
    answer = on_compromise(file.case())
    assert [one.key for one in answer.missing] == ["not-collected"]
    assert answer.details[-1].key == "compromise-limits"

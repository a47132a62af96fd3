"""Whether the advice in force is answered before a gate is reopened."""

from datetime import datetime, timedelta

import pytest

from gatectl.core.casework import Choice, Says
from gatectl.core.check import Answer
from gatectl.core.grounds import judge_advice
from tests.casefile import CaseFile, advice, at, decision

NOW = at(27, 9)


def told(*entries: object) -> CaseFile:
    """Open a case and enter these."""
    file = CaseFile()
    for entry in entries:
        file.add(entry, run=None)  # type: ignore[arg-type]  # entries of a case
    return file


OFF = advice("1", at(18), Says.SWITCH_OFF)
NEWER = advice("2", at(26), Says.SWITCH_OFF)
REOPEN = decision(Choice.REOPEN, at(27, 8), "1")


def test_without_a_case_or_without_advice_nothing_is_asked() -> None:
    """Who keeps no case is asked for no entry in it."""
    assert judge_advice(None, NOW) is None
    assert judge_advice(told().case(), NOW) is None


@pytest.mark.parametrize(
    ("entries", "now", "answer", "because"),
    [
        ((OFF,), NOW, Answer.FAIL, "the last decision is not to reopen"),
        ((OFF, decision(Choice.CLOSE, at(19), "1")), NOW, Answer.FAIL, "not to reopen"),
        ((OFF, REOPEN), NOW, Answer.PASS, "board decided to reopen"),
        ((OFF, REOPEN, decision(Choice.CLOSE, at(27, 8, 30))), NOW, Answer.FAIL, "not to reopen"),
        ((OFF, decision(Choice.REOPEN, at(17))), NOW, Answer.FAIL, "older than it"),
        ((OFF, NEWER, decision(Choice.REOPEN, at(27), "1")), NOW, Answer.FAIL, "newer revision"),
        ((OFF, NEWER, decision(Choice.REOPEN, at(25), "1")), NOW, Answer.FAIL, "older than it"),
        ((OFF, advice("2", at(26), Says.LIFTED)), NOW, Answer.PASS, "lifted"),
        ((OFF, REOPEN), NOW + timedelta(days=40), Answer.UNKNOWN, "taken again"),
        ((OFF, REOPEN), at(27, 7), Answer.UNKNOWN, "taken again"),
    ],
    ids=[
        *("nothing", "close", "reopen", "close again", "before the advice", "old ground"),
        *("before a revision", "lifted", "too old", "of the future"),
    ],
)
def test_advice_in_force_asks_for_a_decision_to_reopen_that_is_newer(
    entries: tuple[object, ...], now: datetime, answer: Answer, because: str
) -> None:
    """The last decision counts, on the newest revision, for a month at the most."""
    verdict = judge_advice(told(*entries).case(), now)
    assert verdict is not None
    assert verdict.answer is answer
    assert because in verdict.because


def test_one_source_that_lifts_its_advice_does_not_lift_that_of_another() -> None:
    """Each thread of advice ends by itself."""
    other = advice("1", at(20), Says.SWITCH_OFF, source="IBD")
    verdict = judge_advice(told(OFF, other, advice("2", at(26), Says.LIFTED)).case(), NOW)
    assert verdict is not None
    assert verdict.answer is Answer.FAIL
    assert "IBD" in verdict.because

"""Drift: what counts, what is known, and what it is worth to a timer."""

from dataclasses import replace
from datetime import date

import pytest

from gatectl.core.check import Answer
from gatectl.core.drift import (
    Compared,
    KnownDrift,
    Weight,
    audit_code,
    judge_known,
    with_known,
)
from gatectl.errors import ExitCode
from tests.builders import ALMELO, NS_A, NS_B

TODAY = date(2026, 1, 18)
UNSAVED = Compared(
    name="saved",
    gate=ALMELO,
    node=NS_A,
    answer=Answer.FAIL,
    found="something is not saved",
    wanted="nothing is unsaved",
)
ACCEPTED = KnownDrift(name="saved", reason="change 4711", until=TODAY)


@pytest.mark.parametrize(
    ("compared", "code"),
    [
        (replace(UNSAVED, answer=Answer.PASS), ExitCode.PROVEN),
        (UNSAVED, ExitCode.DRIFT),
        (replace(UNSAVED, weight=Weight.REACH), ExitCode.MAYBE_OPEN),
        (replace(UNSAVED, answer=Answer.UNKNOWN), ExitCode.DRIFT),
        (replace(UNSAVED, answer=Answer.UNKNOWN, weight=Weight.REACH), ExitCode.MAYBE_OPEN),
        (
            replace(UNSAVED, answer=Answer.UNKNOWN, trouble=ExitCode.UNREACHABLE),
            ExitCode.UNREACHABLE,
        ),
        (replace(UNSAVED, known=ACCEPTED), ExitCode.PROVEN),
        (replace(UNSAVED, weight=Weight.MARK), ExitCode.DRIFT),
        (replace(UNSAVED, weight=Weight.MARK, known=ACCEPTED), ExitCode.PROVEN),
        (replace(UNSAVED, answer=Answer.UNKNOWN, weight=Weight.MARK), ExitCode.PROVEN),
    ],
)
def test_each_comparison_has_its_exit_code(compared: Compared, code: ExitCode) -> None:
    """Drift is for review, reach wakes somebody, and a mark that is not shown is only told."""
    assert compared.code is code


def test_an_audit_is_as_bad_as_its_worst_comparison() -> None:
    """One thing that is other than it should be is enough; nothing compared proves nothing."""
    good = replace(UNSAVED, answer=Answer.PASS)
    assert audit_code((good, UNSAVED)) is ExitCode.DRIFT
    assert audit_code((good,)) is ExitCode.PROVEN
    assert audit_code(()) is ExitCode.MAYBE_OPEN


def test_known_drift_is_accepted_until_its_last_day() -> None:
    """On that day it still counts, and on the next it is drift again."""
    (today,) = with_known((UNSAVED,), (ACCEPTED,), TODAY)
    assert today.known is ACCEPTED
    assert not today.drifted
    assert "change 4711" in today.sentence()
    (later,) = with_known((UNSAVED,), (ACCEPTED,), date(2026, 1, 19))
    assert later.drifted


@pytest.mark.parametrize(
    "known",
    [
        replace(ACCEPTED, name="disk"),
        replace(ACCEPTED, node=NS_B),
    ],
)
def test_known_drift_accepts_nothing_else(known: KnownDrift) -> None:
    """Another name or another node is not what was meant."""
    (compared,) = with_known((UNSAVED,), (known,), TODAY)
    assert compared.drifted


def test_nobody_accepts_that_people_get_in_who_should_not() -> None:
    """What a shut gate lets through is no known drift, whatever is written."""
    (compared,) = with_known((replace(UNSAVED, weight=Weight.REACH),), (ACCEPTED,), TODAY)
    assert compared.known is None
    assert compared.code is ExitCode.MAYBE_OPEN


def test_unknown_is_not_accepted_as_known_drift() -> None:
    """Somebody accepted a difference that he knows, and not one that nobody could look at."""
    (compared,) = with_known((replace(UNSAVED, answer=Answer.UNKNOWN),), (ACCEPTED,), TODAY)
    assert compared.known is None


def test_known_drift_that_is_over_is_drift_itself() -> None:
    """An entry whose day is past, or whose difference is gone, asks to be removed."""
    (past,) = judge_known(ALMELO, (UNSAVED,), (ACCEPTED,), date(2026, 2, 1))
    assert past.name == "known-drift:saved"
    assert "that day is past" in past.found
    good = replace(UNSAVED, answer=Answer.PASS)
    (gone,) = judge_known(ALMELO, (good,), (ACCEPTED,), TODAY)
    assert gone.code is ExitCode.DRIFT
    assert "nothing of it is found" in gone.found
    assert not tuple(judge_known(ALMELO, (UNSAVED,), (ACCEPTED,), TODAY))


def test_a_sentence_tells_what_was_found_and_what_should_be() -> None:
    """Each answer reads on its own."""
    assert UNSAVED.sentence() == "something is not saved; it should be: nothing is unsaved"
    assert replace(UNSAVED, answer=Answer.UNKNOWN).sentence().startswith("not known: ")
    assert replace(UNSAVED, answer=Answer.PASS, found="saved").sentence() == "saved"

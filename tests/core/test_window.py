"""Windows: when work may begin and must end, across both clock changes of a year."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from gatectl.core.check import Answer
from gatectl.core.playbook import Purpose
from gatectl.core.window import (
    HELD_BACK,
    Window,
    judge_window,
    schedule_flaw,
    work_must_end,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def window(
    schedule: str, hours: float, kind: Literal["allow", "deny"] = "allow", **changes: object
) -> Window:
    """Make a window in Amsterdam."""
    made = Window(kind=kind, schedule=schedule, duration=timedelta(hours=hours), zone=AMSTERDAM)
    return replace(made, **changes)  # type: ignore[arg-type]  # typed at the callers


def utc(text: str) -> datetime:
    """Read a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FRIDAY_NIGHT = window("0 22 * * 5", 6)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        # Winter: 22:00 in Amsterdam is 21:00 UTC.
        ("2026-01-16T20:59:59", False),
        ("2026-01-16T21:00:00", True),
        ("2026-01-17T02:59:59", True),
        ("2026-01-17T03:00:00", False),
        # The week after the change to summer time it begins an hour earlier.
        ("2026-04-03T19:59:59", False),
        ("2026-04-03T20:00:00", True),
        ("2026-04-04T01:59:59", True),
        ("2026-04-04T02:00:00", False),
        # And after the change back an hour later.
        ("2026-10-30T20:59:59", False),
        ("2026-10-30T21:00:00", True),
    ],
)
def test_a_window_follows_local_time_through_the_year(at: str, is_open: bool) -> None:
    """What opens at ten in the evening does so in summer and in winter."""
    assert (FRIDAY_NIGHT.open_until(utc(at)) is not None) is is_open


@pytest.mark.parametrize(
    ("at", "until"),
    [
        # 29 March 2026, 02:00 to 03:00 does not exist: the window of six hours lasts six hours.
        ("2026-03-28T21:00:00", "2026-03-29T03:00:00"),
        ("2026-03-29T02:59:59", "2026-03-29T03:00:00"),
        ("2026-03-29T03:00:00", None),
        # 25 October 2026, 02:00 to 03:00 comes twice.
        ("2026-10-24T20:00:00", "2026-10-25T02:00:00"),
        ("2026-10-25T01:59:59", "2026-10-25T02:00:00"),
        ("2026-10-25T02:00:00", None),
    ],
)
def test_a_window_over_a_clock_change_lasts_its_duration(at: str, until: str | None) -> None:
    """Six hours are six hours, in the night with five or seven of them by the wall, too."""
    nightly = window("0 22 * * *", 6)
    assert nightly.open_until(utc(at)) == (utc(until) if until else None)


def test_a_window_in_the_hour_that_is_skipped_opens_right_after_it() -> None:
    """Half past two does not exist on 29 March 2026: the window opens at three, 01:00 UTC."""
    at_half_past_two = window("30 2 * * *", 1)
    assert at_half_past_two.open_until(utc("2026-03-29T00:59:59")) is None
    assert at_half_past_two.open_until(utc("2026-03-29T01:00:00")) == utc("2026-03-29T02:00:00")


def test_a_window_in_the_hour_that_comes_twice_opens_once() -> None:
    """Half past two comes twice on 25 October 2026: only the first, at 00:30 UTC, counts."""
    at_half_past_two = window("30 2 * * *", 0.5)
    assert at_half_past_two.open_until(utc("2026-10-25T00:45:00")) == utc("2026-10-25T01:00:00")
    assert at_half_past_two.open_until(utc("2026-10-25T01:45:00")) is None
    assert at_half_past_two.next_start(utc("2026-10-25T00:31:00")) == utc("2026-10-26T01:30:00")


def test_a_window_that_opened_before_the_clock_went_back_is_still_open_after_it() -> None:
    """At 02:15 for the second time, a window that opened at 02:30 the first time is open."""
    at_half_past_two = window("30 2 * * *", 2)
    assert at_half_past_two.open_until(utc("2026-10-25T01:15:00")) == utc("2026-10-25T02:30:00")


def test_without_windows_everything_may_begin_at_any_time() -> None:
    """Nobody has to configure windows, and then nothing must end."""
    assert judge_window((), Purpose.PATCH, utc("2026-01-16T12:00:00")).passed
    assert work_must_end((), Purpose.PATCH, utc("2026-01-16T12:00:00")) is None


def test_outside_of_all_allow_windows_work_is_held_back_and_told_until_when() -> None:
    """One allow window is enough to close all other times; the sentence has the next opening."""
    verdict = judge_window((FRIDAY_NIGHT,), Purpose.PATCH, utc("2026-01-14T12:00:00"))
    assert verdict.answer is Answer.FAIL
    assert "2026-01-16 22:00 CET" in verdict.because


def test_deny_wins_over_an_allow_window_that_is_open() -> None:
    """A freeze holds whatever else is allowed at that time."""
    freeze = window("0 0 15 12 *", 24 * 20, kind="deny")
    at = utc("2026-12-18T22:00:00")
    assert judge_window((FRIDAY_NIGHT,), Purpose.PATCH, at).passed
    verdict = judge_window((FRIDAY_NIGHT, freeze), Purpose.PATCH, at)
    assert verdict.answer is Answer.FAIL
    assert "deny" in verdict.because


def test_a_deny_window_alone_leaves_all_other_times_open() -> None:
    """Only allow windows close the time outside of them."""
    freeze = window("0 0 15 12 *", 24, kind="deny")
    assert judge_window((freeze,), Purpose.PATCH, utc("2026-12-14T12:00:00")).passed
    assert not judge_window((freeze,), Purpose.PATCH, utc("2026-12-15T12:00:00")).passed


@pytest.mark.parametrize("purpose", [Purpose.CLOSE, Purpose.CONFIRM, Purpose.VERIFY, Purpose.SCAN])
def test_closing_confirming_and_looking_are_not_held_back(purpose: Purpose) -> None:
    """What makes a gate safer, finishes or only looks does not wait."""
    always = window("* * * * *", 1, kind="deny")
    assert judge_window((always,), purpose, utc("2026-01-16T12:00:00")).passed


def test_closing_is_not_held_back_even_where_somebody_named_it() -> None:
    """The first rule of the house needs no configuration to be right."""
    always = window("* * * * *", 1, kind="deny", verbs=frozenset(Purpose))
    assert judge_window((always,), Purpose.CLOSE, utc("2026-01-16T12:00:00")).passed
    assert not judge_window((always,), Purpose.SCAN, utc("2026-01-16T12:00:00")).passed


def test_a_window_that_names_verbs_is_about_these_alone() -> None:
    """A night for patches does not forbid to mitigate at noon."""
    patches = window("0 22 * * 5", 6, verbs=frozenset({Purpose.PATCH}))
    noon = utc("2026-01-14T12:00:00")
    assert not judge_window((patches,), Purpose.PATCH, noon).passed
    assert judge_window((patches,), Purpose.MITIGATE, noon).passed


def test_work_must_end_with_the_allow_window_or_before_a_freeze() -> None:
    """Whichever comes first."""
    at = utc("2026-01-16T22:00:00")
    assert work_must_end((FRIDAY_NIGHT,), Purpose.PATCH, at) == utc("2026-01-17T03:00:00")
    freeze = window("0 1 17 1 *", 1, kind="deny")
    both = (FRIDAY_NIGHT, freeze)
    assert work_must_end(both, Purpose.PATCH, at) == utc("2026-01-17T00:00:00")
    assert work_must_end(both, Purpose.PATCH, utc("2026-01-14T12:00:00")) == utc(
        "2026-01-14T12:00:00"
    )


def test_allow_windows_that_follow_each_other_are_one() -> None:
    """Work may go on from one into the next."""
    late = window("0 4 * * 6", 2)
    at = utc("2026-01-16T22:00:00")
    assert work_must_end((FRIDAY_NIGHT, late), Purpose.PATCH, at) == utc("2026-01-17T05:00:00")


def test_a_window_that_begins_every_minute_is_judged_at_once() -> None:
    """However dense a schedule is, its last beginning is found."""
    dense = window("* * * * *", 1 / 60)
    assert dense.open_until(utc("2026-10-25T01:15:30")) == utc("2026-10-25T01:16:00")


@pytest.mark.parametrize(
    ("schedule", "flaw"),
    [
        ("0 22 * * 5", ""),
        ("*/15 2-4 1,15 * mon-fri", ""),
        ("0 22 * *", "five fields"),
        ("0 0 22 * * 5", "five fields"),
        ("0 25 * * *", "is not a schedule"),
        ("0 0 31 2 *", "is not a schedule"),
        ("", "five fields"),
        ("@daily", "five fields"),
    ],
)
def test_a_schedule_that_cannot_be_used_is_told_in_words(schedule: str, flaw: str) -> None:
    """A night that never comes is found when the file is read, not when it is missed."""
    assert flaw in schedule_flaw(schedule)
    assert bool(flaw) is bool(schedule_flaw(schedule))


def test_the_name_of_a_window_says_when_how_long_and_where() -> None:
    """The sentence that refuses somebody names the window that does."""
    assert FRIDAY_NIGHT.name() == "allow '0 22 * * 5' for 6h (Europe/Amsterdam)"
    assert window("0 0 * * *", 0.75).name().count("45m") == 1


def test_what_is_held_back_by_default_writes_and_can_wait() -> None:
    """Closing is not among it."""
    assert Purpose.CLOSE not in HELD_BACK
    assert {Purpose.PATCH, Purpose.REOPEN} <= HELD_BACK

"""The start deadline: the nearest time of day, or minutes from the opening of the window."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gatectl.core.playbook import Purpose
from gatectl.core.startlimit import StartLimitInvalid, start_limit
from gatectl.core.window import Window

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHT = Window(kind="allow", schedule="0 22 * * 5", duration=timedelta(hours=6), zone=AMSTERDAM)


def utc(text: str) -> datetime:
    """Read a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "limit"),
    [
        # Half past two in a winter night is 01:30 UTC.
        ("2026-01-16T22:50:00", "2026-01-17T01:30:00"),
        ("2026-01-17T01:29:00", "2026-01-17T01:30:00"),
        ("2026-01-17T06:00:00", "2026-01-17T01:30:00"),
        # In summer it is 00:30 UTC.
        ("2026-07-01T22:00:00", "2026-07-02T00:30:00"),
        # In the night of the change it does not exist, and is what the clock then shows.
        ("2026-03-28T23:00:00", "2026-03-29T01:30:00"),
        # In the night that has it twice, the first one counts.
        ("2026-10-24T23:00:00", "2026-10-25T00:30:00"),
    ],
)
def test_a_time_of_day_is_that_of_this_night(now: str, limit: str) -> None:
    """At nine in the morning, half past two is long past, and not tomorrow's."""
    assert start_limit("02:30", utc(now), AMSTERDAM, (), Purpose.PATCH) == utc(limit)


def test_just_after_midnight_the_evening_before_is_the_nearest() -> None:
    """Half past eleven was missed by forty minutes, and is not that of the coming night."""
    limit = start_limit("23:30", utc("2026-01-16T23:10:00"), AMSTERDAM, (), Purpose.PATCH)
    assert limit == utc("2026-01-16T22:30:00")


@pytest.mark.parametrize("text", ["30", "30m"])
def test_minutes_count_from_the_opening_of_the_window(text: str) -> None:
    """Half an hour after the window opened, whenever the timer fires."""
    now = utc("2026-01-16T23:00:00")
    limit = start_limit(text, now, AMSTERDAM, (NIGHT,), Purpose.PATCH)
    assert limit == utc("2026-01-16T21:30:00")


def test_minutes_without_an_open_window_count_from_nothing() -> None:
    """There is nothing to count from, and that is said."""
    with pytest.raises(StartLimitInvalid, match="none is open"):
        start_limit("30", utc("2026-01-14T12:00:00"), AMSTERDAM, (NIGHT,), Purpose.PATCH)


@pytest.mark.parametrize("text", ["", "24:00", "2:5", "half past two", "-5", "1h", "٠٢:٣٠"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    """A deadline that was misread would let work begin in the morning."""
    with pytest.raises(StartLimitInvalid, match="neither"):
        start_limit(text, utc("2026-01-16T23:00:00"), AMSTERDAM, (NIGHT,), Purpose.PATCH)

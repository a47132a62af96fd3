"""Until when scheduled work may begin: a time of day, or minutes after its window opened.

A timer that fires late, because the machine was off or busy, must not begin at nine in the morning
what was meant for two at night.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from gatectl.core.playbook import Purpose
from gatectl.core.window import Window

_TIME_OF_DAY: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_MINUTES: Final = re.compile(r"(\d{1,4})m?", re.ASCII)


class StartLimitInvalid(Exception):
    """What was given is no limit, or there is nothing that it could be counted from."""


def start_limit(
    text: str, now: datetime, zone: tzinfo, windows: Iterable[Window], purpose: Purpose
) -> datetime:
    """Give the last moment to begin; raises StartLimitInvalid.

    A time of day is the one that is nearest: at 23:50 and at 03:10, 02:30 is that of this night.
    """
    if found := _TIME_OF_DAY.fullmatch(text):
        return _nearest(int(found[1]), int(found[2]), now, zone)
    if found := _MINUTES.fullmatch(text):
        return _opened(windows, now, purpose) + timedelta(minutes=int(found[1]))
    raise StartLimitInvalid(f"{text!r} is neither a time of day, as 02:30, nor minutes, as 30m")


def _nearest(hour: int, minute: int, now: datetime, zone: tzinfo) -> datetime:
    local = now.astimezone(zone)
    candidates = [
        # The day is counted on the calendar, so that a day of 23 or 25 hours is one day.
        (local + timedelta(days=days))
        .replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
        .astimezone(UTC)
        for days in (-1, 0, 1)
    ]
    return min(candidates, key=lambda one: abs(one - now))


def _opened(windows: Iterable[Window], now: datetime, purpose: Purpose) -> datetime:
    opened = [
        until - window.duration
        for window in windows
        if window.kind == "allow"
        and purpose in window.verbs
        and (until := window.open_until(now)) is not None
    ]
    if not opened:
        raise StartLimitInvalid(
            "minutes count from the opening of an allow window, and none is open for this now"
        )
    return max(opened)

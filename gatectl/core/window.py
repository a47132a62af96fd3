"""When work on a gate may begin: windows with the meaning of Argo CD's sync windows.

A deny window that is open holds everything back that it names. Where a gate has allow windows, one
of them must be open. Without any window everything may begin. A window lasts its duration in
elapsed time; its beginnings are those of cron on Debian, so that one in the hour that a change to
summer time skips begins right after it, and one in the hour that comes twice begins once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final, Literal

from cronsim import CronSim, CronSimError

from gatectl.core.check import Verdict, failed, passed
from gatectl.core.playbook import Purpose

INTERLOCK: Final = "window"
"""The name by which a window is overridden."""

HELD_BACK: Final = frozenset({Purpose.MITIGATE, Purpose.PATCH, Purpose.REOPEN, Purpose.MAINTAIN})
"""What a window without `verbs` is about: all that changes a gate and may wait.

To confirm is to finish what a window let begin, and to verify and to scan is to look.
"""

_CRON_FIELDS: Final = 5
_ABOUT_A_CLOCK_CHANGE: Final = timedelta(hours=3)
_STARTS_MAX: Final = 1000
"""Three hours of a window that begins every minute, several times over."""
_CHAIN_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time that comes again and again, in which work may or must not begin."""

    kind: Literal["allow", "deny"]
    schedule: str
    """When it begins: five fields, as in crontab."""
    duration: timedelta
    zone: tzinfo
    verbs: frozenset[Purpose] = HELD_BACK

    def name(self) -> str:
        """Say in words which window this is."""
        return f"{self.kind} {self.schedule!r} for {_length(self.duration)} ({self.zone})"

    def open_until(self, now: datetime) -> datetime | None:
        """Give the end of the window if it is open now."""
        start = next((one for one in self._starts_before(now) if one <= now), None)
        if start is None or start + self.duration <= now:
            return None
        return start + self.duration

    def next_start(self, now: datetime) -> datetime | None:
        """Give the next beginning after now; none if there is no more."""
        # From a little earlier: in the hour that comes twice the local time alone does not tell
        # on which side of a beginning we are.
        return next((one for one in self._starts_after(now) if one > now), None)

    def _starts_before(self, now: datetime) -> Iterator[datetime]:
        local = (now + _ABOUT_A_CLOCK_CHANGE).astimezone(self.zone)
        return _in_utc(CronSim(self.schedule, local, reverse=True))

    def _starts_after(self, now: datetime) -> Iterator[datetime]:
        local = (now - _ABOUT_A_CLOCK_CHANGE).astimezone(self.zone)
        return _in_utc(CronSim(self.schedule, local))


def _in_utc(starts: Iterator[datetime]) -> Iterator[datetime]:
    try:
        for start in islice(starts, _STARTS_MAX):
            # Two times of one zone are compared by the wall; only in UTC is there one order.
            yield start.astimezone(UTC)
    except CronSimError:
        return


def schedule_flaw(schedule: str) -> str:
    """Say what is wrong with a schedule; nothing if it can be used."""
    if len(schedule.split()) != _CRON_FIELDS:
        return "must have five fields, as in crontab: minute hour day month weekday"
    try:
        CronSim(schedule, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as exc:
        return f"is not a schedule as in crontab: {str(exc)[:1].lower()}{str(exc)[1:]}"
    return ""


def judge_window(windows: Iterable[Window], purpose: Purpose, now: datetime) -> Verdict:
    """Judge whether work of this kind may begin now; deny wins over allow."""
    concerned = _concerned(windows, purpose)
    for window in concerned:
        until = window.open_until(now)
        if window.kind == "deny" and until is not None:
            return failed(f"held back until {_at(until, window.zone)} by {window.name()}")
    allowing = [window for window in concerned if window.kind == "allow"]
    if not allowing:
        return passed("no window is closed")
    for window in allowing:
        until = window.open_until(now)
        if until is not None:
            return passed(f"open until {_at(until, window.zone)}: {window.name()}")
    starts = [(start, one.zone) for one in allowing if (start := one.next_start(now)) is not None]
    if not starts:
        return failed("outside of every allow window, and none of them opens again")
    start, zone = min(starts, key=lambda pair: pair[0])
    return failed(f"outside of every allow window; the next one opens at {_at(start, zone)}")


def work_must_end(windows: Iterable[Window], purpose: Purpose, now: datetime) -> datetime | None:
    """Give the time at which work of this kind is not allowed any more; none if that never comes.

    What may not begin now must end now.
    """
    concerned = _concerned(windows, purpose)
    if not judge_window(concerned, purpose, now).passed:
        return now
    denied = [one.next_start(now) for one in concerned if one.kind == "deny"]
    ends = [start for start in denied if start is not None]
    allowing = [one for one in concerned if one.kind == "allow"]
    if allowing:
        ends.append(_allowed_until(allowing, now))
    return min(ends, default=None)


def _allowed_until(allowing: list[Window], now: datetime) -> datetime:
    """Follow allow windows that overlap to the end of the last; one that comes later may extend it.

    After so many the end is far enough away for anything.
    """
    reached = now
    for _ in range(_CHAIN_MAX):
        ends = [until for one in allowing if (until := one.open_until(reached)) is not None]
        if not ends:
            return reached
        reached = max(ends)
    return reached


def _concerned(windows: Iterable[Window], purpose: Purpose) -> list[Window]:
    if purpose is Purpose.CLOSE:
        # Closing is never held back, whatever somebody wrote.
        return []
    return [window for window in windows if purpose in window.verbs]


def _at(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _length(duration: timedelta) -> str:
    minutes = round(duration.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    words = [f"{hours}h" if hours else "", f"{rest}m" if rest or not hours else ""]
    return "".join(words)

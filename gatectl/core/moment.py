"""Readings of two clocks, and how much time lies between them, as far as either can tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

UNKNOWN_BOOT: Final = "unknown"
"""The boot id of a machine that does not tell it; never taken as proof of another boot."""

CLOCK_STEP_S: Final = 2.0
"""Up to this clocks differ, and are set right; more is a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One reading of both clocks."""

    at: datetime
    boot_time_ns: int
    boot_id: str

    def wall_step_s(self, later: "Moment") -> float:
        """How far the wall clock was moved until `later`, by what the boot-time clock says."""
        if self.boot_id != later.boot_id:
            return 0.0
        return _by_wall_s(self, later) - _by_boot_s(self, later)


def elapsed_s(earlier: Moment, later: Moment) -> float | None:
    """Tell how much time passed from one reading to a later one; none if no clock can say.

    Within a boot that is the boot-time clock's word alone. Across a restart it is the wall clock's,
    unless that claims less than the new boot has lasted: then it was set back, and nobody knows
    how far.
    """
    told_s = _by_wall_s(earlier, later)
    least_s = later.boot_time_ns / 1e9
    if earlier.boot_id == later.boot_id:
        by_boot_s = _by_boot_s(earlier, later)
        if earlier.boot_id != UNKNOWN_BOOT:
            told_s, least_s = by_boot_s, 0.0
        elif by_boot_s >= 0:
            # It may be another boot all the same; then more time has passed, and not less.
            least_s = by_boot_s
    if told_s < least_s - CLOCK_STEP_S:
        return None
    return max(told_s, least_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """How long a record had lasted by one of its events, added up from event to event."""

    last: Moment
    total_s: float = 0.0
    gaps: int = 0
    """Between so many events no clock can tell how much time passed."""

    def until(self, later: Moment) -> Self:
        """Go on to a later moment."""
        passed_s = elapsed_s(self.last, later)
        return type(self)(
            last=later,
            total_s=self.total_s + (passed_s or 0.0),
            gaps=self.gaps + (passed_s is None),
        )

    def since_s(self, earlier: Self) -> float | None:
        """Tell how much time lies between two events; none if that cannot be told."""
        return None if self.gaps != earlier.gaps else self.total_s - earlier.total_s


def _by_wall_s(earlier: Moment, later: Moment) -> float:
    return (later.at - earlier.at).total_seconds()


def _by_boot_s(earlier: Moment, later: Moment) -> float:
    return (later.boot_time_ns - earlier.boot_time_ns) / 1e9

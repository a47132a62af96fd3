"""What time it is, by two clocks: the wall's, for people, and the boot's, which nobody can step."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from gatectl.core.moment import UNKNOWN_BOOT, Moment

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
# Only Linux has a clock that also counts while the machine sleeps; elsewhere this is the nearest.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Handed to whatever needs the time, so that a test can be told any time."""

    def now(self) -> datetime:
        """Give the wall clock's time, aware and in UTC; it can jump."""

    def boot_time_ns(self) -> int:
        """Give the time since the boot, sleep of the machine included; it only grows."""

    def boot_id(self) -> str:
        """Name this boot; boot times of two boots cannot be compared."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def read(clock: Clock) -> Moment:
    """Read both clocks, one right after the other."""
    return Moment(at=clock.now(), boot_time_ns=clock.boot_time_ns(), boot_id=clock.boot_id())


class SystemClock:
    """The clocks of this machine."""

    _boot_id = UNKNOWN_BOOT

    def now(self) -> datetime:
        """Give the wall clock's time."""
        return datetime.now(tz=UTC)

    def boot_time_ns(self) -> int:
        """Give the time since the boot."""
        return time.clock_gettime_ns(_BOOT_CLOCK)

    def boot_id(self) -> str:
        """Give the kernel's name for this boot, read once: no process outlives its boot."""
        if self._boot_id == UNKNOWN_BOOT:
            with suppress(OSError):
                read_now = _BOOT_ID_FILE.read_text(encoding="ascii").strip()
                self._boot_id = read_now or UNKNOWN_BOOT
        return self._boot_id

    def sleep(self, seconds: float) -> None:
        """Wait; a time that is already past is no wait."""
        time.sleep(max(0.0, seconds))


class HandClock:
    """A clock that stands still until it is moved by hand; sleeping moves it and takes no time."""

    def __init__(self, start: datetime | None = None, *, boot: str = "boot-1") -> None:
        self._now = start or datetime(2026, 1, 18, 20, 0, tzinfo=UTC)
        self._boot_time_ns = 3_600_000_000_000
        self._boot = boot

    def now(self) -> datetime:
        """Give the time that was set."""
        return self._now

    def boot_time_ns(self) -> int:
        """Give the time since the boot that was set."""
        return self._boot_time_ns

    def boot_id(self) -> str:
        """Name the boot that was set."""
        return self._boot

    def sleep(self, seconds: float) -> None:
        """Move both clocks on."""
        seconds = max(0.0, seconds)
        self._now += timedelta(seconds=seconds)
        self._boot_time_ns += round(seconds * 1e9)

    def step_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as a time server does."""
        self._now += timedelta(seconds=seconds)

    def reboot(self, boot: str) -> None:
        """Begin another boot, whose boot-time clock starts anew."""
        self._boot = boot
        self._boot_time_ns = 1_000_000_000

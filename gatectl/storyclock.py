"""A clock for a story that took weeks: real time passes on it, and it can jump ahead."""

from datetime import datetime, timedelta

from gatectl.clock import Clock


class StoryClock:
    """Another clock, moved; both of its readings jump together, as if the time had been lived."""

    def __init__(self, clock: Clock, start: datetime) -> None:
        self._clock = clock
        self._ahead = start - clock.now()
        self._jumped = timedelta()

    def now(self) -> datetime:
        """Give the story's time."""
        return self._clock.now() + self._ahead

    def boot_time_ns(self) -> int:
        """Give the time since the boot, as it would be if nothing had been skipped."""
        return self._clock.boot_time_ns() + round(self._jumped.total_seconds() * 1e9)

    def boot_id(self) -> str:
        """Name the boot of this machine."""
        return self._clock.boot_id()

    def sleep(self, seconds: float) -> None:
        """Wait in real time: what is waited for happens in real time."""
        self._clock.sleep(seconds)

    def jump_to(self, moment: datetime) -> None:
        """Go on at a later moment; a moment that is past already changes nothing."""
        skipped = moment - self.now()
        if skipped > timedelta():
            self._ahead += skipped
            self._jumped += skipped

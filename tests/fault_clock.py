"""The clock of the fault world: time passes only when somebody sleeps."""

import contextlib
import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from unittest import mock

from gatectl.clock import HandClock
from gatectl.simulator.scheduler import Scheduler


class WorldClock:
    """A clock for everybody; what is due happens while somebody sleeps."""

    def __init__(self) -> None:
        self.hand = HandClock()
        self._lived_us = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        """Give the wall clock's time."""
        return self.hand.now()

    def boot_time_ns(self) -> int:
        """Give the operator machine's time since its boot."""
        return self.hand.boot_time_ns()

    def boot_id(self) -> str:
        """Name the operator machine's boot."""
        return self.hand.boot_id()

    def after(self, wait_s: float, action: Callable[[], None]) -> None:
        """Let something happen later."""
        at_us = self._lived_us + round(wait_s * 1e6)
        heapq.heappush(self._due, (at_us, next(self._numbers), action))

    def sleep(self, seconds: float) -> None:
        """Let time pass, and all that is due in it happen in its order."""
        until_us = self._lived_us + round(max(0.0, seconds) * 1e6)
        while self._due and self._due[0][0] <= until_us:
            at_us, _, action = heapq.heappop(self._due)
            self._go_on(at_us)
            action()
        self._go_on(until_us)

    def lived_s(self) -> float:
        """Tell how long the world has lasted, whatever became of anybody's clock."""
        return self._lived_us / 1e6

    def _go_on(self, until_us: int) -> None:
        # What is due may itself take time, and then it is later already.
        passed_us = max(0, until_us - self._lived_us)
        self._lived_us += passed_us
        self.hand.sleep(passed_us / 1e6)


class WorldScheduler(Scheduler):
    """Runs what an appliance does later by the world's clock, without a thread."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock

    def after(self, wait_s: float, action: Callable[[], None]) -> None:
        """Run the action once, so many seconds of the world from now."""
        self._clock.after(wait_s, action)

    def close(self) -> None:
        """Do nothing: the world ends with its test."""


@contextlib.contextmanager
def whole_process_at(clock: WorldClock) -> Iterator[None]:
    """Give the whole process this clock: appliances and retries ask the system."""
    with mock.patch.multiple(
        time,
        time=lambda: clock.now().timestamp(),
        monotonic=clock.lived_s,
    ):
        yield

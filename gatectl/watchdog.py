"""One thread that ends whatever waits too long, on a clock that runs on while a laptop sleeps.

An SSH library's own timeouts leave waits that nothing bounds, and follow the wall clock. Closing
the connection under such a wait frees it, but then looks like a normal end: the guard says which.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

Clock = Callable[[], float]

_STEP_S = 0.25
"""The longest single wait: after a sleep of the machine, a deadline is seen this soon."""


def boot_clock() -> float:
    """Read seconds since boot, time asleep included where the system can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Guard:
    """A deadline on what happens inside its `with` block."""

    def __init__(self, watchdog: "Watchdog", timeout_s: float, cut: Callable[[], None]) -> None:
        self._watchdog = watchdog
        self._cut = cut
        self._timeout_s = timeout_s
        self.deadline = 0.0
        self.expired = False
        """Set before the connection is closed: from then on an end is a cut, not an end."""

    def renew(self) -> None:
        """Start the time again: something moved."""
        self.deadline = self._watchdog.now() + self._timeout_s

    def left_s(self) -> float:
        """Return the seconds that are left."""
        return max(0.0, self.deadline - self._watchdog.now())

    def fire(self) -> None:
        """Mark the cut, then make it."""
        self.expired = True
        self._cut()

    def __enter__(self) -> Self:
        self.renew()
        self._watchdog.watch(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watchdog.forget(self)


class Watchdog:
    """Watches guards from one thread, which lives only while there is one."""

    def __init__(self, clock: Clock = boot_clock) -> None:
        self._clock = clock
        self._guards: list[Guard] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stepping = False

    def now(self) -> float:
        """Read the clock that the deadlines are on."""
        return self._clock()

    def guard(self, timeout_s: float, cut: Callable[[], None]) -> Guard:
        """Make a guard that calls `cut`, once, when its block lasts longer than this."""
        return Guard(self, timeout_s, cut)

    def watch(self, guard: Guard) -> None:
        """Begin to watch; a guard does this itself."""
        with self._changed:
            self._guards.append(guard)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif not self._stepping or guard.left_s() < _STEP_S:
                # Whoever steps looks again in time by himself; to wake him for each command
                # of many hosts would cost more than the commands.
                self._changed.notify()

    def forget(self, guard: Guard) -> None:
        """End the watch; a guard does this itself."""
        with self._changed:
            if guard in self._guards:
                self._guards.remove(guard)

    def _run(self) -> None:
        while True:
            due = self._wait_for_due()
            if due is None:
                return
            for guard in due:
                guard.fire()

    def _wait_for_due(self) -> list[Guard] | None:
        """Wait a step at the most; none when there is nothing left to watch for a while."""
        with self._changed:
            if not self._guards and not self._changed.wait(_STEP_S * 8) and not self._guards:
                self._thread = None
                return None
            left = min((guard.left_s() for guard in self._guards), default=0.0)
            if left > 0:
                self._stepping = True
                self._changed.wait(min(left, _STEP_S))
                self._stepping = False
            due = [guard for guard in self._guards if guard.left_s() <= 0]
            self._guards = [guard for guard in self._guards if guard not in due]
            return due

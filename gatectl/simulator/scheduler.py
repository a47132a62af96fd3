"""Things that happen on an appliance after a while."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Scheduler:
    """One thread that runs callbacks when they are due, and stops when told."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._condition = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="simulator-clock", daemon=True)
        self._thread.start()

    def after(self, wait_s: float, action: Callable[[], None]) -> None:
        """Run the action once, so many real seconds from now."""
        with self._condition:
            entry = (time.monotonic() + wait_s, next(self._numbers), action)
            heapq.heappush(self._due, entry)
            self._condition.notify()

    def close(self) -> None:
        """Forget what is still due; nothing runs after this."""
        with self._condition:
            self._closed = True
            self._due.clear()
            self._condition.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _serve(self) -> None:
        while True:
            with self._condition:
                if self._closed:
                    return
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is None or wait_s > 0:
                    self._condition.wait(wait_s)
                    continue
                action = heapq.heappop(self._due)[2]
            action()

"""Stopping: the first signal ends the run after the current command, the second ends it now."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gatectl.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalStop:
    """Remembers that somebody wants this process to stop."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def terminated(self) -> bool:
        """Whether the system, and not the operator, asked."""
        return self.signal is not None and self.signal is not signal.SIGINT

    def check(self) -> None:
        """Raise Interrupted once a signal has come: nothing further is begun."""
        if self.signal is not None:
            name = self.signal.name
            raise Interrupted(f"stopped by {name} between two commands")

    @contextmanager
    def listening(self) -> Iterator["SignalStop"]:
        """Take the signals over while the block runs."""
        before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            # The second time means now: the command that is under way is left in doubt.
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)

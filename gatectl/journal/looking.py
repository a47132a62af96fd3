"""The record of a run that only looks: several of its events share one sync of the disk.

Nothing is acted on, so nothing has to be on disk before anything else happens. What waits is
written, in its order, together with the next event that does not wait, and after a moment in any
case: whoever follows the run sees a look that takes its time.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

from gatectl.core.event import Event, LookMade, Recorded, RunId, StepEnded, StepStarted
from gatectl.core.gate import GateName
from gatectl.errors import GatectlError, JournalUnreachable
from gatectl.ports import GateJournal

MOMENT_S = 0.1
_MAY_WAIT = (StepStarted, LookMade, StepEnded)
_WAITING_MAX = 100


class LookingRecord:
    """Puts one run's events in the journal, some a moment later; may be used by several threads."""

    def __init__(
        self,
        journal: GateJournal,
        *,
        gate: GateName,
        run: RunId | None,
        told: Callable[[Recorded], Recorded],
    ) -> None:
        self._journal = journal
        self._gate = gate
        self._run = run
        self._told = told
        self._waiting: list[Recorded] = []
        self._lock = threading.RLock()
        self._lost: JournalUnreachable | None = None

    def put(self, event: Event) -> Recorded:
        """Give the event back; one that waits still has its time, and no place in the journal."""
        with self._lock:
            if self._lost is not None:
                raise self._lost
            dated = self._journal.dated(event, gate=self._gate, run=self._run)
            self._waiting.append(dated)
            if not isinstance(event, _MAY_WAIT) or len(self._waiting) >= _WAITING_MAX:
                return self.settle()[-1]
            if len(self._waiting) == 1:
                self._settle_in_a_moment()
            return dated

    def settle(self) -> list[Recorded]:
        """Put all that waits on disk, then tell who listens; what fails waits on."""
        with self._lock:
            try:
                settled = self._journal.put(self._waiting) if self._waiting else []
            except JournalUnreachable as exc:
                # The server may have kept it before it went away: it is not written once more.
                self._waiting, self._lost = [], exc
                raise
            self._waiting = []
            return [self._told(one) for one in settled]

    def _settle_in_a_moment(self) -> None:
        def settle() -> None:
            # The run's next event finds the same trouble, where somebody can be told.
            with suppress(GatectlError):
                self.settle()

        timer = threading.Timer(MOMENT_S, settle)
        timer.daemon = True
        timer.start()

"""What the journal knows of one gate, read once and gone on with; long histories from a mark on."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from gatectl.core.event import Recorded, RunId, SidesSeen, Signalled
from gatectl.core.fold import KEEP_AFTER, Fold
from gatectl.core.gate import GateName, Signal
from gatectl.core.standing import Standing
from gatectl.errors import JournalUnavailable
from gatectl.ports import GateJournal

_KEPT = "standing.kept"
_SIGNALLED = "gate.signalled"
_FIRST_EVENTS = 500
NEWEST_EVENTS_MAX = 16_000
"""What can be read and shown within a second or two."""


class GateHistory:
    """One gate's past; may be asked from several threads."""

    def __init__(self, journal: GateJournal, gate: GateName) -> None:
        self._journal = journal
        self._gate = gate
        self._fold: Fold | None = None
        self._folding = threading.Lock()

    def standing(self) -> Standing:
        """Tell what is known of the gate now; only what is new since the last time is read."""
        with self._folding:
            fold = self._begun()
            return fold.take(self._journal.events(gate=self._gate, after=fold.sequence))

    def keep(self) -> None:
        """Put the standing on record, if much has happened since that was done."""
        with self._folding:
            fold = self._begun()
            if self._journal.read_only or fold.since_kept < KEEP_AFTER:
                return
            kept = fold.kept()
            if kept is None:
                return
            try:
                recorded = self._journal.append(kept, gate=self._gate)
            except JournalUnavailable:
                # It saves time and is nothing that anybody waits for.
                return
            if recorded.sequence == fold.sequence + 1:
                fold.take((recorded,))

    def since_confirmed(self) -> Iterator[Recorded]:
        """Give what is on record from the last confirmed reopening on."""
        after = 0
        for recorded in self._journal.newest_first(gate=self._gate, kinds=(_SIGNALLED,)):
            event = recorded.event
            if isinstance(event, Signalled) and event.signal is Signal.CONFIRMED:
                after = recorded.sequence - 1
                break
        return self._journal.events(gate=self._gate, after=after)

    def sides_seen(self, run: RunId) -> SidesSeen | None:
        """Give a run's last look from all vantages."""
        looks = self._journal.newest_first(gate=self._gate, run=run, kinds=("sides.seen",))
        return next((one.event for one in looks if isinstance(one.event, SidesSeen)), None)

    def newest(
        self, enough: Callable[[Sequence[Recorded]], bool], run: RunId | None = None
    ) -> tuple[Sequence[Recorded], bool]:
        """Give the newest events in their order, as many as are enough; and whether that is all.

        A look back ends after so many events, however little there was in them to tell.
        """
        backwards = self._journal.newest_first(gate=self._gate, run=run)
        found: deque[Recorded] = deque()
        wanted = _FIRST_EVENTS
        while len(found) < NEWEST_EVENTS_MAX:
            more = list(islice(backwards, wanted))
            found.extendleft(more)
            if len(more) < wanted:
                return tuple(found), True
            if enough(tuple(found)):
                break
            wanted = len(found)
        return tuple(found), False

    def _begun(self) -> Fold:
        if self._fold is None:
            newest = next(self._journal.newest_first(gate=self._gate, kinds=(_KEPT,)), None)
            fold = Fold.from_kept(self._gate, newest) if newest is not None else None
            self._fold = fold or Fold(self._gate)
        return self._fold

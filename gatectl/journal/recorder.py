"""The journal as one run sees it: its gate, its run, its lease, and who listens."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    Ending,
    Event,
    Noted,
    Recorded,
    RunEnded,
    RunId,
    RunResumed,
    RunStarted,
    ScannerRun,
)
from gatectl.core.gate import GateName
from gatectl.errors import GatectlError, LeaseLost
from gatectl.journal.lease import Lease, LeaseCounts, LeaseToken, LeaseUntaken, LeftAlone
from gatectl.journal.looking import LookingRecord
from gatectl.ports import GateJournal

Listener = Callable[[Recorded], None]

_BEGINNINGS = (RunStarted, RunResumed, ActIntended)
_HEARD = (ActAnswered, ScannerRun)
_RENEW_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecorder:
    """Writes a run's events; an intent only while the run holds its gate.

    Several threads may record at the same time; whoever listens hears of one event at a time.
    """

    journal: GateJournal
    gate: GateName
    run: RunId | None
    lease: LeaseToken | None
    listeners: tuple[Listener, ...]
    closing: bool = False
    """A closing is begun on the last of the room; any other run leaves enough to tell its end."""
    begun: int = 0
    """Place of the record with which this process began the run, or went on with it."""
    looking: LookingRecord | None = None
    """For a run that only looks, whose events may wait a moment for the disk."""

    def of_looks(self) -> "RunRecorder":
        """Give the recorder of a run that only looks."""
        looking = LookingRecord(self.journal, gate=self.gate, run=self.run, told=self._told)
        return replace(self, looking=looking)

    with_first_intent: list[Event] = field(default_factory=list)
    """What becomes true with the first act: on record in one transaction with its intent, or not
    at all. It is emptied by that. A closing, whose lanes may intend at the same time, has none."""

    telling: threading.Lock = field(default_factory=threading.Lock)

    def record(self, event: Event) -> Recorded:
        """Put an event on disk, then tell the listeners; raises LeaseLost when that happened."""
        if self.looking is not None:
            return self.looking.put(event)
        # What a device says to a line that had left is told, whoever holds the gate by then.
        require = None
        if self.lease is not None and not isinstance(event, _HEARD):
            require = LeaseCounts(gate=self.gate, token=self.lease)
        together = self.with_first_intent if isinstance(event, ActIntended) else []
        entries = [(one, self.gate, self.run) for one in (*together, event)]
        begins = isinstance(event, _BEGINNINGS) and not self.closing
        recorded = self.journal.append_all(entries, require=require, begins=begins)
        together.clear()
        return [self._told(one) for one in recorded][-1]

    def settle(self) -> None:
        """Put what still waits on disk."""
        if self.looking is not None:
            self.looking.settle()

    def still_held(self) -> None:
        """Raise LeaseLost if the gate is not this run's any more."""
        if self.lease is not None:
            self.journal.leases.require(self.gate, self.lease)

    def end_without_lease(self, because: str) -> None:
        """Put on record that a run which lost its gate has stopped.

        That is no word about the gate, which may be somebody else's by now; nor is it the end of
        a run that somebody else has gone on with.
        """
        end = RunEnded(ending=Ending.INTERRUPTED, because=because)
        fence = LeftAlone(run=self.run, since=self.begun) if self.run is not None else None
        try:
            ended = self.journal.append(end, gate=self.gate, run=self.run, require=fence)
        except LeaseLost:
            text = (
                f"process {os.getpid()} has left run {self.run} to whoever went on with it: "
                f"{because}"
            )
            ended = self.journal.append(Noted(text=text), gate=self.gate)
        self._told(ended)

    def record_if_untaken(self, event: Event) -> None:
        """Put an event on disk unless the lease was broken or taken; it may have run out."""
        if self.lease is None:
            return
        fence = LeaseUntaken(gate=self.gate, token=self.lease)
        with contextlib.suppress(LeaseLost):
            self._told(self.journal.append(event, gate=self.gate, run=self.run, require=fence))

    def _told(self, recorded: Recorded) -> Recorded:
        with self.telling:
            for listener in self.listeners:
                listener(recorded)
        return recorded


@contextmanager
def held(journal: GateJournal, gate: GateName, actor: str, step: str) -> Iterator[LeaseToken]:
    """Hold a gate while the block runs, renewing; raises GateBusy if somebody else holds it."""
    take_from_the_dead(journal, gate)
    token = journal.leases.take(
        gate, holder=actor, host=socket.gethostname(), pid=os.getpid(), step=step
    )
    done = threading.Event()
    keeper = threading.Thread(
        target=_renew, args=(journal, gate, token, done), name=f"lease-{gate}", daemon=True
    )
    keeper.start()
    try:
        yield token
    finally:
        done.set()
        keeper.join(timeout=_RENEW_S)
        journal.leases.release(gate, token)


def _renew(journal: GateJournal, gate: GateName, token: LeaseToken, done: threading.Event) -> None:
    while not done.wait(_RENEW_S):
        try:
            journal.leases.renew(gate, token)
        except LeaseLost:
            # The next record of the run finds that out, and stops it.
            return
        except GatectlError:
            # A journal that is locked for a while may be free at the next turn.
            continue


def take_from_the_dead(journal: GateJournal, gate: GateName) -> None:
    """End a lease whose process on this machine is gone; nobody is left who could act on it."""
    lease = journal.leases.show(gate)
    if lease is not None and lease.alive and holder_gone(lease):
        journal.leases.break_(gate, lease.token, reason=f"process {lease.pid} is gone")


def holder_gone(lease: Lease) -> bool:
    """Whether the holder was a process of this machine that runs no more."""
    if not lease.here:
        return False
    try:
        os.kill(lease.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False

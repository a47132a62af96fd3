"""The journal as one run sees it: its gate, its run, its lease, and who listens."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gatectl.core.event import ActIntended, Event, Recorded, RunId
from gatectl.core.gate import GateName
from gatectl.errors import GatectlError
from gatectl.journal import Journal
from gatectl.lease import Lease, LeaseToken

Listener = Callable[[Recorded], None]

_LEASE_S = 60.0
_RENEW_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecorder:
    """Writes a run's events; an intent only while the run holds its gate."""

    journal: Journal
    gate: GateName
    run: RunId | None
    lease: LeaseToken | None
    listeners: tuple[Listener, ...]

    def record(self, event: Event) -> Recorded:
        """Put an event on disk, then tell the listeners; raises GateBusy when the lease is lost."""
        require = self.lease if isinstance(event, ActIntended) else None
        recorded = self.journal.append(event, gate=self.gate, run=self.run, require=require)
        for listener in self.listeners:
            listener(recorded)
        return recorded

    def still_held(self) -> None:
        """Raise GateBusy if the gate is not this run's any more."""
        if self.lease is not None:
            self.journal.leases.require(self.gate, self.lease)


@contextmanager
def held(journal: Journal, gate: GateName, actor: str, step: str) -> Iterator[LeaseToken]:
    """Hold a gate while the block runs, renewing; raises GateBusy if somebody else holds it."""
    take_from_the_dead(journal, gate)
    token = journal.leases.take(
        gate, holder=actor, host=socket.gethostname(), pid=os.getpid(), step=step, ttl_s=_LEASE_S
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


def _renew(journal: Journal, gate: GateName, token: LeaseToken, done: threading.Event) -> None:
    while not done.wait(_RENEW_S):
        try:
            journal.leases.renew(gate, token, ttl_s=_LEASE_S)
        except GatectlError:
            # The lease is lost or cannot be written: the next intent finds that out and stops.
            return


def take_from_the_dead(journal: Journal, gate: GateName) -> None:
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

"""Journal, leases, evidence and stop of a worker: each asks the coordinator, and waits."""

import base64
import os
import socket
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from gatectl import __version__, errors
from gatectl.clock import Clock, read
from gatectl.core.event import Event, EvidenceId, Recorded, RunId, event_fields
from gatectl.core.gate import GateName
from gatectl.core.moment import CLOCK_STEP_S, UNKNOWN_BOOT, Moment
from gatectl.errors import GatectlError, Interrupted, Refused
from gatectl.fleet.channel import Channel, ChannelBroken
from gatectl.journal.chain import Head
from gatectl.journal.lease import TTL_S, Fence, Lease, LeaseToken
from gatectl.journal.record import understood, written
from gatectl.ports import Entry


class CoordinatorGone(Interrupted):
    """Nobody is left to write down what would be done, so nothing further is done."""


class Coordination:
    """Questions and answers over one line; asked from several threads, one after the other."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._asking = threading.Lock()
        told = self.ask("hello", worker=f"process {os.getpid()} on {socket.gethostname()}")
        if told["version"] != __version__:
            raise Refused(
                f"the coordinator runs gatectl {told['version']}, this worker {__version__}",
                hint="Install the same gatectl on both.",
            )
        self.gate = GateName(told["gate"])
        self.lineage: str = told["lineage"]
        self.read_only: bool = told["read_only"]
        self.greeting = understood(told["now"])
        """An event of no worth but its frame: who is at work there, and when by the clocks."""

    def ask(self, what: str, **pairs: object) -> Any:
        """Ask for something; raises what it raised there, or CoordinatorGone."""
        try:
            with self._asking:
                self._channel.send({"ask": what, **pairs})
                reply = self._channel.receive()
        except ChannelBroken as exc:
            # Not a broken journal: closing on without a record would be beside somebody else.
            raise CoordinatorGone(f"the coordinator is gone: {exc.sentence}") from exc
        if "error" in reply:
            raise _error(*reply["error"])
        return reply["answer"]

    def close(self) -> None:
        """Leave."""
        self._channel.close()


def _error(kind: str, sentence: str, hint: str) -> GatectlError:
    found = getattr(errors, kind, GatectlError)
    if not (isinstance(found, type) and issubclass(found, GatectlError)):
        found = GatectlError
    return found(sentence, hint=hint)


class RemoteLeases:
    """The leases, kept by the coordinator in its own name."""

    def __init__(self, line: Coordination) -> None:
        self._line = line

    def take(
        self,
        gate: GateName,
        *,
        holder: str,
        host: str,
        pid: int,
        step: str = "",
        ttl_s: float = TTL_S,
    ) -> LeaseToken:
        """Get the gate for this run."""
        del gate, holder, host, pid  # the coordinator's own: it is the one who must be alive
        return LeaseToken(self._line.ask("take", step=step, ttl_s=ttl_s))

    def renew(
        self, gate: GateName, token: LeaseToken, *, step: str | None = None, ttl_s: float = TTL_S
    ) -> None:
        """Hold on for another while."""
        del gate, step
        self._line.ask("renew", token=token, ttl_s=ttl_s)

    def release(self, gate: GateName, token: LeaseToken) -> None:
        """Give the gate back."""
        del gate
        self._line.ask("release", token=token)

    def show(self, gate: GateName) -> Lease | None:
        """Tell who has the gate."""
        told = self._line.ask("show")
        if told is None:
            return None
        since = datetime.fromisoformat(told.pop("since"))
        # Whether its process still runs is for the coordinator to find out, and not for us.
        return Lease(gate=gate, since=since, here=False, **told)

    def break_(self, gate: GateName, token: LeaseToken, *, reason: str) -> None:
        """End somebody else's lease."""
        del gate
        self._line.ask("break", token=token, reason=reason)

    def require(self, gate: GateName, token: LeaseToken) -> None:
        """Raise LeaseLost unless this very lease counts at this moment."""
        del gate
        self._line.ask("require", token=token)


class RemoteJournal:
    """The coordinator's journal, as far as it is about this worker's gate."""

    def __init__(self, line: Coordination, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._same_clock = _is_same_clock(line.greeting.moment, read(clock))
        self.lineage = line.lineage
        self.read_only = line.read_only
        self.leases = RemoteLeases(line)

    def append(
        self,
        event: Event,
        *,
        gate: GateName,
        run: RunId | None = None,
        require: Fence | None = None,
        begins: bool = False,
    ) -> Recorded:
        """Have an event put on disk over there; it is when this returns."""
        return self.append_all(((event, gate, run),), require=require, begins=begins)[0]

    def append_all(
        self, entries: Sequence[Entry], *, require: Fence | None = None, begins: bool = False
    ) -> tuple[Recorded, ...]:
        """Have several events of one run put on disk over there, all of them or none."""
        runs = {run for _, _, run in entries}
        for _, gate, _ in entries:
            self._own(gate)
        if len(runs) != 1:
            raise Refused("a worker records one run at a time")
        told = self._line.ask(
            "append",
            events=[event_fields(event) for event, _, _ in entries],
            run=runs.pop(),
            fence=None if require is None else asdict(require),
            begins=begins,
        )
        return tuple(understood(body) for body in told)

    def dated(self, event: Event, *, gate: GateName, run: RunId | None = None) -> Recorded:
        """Give an event its time: here if the coordinator's clocks are ours, else over there."""
        self._own(gate)
        if not self._same_clock:
            return understood(self._line.ask("dated", event=event_fields(event), run=run))
        now = read(self._clock)
        greeting = self._line.greeting
        return replace(greeting, at=now.at, boot_time_ns=now.boot_time_ns, run=run, event=event)

    def put(self, dated: Sequence[Recorded]) -> list[Recorded]:
        """Have events put on disk that have their time already."""
        told = self._line.ask("put", dated=[written(recorded) for recorded in dated])
        placed = zip(dated, told, strict=True)
        return [replace(recorded, sequence=sequence) for recorded, sequence in placed]

    def events(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """Give events in their order, a page at a time."""
        self._own(gate)
        given = 0
        while page := self._page("events", run=run, kinds=kinds, after=after):
            for recorded in page:
                if limit is not None and given >= limit:
                    return
                yield recorded
                given += 1
            after = page[-1].sequence

    def newest_first(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
        before: int | None = None,
    ) -> Iterator[Recorded]:
        """Give events backwards, a page at a time."""
        self._own(gate)
        while page := self._page("newest_first", run=run, kinds=kinds, before=before):
            yield from page
            before = page[-1].sequence

    def head(self) -> Head:
        """Give the last link."""
        sequence, last = self._line.ask("head")
        return Head(sequence=sequence, hash=last, lineage=self.lineage)

    def _page(
        self, what: str, *, run: RunId | None, kinds: Collection[str], **place: int | None
    ) -> list[Recorded]:
        told = self._line.ask(what, run=run, kinds=list(kinds), **place)
        return [understood(body) for body in told]

    def _own(self, gate: GateName | None) -> None:
        if gate != self._line.gate:
            raise Refused(f"this worker is for {self._line.gate}, and not for {gate}")


def _is_same_clock(theirs: Moment, ours: Moment) -> bool:
    """Say whether two processes read the same clocks; containers of one boot may have others."""
    apart_s = abs(theirs.boot_time_ns - ours.boot_time_ns) / 1e9
    return (
        theirs.boot_id == ours.boot_id != UNKNOWN_BOOT
        and apart_s < CLOCK_STEP_S
        and abs(theirs.at - ours.at).total_seconds() < CLOCK_STEP_S
    )


class RemoteEvidence:
    """The coordinator's evidence."""

    def __init__(self, line: Coordination) -> None:
        self._line = line

    def keep(self, content: bytes) -> EvidenceId:
        """Have one piece kept over there."""
        return EvidenceId(self._line.ask("keep", content=base64.b64encode(content).decode()))

    def read(self, evidence: EvidenceId) -> bytes:
        """Give a piece back."""
        return base64.b64decode(self._line.ask("read", evidence=evidence))


class RemoteStop:
    """Whether whoever sits at the coordinator wants this to end."""

    def __init__(self, line: Coordination) -> None:
        self._line = line

    def check(self) -> None:
        """Raise Interrupted if so."""
        self._line.ask("stop")

"""What the runner is handed: the doors to journal, nodes, vantages and evidence, as protocols."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatectl.core.check import Observation, Verdict
from gatectl.core.event import Event, EvidenceId, Recorded, RunId
from gatectl.core.gate import GateName, NodeName, Side
from gatectl.core.plan import CollectTask, PlannedStep
from gatectl.core.reach import VantageReport
from gatectl.journal.chain import Head
from gatectl.journal.lease import TTL_S, Fence, Lease, LeaseToken
from gatectl.transport.contract import Transport

Entry = tuple[Event, GateName, RunId | None]
"""An event, its gate, and the run that it belongs to."""


class Recorder(Protocol):
    """Writes an event to the journal before anything else happens, and tells who listens."""

    def record(self, event: Event) -> Recorded:
        """Give the event back with its place; raises JournalUnavailable if it is not on disk."""

    def still_held(self) -> None:
        """Raise LeaseLost if another run has taken the gate since the intent was recorded."""


class GateLeases(Protocol):
    """Who may act on a gate, as a run needs to ask."""

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
        """Get the gate for yourself, or learn from GateBusy who has it."""

    def renew(
        self, gate: GateName, token: LeaseToken, *, step: str | None = None, ttl_s: float = TTL_S
    ) -> None:
        """Hold on for another while."""

    def release(self, gate: GateName, token: LeaseToken) -> None:
        """Give the gate back."""

    def show(self, gate: GateName) -> Lease | None:
        """Tell who has the gate."""

    def break_(self, gate: GateName, token: LeaseToken, *, reason: str) -> None:
        """End somebody else's lease, for a reason that goes on record."""

    def require(self, gate: GateName, token: LeaseToken) -> None:
        """Raise LeaseLost unless this very lease counts at this moment."""


class GateJournal(Protocol):
    """The journal as a run needs it: here, or in another process that coordinates."""

    @property
    def lineage(self) -> str:
        """Name which journal it is."""

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""

    @property
    def leases(self) -> GateLeases:
        """Who may act on a gate."""

    def append(
        self,
        event: Event,
        *,
        gate: GateName,
        run: RunId | None = None,
        require: Fence | None = None,
        begins: bool = False,
    ) -> Recorded:
        """Put an event on disk, if the fence stands; else LeaseLost.

        What `begins` something is refused where there would be no room left to tell its end.
        """

    def append_all(
        self, entries: Sequence[Entry], *, require: Fence | None = None, begins: bool = False
    ) -> tuple[Recorded, ...]:
        """Put several events on disk, all of them or none."""

    def dated(self, event: Event, *, gate: GateName, run: RunId | None = None) -> Recorded:
        """Give an event its time; it has no place in the journal before it is `put` there."""

    def put(self, dated: Sequence[Recorded]) -> list[Recorded]:
        """Put events on disk that have their time already, all of them or none."""

    def events(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """Give events in their order."""

    def newest_first(
        self,
        *,
        gate: GateName | None = None,
        run: RunId | None = None,
        kinds: Collection[str] = (),
        before: int | None = None,
    ) -> Iterator[Recorded]:
        """Give events backwards, all of them or those before a place."""

    def head(self) -> Head:
        """Give the last link."""


class Nodes(Protocol):
    """The sessions with a gate's nodes, opened when first needed and again after a loss."""

    def transport(self, node: NodeName) -> Transport:
        """Give the session of a node; it connects at its first command."""

    def forget(self, node: NodeName) -> None:
        """Drop a session that was cut, so that the next use opens a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSeen:
    """The answer to one request: as a check reads it, and as it came."""

    observation: Observation
    raw: bytes


class Lookout(Protocol):
    """The looks at a gate from its vantages."""

    def hold(self) -> None:
        """Begin to open a connection from outside, to ask it again in every survey from now on."""

    def survey(self) -> tuple[VantageReport, ...]:
        """Look from every vantage."""

    def request(self, side: Side, method: str, path: str) -> RequestSeen:
        """Send one request from the first vantage of a side."""

    def close(self) -> None:
        """Let go of whatever the looks go through."""


class Keeper(Protocol):
    """Keeps pieces of evidence by their hash."""

    def keep(self, content: bytes) -> EvidenceId:
        """Keep one piece; raises JournalUnavailable where there is no room."""

    def read(self, evidence: EvidenceId) -> bytes:
        """Give a piece back; raises JournalDamaged if it is not what was kept."""


class StopFlag(Protocol):
    """Whether somebody, or a newer run, wants this run to end."""

    def check(self) -> None:
        """Raise Interrupted, or GateBusy, if the run must not go on."""


class Collector(Protocol):
    """Takes evidence from nodes and judges it."""

    def collect(self, step: PlannedStep, task: CollectTask, recorder: Recorder) -> Verdict:
        """Keep all that the step names; the verdict says whether all of it could be had."""

    def judge(self, recorder: Recorder) -> Verdict:
        """Judge all evidence that is kept for the gate."""

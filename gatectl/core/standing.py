"""Where a gate stands: the fold of everything that the journal knows of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from gatectl.core.check import Answer, Verdict
from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import (
    CompromiseJudged,
    Ending,
    Event,
    EvidenceId,
    EvidenceKept,
    Mode,
    Recorded,
    RunEnded,
    RunId,
    RunResumed,
    RunStarted,
    ScannerRun,
    SidesSeen,
    Signalled,
    StepEnded,
)
from gatectl.core.gate import GateName, GateState, NodeName, Signal
from gatectl.core.moment import Lived, Moment
from gatectl.core.plan import Direction, Plan
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.core.sighting import Sighting, sightings_of

_COMPROMISE_CHECK = "compromise-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A step's verdict on something that reopening depends on."""

    interlock: str
    node: NodeName | None
    verdict: Verdict
    at: datetime
    sequence: int
    """Its place in the journal: which of two proofs is newer is not told by a time."""
    lived: Lived
    """How long the record had lasted by then."""
    seen: Mapping[NodeName, Sighting]
    """The nodes as they were just before the run that proved it."""
    run: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesLook:
    """The last look from all vantages."""

    outside: Literal["open", "shut", "unknown"]
    inside: Literal["open", "shut", "unknown"]
    because: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a gate, and what is wanted of it."""

    gate: GateName
    state: GateState = GateState.UNKNOWN
    state_since: datetime | None = None
    state_because: str = "gatectl has not looked at this gate yet"
    wanted_shut: bool = False
    """Somebody closed it, and no reopening was confirmed since."""
    closed_by: tuple[str, ...] = ()
    sides: SidesLook | None = None
    proofs: Mapping[tuple[str, NodeName | None], Proof] = field(default_factory=dict)
    compromise: CompromiseJudged | None = None
    compromise_at: datetime | None = None
    evidence: tuple[EvidenceKept, ...] = ()
    """Kept since the gate was last open with a confirmation."""
    builds: Mapping[NodeName, str] = field(default_factory=dict)
    sightings: Mapping[NodeName, Sighting] = field(default_factory=dict)
    """The nodes as they were seen last."""
    left_over: tuple[Run, ...] = ()
    """Runs that stopped before a proven end, and that none has made good since; newest last."""
    last_run: Run | None = None
    lived: Lived | None = None
    """How long the record has lasted by its newest event."""
    mitigations: Mapping[str, Plan] = field(default_factory=dict)
    """By playbook, the last plan that put a mitigation in force or took it back."""

    @property
    def unfinished(self) -> Run | None:
        """The run that `resume` would go on with."""
        return self.left_over[-1] if self.left_over else None

    @classmethod
    def from_events(cls, gate: GateName, events: Iterable[Recorded]) -> "Standing":
        """Fold a gate's events in their order; a dry run changes nothing that is known."""
        standing = cls(gate=gate)
        runs: dict[RunId, Run] = {}
        lived: Lived | None = None
        for recorded in events:
            lived = lived_until(lived, recorded)
            run = run_after(runs, recorded)
            if run is not None and run.mode is Mode.DRY:
                continue
            standing = standing.after(recorded, run, lived)
        return replace(standing, lived=lived)

    def after(self, recorded: Recorded, run: Run | None, lived: Lived) -> "Standing":
        """Give the standing as it is after one more event, until which the record has lived."""
        standing = self
        if run is not None and run is not standing.last_run:
            left_over = _left_over(standing, run, recorded.event)
            standing = replace(standing, last_run=run, left_over=left_over)
        match recorded.event:
            case RunStarted(plan=plan):
                return replace(standing, sightings=_seen_again(standing, plan))
            case Signalled() as signalled:
                return _signalled(standing, signalled, recorded, run)
            case SidesSeen(outside=outside, inside=inside, because=because):
                look = SidesLook(outside=outside, inside=inside, because=because, at=recorded.at)
                return replace(standing, sides=look)
            case StepEnded(proves=str() as interlock) as ended:
                return _proven(standing, interlock, ended, run, recorded=recorded, lived=lived)
            case RunEnded(ending=ending) if run is not None and _mitigates(run, ending):
                mitigations = {**standing.mitigations, run.plan.playbook: run.plan}
                return replace(standing, mitigations=mitigations)
            case CompromiseJudged() as judged:
                return replace(standing, compromise=judged, compromise_at=recorded.at)
            case ScannerRun(said="compromised" | "inconclusive") as scanner:
                return _doubted(standing, scanner, run, recorded=recorded, lived=lived)
            case EvidenceKept() as kept:
                return replace(standing, evidence=(*standing.evidence, kept))
            case _:
                return standing

    def age_s(self, proof: Proof, now: Moment) -> float | None:
        """Tell how old a proof is; none if no clock can say, which is no younger than too old.

        The only judge of age: a wall clock that was set makes no proof younger, and within one boot
        of this machine none older.
        """
        latest = self.lived or proof.lived
        return latest.until(now).since_s(proof.lived)


def lived_until(lived: Lived | None, recorded: Recorded) -> Lived:
    """Go on to one more event, or begin at the first; a kept standing is none that counts."""
    if lived is None:
        return Lived(last=recorded.moment)
    return lived if isinstance(recorded.event, StandingKept) else lived.until(recorded.moment)


def evidence_ids(standing: Standing) -> tuple[EvidenceId, ...]:
    """Name all evidence that is kept for a gate."""
    return tuple(kept.evidence for kept in standing.evidence if kept.evidence is not None)


def run_after(runs: dict[RunId, Run], recorded: Recorded) -> Run | None:
    """Take an event into the run that it belongs to, if it belongs to one that began."""
    if recorded.run is None:
        return None
    known = runs.get(recorded.run)
    run = Run.from_events([recorded]) if known is None else known.after(recorded)
    if run is not None:
        runs[recorded.run] = run
    return run


def _left_over(standing: Standing, run: Run, event: Event) -> tuple[Run, ...]:
    """Tell which runs are left over now; another run hides none of them, it makes them good."""
    earlier = tuple(
        one for one in standing.left_over if one.id != run.id and not _supersedes(run, one)
    )
    # What was made good is not brought back by what its process had still to say.
    begins = isinstance(event, RunStarted | RunResumed)
    gone = not begins and all(one.id != run.id for one in standing.left_over)
    return earlier if gone or run.finished or _only_reads(run.plan) else (*earlier, run)


_OPENING = frozenset({Purpose.REOPEN, Purpose.CONFIRM})


def _supersedes(run: Run, earlier: Run) -> bool:
    """Whether a proven run leaves nothing to go on with in an earlier, unfinished one."""
    if run.ending is not Ending.PROVEN:
        return False
    if run.plan.purpose is Purpose.CLOSE:
        # What was half opened is shut again: there is nothing left of the opening to finish.
        return earlier.plan.purpose in {Purpose.CLOSE, *_OPENING}
    # Doing it leaves nothing of an undoing, and undoing it nothing of a doing.
    return run.plan.playbook == earlier.plan.playbook


def _mitigates(run: Run, ending: Ending) -> bool:
    """Whether a mitigation was, or may have been, put in force or taken back."""
    return run.plan.purpose is Purpose.MITIGATE and ending is not Ending.REFUSED


def _only_reads(plan: Plan) -> bool:
    return plan.purpose in {Purpose.VERIFY, Purpose.SCAN} and plan.direction is Direction.DO


def _signalled(
    before: Standing, signalled: Signalled, recorded: Recorded, run: Run | None
) -> Standing:
    standing = replace(
        before,
        state=signalled.after,
        state_because=signalled.because,
        state_since=recorded.at if signalled.after is not before.state else before.state_since,
    )
    match signalled.signal:
        case Signal.CLOSE_STARTED:
            return replace(standing, wanted_shut=True)
        case Signal.CLOSE_PROVEN:
            closed = run or standing.last_run
            method = closed.plan.playbook if closed else ""
            methods = (*(m for m in standing.closed_by if m != method), method)
            return replace(standing, closed_by=tuple(m for m in methods if m))
        case Signal.CONFIRMED:
            return replace(
                standing,
                wanted_shut=False,
                closed_by=(),
                evidence=(),
                proofs={},
                compromise=None,
                compromise_at=None,
            )
        case _:
            return standing


def _doubted(
    before: Standing,
    scanner: ScannerRun,
    run: Run | None,
    *,
    recorded: Recorded,
    lived: Lived,
) -> Standing:
    """Let what a scanner found take the place of an earlier clean check, until it is made anew."""
    if run is None:
        return before
    answer = Answer.FAIL if scanner.said == "compromised" else Answer.UNKNOWN
    proof = Proof(
        interlock=_COMPROMISE_CHECK,
        node=None,
        verdict=Verdict(answer=answer, because=f"{scanner.node}: {scanner.because}"),
        at=recorded.at,
        sequence=recorded.sequence,
        lived=lived,
        seen=sightings_of(run.plan.facts),
        run=run.id,
    )
    return replace(before, proofs={**before.proofs, (_COMPROMISE_CHECK, None): proof})


def _seen_again(standing: Standing, plan: Plan) -> dict[NodeName, Sighting]:
    seen = sightings_of(plan.facts)
    before = standing.sightings
    again = {node: before[node].then(one) if node in before else one for node, one in seen.items()}
    return {**before, **again}


def _proven(
    before: Standing,
    interlock: str,
    ended: StepEnded,
    run: Run | None,
    *,
    recorded: Recorded,
    lived: Lived,
) -> Standing:
    if run is None:
        return before
    proof = Proof(
        interlock=interlock,
        node=ended.node,
        verdict=ended.verdict,
        at=recorded.at,
        sequence=recorded.sequence,
        lived=lived,
        seen=sightings_of(run.plan.facts),
        run=run.id,
    )
    # Several steps may be evidence for one interlock: of one run the worst counts, and a newer
    # run replaces an older one.
    key = (interlock, ended.node)
    earlier = before.proofs.get(key)
    if earlier is not None and earlier.run == proof.run and not earlier.verdict.passed:
        return before
    return replace(before, proofs={**before.proofs, key: proof})

"""A run from its first event to its last: sessions, lease, signals, and what it came to."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from gatectl.collector import EvidenceCollector
from gatectl.core.beginning import judge_beginning
from gatectl.core.course import (
    Reach,
    all_but_saved,
    exit_code,
    proven_outside,
    shuts_inside_too,
    signal_at_end,
    signal_at_start,
    told_by_node,
    unsaved_nodes,
)
from gatectl.core.effects import FENCE
from gatectl.core.event import (
    Ending,
    InterlocksJudged,
    Mode,
    Noted,
    RunId,
    RunResumed,
    RunStarted,
    Signalled,
)
from gatectl.core.exposedtime import KINDS, exposed_in_service, exposed_times
from gatectl.core.exposure import NodeSeen
from gatectl.core.gate import Gate, GateState, Host, NodeName, Signal, advance, can_take
from gatectl.core.interlock import Blocker, standing_blockers
from gatectl.core.plan import Plan
from gatectl.core.planning import in_force
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.core.standing import Standing
from gatectl.core.window import INTERLOCK as WINDOW
from gatectl.core.window import judge_window
from gatectl.desk import Admission, Admitted, Connect, Desk, Result
from gatectl.errors import ExitCode, GatectlError, JournalUnavailable, LeaseLost
from gatectl.grounds import keep_configuration
from gatectl.journal.history import GateHistory
from gatectl.journal.lease import LeaseToken
from gatectl.journal.recorder import RunRecorder, held
from gatectl.ports import Lookout
from gatectl.runner import Runner
from gatectl.site import NodeSessions
from gatectl.transport.contract import Transport
from gatectl.transport.impatient import Impatience, Impatient
from gatectl.transport.readonly import ReadOnly
from gatectl.turn import sides_seen

_FENCE_TIMEOUT_S = 60.0
_SETTLE_S = 5.0

QUIET_STATES = frozenset({GateState.UNKNOWN, GateState.OPEN, GateState.CLOSED, GateState.VERIFIED})
"""States that a run which was cut off did not leave the gate in."""

READS_ONLY = frozenset({Purpose.VERIFY, Purpose.SCAN})
"""What runs for these purposes gets sessions that cannot write, and needs no lease."""

RESTS_ON_BOOTS = frozenset({Purpose.VERIFY, Purpose.SCAN, Purpose.REOPEN, Purpose.CONFIRM})
"""What is proven for these belongs to the boot in which a node was seen just before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """A run that is gone on with, perhaps by a changed plan."""

    run: Run
    adopted: Plan | None
    reason: str


class Execution:
    """Carries plans out for one gate; the verbs decide which."""

    def __init__(self, desk: Desk, gate: Gate) -> None:
        self.desk = desk
        self.gate = gate
        self._history = GateHistory(desk.journal, gate.name)
        self._holding: Lookout | None = None

    def standing(self) -> Standing:
        """Fold what the journal knows of this gate."""
        return self._history.standing()

    def recorder(self, run: RunId | None) -> RunRecorder:
        """Write events for this gate, in or out of a run."""
        return RunRecorder(
            journal=self.desk.journal,
            gate=self.gate.name,
            run=run,
            lease=None,
            listeners=self.desk.listeners,
        )

    def signal(self, recorder: RunRecorder, signal: Signal, because: str) -> None:
        """Move the gate's state, if its table has such a move."""
        before = self.standing().state
        if can_take(before, signal):
            after = advance(before, signal)
            recorder.record(Signalled(signal=signal, before=before, after=after, because=because))

    @contextmanager
    def sessions(self, *, read_only: bool, impatient: bool = False) -> Iterator[NodeSessions]:
        """Hold sessions with the nodes while the block runs; impatient ones ask nobody twice."""
        connect = self._connect(read_only=read_only)
        given = _impatient(connect) if impatient else connect
        with NodeSessions(self.gate, given) as nodes:
            yield nodes

    @contextmanager
    def holding(self, mode: Mode) -> Iterator[None]:
        """Hold connections from outside while one way to close after another is tried."""
        if mode is Mode.DRY:
            yield
            return
        with contextlib.closing(
            self.desk.lookout(self.gate, self._connect(read_only=True))
        ) as lookout:
            lookout.hold()
            self._holding = lookout
            try:
                yield
            finally:
                self._holding = None

    @contextmanager
    def _looking(self) -> Iterator[Lookout]:
        if self._holding is not None:
            yield self._holding
            return
        with contextlib.closing(
            self.desk.lookout(self.gate, self._connect(read_only=True))
        ) as lookout:
            yield lookout

    def look_from_outside(self, run: Run | None = None) -> Reach:
        """Look at both sides now, put it on record, and say what outside gets for sure."""
        with self._looking() as lookout:
            seen = sides_seen(lookout.survey())
        recorder = self.recorder(None)
        recorder.record(seen)
        if seen.outside == "open":
            self.signal(recorder, Signal.SEEN_OPEN, seen.because)
        standing = self.standing()
        inside_too = shuts_inside_too(standing, run)
        outside = proven_outside(seen.outside, seen.inside, inside_too=inside_too)
        served = (seen.outside, seen.inside) == ("shut", "open")
        if served and standing.state is GateState.REOPENING:
            # Only a gateway that is seen at work says so: a pair in mid-failover serves nobody.
            ended = "the provisional reopening has ended: outside is shut again"
            self.signal(recorder, Signal.REOPEN_ENDED, ended)
        self._history.keep()
        return outside

    def start(
        self,
        plan: Plan,
        nodes: NodeSessions,
        *,
        mode: Mode = Mode.REAL,
        resumed: Resumption | None = None,
        admit: Admission | None = None,
    ) -> Result:
        """Carry a plan out, or go on with a run of it.

        `admit` is asked last, while the gate is held: what it gives stands in the way as well.
        """
        run_id = resumed.run.id if resumed else _new_run_id(self.desk.clock.now())
        with self._lease(plan, mode, nodes) as lease, self._looking() as lookout:
            closing = plan.purpose is Purpose.CLOSE
            recorder = replace(self.recorder(run_id), lease=lease, closing=closing)
            if _only_looks(plan, mode):
                recorder = recorder.of_looks()
            run, begun = _begun(recorder, plan, mode, resumed)
            recorder = replace(recorder, begun=begun)
            try:
                runner = self._runner(recorder, nodes, lookout)
                result = self._carried_out(recorder, run, runner, admit)
            except LeaseLost as exc:
                self._stopped(recorder, exc)
                raise
            finally:
                recorder.settle()
            ended = result.runs[-1].ending not in {None, Ending.REFUSED}
            proven = result.code is ExitCode.PROVEN
            if mode is Mode.REAL and ended and (proven or plan.purpose is not Purpose.CLOSE):
                keep_configuration(self.desk, self.gate, nodes, plan.purpose)
            return result

    def _carried_out(
        self, recorder: RunRecorder, run: Run, runner: Runner, admit: Admission | None
    ) -> Result:
        plan = run.plan
        closing = plan.purpose is Purpose.CLOSE
        if closing:
            # What it is to be is on record before anything can go wrong.
            self._signal_start(recorder, run)
        run = runner.look_before(run)
        if run.ending is not None:
            return self._conclude(recorder, run)
        blockers = self._blockers(run)
        admitted = Admitted()
        if admit is not None and not standing_blockers(blockers, plan.overrides):
            admitted = admit(plan)
            blockers = (*blockers, *admitted.blockers)
        if standing_blockers(blockers, plan.overrides):
            return self._refused(recorder, runner, run, blockers)
        if not closing:
            self._signal_start(recorder, run)
        recorder.with_first_intent.extend(admitted.uses)
        run = runner.carry_out(run)
        _use_up(recorder, run)
        return self._conclude(recorder, run)

    def _stopped(self, recorder: RunRecorder, lost: LeaseLost) -> None:
        """Put on record that a run lost its gate; the gate's state is told by whoever has it."""
        with contextlib.suppress(JournalUnavailable):
            recorder.end_without_lease(f"stopped: {lost.sentence}")
            before = self.standing().state
            if before not in QUIET_STATES and can_take(before, Signal.DOUBT):
                after = advance(before, Signal.DOUBT)
                doubt = Signalled(
                    signal=Signal.DOUBT, before=before, after=after, because=lost.sentence
                )
                recorder.record_if_untaken(doubt)

    def fence(self, nodes: NodeSessions) -> None:
        """End every other CLI session on the nodes, and let what they sent last come to rest.

        A run that was cut off may have a command under way; looking before it lands would be
        looking at the past. The settle time is that of reliability.md (f)8.
        """
        self._end_other_sessions(nodes)
        self.desk.clock.sleep(_SETTLE_S)

    def _end_other_sessions(self, nodes: NodeSessions) -> None:
        for node in self.gate.nodes:
            try:
                nodes.transport(node.name).send(FENCE, timeout_s=_FENCE_TIMEOUT_S)
                told = f"{node.name}: every other CLI session was ended"
            except GatectlError as exc:
                nodes.forget(node.name)
                told = f"{node.name}: other CLI sessions could not be ended: {exc.sentence}"
            self.recorder(None).record(Noted(text=told))

    def _signal_start(self, recorder: RunRecorder, run: Run) -> None:
        start = signal_at_start(run.plan.purpose)
        if run.mode is Mode.REAL and start is not None:
            self.signal(recorder, start, f"{run.plan.playbook} began")

    def _blockers(self, run: Run) -> tuple[Blocker, ...]:
        judged = judge_beginning(self.gate, self.standing(), run.plan, run, self.desk.advisories)
        # A dry run sends nothing that could not wait; a reopening was judged before it was agreed.
        waits = run.mode is Mode.REAL and run.plan.purpose is not Purpose.REOPEN
        return (*judged, *(self.window_blockers(run.plan.purpose) if waits else ()))

    def window_blockers(self, purpose: Purpose) -> tuple[Blocker, ...]:
        """Judge whether work of this kind may begin now; closing always may."""
        windows = self.desk.windows.get(self.gate.name, ())
        verdict = judge_window(windows, purpose, self.desk.clock.now())
        if verdict.passed:
            return ()
        clears = f"--override {WINDOW} --reason TEXT"
        return (Blocker(interlock=WINDOW, verdict=verdict, clears=clears),)

    def _refused(
        self, recorder: RunRecorder, runner: Runner, run: Run, blockers: tuple[Blocker, ...]
    ) -> Result:
        stopping = standing_blockers(blockers, run.plan.overrides)
        recorder.record(interlocks_judged(blockers, run.plan.overrides))
        because = "; ".join(f"{one.interlock}: {one.verdict.because}" for one in stopping)
        ended = runner.refuse(run, because)
        return Result(
            gate=self.gate.name,
            state=self.standing().state,
            code=ExitCode.REFUSED,
            sentence=f"{run.plan.playbook} is refused: {because}",
            hint="Nothing was sent that writes.",
            runs=(ended,),
            blockers=stopping,
        )

    def _conclude(self, recorder: RunRecorder, run: Run) -> Result:
        """Say what a run came to; where it failed, by a look from outside made afterwards."""
        ending = run.ending or Ending.UNKNOWN
        outside = self._outside_after(run)
        unsaved = unsaved_nodes(run) if outside == "shut" else ()
        only_unsaved = all_but_saved(run)
        signal = signal_at_end(run.plan.purpose, ending, outside, only_unsaved=only_unsaved)
        if signal is not None and run.mode is Mode.REAL:
            self.signal(recorder, signal, run.because)
        self._history.keep()
        return Result(
            gate=self.gate.name,
            state=self.standing().state,
            code=ExitCode.MAYBE_OPEN if unsaved else exit_code(ending, outside),
            sentence=_not_saved(unsaved, run) if unsaved else _told(run),
            runs=(run,),
            outside=outside,
        )

    def _outside_after(self, run: Run) -> Reach:
        if run.ending in {Ending.FAILED, Ending.UNKNOWN} and run.mode is Mode.REAL:
            return self.look_from_outside(run)
        standing = self.standing()
        if standing.sides is None:
            return "unknown"
        inside_too = shuts_inside_too(standing, run)
        return proven_outside(standing.sides.outside, standing.sides.inside, inside_too=inside_too)

    def _runner(self, recorder: RunRecorder, nodes: NodeSessions, lookout: Lookout) -> Runner:
        desk = self.desk
        collector = EvidenceCollector(
            nodes=nodes,
            evidence=desk.evidence,
            history=self._history.since_confirmed,
            clock=desk.clock,
            indicators=desk.indicators,
            exposed_since=self._exposed_since,
            examination_required=self.gate.off_box_examination == "required",
            expected_users=self.gate.expected_users,
        )
        return Runner(
            recorder=recorder,
            nodes=nodes,
            lookout=lookout,
            collector=collector,
            evidence=desk.evidence,
            clock=desk.clock,
            stop=desk.stop,
            lanes=desk.lanes,
        )

    def _exposed_since(self) -> datetime | None:
        """Find out since when the gate stood exposed to a bulletin that is in force for it."""
        history = tuple(self.desk.journal.events(gate=self.gate.name, kinds=KINDS))
        nodes = [NodeSeen(node=n.name, fips=self.gate.fips, shows={}) for n in self.gate.nodes]
        bulletins = in_force(self.gate, self.desk.advisories)
        times = exposed_times(nodes, bulletins, history, self.desk.clock.now())
        return exposed_in_service(times.values(), self.gate.in_service_since)

    @contextmanager
    def _lease(self, plan: Plan, mode: Mode, nodes: NodeSessions) -> Iterator[LeaseToken | None]:
        if _only_looks(plan, mode):
            yield None
            return
        if plan.purpose is Purpose.CLOSE:
            # Whoever else is at work stops before its next act, for its intents need the lease.
            lease = self.desk.journal.leases.show(self.gate.name)
            if lease is not None and lease.alive:
                reason = f"close by {self.desk.actor} comes first"
                self.desk.journal.leases.break_(self.gate.name, lease.token, reason=reason)
                # One that sleeps between its intent and its act would wake up to a live session.
                self._end_other_sessions(nodes)
        with held(self.desk.journal, self.gate.name, self.desk.actor, plan.playbook) as token:
            yield token

    def _connect(self, *, read_only: bool) -> Connect:
        if not read_only:
            return self.desk.connect

        def connect(host: Host) -> Transport:
            return ReadOnly(self.desk.connect(host))

        return connect


def _only_looks(plan: Plan, mode: Mode) -> bool:
    """Whether a run gets sessions that cannot write, whatever stands in its plan."""
    return mode is Mode.DRY or plan.purpose in READS_ONLY


def _impatient(connect: Connect) -> Connect:
    impatience = Impatience()
    return lambda host: Impatient(connect(host), host.name, impatience)


def interlocks_judged(
    blockers: tuple[Blocker, ...], overrides: Mapping[str, str]
) -> InterlocksJudged:
    """Turn a judgement into the event that keeps it, overrides with their reasons apart."""
    stopping = standing_blockers(blockers, overrides)
    return InterlocksJudged(
        blockers=tuple(_blocker_record(one) for one in stopping),
        overridden=tuple(
            {**_blocker_record(one), "reason": overrides[one.interlock]}
            for one in blockers
            if one not in stopping
        ),
    )


def _told(run: Run) -> str:
    """Say what a run came to; of a closing that was not proven, what each node is like."""
    if run.plan.purpose is not Purpose.CLOSE or run.ending not in {Ending.FAILED, Ending.UNKNOWN}:
        return run.because
    return "; ".join((*told_by_node(run), run.because))


def _not_saved(nodes: tuple[NodeName, ...], run: Run) -> str:
    where = " and ".join(nodes)
    return f"closed, NOT saved on {where}: a restart would reopen it ({run.because})"


def _use_up(recorder: RunRecorder, run: Run) -> None:
    """Use up what was agreed to for a gate that was found open: nothing had to be sent for it."""
    if run.ending is Ending.PROVEN and run.mode is Mode.REAL:
        for used in recorder.with_first_intent:
            recorder.record(used)


def _blocker_record(blocker: Blocker) -> dict[str, str]:
    return {
        "interlock": blocker.interlock,
        "answer": blocker.verdict.answer.value,
        "because": blocker.verdict.because,
        "clears": blocker.clears,
    }


def _begun(
    recorder: RunRecorder, plan: Plan, mode: Mode, resumed: Resumption | None
) -> tuple[Run, int]:
    """Put the beginning on record; gives the run, and the place of that record."""
    if resumed is not None:
        event = RunResumed(digest=plan.digest, adopted=resumed.adopted, reason=resumed.reason)
        recorded = recorder.record(event)
        return resumed.run.after(recorded), recorded.sequence
    recorded = recorder.record(RunStarted(plan=plan, digest=plan.digest, mode=mode))
    run = Run.from_events([recorded])
    if run is None:
        raise AssertionError("a run's start is its first event")
    return run, recorded.sequence


def _new_run_id(now: datetime) -> RunId:
    return RunId(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}")

"""One verb on one gate: look, plan, judge, carry out, and say what it came to."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gatectl.clock import Clock
from gatectl.collector import EvidenceCollector
from gatectl.config.playbooks import read_playbook
from gatectl.core.advisory import Advisory
from gatectl.core.course import Reach, exit_code, signal_at_end, signal_at_start
from gatectl.core.event import (
    Ending,
    InterlocksJudged,
    Mode,
    Recorded,
    Refusal,
    RunId,
    RunResumed,
    RunStarted,
    Signalled,
)
from gatectl.core.gate import (
    AdvisoryId,
    Gate,
    GateState,
    Host,
    Signal,
    advance,
    can_take,
)
from gatectl.core.indicators import Indicator
from gatectl.core.interlock import (
    Blocker,
    judge_mitigation,
    judge_reopening,
    judge_state,
    judge_target,
)
from gatectl.core.parameter import PlanError
from gatectl.core.plan import Direction, GateFacts, Plan, build_plan
from gatectl.core.playbook import Playbook, Purpose
from gatectl.core.run import Run
from gatectl.core.standing import Standing
from gatectl.errors import (
    ExitCode,
    GatectlError,
    PlaybookInvalid,
    Refused,
)
from gatectl.evidence import EvidenceStore
from gatectl.facts import FactsSeen, see_facts
from gatectl.journal import Journal
from gatectl.lease import LeaseToken
from gatectl.ports import StopFlag
from gatectl.recorder import Listener, RunRecorder, held, holder_gone, take_from_the_dead
from gatectl.runner import Runner, sides_seen
from gatectl.site import GateLookout, NodeSessions
from gatectl.transport.contract import Transport
from gatectl.transport.readonly import ReadOnly

VERIFY = "verify"
SCAN = "scan"
REOPEN = "reopen"
CONFIRM = "confirm"
_READS_ONLY = frozenset({Purpose.VERIFY, Purpose.SCAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every verb works with, handed over once."""

    journal: Journal
    evidence: EvidenceStore
    clock: Clock
    connect: Callable[[Host], Transport]
    advisories: Mapping[AdvisoryId, Advisory]
    indicators: tuple[Indicator, ...]
    playbook_folders: tuple[Path, ...]
    listeners: tuple[Listener, ...]
    stop: StopFlag
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verb came to on one gate."""

    gate: str
    state: GateState
    code: ExitCode
    sentence: str
    hint: str = ""
    runs: tuple[Run, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    plan: Plan | None = None


class Operation:
    """The verbs on one gate. A verb that only looks gets sessions that cannot write."""

    def __init__(self, desk: Desk, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate

    def standing(self) -> Standing:
        """Fold what the journal knows of this gate."""
        return Standing.from_events(
            self._gate.name, self._desk.journal.events(gate=self._gate.name)
        )

    def close(self, mode: Mode) -> Result:
        """Shut the gate by the first of its methods that works; never refused, never waits."""
        results: list[Result] = []
        for method in self._gate.close_methods:
            results.append(self._carry_out(method, mode=mode, parameters={}))
            if mode is Mode.DRY or results[-1].code is not ExitCode.MAYBE_OPEN:
                break
        last = results[-1]
        return replace(last, runs=tuple(run for result in results for run in result.runs))

    def run(
        self,
        playbook: str,
        mode: Mode,
        parameters: Mapping[str, str],
        direction: Direction = Direction.DO,
    ) -> Result:
        """Carry out any playbook; the way for a mitigation, a patch and whatever a site adds."""
        purpose = self._playbook(playbook).purpose
        if purpose in {Purpose.REOPEN, Purpose.CONFIRM} and mode is Mode.REAL:
            raise Refused(
                f"{playbook} opens a gate, and only its own verb does that",
                hint=f"`gatectl {purpose} {self._gate.name}` judges the interlocks first.",
            )
        return self._carry_out(playbook, mode=mode, parameters=parameters, direction=direction)

    def plan(
        self, playbook: str, parameters: Mapping[str, str], direction: Direction = Direction.DO
    ) -> Plan:
        """Make the plan from what is seen now; nothing is written, on no device."""
        with self._sessions(read_only=True) as nodes:
            seen = see_facts(self._gate, nodes)
        seen.refuse_trouble()
        return self._plan(self._playbook(playbook), seen, parameters, direction)

    def reopen(self, mode: Mode, agreed: Callable[[str], bool]) -> Result:
        """Open provisionally, if every interlock is proven now; all blockers are told at once.

        `agreed` is asked last, with the gate's name, and raises Refused when nobody agrees.
        """
        standing = self.standing()
        if standing.state is GateState.OPEN and not standing.wanted_shut:
            return self._already_open(standing)
        verified = () if standing.state is GateState.REOPENING else self._prove_interlocks()
        blockers = self._blockers()
        if blockers:
            return self._refused(REOPEN, blockers, verified)
        agreed(self._gate.name)
        result = self._carry_out(REOPEN, mode=mode, parameters={})
        if mode is Mode.REAL and result.code is not ExitCode.PROVEN:
            # Half opened is worse than shut, and shutting needs nobody's leave.
            shut = self.close(Mode.REAL)
            sentence = f"{result.sentence}; closed again: {shut.sentence}"
            code = ExitCode.FAILED_SHUT if shut.code is ExitCode.PROVEN else shut.code
            return replace(shut, code=code, sentence=sentence, runs=(*result.runs, *shut.runs))
        return replace(result, runs=(*verified, *result.runs))

    def confirm(self, mode: Mode) -> Result:
        """Make a provisional reopening last."""
        standing = self.standing()
        if standing.state is GateState.OPEN and not standing.wanted_shut:
            return self._already_open(standing)
        if standing.state is not GateState.REOPENING:
            raise Refused(
                f"{self._gate.name} is {standing.state}: there is no reopening to confirm",
                hint=f"`gatectl reopen {self._gate.name}` opens it provisionally first.",
            )
        return self._carry_out(CONFIRM, mode=mode, parameters={})

    def resume(self) -> Result:
        """Go on with the newest unfinished run, or shut a gate that was left half open."""
        take_from_the_dead(self._desk.journal, self._gate.name)
        standing = self.notice_crash()
        run = standing.unfinished
        if run is None:
            return Result(
                gate=self._gate.name,
                state=standing.state,
                code=ExitCode.PROVEN,
                sentence="no run is unfinished; there is nothing to resume",
            )
        if run.plan.purpose in {Purpose.REOPEN, Purpose.CONFIRM}:
            shut = self.close(Mode.REAL)
            return replace(
                shut,
                sentence=f"the reopening was interrupted, so the gate was closed: {shut.sentence}",
                hint=f"Start again with `gatectl reopen {self._gate.name}`.",
            )
        if run.plan.needs_shut:
            self._see_shut_again(standing)
        with self._sessions(read_only=False) as nodes:
            return self._start(run.plan, nodes, resumed=run)

    def status(self) -> tuple[Standing, FactsSeen]:
        """Look at both sides and at the nodes now, and fold it into what is known."""
        self.notice_crash()
        with self._sessions(read_only=True) as nodes:
            seen = see_facts(self._gate, nodes)
        self._look_from_outside()
        return self.standing(), seen

    def notice_crash(self) -> Standing:
        """Put a run that ended without a word on record as doubt."""
        standing = self.standing()
        run = standing.unfinished
        lease = self._desk.journal.leases.show(self._gate.name)
        alive = lease is not None and lease.alive and not holder_gone(lease)
        cut_off = run is not None and run.ending is None and not alive
        if run is None or not cut_off or standing.state in _QUIET_STATES:
            return standing
        doubt = f"run {run.id} ({run.plan.playbook}) was cut off{_where(run)}"
        self._signal(self._recorder(run.id), Signal.DOUBT, doubt)
        return self.standing()

    def refuse(self, verb: str, error: GatectlError) -> None:
        """Put on record that a verb was refused or could not begin."""
        refusal = Refusal(
            verb=verb,
            sentence=error.sentence,
            hint=error.hint,
            exit_code=error.exit_code.value,
        )
        self._recorder(None).record(refusal)

    # How a run comes about.

    def _carry_out(
        self,
        playbook: str,
        *,
        mode: Mode,
        parameters: Mapping[str, str],
        direction: Direction = Direction.DO,
    ) -> Result:
        book = self._playbook(playbook)
        closing = book.purpose is Purpose.CLOSE
        read_only = mode is Mode.DRY or book.purpose in _READS_ONLY
        if mode is Mode.REAL and not closing:
            self.notice_crash()
        with self._sessions(read_only=read_only) as nodes:
            seen = see_facts(self._gate, nodes)
            if not closing:
                seen.refuse_trouble()
            plan = self._plan(book, seen, parameters, direction)
            if not closing:
                self._judge_beginning(plan)
            return self._start(plan, nodes, mode=mode)

    def _judge_beginning(self, plan: Plan) -> None:
        verdicts = {
            "gate is shut": judge_state(self.standing(), needs_shut=plan.needs_shut),
            "target build": judge_target(plan, self._desk.advisories, self._gate),
            "mitigation works": judge_mitigation(plan, self._desk.advisories),
        }
        stopped = [v.because for v in verdicts.values() if not v.passed]
        if stopped:
            raise Refused("; ".join(stopped), hint=_hint_for(self._gate, plan))

    def _start(
        self,
        plan: Plan,
        nodes: NodeSessions,
        *,
        mode: Mode = Mode.REAL,
        resumed: Run | None = None,
    ) -> Result:
        run_id = resumed.id if resumed else RunId(_new_run_id(self._desk.clock.now()))
        with self._lease(plan, mode) as lease:
            recorder = replace(self._recorder(run_id), lease=lease)
            if resumed is None:
                began = recorder.record(RunStarted(plan=plan, digest=plan.digest, mode=mode))
                run = Run.from_events([began])
            else:
                run = resumed.after(recorder.record(RunResumed(digest=plan.digest)))
            if run is None:
                raise AssertionError("a run's start is its first event")
            start = signal_at_start(plan.purpose)
            if mode is Mode.REAL and start is not None:
                self._signal(recorder, start, f"{plan.playbook} began")
            ended = self._runner(recorder, nodes).carry_out(run)
            return self._conclude(recorder, ended)

    def _conclude(self, recorder: RunRecorder, run: Run) -> Result:
        """Say what a run came to; where it failed, by a look from outside made afterwards."""
        outside = self._last_seen_outside(recorder, run)
        signal = signal_at_end(run.plan.purpose, run.ending or Ending.UNKNOWN, outside)
        if signal is not None and run.mode is Mode.REAL:
            self._signal(recorder, signal, run.because)
        return Result(
            gate=self._gate.name,
            state=self.standing().state,
            code=exit_code(run.ending or Ending.UNKNOWN, outside),
            sentence=run.because,
            runs=(run,),
        )

    def _last_seen_outside(self, recorder: RunRecorder, run: Run) -> Reach:
        if run.ending in {Ending.FAILED, Ending.UNKNOWN} and run.mode is Mode.REAL:
            lookout = GateLookout(self._gate, self._connect(read_only=True))
            try:
                seen = sides_seen(lookout.survey())
            finally:
                lookout.close()
            recorder.record(seen)
            return seen.outside
        sides = self.standing().sides
        return sides.outside if sides else "unknown"

    # What reopening rests on.

    def _prove_interlocks(self) -> tuple[Run, ...]:
        result = self._carry_out(VERIFY, mode=Mode.REAL, parameters={})
        return result.runs

    def _blockers(self) -> tuple[Blocker, ...]:
        return judge_reopening(self._gate, self.standing(), self._desk.clock.now())

    def _refused(self, verb: str, blockers: tuple[Blocker, ...], runs: tuple[Run, ...]) -> Result:
        self._recorder(None).record(
            InterlocksJudged(
                blockers=tuple(
                    {
                        "interlock": blocker.interlock,
                        "answer": blocker.verdict.answer.value,
                        "because": blocker.verdict.because,
                        "clears": blocker.clears,
                    }
                    for blocker in blockers
                ),
                overridden=(),
            )
        )
        return Result(
            gate=self._gate.name,
            state=self.standing().state,
            code=ExitCode.REFUSED,
            sentence=f"{verb} is refused: {len(blockers)} interlocks are not proven",
            hint="Clear the blockers, each by the command beside it; nothing was sent.",
            runs=runs,
            blockers=blockers,
        )

    def _already_open(self, standing: Standing) -> Result:
        seen = self._look_from_outside()
        return Result(
            gate=self._gate.name,
            state=self.standing().state,
            code=ExitCode.PROVEN if seen == "open" else ExitCode.MAYBE_OPEN,
            sentence=f"{self._gate.name} is {standing.state} already; seen from outside: {seen}",
        )

    def _see_shut_again(self, standing: Standing) -> None:
        """After doubt: see outside shut before a run that needs it goes on."""
        outside = self._look_from_outside()
        if outside != "shut":
            raise Refused(
                f"{self._gate.name} is seen {outside} from outside, and this run needs it shut",
                hint=f"`gatectl close {self._gate.name}`, then `gatectl resume` again.",
            )
        if standing.state is GateState.UNKNOWN:
            seen = "outside is shut; the run goes on and looks at each node"
            self._signal(self._recorder(None), Signal.SEEN_SHUT, seen)

    def _look_from_outside(self) -> Reach:
        lookout = GateLookout(self._gate, self._connect(read_only=True))
        try:
            seen = sides_seen(lookout.survey())
        finally:
            lookout.close()
        recorder = self._recorder(None)
        recorder.record(seen)
        if seen.outside == "open":
            self._signal(recorder, Signal.SEEN_OPEN, seen.because)
        return seen.outside

    # The collaborators of one run.

    def _runner(self, recorder: RunRecorder, nodes: NodeSessions) -> Runner:
        desk = self._desk
        collector = EvidenceCollector(
            nodes=nodes,
            evidence=desk.evidence,
            history=self._history,
            clock=desk.clock,
            indicators=desk.indicators,
            exposed_since=None,
        )
        return Runner(
            recorder=recorder,
            nodes=nodes,
            lookout=GateLookout(self._gate, self._connect(read_only=True)),
            collector=collector,
            evidence=desk.evidence,
            clock=desk.clock,
            stop=desk.stop,
        )

    def _history(self) -> Iterator[Recorded]:
        """Give what is on record since the gate was last confirmed open."""
        events: list[Recorded] = []
        for recorded in self._desk.journal.events(gate=self._gate.name):
            event = recorded.event
            if isinstance(event, Signalled) and event.signal is Signal.CONFIRMED:
                events.clear()
            events.append(recorded)
        return iter(events)

    @contextmanager
    def _lease(self, plan: Plan, mode: Mode) -> Iterator[LeaseToken | None]:
        if mode is Mode.DRY or plan.purpose in _READS_ONLY:
            yield None
            return
        if plan.purpose is Purpose.CLOSE:
            # Whoever else is at work stops before its next act, for its intents need the lease.
            lease = self._desk.journal.leases.show(self._gate.name)
            if lease is not None and lease.alive:
                reason = f"close by {self._desk.actor} comes first"
                self._desk.journal.leases.break_(self._gate.name, lease.token, reason=reason)
        with held(self._desk.journal, self._gate.name, self._desk.actor, plan.playbook) as token:
            yield token

    @contextmanager
    def _sessions(self, *, read_only: bool) -> Iterator[NodeSessions]:
        with NodeSessions(self._gate, self._connect(read_only=read_only)) as nodes:
            yield nodes

    def _connect(self, *, read_only: bool) -> Callable[[Host], Transport]:
        if not read_only:
            return self._desk.connect
        return lambda host: ReadOnly(self._desk.connect(host))

    def _recorder(self, run: RunId | None) -> RunRecorder:
        return RunRecorder(
            journal=self._desk.journal,
            gate=self._gate.name,
            run=run,
            lease=None,
            listeners=self._desk.listeners,
        )

    def _signal(self, recorder: RunRecorder, signal: Signal, because: str) -> None:
        before = self.standing().state
        if not can_take(before, signal):
            return
        after = advance(before, signal)
        recorder.record(Signalled(signal=signal, before=before, after=after, because=because))

    def _playbook(self, name: str) -> Playbook:
        return read_playbook(name, self._desk.playbook_folders)

    def _plan(
        self,
        playbook: Playbook,
        seen: FactsSeen,
        parameters: Mapping[str, str],
        direction: Direction,
    ) -> Plan:
        standing = self.standing()
        facts = GateFacts(
            state=standing.state,
            roles=seen.roles,
            builds=seen.builds,
            closed_by=standing.closed_by,
            propagates=seen.propagates,
        )
        try:
            return build_plan(
                playbook,
                self._gate,
                facts,
                parameters=parameters,
                advisories=self._desk.advisories,
                direction=direction,
            )
        except PlanError as exc:
            raise PlaybookInvalid(str(exc)) from exc


_QUIET_STATES = frozenset({GateState.UNKNOWN, GateState.OPEN, GateState.CLOSED, GateState.VERIFIED})
"""States that a run which was cut off did not leave the gate in."""


def _where(run: Run) -> str:
    started = [step for step in run.plan.steps if step.id in run.steps]
    return f" at step {started[-1].id}" if started else " before its first step"


def _new_run_id(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _hint_for(gate: Gate, plan: Plan) -> str:
    if plan.needs_shut:
        return f"`gatectl close {gate.name}` shuts it; nothing was sent that writes."
    return "Nothing was sent that writes."

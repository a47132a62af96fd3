"""One step's turn: look, act if it must be, and look again; every word of it is recorded."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from gatectl.answered import LOOK_TIMEOUT_S, Came, answered
from gatectl.core.check import (
    NOTHING_THERE,
    Answer,
    Observation,
    Unreadable,
    Verdict,
    all_of,
    failed,
    judge,
    judge_changed,
    judge_file,
    judge_undone,
    passed,
    readable,
    unknown,
)
from gatectl.core.effects import goes_on_after, propagates
from gatectl.core.event import ActIntended, LookMade, Mode, Outcome, SidesSeen
from gatectl.core.gate import NodeName, Side
from gatectl.core.looks import read_look
from gatectl.core.plan import (
    CollectTask,
    DeviceTask,
    Guard,
    JudgeTask,
    PlannedStep,
    RequestTask,
    ScannerTask,
    SidesTask,
    UploadTask,
)
from gatectl.core.playbook import Purpose, Retry
from gatectl.core.reach import VantageReport, judge_sides, side_reach
from gatectl.core.run import Run
from gatectl.core.sequencer import may_act, outcome_of_act, outcome_of_look
from gatectl.errors import GatectlError, HostKeyMismatch
from gatectl.ports import Collector, Keeper, Lookout, Nodes, Recorder, StopFlag
from gatectl.scanner import ScannerVisit

Look = Callable[[], Verdict]
Again = Callable[[Verdict], bool]
Repeat = Callable[[Look, Retry, Again], Verdict]
"""Looks again while that may help, with the pauses and the end that a step asks for."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """One step's turn: the looks, the act between them, and what came of it."""

    recorder: Recorder
    nodes: Nodes
    lookout: Lookout
    collector: Collector
    evidence: Keeper
    stop: StopFlag
    repeat: Repeat
    run: Run
    """As the journal has it by now."""
    step: PlannedStep
    in_doubt: bool
    attempt: int = 0
    hopeless: bool = False
    """The host key is not the one that is pinned, or a lost host is not asked again now."""

    def settle(self) -> tuple[Outcome, Verdict]:
        """Bring the step to an outcome."""
        match self.step.task:
            case DeviceTask() as task:
                return self._device(task)
            case UploadTask() as task:
                return self._upload(task)
            case SidesTask() as sides:
                return self._looked(lambda: self._sides(sides))
            case RequestTask() as request:
                return self._looked(lambda: self._request(request))
            case ScannerTask() as task:
                return self._scanner(task)
            case CollectTask() as task:
                return outcome_of_look(self._collect(task))
            case JudgeTask():
                return outcome_of_look(self.collector.judge(self.recorder))
            case _ as never:
                assert_never(never)

    def _looked(self, look: Callable[[], Verdict]) -> tuple[Outcome, Verdict]:
        """Repeat a look that has no act until it holds or its time is over."""
        if self.run.mode is Mode.DRY:
            return self._looked_dry(look)
        return outcome_of_look(self._until_holds(look, self.step.retry))

    def _looked_dry(self, look: Callable[[], Verdict]) -> tuple[Outcome, Verdict]:
        """Look once; what does not hold yet, while acts are outstanding, would be seen later."""
        outcome, verdict = outcome_of_look(self._first_look(look))
        if outcome is Outcome.FAILED and self._outstanding():
            return Outcome.WOULD, verdict
        return outcome, verdict

    def _device(self, task: DeviceTask) -> tuple[Outcome, Verdict]:
        def look() -> Verdict:
            return self._device_look(task)

        if not task.act:
            return self._looked(look)
        before = self._first_look(look)
        if before.passed and self._spoilt_later(task):
            return Outcome.WOULD, before
        if before.passed:
            return (Outcome.DONE if self.in_doubt else Outcome.ALREADY), before
        if not may_act(before, self.run.plan.purpose, self.run.mode):
            return self._not_acted(before)
        busy = self._wait_until_idle(task)
        if not busy.passed:
            return Outcome.UNKNOWN, unknown(f"an earlier act is still at work: {busy.because}")
        guarded = self._guards_hold(task)
        if not guarded.passed:
            return Outcome.UNKNOWN, unknown(f"not acted on: {guarded.because}")
        was = self._look_that_changes(task)
        if isinstance(was, Unreadable):
            return Outcome.UNKNOWN, unknown(f"not acted on: {was.because}")
        self._act(task)

        moved = False

        def look_after() -> Verdict:
            nonlocal moved
            verdict = look()
            if was is None or verdict.answer is Answer.UNKNOWN:
                return verdict
            change = self._judge_change(task, was)
            moved = change.passed
            return all_of((verdict, change))

        def again(verdict: Verdict) -> bool:
            # Once the act has had its effect, waiting longer would change nothing.
            at_rest = verdict.answer is Answer.FAIL and (moved or self._is_idle(task))
            return not verdict.passed and not at_rest

        return outcome_of_act(self._repeat(look_after, self.step.retry, again))

    def _is_idle(self, task: DeviceTask) -> bool:
        if task.idle is None:
            return False
        return self._see(task.node, task.idle, lambda seen: judge(seen, NOTHING_THERE))[1].passed

    def _spoilt_later(self, task: DeviceTask) -> bool:
        """Whether a dry run's outstanding acts would undo what is seen to hold now."""
        if self.run.mode is not Mode.DRY or not task.again_after_changes:
            return False
        outstanding = [
            step
            for step in self.run.plan.steps
            if self.run.record(step.id).outcome is Outcome.WOULD
        ]
        return any(propagates(line) for step in outstanding for line in step.writes)

    def _outstanding(self) -> bool:
        return any(record.outcome is Outcome.WOULD for record in self.run.steps.values())

    def _not_acted(self, before: Verdict) -> tuple[Outcome, Verdict]:
        if self.run.mode is Mode.DRY and not before.passed:
            outcome, _ = outcome_of_look(before)
            return (Outcome.WOULD if outcome is Outcome.FAILED else outcome), before
        return outcome_of_look(before)

    def _first_look(self, look: Callable[[], Verdict]) -> Verdict:
        """Look once; only a look that gave no answer is repeated, for that is safe."""
        attempts = Retry(attempts=3, wait_s=2.0, deadline_s=30.0)
        return self._repeat(look, attempts, again=lambda v: v.answer is Answer.UNKNOWN)

    def _until_holds(self, look: Callable[[], Verdict], retry: Retry) -> Verdict:
        return self._repeat(look, retry, again=lambda verdict: not verdict.passed)

    def _repeat(
        self, look: Callable[[], Verdict], retry: Retry, again: Callable[[Verdict], bool]
    ) -> Verdict:
        def attempt() -> Verdict:
            self.stop.check()
            self.attempt += 1
            return look()

        return self.repeat(attempt, retry, lambda verdict: again(verdict) and not self.hopeless)

    def _device_look(self, task: DeviceTask) -> Verdict:
        judged = judge_undone if task.undone else judge
        return self._see(task.node, task.look, lambda seen: judged(seen, task.holds))[1]

    def _guards_hold(self, task: DeviceTask) -> Verdict:
        """Look, in the session that acts, at what must be as it was when this was agreed upon."""

        def look(guard: Guard) -> Verdict:
            return self._see(task.node, guard.look, lambda seen: judge(seen, guard.holds))[1]

        looked = [look(guard) for guard in task.guards]
        return all_of(looked) if looked else passed("nothing guards this act")

    def _look_that_changes(self, task: DeviceTask) -> Observation | None:
        """Look before an act at what its effect must change, such as the time of the last boot."""
        if task.changes is None:
            return None
        return self._see(task.node, task.changes, readable)[0]

    def _judge_change(self, task: DeviceTask, was: Observation) -> Verdict:
        changes = task.changes or ""
        return self._see(task.node, changes, lambda seen: judge_changed(was, seen))[1]

    def _wait_until_idle(self, task: DeviceTask) -> Verdict:
        """Never start an act beside one that a lost session left behind."""
        idle = task.idle
        if idle is None:
            return passed("no earlier act of this step can still be at work")

        def look() -> Verdict:
            return self._see(task.node, idle, lambda seen: judge(seen, NOTHING_THERE))[1]

        return self._until_holds(look, self.step.retry)

    def _see(
        self, node: NodeName, look: str, judged: Callable[[Observation], Verdict]
    ) -> tuple[Observation, Verdict]:
        """Look once, judge it and put both on record."""
        began = time.monotonic()
        observation, raw = self._ask(node, look)
        verdict = judged(observation)
        self._record_look(look, verdict, raw, began)
        return observation, verdict

    def _ask(self, node: NodeName, look: str) -> tuple[Observation, bytes]:
        try:
            reply = self.nodes.transport(node).send(look, timeout_s=LOOK_TIMEOUT_S)
        except GatectlError as exc:
            self.nodes.forget(node)
            self.hopeless = isinstance(exc, HostKeyMismatch) or exc.told_before
            return Unreadable(because=f"{node}: {exc.sentence}"), b""
        return read_look(look, reply), reply.all_said.encode()

    def _act(self, task: DeviceTask) -> None:
        intended = ActIntended(step=self.step.id, node=task.node, lines=task.act)
        self.run = self.run.after(self.recorder.record(intended))
        for line in task.act:
            self.stop.check()
            # Whoever slept since the intent may have lost the gate meanwhile.
            self.recorder.still_held()
            if not self._send(task, line):
                return

    def _send(self, task: DeviceTask, line: str) -> bool:
        """Send one line; the answer is recorded and tells only whether the next may follow."""
        began = time.monotonic()
        try:
            transport = self.nodes.transport(task.node)
            if task.disconnects:
                reply = transport.send_expecting_disconnect(line, timeout_s=task.act_timeout_s)
            else:
                reply = transport.send(line, timeout_s=task.act_timeout_s)
        except GatectlError as exc:
            self.nodes.forget(task.node)
            self._record_answer(task, line, exc, began)
            return False
        if task.disconnects:
            self.nodes.forget(task.node)
        self._record_answer(task, line, reply, began)
        if reply is None or reply.error is None:
            return True
        return self.run.plan.purpose is Purpose.CLOSE or goes_on_after(line, reply.error)

    def _record_answer(self, task: DeviceTask, line: str, came: Came, began: float) -> None:
        elapsed_s = time.monotonic() - began
        self.recorder.record(answered(self.step.id, task.node, line, came, elapsed_s=elapsed_s))

    def _upload(self, task: UploadTask) -> tuple[Outcome, Verdict]:
        before = self._first_look(lambda: self._upload_look(task))
        if before.passed:
            return (Outcome.DONE if self.in_doubt else Outcome.ALREADY), before
        if not may_act(before, self.run.plan.purpose, self.run.mode):
            return self._not_acted(before)
        intended = ActIntended(step=self.step.id, node=task.node, lines=self.step.writes)
        self.run = self.run.after(self.recorder.record(intended))
        self.recorder.still_held()
        try:
            self._put(task)
        except GatectlError as exc:
            self.nodes.forget(task.node)
            return Outcome.UNKNOWN, unknown(exc.sentence)
        return outcome_of_act(self._until_holds(lambda: self._upload_look(task), self.step.retry))

    def _put(self, task: UploadTask) -> None:
        transport = self.nodes.transport(task.node)
        transport.put(Path(task.file), task.to, sha256=task.sha256, timeout_s=task.act_timeout_s)

    def _upload_look(self, task: UploadTask) -> Verdict:
        look = f"shell sha256 {task.to}"
        return self._see(task.node, look, lambda seen: judge_file(seen, task.to, task.sha256))[1]

    def _sides(self, task: SidesTask) -> Verdict:
        began = time.monotonic()
        reports = self.lookout.survey()
        verdict = judge_sides(reports, outside=task.outside, inside=task.inside)
        self.recorder.record(sides_seen(reports))
        self._record_look("look from every vantage", verdict, b"", began)
        return verdict

    def _request(self, task: RequestTask) -> Verdict:
        began = time.monotonic()
        seen = self.lookout.request(task.side, task.method, task.path)
        verdict = judge(seen.observation, task.holds)
        self._record_look(f"{task.method} {task.path} from {task.side}", verdict, seen.raw, began)
        return verdict

    def _scanner(self, task: ScannerTask) -> tuple[Outcome, Verdict]:
        if self.run.mode is Mode.DRY:
            return Outcome.WOULD, failed("the script is neither brought nor run by a dry run")
        visit = ScannerVisit(
            nodes=self.nodes,
            recorder=self.recorder,
            evidence=self.evidence,
            stop=self.stop,
            step=self.step,
            task=task,
        )
        busy = visit.still_at_work() if self.in_doubt else ""
        if busy:
            return Outcome.UNKNOWN, unknown(f"{task.node}: {busy}")
        intended = ActIntended(step=self.step.id, node=task.node, lines=self.step.writes)
        self.run = self.run.after(self.recorder.record(intended))
        verdict = visit.scan()
        # Whatever is known of a compromise is judged anew, with what the scanner said.
        self.collector.judge(self.recorder)
        return outcome_of_act(verdict)

    def _collect(self, task: CollectTask) -> Verdict:
        try:
            return self.collector.collect(self.step, task, self.recorder)
        except GatectlError as exc:
            self.nodes.forget(task.node)
            return unknown(f"{task.node}: {exc.sentence}")

    def _record_look(self, look: str, verdict: Verdict, raw: bytes, began: float) -> None:
        evidence = self.evidence.keep(raw) if raw else None
        made = LookMade(
            step=self.step.id,
            node=self.step.node,
            attempt=self.attempt,
            look=look,
            verdict=verdict,
            evidence=evidence,
            elapsed_s=round(time.monotonic() - began, 3),
        )
        self.recorder.record(made)


def sides_seen(reports: tuple[VantageReport, ...]) -> SidesSeen:
    """Turn a look from all vantages into the event that keeps it."""
    outside = side_reach(reports, Side.OUTSIDE)
    inside = side_reach(reports, Side.INSIDE)
    return SidesSeen(
        outside=outside.reach.value,
        inside=inside.reach.value,
        because=f"{outside.because}; {inside.because}",
        looks=tuple(record for report in reports for record in report.as_records()),
    )

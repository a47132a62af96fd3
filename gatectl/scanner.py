"""A vendor's scanner script on a node: brought, run, heard, and taken away whatever it said."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from gatectl.answered import LOOK_TIMEOUT_S, Came, answered
from gatectl.core.check import Answer, Verdict, failed, unknown
from gatectl.core.event import EvidenceId, ScannerRun
from gatectl.core.netscaler import Reply
from gatectl.core.plan import PlannedStep, ScannerTask
from gatectl.core.scanner import Heard, hear_scanner, judge_heard
from gatectl.errors import GatectlError
from gatectl.ports import Keeper, Nodes, Recorder, StopFlag

_REMOVE_TIMEOUT_S = 60.0
_UNHEARD = Heard(said="inconclusive", because="it was not seen to its end")


@dataclass(slots=True, kw_only=True)
class ScannerVisit:
    """One scanner's run on one node."""

    nodes: Nodes
    recorder: Recorder
    evidence: Keeper
    stop: StopFlag
    step: PlannedStep
    task: ScannerTask
    heard: Heard = _UNHEARD
    kept: EvidenceId | None = None
    unkept: GatectlError | None = None
    """Why the evidence could not be kept; told when the folder is gone."""

    def still_at_work(self) -> str:
        """Say whether the script of an earlier run still runs; empty if it is seen that none is."""
        self._may_send()
        try:
            reply = self._send("shell ps -aux", LOOK_TIMEOUT_S)
        except GatectlError as exc:
            return f"whether it still runs is not known: {exc.sentence}"
        if reply.error is not None:
            return f"whether it still runs is not known: {reply.error}"
        busy = [line for line in reply.text.splitlines() if self.task.folder in line]
        return f"an earlier run is still at work: {busy[0].strip()}" if busy else ""

    def scan(self) -> Verdict:
        """Run the script once; what it said is on record before its folder is taken away.

        Whoever is to stop, has lost the gate or cannot record sends nothing more: the folder goes
        when the run is gone on with.
        """
        self._may_send()
        try:
            self._bring_and_run()
        finally:
            # Also where its answer or the evidence could not be kept: a compromise was heard.
            self._record_heard()
        if self.unkept is not None:
            with contextlib.suppress(GatectlError):
                self._remove()
            raise self.unkept
        left = self._remove()
        verdict = judge_heard(self.heard)
        if not left:
            return verdict
        # What a scanner found is not less so because its folder is still there.
        told = f"{verdict.because}; {left}"
        return failed(told) if verdict.answer is Answer.FAIL else unknown(told)

    def _may_send(self) -> None:
        """Raise if nothing more is to be sent; what was sent before may have taken long."""
        self.stop.check()
        self.recorder.still_held()

    def _bring_and_run(self) -> None:
        task = self.task
        try:
            self.nodes.transport(task.node).put(
                Path(task.file), task.script, sha256=task.sha256, timeout_s=task.act_timeout_s
            )
        except GatectlError as exc:
            self._lost(exc)
            return
        self._may_send()
        began = time.monotonic()
        try:
            reply = self._send(task.run, task.act_timeout_s)
        except GatectlError as exc:
            self._lost(exc)
            self._record_answer(task.run, exc, began)
            return
        # The device's own error line only says how the script ended, which proves nothing.
        self.heard = hear_scanner(reply.text, task.words)
        self._record_answer(task.run, reply, began)
        try:
            self.kept = self.evidence.keep(reply.all_said.encode())
        except GatectlError as exc:
            self.unkept = exc

    def _lost(self, exc: GatectlError) -> None:
        self.nodes.forget(self.task.node)
        self.heard = Heard(said="inconclusive", because=exc.sentence)

    def _remove(self) -> str:
        """Take the folder away, over a new session if need be; say what is left, if anything."""
        folder, remove = self.task.folder, self.task.remove
        parent, _, name = folder.rpartition("/")
        self._may_send()
        began = time.monotonic()
        try:
            reply = self._send(remove, _REMOVE_TIMEOUT_S)
        except GatectlError as exc:
            self.nodes.forget(self.task.node)
            self._record_answer(remove, exc, began)
            return f"whether {folder} was removed is not known: {exc.sentence}"
        self._record_answer(remove, reply, began)
        self._may_send()
        try:
            seen = self._send(f"shell ls {parent}", LOOK_TIMEOUT_S)
        except GatectlError as exc:
            self.nodes.forget(self.task.node)
            return f"whether {folder} was removed is not known: {exc.sentence}"
        if seen.error is not None:
            return f"whether {folder} was removed is not known: {seen.error}"
        return f"{folder} is still there" if name in seen.text.split() else ""

    def _send(self, line: str, timeout_s: float) -> Reply:
        return self.nodes.transport(self.task.node).send(line, timeout_s=timeout_s)

    def _record_answer(self, line: str, came: Came, began: float) -> None:
        elapsed_s = time.monotonic() - began
        event = answered(self.step.id, self.task.node, line, came, elapsed_s=elapsed_s)
        self.recorder.record(event)

    def _record_heard(self) -> None:
        self.recorder.record(
            ScannerRun(
                step=self.step.id,
                node=self.task.node,
                script=Path(self.task.file).name,
                sha256=self.task.sha256,
                said=self.heard.said,
                because=self.heard.because,
                evidence=self.kept,
            )
        )

"""A vendor's scanner script on a node: brought, run, heard, and taken away whatever happened."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatectl.core.check import Answer, Verdict, failed, unknown
from gatectl.core.event import ActAnswered, EvidenceId, ScannerRun
from gatectl.core.netscaler import Reply
from gatectl.core.plan import PlannedStep, ScannerTask
from gatectl.core.scanner import Heard, hear_scanner, judge_heard
from gatectl.errors import GatectlError
from gatectl.ports import Keeper, Nodes, Recorder

_LOOK_TIMEOUT_S = 30.0
_REMOVE_TIMEOUT_S = 60.0
_EXCERPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerVisit:
    """One scanner's run on one node."""

    nodes: Nodes
    recorder: Recorder
    evidence: Keeper
    step: PlannedStep
    task: ScannerTask

    def still_at_work(self) -> str:
        """Say whether the script of an earlier run still runs; empty if it is seen that none is."""
        look = "shell ps -aux"
        try:
            reply = self._transport_send(look, _LOOK_TIMEOUT_S)
        except GatectlError as exc:
            return f"whether it still runs is not known: {exc.sentence}"
        if reply.error is not None:
            return f"whether it still runs is not known: {reply.error}"
        busy = [line for line in reply.text.splitlines() if self.task.folder in line]
        return f"an earlier run is still at work: {busy[0].strip()}" if busy else ""

    def scan(self) -> Verdict:
        """Run the script once; what it said is on record, and its folder is gone again."""
        heard, evidence = Heard(said="inconclusive", because="it was not run"), None
        try:
            heard, evidence = self._run()
        except GatectlError as exc:
            self.nodes.forget(self.task.node)
            heard = Heard(said="inconclusive", because=exc.sentence)
        finally:
            left = self._remove()
            self.recorder.record(
                ScannerRun(
                    step=self.step.id,
                    node=self.task.node,
                    script=Path(self.task.file).name,
                    sha256=self.task.sha256,
                    said=heard.said,
                    because=heard.because,
                    evidence=evidence,
                )
            )
        verdict = judge_heard(heard)
        if not left:
            return verdict
        # What a scanner found is not less so because its folder is still there.
        told = f"{verdict.because}; {left}"
        return failed(told) if verdict.answer is Answer.FAIL else unknown(told)

    def _run(self) -> tuple[Heard, EvidenceId | None]:
        task = self.task
        transport = self.nodes.transport(task.node)
        transport.put(
            Path(task.file), task.script, sha256=task.sha256, timeout_s=task.act_timeout_s
        )
        reply = self._send(task.run, task.act_timeout_s)
        text = reply.text if reply.error is None else f"{reply.text}\nERROR: {reply.error}"
        # The device's own error line only says how the script ended, which proves nothing.
        return hear_scanner(reply.text, task.words), self.evidence.keep(text.encode())

    def _remove(self) -> str:
        """Take the folder away, over a new session if need be; say what is left, if anything."""
        folder = self.task.folder
        parent, _, name = folder.rpartition("/")
        try:
            self._send(self.task.remove, _REMOVE_TIMEOUT_S)
            seen = self._transport_send(f"shell ls {parent}", _LOOK_TIMEOUT_S)
        except GatectlError as exc:
            self.nodes.forget(self.task.node)
            return f"whether {folder} was removed is not known: {exc.sentence}"
        if seen.error is not None:
            return f"whether {folder} was removed is not known: {seen.error}"
        return f"{folder} is still there" if name in seen.text.split() else ""

    def _transport_send(self, line: str, timeout_s: float) -> Reply:
        return self.nodes.transport(self.task.node).send(line, timeout_s=timeout_s)

    def _send(self, line: str, timeout_s: float) -> Reply:
        """Send one line of the act; its answer is on record before anything else happens."""
        began = time.monotonic()
        try:
            reply = self._transport_send(line, timeout_s)
        except GatectlError as exc:
            self.nodes.forget(self.task.node)
            self._record(line, "cut", exc.sentence, began)
            raise
        if reply.error is None:
            self._record(line, "done", reply.text, began)
        else:
            self._record(line, "error", reply.error, began)
        return reply

    def _record(
        self, line: str, answer: Literal["done", "error", "cut"], text: str, began: float
    ) -> None:
        self.recorder.record(
            ActAnswered(
                step=self.step.id,
                node=self.task.node,
                line=line,
                answer=answer,
                text=text[:_EXCERPT],
                elapsed_s=round(time.monotonic() - began, 3),
            )
        )

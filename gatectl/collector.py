"""Evidence: taken from a node, kept by its hash, and handed to the judge with all its facts."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gatectl.clock import Clock
from gatectl.core.check import Verdict, failed, passed, unknown
from gatectl.core.collection import (
    CollectedFile,
    Collection,
    CommandOutput,
    Footprint,
    MissingPart,
    OwnCommand,
    OwnFile,
)
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    CompromiseJudged,
    EvidenceId,
    EvidenceKept,
    Examined,
    LookMade,
    Recorded,
    RunId,
    RunStarted,
)
from gatectl.core.gate import NodeName
from gatectl.core.indicators import (
    CompromiseVerdict,
    Finding,
    Indicator,
    judge_collection,
    judge_depth,
    newest_with_earlier_findings,
)
from gatectl.core.plan import CollectTask, Plan, PlannedStep, ScannerTask, UploadTask
from gatectl.core.scanner import with_scanners
from gatectl.errors import CommandRefused
from gatectl.ports import Keeper, Nodes, Recorder
from gatectl.transport.contract import RemoteFile, Transport

_CLOCK_LOOK = "shell date -u +%s"
_OUTPUT_TIMEOUT_S = 60.0
_FILES_MAX = 20_000
_Kept = Literal["file", "listed", "output", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCollector:
    """Collects from the nodes of one gate, and judges what is kept for it."""

    nodes: Nodes
    evidence: Keeper
    history: Callable[[], Iterable[Recorded]]
    """All that is on record for the gate since it was last confirmed open, this run included."""
    clock: Clock
    indicators: Callable[[], tuple[Indicator, ...]]
    exposed_since: Callable[[], datetime | None]
    """Since when the gate stood exposed while attacks were known, if it did."""
    examination_required: bool
    """Whether a clean answer then needs an examination off the box as well."""
    expected_users: frozenset[str] | None
    """Users that the appliances should have; none where nobody has said."""

    def collect(self, step: PlannedStep, task: CollectTask, recorder: Recorder) -> Verdict:
        """Keep answers first, for they change, then files; a lost session raises."""
        visit = _Visit(collector=self, step=step, task=task, recorder=recorder)
        for look in task.looks:
            visit.output(look)
        for path in task.listed:
            visit.listing(path)
        for path in task.paths:
            visit.files(path)
        if visit.missing:
            return unknown(f"{len(visit.missing)} parts could not be had: {visit.missing[0]}")
        if not visit.count:
            return failed("there was nothing to collect")
        told = f"{visit.count} pieces of evidence kept, {visit.size} bytes"
        if visit.altered:
            told += f"; a secret of gatectl's own was hidden in {visit.altered} of them"
        return passed(told)

    def judge(self, recorder: Recorder) -> Verdict:
        """Judge all evidence that is kept for the gate, and record answer and findings."""
        history = tuple(self.history())
        exposed_since = self.exposed_since()
        judged = with_scanners(self._judged(history, exposed_since), history)
        recorder.record(
            CompromiseJudged(
                answer=judged.answer.value,
                because=judged.because,
                findings=tuple(_finding_record(finding) for finding in judged.findings),
            )
        )
        return judge_depth(
            judged,
            exposed_since=exposed_since,
            examined=_examined(history),
            required=self.examination_required,
        )

    def _judged(
        self, history: tuple[Recorded, ...], exposed_since: datetime | None
    ) -> CompromiseVerdict:
        footprint = footprint_of(history)
        indicators = self.indicators()
        verdicts = [
            judge_collection(
                collection_of(collected, footprint, self.evidence, self.clock.now()),
                indicators,
                exposed_since=exposed_since,
                expected_users=self.expected_users,
            )
            for collected in _by_run(history)
        ]
        return newest_with_earlier_findings(verdicts)


def _examined(history: tuple[Recorded, ...]) -> Literal["clean", "compromised", "no"]:
    """Tell what examinations found; one that found something is not outweighed by another."""
    found = {record.event.finding for record in history if isinstance(record.event, Examined)}
    if "compromised" in found:
        return "compromised"
    return "clean" if found else "no"


def _by_run(history: tuple[Recorded, ...]) -> Iterator[tuple[Recorded, ...]]:
    """Part the history by runs that kept evidence: what is new on a box depends on its build."""
    runs: dict[RunId | None, list[Recorded]] = {}
    for record in history:
        runs.setdefault(record.run, []).append(record)
    for records in runs.values():
        if any(isinstance(record.event, EvidenceKept) for record in records):
            yield tuple(records)


class _Visit:
    """One step's collecting on one node, within its bound."""

    def __init__(
        self,
        *,
        collector: EvidenceCollector,
        step: PlannedStep,
        task: CollectTask,
        recorder: Recorder,
    ) -> None:
        self._evidence = collector.evidence
        self._clock = collector.clock
        self._step = step
        self._task = task
        self._recorder = recorder
        self._transport: Transport = collector.nodes.transport(task.node)
        self.count = 0
        self.size = 0
        self.altered = 0
        """So many files hold one of gatectl's own secrets, which was hidden."""
        self.missing: list[str] = []

    def output(self, look: str) -> None:
        """Keep what a command prints; the node's own refusal is an answer, too."""
        asked_at = self._clock.now()
        reply = self._transport.send(look, timeout_s=_OUTPUT_TIMEOUT_S)
        facts = {"asked_at": asked_at.isoformat()}
        self._keep("output", look, reply.all_said.encode(), facts)

    def files(self, path: str) -> None:
        """Keep a file, or all that is in a folder; what cannot be read is named as missing."""
        for found in self._transport.walk(path, limit=_FILES_MAX):
            if found.kind == "unreadable":
                self._miss(found.path, "it cannot be read")
            if found.kind != "file":
                continue
            left = self._task.size_limit - self.size
            if found.size > left:
                self._miss(found.path, f"{found.size} bytes are over the step's size limit")
                continue
            sink = io.BytesIO()
            try:
                got = self._transport.get(found.path, sink, limit=left)
            except CommandRefused as exc:
                self._miss(found.path, exc.sentence)
                continue
            self._keep("file", got.path, sink.getvalue(), _facts(got))
            self.altered += got.hidden > 0
            if got.truncated:
                self._miss(got.path, "it grew over the step's size limit while it was fetched")

    def listing(self, path: str) -> None:
        """Keep what the files of a folder are, and neither what is in them nor in its folders."""
        for found in self._transport.walk(path, limit=_FILES_MAX):
            if found.kind == "file" and found.path.rpartition("/")[0] == path:
                self._record("listed", found.path, None, _facts(found))

    def _keep(self, what: _Kept, name: str, content: bytes, facts: dict[str, str]) -> None:
        self.count += 1
        self.size += len(content)
        self._record(what, name, self._evidence.keep(content), facts)

    def _miss(self, name: str, because: str) -> None:
        self.missing.append(f"{name}: {because}")
        self._record("missing", name, None, {"because": because})

    def _record(
        self, what: _Kept, name: str, evidence: EvidenceId | None, facts: dict[str, str]
    ) -> None:
        self._recorder.record(
            EvidenceKept(
                step=self._step.id,
                node=self._task.node,
                what=what,
                name=name,
                evidence=evidence,
                facts=facts,
            )
        )


def collection_of(
    collected: tuple[Recorded, ...], footprint: Footprint, evidence: Keeper, now: datetime
) -> Collection:
    """Put a run's evidence together again; raises JournalDamaged where it is not what it was."""
    kept = [record.event for record in collected if isinstance(record.event, EvidenceKept)]
    outputs = tuple(_outputs(kept, evidence))
    return Collection(
        files=tuple(_files(kept, evidence)),
        outputs=outputs,
        missing=tuple(
            MissingPart(node=one.node, part=one.name, because=one.facts.get("because", ""))
            for one in kept
            if one.what == "missing"
        ),
        footprint=footprint,
        collected_at=now,
        device_skew_s=_skews(kept, outputs),
        nodes=tuple(_nodes(collected)),
    )


def _nodes(collected: tuple[Recorded, ...]) -> Iterator[NodeName]:
    """Name the nodes that the run set out to collect from."""
    for record in collected:
        if isinstance(record.event, RunStarted):
            tasks = (step.task for step in record.event.plan.steps)
            yield from {task.node for task in tasks if isinstance(task, CollectTask)}


def _files(kept: list[EvidenceKept], evidence: Keeper) -> Iterator[CollectedFile]:
    for one in kept:
        if one.what not in {"file", "listed"}:
            continue
        yield CollectedFile(
            node=one.node,
            path=one.name,
            size=int(one.facts["size"]),
            mode=int(one.facts["mode"], 8),
            owner=one.facts["owner"],
            mtime=datetime.fromisoformat(one.facts["mtime"]),
            sha256=one.evidence or "",
            content=None if one.evidence is None else evidence.read(one.evidence),
        )


def _outputs(kept: list[EvidenceKept], evidence: Keeper) -> Iterator[CommandOutput]:
    for one in kept:
        if one.what == "output" and one.evidence is not None:
            text = evidence.read(one.evidence).decode("utf-8", "backslashreplace")
            yield CommandOutput(node=one.node, command=one.name, text=text)


def _skews(kept: list[EvidenceKept], outputs: tuple[CommandOutput, ...]) -> dict[NodeName, float]:
    """Tell how far each node's clock is ahead, from its answer and the time of the question."""
    asked = {
        one.node: datetime.fromisoformat(one.facts["asked_at"])
        for one in kept
        if one.name == _CLOCK_LOOK
    }
    told = {
        one.node: one.text.strip()
        for one in outputs
        if one.command == _CLOCK_LOOK and one.text.strip().isdigit()
    }
    return {node: int(told[node]) - asked[node].timestamp() for node in told}


def footprint_of(history: Iterable[Recorded]) -> Footprint:
    """List what gatectl itself sent and wrote, so that it does not accuse itself."""
    commands: list[OwnCommand] = []
    files: list[OwnFile] = []
    plan: Plan | None = None
    for record in history:
        match record.event:
            case RunStarted() as started:
                plan = started.plan
            case LookMade(node=None, look=look) if plan is not None:
                # A request reaches whichever node is primary, and stands in that node's log.
                words = " ".join(look.split()[:2])
                nodes = {step.node for step in plan.steps if step.node is not None}
                commands += [OwnCommand(node=n, at=record.at, command=words) for n in nodes]
            case LookMade(node=str() as node, look=command):
                commands.append(OwnCommand(node=NodeName(node), at=record.at, command=command))
            case ActAnswered(node=node, line=command, step=step):
                commands.append(OwnCommand(node=node, at=record.at, command=command))
            case ActIntended(node=node, step=step) if plan is not None:
                task = plan.step(step).task
                if isinstance(task, UploadTask):
                    own = OwnFile(node=node, at=record.at, path=task.to, sha256=task.sha256)
                    files.append(own)
                if isinstance(task, ScannerTask):
                    own = OwnFile(node=node, at=record.at, path=task.script, sha256=task.sha256)
                    files.append(own)
            case EvidenceKept(what="output", node=node, name=command):
                commands.append(OwnCommand(node=node, at=record.at, command=command))
            case _:
                pass
    return Footprint(commands=tuple(commands), files=tuple(files))


def _facts(file: RemoteFile) -> dict[str, str]:
    hidden = {"hidden": str(file.hidden)} if file.hidden else {}
    return {
        **hidden,
        "size": str(file.size),
        "mode": f"{file.mode:o}",
        "owner": str(file.uid),
        "mtime": file.mtime.isoformat(),
    }


def _finding_record(finding: Finding) -> dict[str, str]:
    return {
        "node": finding.node,
        "indicator": finding.indicator,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": "" if finding.line_number is None else str(finding.line_number),
        "excerpt": finding.excerpt,
        "source": finding.source,
    }

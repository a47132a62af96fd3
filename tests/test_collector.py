"""Evidence: kept whole and with its facts, or named as missing; and judged run by run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from gatectl.clock import HandClock
from gatectl.collector import EvidenceCollector, collection_of, footprint_of
from gatectl.config.shipped import read_indicators
from gatectl.core.check import Answer, passed
from gatectl.core.collection import OwnCommand
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    CompromiseJudged,
    EvidenceKept,
    LookMade,
)
from gatectl.core.gate import NodeName
from gatectl.core.indicators import Indicator
from gatectl.core.netscaler import Reply
from gatectl.core.plan import CollectTask, JudgeTask, PlannedStep, UploadTask
from gatectl.core.playbook import Purpose
from gatectl.errors import CommandRefused, ConversationCut, JournalDamaged
from gatectl.journal.evidence import EvidenceStore
from gatectl.transport.contract import Progress, RemoteFile, Stream
from tests.builders import NS_A, NS_B, START, Chronicle, device_task, plan_of, planned
from tests.conversation import NotingRecorder

MADE = datetime(2026, 1, 10, 3, 0, tzinfo=UTC)


def remote(path: str, size: int, **facts: object) -> RemoteFile:
    """Make a file as a node lists it."""
    made = RemoteFile(path=path, size=size, mode=0o100644, uid=0, gid=0, mtime=MADE)
    return replace(made, **facts)  # type: ignore[arg-type]  # fields by their names


@dataclass(slots=True)
class FileNode:
    """A node with these files and these answers; what is an error instead is raised."""

    files: Mapping[str, bytes | Exception | RemoteFile] = field(default_factory=dict)
    answers: Mapping[str, Reply | Exception] = field(default_factory=dict)
    grows_by: int = 0
    """Bytes by which every file has grown between its listing and its fetching."""

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Give the answer."""
        del timeout_s
        answer = self.answers[command]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Refuse: collecting never ends a session."""
        del timeout_s
        raise AssertionError(f"{command} is not a look")

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,
        timeout_s: float,
        progress: Progress | None = None,
    ) -> None:
        """Refuse: collecting brings nothing."""
        del source, sha256, timeout_s, progress
        raise AssertionError(f"{target} is not to be written")

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fetch at most so many bytes."""
        del progress
        content = self.files[path]
        if isinstance(content, Exception):
            raise content
        assert isinstance(content, bytes)
        content += b"+" * self.grows_by
        sink.write(content[:limit])
        return remote(path, len(content), truncated=len(content) > limit)

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """List what is at and below a path."""
        del limit
        for name, content in self.files.items():
            if name == path or name.startswith(f"{path}/"):
                if isinstance(content, RemoteFile):
                    yield content
                else:
                    yield remote(name, len(content) if isinstance(content, bytes) else 1)

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Refuse: nobody looks through a node."""
        del timeout_s
        raise AssertionError(f"{host}:{port} is not to be dialled")

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class FileNodes:
    """The sessions with such nodes."""

    nodes: Mapping[NodeName, FileNode]

    def transport(self, node: NodeName) -> FileNode:
        """Give the session of a node."""
        return self.nodes[node]

    def forget(self, node: NodeName) -> None:
        """Refuse: the collector leaves lost sessions to the runner."""
        raise AssertionError(f"{node} is not to be forgotten here")


CLOCK = "shell date -u +%s"
TASK = CollectTask(
    node=NS_A, looks=(CLOCK, "shell last"), paths=("/tmp", "/etc/x"), listed=(), size_limit=100
)
STEP = planned("evidence@ns-a", TASK)
ANSWERS: dict[str, Reply | Exception] = {
    CLOCK: Reply(text=str(int(START.timestamp()) + 7)),
    "shell last": Reply(text="nsroot ttyp0"),
}
FILES: dict[str, bytes | Exception | RemoteFile] = {"/tmp/a": b"one", "/etc/x": b"two"}


class Cellar:
    """A collector with everything around it, for one node."""

    def __init__(
        self,
        folder: Path,
        node: FileNode,
        *,
        indicators: tuple[Indicator, ...] = (),
        expected_users: frozenset[str] | None = None,
    ) -> None:
        self.chronicle = Chronicle()
        self.evidence = EvidenceStore(folder, reserve_bytes=0)
        self.clock = HandClock(START)
        self.recorder = NotingRecorder(self.chronicle, [])
        self.collector = EvidenceCollector(
            nodes=FileNodes({NS_A: node}),
            evidence=self.evidence,
            history=lambda: list(self.chronicle.records),
            clock=self.clock,
            indicators=lambda: indicators,
            exposed_since=lambda: None,
            examination_required=True,
            expected_users=expected_users,
        )
        self.chronicle.begin(plan_of(STEP, purpose=Purpose.SCAN, playbook="scan"))

    def collect(self, task: CollectTask = TASK) -> Answer:
        """Collect what a task names."""
        step: PlannedStep = replace(STEP, task=task)
        return self.collector.collect(step, task, self.recorder).answer

    def kept(self) -> list[EvidenceKept]:
        """List what is on record as kept or missing."""
        events = (record.event for record in self.chronicle.records)
        return [event for event in events if isinstance(event, EvidenceKept)]


def test_answers_and_files_are_kept_with_their_facts(tmp_path: Path) -> None:
    """Answers first, for they change; each piece can be read again by its hash."""
    cellar = Cellar(tmp_path, FileNode(FILES, ANSWERS))
    assert cellar.collect() is Answer.PASS
    kept = cellar.kept()
    assert [(one.what, one.name) for one in kept] == [
        ("output", CLOCK),
        ("output", "shell last"),
        ("file", "/tmp/a"),
        ("file", "/etc/x"),
    ]
    file = kept[2]
    assert file.evidence is not None
    assert cellar.evidence.read(file.evidence) == b"one"
    assert (file.facts["size"], file.facts["mode"], file.facts["owner"]) == ("3", "100644", "0")
    assert datetime.fromisoformat(file.facts["mtime"]) == MADE


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"/tmp/a": CommandRefused("permission denied")}, "/tmp/a"),
        ({"/tmp/a": remote("/tmp/a", 0, kind="unreadable")}, "/tmp/a"),
        ({"/tmp/a": b"x" * 101}, "/tmp/a"),
        ({"/etc/x": b"x" * 60, "/tmp/a": b"x" * 60}, "/etc/x"),
    ],
)
def test_what_cannot_be_had_is_named_and_makes_the_step_unknown(
    tmp_path: Path, files: dict[str, bytes | Exception | RemoteFile], name: str
) -> None:
    """Refused, unreadable, too large alone, or too large together: never left out in silence."""
    cellar = Cellar(tmp_path, FileNode({"/tmp/b": b"ok", **files}, ANSWERS))
    assert cellar.collect() is Answer.UNKNOWN
    missing = [one for one in cellar.kept() if one.what == "missing"]
    assert [one.name for one in missing] == [name]
    assert missing[0].facts["because"]
    assert "/tmp/b" in {one.name for one in cellar.kept() if one.what == "file"}


def test_a_file_that_grew_beyond_the_limit_is_kept_in_part_and_named_as_missing(
    tmp_path: Path,
) -> None:
    """A log that is written to meanwhile must not count as whole."""
    cellar = Cellar(tmp_path, FileNode({"/tmp/a": b"x" * 60}, ANSWERS, grows_by=50))
    assert cellar.collect() is Answer.UNKNOWN
    assert {one.what for one in cellar.kept() if one.name == "/tmp/a"} == {"file", "missing"}


def test_links_are_not_followed_and_nothing_to_collect_is_a_failure(tmp_path: Path) -> None:
    """A step that kept nothing proves nothing."""
    only_link = {"/tmp/a": remote("/tmp/a", 5, kind="link")}
    cellar = Cellar(tmp_path, FileNode(only_link, {}))
    assert cellar.collect(replace(TASK, looks=())) is Answer.FAIL
    assert cellar.kept() == []


def test_a_listed_folder_gives_facts_of_its_own_files_and_no_content(tmp_path: Path) -> None:
    """Kernels and core dumps are too large to fetch, and their names and times tell enough."""
    files: dict[str, bytes | Exception | RemoteFile] = {
        "/flash/ns-1.gz": b"kernel",
        "/flash/boot/loader.conf": b"x",
    }
    cellar = Cellar(tmp_path, FileNode(files, ANSWERS))
    assert cellar.collect(replace(TASK, paths=(), listed=("/flash",))) is Answer.PASS
    (listed,) = [one for one in cellar.kept() if one.what == "listed"]
    assert (listed.name, listed.evidence, listed.facts["size"]) == ("/flash/ns-1.gz", None, "6")


def test_a_refused_look_is_an_answer_too(tmp_path: Path) -> None:
    """The device's own words are kept."""
    refused = {**ANSWERS, "shell last": Reply(text="last:", error="External program failed")}
    cellar = Cellar(tmp_path, FileNode(FILES, refused))
    assert cellar.collect() is Answer.PASS
    (output,) = [one for one in cellar.kept() if one.name == "shell last"]
    assert output.evidence is not None
    assert cellar.evidence.read(output.evidence) == b"last:\nERROR: External program failed"


def test_a_lost_session_is_not_swallowed(tmp_path: Path) -> None:
    """The runner drops the session and calls the step unknown; what was kept stays kept."""
    lost = {**FILES, "/etc/x": ConversationCut("cut")}
    cellar = Cellar(tmp_path, FileNode(lost, ANSWERS))
    with pytest.raises(ConversationCut):
        cellar.collect()
    assert "/tmp/a" in {one.name for one in cellar.kept()}


def test_kept_evidence_is_put_together_again_with_the_nodes_clock(tmp_path: Path) -> None:
    """Files with their content, answers with their text, and how far the node's clock is ahead."""
    cellar = Cellar(tmp_path, FileNode({**FILES, "/tmp/b": CommandRefused("no")}, ANSWERS))
    cellar.collect()
    history = tuple(cellar.chronicle.records)
    whole = collection_of(history, footprint_of(history), cellar.evidence, START)
    assert {file.path: file.content for file in whole.files} == {"/tmp/a": b"one", "/etc/x": b"two"}
    assert {file.mode for file in whole.files} == {0o100644}
    assert [part.part for part in whole.missing] == ["/tmp/b"]
    assert {output.command for output in whole.outputs} == {CLOCK, "shell last"}
    assert whole.device_skew_s == {NS_A: 7.0}
    assert whole.nodes == (NS_A,)


@pytest.mark.parametrize("text", ["", "Sun Jan 18", "12x"])
def test_a_clock_that_is_not_understood_gives_no_skew(tmp_path: Path, text: str) -> None:
    """Nothing is guessed about the node's time."""
    cellar = Cellar(tmp_path, FileNode(FILES, {**ANSWERS, CLOCK: Reply(text=text)}))
    cellar.collect()
    history = tuple(cellar.chronicle.records)
    assert collection_of(history, footprint_of(history), cellar.evidence, START).device_skew_s == {}


def test_evidence_that_was_changed_is_not_judged(tmp_path: Path) -> None:
    """A piece whose hash does not fit stops the judgement."""
    cellar = Cellar(tmp_path, FileNode(FILES, ANSWERS))
    cellar.collect()
    evidence = cellar.kept()[-1].evidence
    assert evidence is not None
    path = cellar.evidence.path(evidence)
    path.chmod(0o600)
    path.write_bytes(b"other")
    with pytest.raises(JournalDamaged):
        cellar.collector.judge(cellar.recorder)


def test_judging_without_evidence_is_inconclusive_and_on_record(tmp_path: Path) -> None:
    """Nothing collected is never clean."""
    cellar = Cellar(tmp_path, FileNode())
    assert cellar.collector.judge(cellar.recorder).answer is Answer.UNKNOWN
    judged = cellar.chronicle.records[-1].event
    assert isinstance(judged, CompromiseJudged)
    assert judged.answer == "inconclusive"


def test_a_part_that_is_missing_keeps_the_judgement_from_clean(tmp_path: Path) -> None:
    """Evidence with a hole in it clears nobody."""
    cellar = Cellar(tmp_path, FileNode({**FILES, "/tmp/b": CommandRefused("no")}, ANSWERS))
    cellar.collect()
    assert cellar.collector.judge(cellar.recorder).answer is Answer.UNKNOWN


def test_the_footprint_has_all_that_gatectl_sent_and_wrote() -> None:
    """Looks, acts, collected commands, requests on every node, and files that it brought."""
    task = UploadTask(node=NS_B, file="x", to="/var/x", sha256="ab" * 32, act_timeout_s=1)
    upload, saved = planned("image@ns-b", task), planned("saved@ns-a", device_task())
    chronicle = Chronicle()
    chronicle.begin(plan_of(upload, saved, planned("judge", JudgeTask())))
    made = LookMade(
        step=saved.id,
        node=NS_A,
        attempt=1,
        look="show ns config",
        verdict=passed("x"),
        evidence=None,
        elapsed_s=0,
    )
    chronicle.add(made)
    chronicle.add(replace(made, node=None, look="GET /vpn/../vpns/ from outside"))
    chronicle.add(ActIntended(step=saved.id, node=NS_A, lines=("save ns config",)))
    chronicle.add(
        ActAnswered(
            step=saved.id, node=NS_A, line="save ns config", answer="cut", text="", elapsed_s=0
        )
    )
    intent = chronicle.add(ActIntended(step=upload.id, node=NS_B, lines=("put x /var/x",)))
    chronicle.add(
        EvidenceKept(step=saved.id, node=NS_A, what="output", name="shell last", evidence=None)
    )
    footprint = footprint_of(chronicle.records)
    said = {(own.node, own.command) for own in footprint.commands}
    assert said == {
        (NS_A, "show ns config"),
        (NS_A, "save ns config"),
        (NS_A, "shell last"),
        (NS_A, "GET /vpn/../vpns/"),
        (NS_B, "GET /vpn/../vpns/"),
    }
    assert all(isinstance(own, OwnCommand) for own in footprint.commands)
    (file,) = footprint.files
    assert (file.node, file.path, file.sha256, file.at) == (NS_B, "/var/x", "ab" * 32, intent.at)
    assert intent.at > START + timedelta(seconds=0)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (None, []),
        (frozenset({"gatectl"}), ["backdoor"]),
        (frozenset({"gatectl", "backdoor"}), []),
    ],
    ids=["nobody-said", "one-unknown", "all-known"],
)
def test_users_are_compared_with_those_that_are_expected(
    tmp_path: Path, expected: frozenset[str] | None, found: list[str]
) -> None:
    """Only where somebody said who is expected can a user be a stranger."""
    running = "show ns runningConfig"
    node = FileNode(
        FILES, {running: Reply(text="add system user gatectl\nadd system user backdoor")}
    )
    indicators = tuple(one for one in read_indicators() if one.names)
    cellar = Cellar(tmp_path, node, indicators=indicators, expected_users=expected)
    cellar.collect(replace(TASK, looks=(running,)))
    cellar.collector.judge(cellar.recorder)
    events = (record.event for record in cellar.chronicle.records)
    (judged,) = [event for event in events if isinstance(event, CompromiseJudged)]
    assert [one["excerpt"].split()[-1] for one in judged.findings] == found
    assert (judged.answer == "compromised") is bool(found)

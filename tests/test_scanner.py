"""A scanner's run as a conversation: what is sent, in which order, whatever comes back."""

from pathlib import Path

import pytest

from gatectl.core.check import failed
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    Ending,
    EvidenceId,
    Mode,
    Outcome,
    ScannerRun,
)
from gatectl.core.netscaler import Reply
from gatectl.core.plan import ScannerTask
from gatectl.core.playbook import Says, ScannerWords
from gatectl.errors import (
    ConversationCut,
    GateBusy,
    GatectlError,
    JournalDamaged,
    JournalFull,
    Unreachable,
)
from tests.builders import NS_A, plan_of, planned
from tests.conversation import DONE, OneVerdictCollector, Script, Stage, StopAt

FOLDER = "/var/tmp/gatectl-scanner-abababababab"
TASK = ScannerTask(
    node=NS_A,
    file="/srv/ioc.sh",
    sha256="ab" * 32,
    folder=FOLDER,
    script=f"{FOLDER}/scanner",
    run=f"shell bash {FOLDER}/scanner",
    words=ScannerWords(
        compromised=Says(pattern="^MATCH: ", answer="MATCH: x"),
        error=Says(pattern="^panic", answer="panic"),
        clean=Says(pattern="^found: No$", answer="found: No"),
    ),
    act_timeout_s=60,
)
STEP = planned("scan@ns-a", TASK)
PUT = (f"put {TASK.file} {TASK.script}", DONE)
REMOVE = (f"shell rm -rf {FOLDER}", DONE)
GONE = ("shell ls /var/tmp", Reply(text="other"))
STILL = ("shell ls /var/tmp", Reply(text="gatectl-scanner-abababababab\nother"))
CUT = ConversationCut("the session ended")
DOWN = Unreachable("ns-a does not answer")
RUN = TASK.run


def outcomes(stage: Stage, mode: Mode = Mode.REAL) -> tuple[Outcome | None, str, str]:
    """Carry the plan out; give outcome, what was said and the verdict's reason."""
    run = stage.carry_out(plan_of(STEP), mode=mode)
    record = run.record(STEP.id)
    said = [one.said for one in stage.events(ScannerRun) if isinstance(one, ScannerRun)]
    because = record.verdict.because if record.verdict else ""
    assert stage.nodes.left() == []
    return record.outcome, " ".join(said), because


@pytest.mark.parametrize(
    ("reply", "outcome", "said"),
    [
        (Reply(text="found: No"), Outcome.DONE, "clean"),
        (Reply(text="MATCH: /tmp/a"), Outcome.FAILED, "compromised"),
        (Reply(text="panic"), Outcome.UNKNOWN, "inconclusive"),
        (Reply(text="found: No", error="External program failed"), Outcome.DONE, "clean"),
        (Reply(text="", error="External program failed"), Outcome.UNKNOWN, "inconclusive"),
    ],
    ids=["clean", "compromised", "error", "other-exit-status", "nothing"],
)
def test_a_script_is_brought_run_heard_and_removed(
    tmp_path: Path, reply: Reply, outcome: Outcome, said: str
) -> None:
    """What it prints decides, and its exit status does not."""
    stage = Stage(tmp_path, ns_a=[PUT, (RUN, reply), REMOVE, GONE])
    assert outcomes(stage)[:2] == (outcome, said)
    first = stage.history.index("record act.intended")
    assert stage.history[first + 1] == f"put {TASK.script}"
    (scanned,) = stage.events(ScannerRun)
    assert isinstance(scanned, ScannerRun)
    assert scanned.evidence is not None
    assert reply.text.encode() in stage.evidence.read(scanned.evidence)


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        (
            [("put /srv/ioc.sh " + TASK.script, CUT), REMOVE, GONE],
            Outcome.UNKNOWN,
            "the session ended",
        ),
        ([PUT, (RUN, CUT), REMOVE, GONE], Outcome.UNKNOWN, "the session ended"),
        ([PUT, (RUN, CUT), (REMOVE[0], DOWN)], Outcome.UNKNOWN, "was removed is not known"),
        ([PUT, (RUN, Reply(text="found: No")), REMOVE, STILL], Outcome.UNKNOWN, "is still there"),
        ([PUT, (RUN, Reply(text="MATCH: a")), REMOVE, STILL], Outcome.FAILED, "is still there"),
    ],
    ids=["put-cut", "run-cut", "removal-cut", "left-over", "found-and-left-over"],
)
def test_the_folder_is_removed_whatever_happened(
    tmp_path: Path, script: Script, outcome: Outcome, words: str
) -> None:
    """Over a new session if need be; a folder that may be left is never passed over."""
    stage = Stage(tmp_path, ns_a=script)
    ended, _, because = outcomes(stage)
    assert ended is outcome
    assert words in because


def test_a_dry_run_sends_nothing_at_all(tmp_path: Path) -> None:
    """Not even a look: there is nothing that could hold already."""
    stage = Stage(tmp_path, ns_a=[])
    assert outcomes(stage, Mode.DRY)[0] is Outcome.WOULD
    assert stage.events(ActIntended) == []


def in_doubt(stage: Stage) -> None:
    """Write down that the act was begun, and no more."""
    stage.chronicle.begin(plan_of(STEP))
    stage.chronicle.add(ActIntended(step=STEP.id, node=NS_A, lines=STEP.writes))


def test_after_a_crash_a_script_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    """Two of them at once would disturb each other, and removing one's folder breaks it."""
    busy = Reply(text=f"root 4711 0.0 bash {TASK.script}")
    stage = Stage(tmp_path, ns_a=[("shell ps -aux", busy)])
    in_doubt(stage)
    outcome, said, because = outcomes(stage)
    assert (outcome, said) == (Outcome.UNKNOWN, "")
    assert "an earlier run is still at work" in because


def test_after_a_crash_the_script_is_run_from_the_beginning(tmp_path: Path) -> None:
    """A scan changes nothing, so that it may be done again; its answer was lost."""
    script = [
        ("shell ps -aux", Reply(text="root 1 init")),
        PUT,
        (RUN, Reply(text="found: No")),
        REMOVE,
        GONE,
    ]
    stage = Stage(tmp_path, ns_a=script)
    in_doubt(stage)
    assert outcomes(stage)[0] is Outcome.DONE


def test_the_answers_of_the_node_are_on_record(tmp_path: Path) -> None:
    """Run and removal stand in the journal, so that gatectl's own doing can be told apart."""
    stage = Stage(tmp_path, ns_a=[PUT, (RUN, Reply(text="found: No")), REMOVE, GONE])
    outcomes(stage)
    answers = [one for one in stage.events(ActAnswered) if isinstance(one, ActAnswered)]
    assert [one.line for one in answers] == [RUN, TASK.remove]


def test_the_compromise_check_is_judged_anew_and_its_answer_is_not_the_steps(
    tmp_path: Path,
) -> None:
    """A gate of which nothing was collected is not cleared, and the scanner went through."""
    stage = Stage(
        tmp_path,
        collector=OneVerdictCollector(failed("inconclusive")),
        ns_a=[PUT, (RUN, Reply(text="found: No")), REMOVE, GONE],
    )
    run = stage.carry_out(plan_of(STEP))
    assert run.ending is Ending.PROVEN


def test_a_stop_before_the_script_brings_nothing(tmp_path: Path) -> None:
    """Whoever wants the run to end has no folder to clean up."""
    stage = Stage(tmp_path, stop=StopAt(0), ns_a=[])
    assert stage.carry_out(plan_of(STEP)).ending is Ending.INTERRUPTED


class LosingKeeper:
    """A keeper that never can keep anything."""

    def __init__(self, trouble: GatectlError) -> None:
        self._trouble = trouble

    def keep(self, content: bytes) -> EvidenceId:
        """Refuse."""
        del content
        raise self._trouble

    def read(self, evidence: EvidenceId) -> bytes:
        """Refuse as well: nothing was kept."""
        raise AssertionError(f"{evidence} was never kept")


FOUND = (RUN, Reply(text="MATCH: /tmp/a"))
FULL = JournalFull("the disk is full")
DAMAGED = JournalDamaged("the evidence was changed after it was kept")


def said_of(stage: Stage) -> list[str]:
    """List what is on record of scanners."""
    return [one.said for one in stage.events(ScannerRun) if isinstance(one, ScannerRun)]


@pytest.mark.parametrize("removed", [[REMOVE, GONE], [(REMOVE[0], CUT)]], ids=["gone", "cut"])
def test_a_compromise_is_on_record_also_where_its_evidence_cannot_be_kept(
    tmp_path: Path, removed: Script
) -> None:
    """The disk's trouble says nothing of the node; the folder is removed, and the run ends."""
    stage = Stage(tmp_path, keeper=LosingKeeper(FULL), ns_a=[PUT, FOUND, *removed])
    run = stage.carry_out(plan_of(STEP))
    assert (run.ending, run.because) == (Ending.UNKNOWN, FULL.sentence)
    assert said_of(stage) == ["compromised"]
    assert stage.history.index("record scanner.run") < stage.history.index(f"send {REMOVE[0]}")
    assert stage.nodes.left() == []


def test_damaged_evidence_is_told_as_such_and_drops_no_session(tmp_path: Path) -> None:
    """Exit 9 must not be hidden behind a scanner that said nothing clear."""
    stage = Stage(tmp_path, keeper=LosingKeeper(DAMAGED), ns_a=[PUT, FOUND, REMOVE, GONE])
    with pytest.raises(JournalDamaged):
        stage.carry_out(plan_of(STEP))
    assert said_of(stage) == ["compromised"]
    assert "forget ns-a" not in stage.history


def test_damaged_evidence_is_told_before_a_stop(tmp_path: Path) -> None:
    """The folder is left where it is, and the worse of the two is the one that goes up."""
    keeper, stop = LosingKeeper(DAMAGED), StopAt(3)
    stage = Stage(tmp_path, keeper=keeper, stop=stop, ns_a=[PUT, FOUND])
    with pytest.raises(JournalDamaged):
        stage.carry_out(plan_of(STEP))
    assert stop.asked == 4
    assert stage.nodes.left() == []


@pytest.mark.parametrize("trouble", [FULL, DAMAGED])
def test_a_compromise_is_on_record_also_where_the_answer_of_the_line_is_not(
    tmp_path: Path, trouble: GatectlError
) -> None:
    """Nothing more is sent behind an answer that could not be written down."""
    stage = Stage(tmp_path, refuses=ActAnswered, refusal=trouble, ns_a=[PUT, FOUND])
    if trouble is FULL:
        assert stage.carry_out(plan_of(STEP)).ending is Ending.UNKNOWN
    else:
        with pytest.raises(JournalDamaged):
            stage.carry_out(plan_of(STEP))
    assert said_of(stage) == ["compromised"]
    assert stage.nodes.left() == []


WHOLE = [PUT, FOUND, REMOVE, GONE]
SENT = [f"put {TASK.script}", *(f"send {line}" for line, _ in WHOLE[1:])]


def left_the_house(stage: Stage) -> list[str]:
    """List what was brought and sent, in order."""
    return [line for line in stage.history if line.startswith(("put", "send"))]


@pytest.mark.parametrize("count", range(1, 4))
def test_a_run_that_lost_its_gate_sends_the_node_nothing_more(tmp_path: Path, count: int) -> None:
    """Bringing and running may take a quarter of an hour each, and a close comes first."""
    stage = Stage(tmp_path, loses_its_gate=SENT[count - 1], ns_a=WHOLE)
    with pytest.raises(GateBusy):
        stage.carry_out(plan_of(STEP))
    assert left_the_house(stage) == SENT[:count]
    assert said_of(stage) == ["compromised" if count > 1 else "inconclusive"]


def test_a_run_that_lost_its_gate_behind_its_intent_brings_nothing(tmp_path: Path) -> None:
    """Nor is anything on record of a scanner that was not there."""
    stage = Stage(tmp_path, loses_its_gate="record act.intended", ns_a=WHOLE)
    with pytest.raises(GateBusy):
        stage.carry_out(plan_of(STEP))
    assert (left_the_house(stage), said_of(stage)) == ([], [])


@pytest.mark.parametrize("turn", range(5))
def test_a_stop_sends_nothing_more_and_the_step_is_in_doubt(tmp_path: Path, turn: int) -> None:
    """As with any other act; whoever goes on with the run brings, runs and removes it again."""
    stage = Stage(tmp_path, stop=StopAt(turn), ns_a=WHOLE)
    run = stage.carry_out(plan_of(STEP))
    assert run.ending is Ending.INTERRUPTED
    assert left_the_house(stage) == SENT[: max(turn - 1, 0)]
    assert run.in_doubt == ((STEP.id,) if turn else ())
    assert said_of(stage) == [[], [], ["inconclusive"], ["compromised"], ["compromised"]][turn]


def test_a_stop_after_the_last_look_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    """The step has its outcome by then."""
    stage = Stage(tmp_path, stop=StopAt(5), ns_a=WHOLE)
    run = stage.carry_out(plan_of(STEP))
    assert (left_the_house(stage), run.in_doubt) == (SENT, ())

"""Where a gate stands, folded from everything that the journal knows of it."""

from dataclasses import replace

import pytest

from gatectl.core.check import Verdict, failed, passed, unknown
from gatectl.core.event import (
    ActIntended,
    CompromiseJudged,
    Ending,
    EvidenceId,
    EvidenceKept,
    Mode,
    Outcome,
    RunEnded,
    SidesSeen,
    Signalled,
)
from gatectl.core.gate import GateState, Signal
from gatectl.core.plan import Direction, Plan
from gatectl.core.playbook import Purpose
from gatectl.core.standing import Standing, evidence_ids
from tests.builders import (
    ALMELO,
    NS_A,
    NS_B,
    Chronicle,
    device_task,
    ended,
    plan_of,
    planned,
    started,
)

SAVED_A = planned("saved@ns-a", device_task(node=NS_A), proves="config-saved")
SAVED_B = planned("saved@ns-b", device_task(node=NS_B), proves="config-saved")
ICA = planned("ica@ns-a", device_task(node=NS_A), proves="sessions-ended")
AAA = planned("aaa@ns-a", device_task(node=NS_A), proves="sessions-ended")
VERIFY = plan_of(SAVED_A, SAVED_B, ICA, AAA, purpose=Purpose.VERIFY, playbook="verify")
CLOSE = plan_of(SAVED_A, purpose=Purpose.CLOSE, playbook="close-acl")
PATCH = plan_of(SAVED_A, purpose=Purpose.PATCH, playbook="patch")
REOPEN = plan_of(SAVED_A, purpose=Purpose.REOPEN, playbook="reopen")
PROVEN = RunEnded(ending=Ending.PROVEN, because="all hold")
FAILED = RunEnded(ending=Ending.FAILED, because="one does not hold")
INTENT = ActIntended(step=SAVED_A.id, node=NS_A, lines=("save ns config",))
KEPT = EvidenceKept(
    step=SAVED_A.id, node=NS_A, what="file", name="/tmp/x", evidence=EvidenceId("0f" * 32)
)
CLEAN = CompromiseJudged(answer="clean", because="nothing found", findings=())
SHUT_SEEN = SidesSeen(outside="shut", inside="open", because="all agree", looks=())


def signalled(signal: Signal, before: GateState, after: GateState) -> Signalled:
    """Say that the gate's state moved."""
    return Signalled(signal=signal, before=before, after=after, because=f"because of {signal}")


CLOSED = signalled(Signal.CLOSE_PROVEN, GateState.CLOSING, GateState.CLOSED)
CONFIRMED = signalled(Signal.CONFIRMED, GateState.REOPENING, GateState.OPEN)
CLOSING = signalled(Signal.CLOSE_STARTED, GateState.OPEN, GateState.CLOSING)


def standing(chronicle: Chronicle) -> Standing:
    """Fold the journal."""
    return Standing.from_events(ALMELO, chronicle.records)


def carried_out(chronicle: Chronicle, plan: Plan, run: str, ending: RunEnded = PROVEN) -> None:
    """Write down a run from its start to this end."""
    chronicle.begin(plan, run=run)
    chronicle.add(ending, run=run)


def test_a_gate_that_nobody_looked_at_is_unknown() -> None:
    """An empty journal proves nothing, and says so."""
    blank = Standing.from_events(ALMELO, [])
    assert blank.state is GateState.UNKNOWN
    assert blank.state_because
    assert (blank.closed_by, blank.proofs, blank.unfinished) == ((), {}, None)


def test_the_state_is_the_one_that_was_signalled_last_and_since_when() -> None:
    """Time and reason of the move are kept; staying in a state does not move its time."""
    chronicle = Chronicle()
    first = chronicle.add(signalled(Signal.DOUBT, GateState.OPEN, GateState.UNKNOWN), run=None)
    chronicle.add(signalled(Signal.DOUBT, GateState.UNKNOWN, GateState.UNKNOWN), run=None)
    unknown_still = standing(chronicle)
    assert unknown_still.state is GateState.UNKNOWN
    moved = chronicle.add(CLOSING, run=None)
    now = standing(chronicle)
    assert (now.state, now.state_since) == (GateState.CLOSING, moved.at)
    assert now.state_because == "because of close-started"
    chronicle.add(signalled(Signal.CLOSE_STARTED, GateState.CLOSING, GateState.CLOSING), run=None)
    assert standing(chronicle).state_since == moved.at
    assert first.at < moved.at


def test_a_closing_is_wanted_from_its_start_on_and_named_once_it_is_proven() -> None:
    """Both methods that hold the gate shut are known, each once, the newest last."""
    chronicle = Chronicle()
    chronicle.begin(CLOSE, run="c1")
    chronicle.add(CLOSING, run="c1")
    assert standing(chronicle).wanted_shut
    assert standing(chronicle).closed_by == ()
    chronicle.add(PROVEN, run="c1")
    chronicle.add(CLOSED, run="c1")
    assert standing(chronicle).closed_by == ("close-acl",)
    for run, name in (("c2", "close-vserver"), ("c3", "close-acl")):
        carried_out(chronicle, replace(CLOSE, playbook=name), run)
        chronicle.add(CLOSED, run=run)
    assert standing(chronicle).closed_by == ("close-vserver", "close-acl")


@pytest.mark.parametrize("mode", Mode)
def test_a_step_that_proves_something_is_kept_unless_it_was_a_dry_run(mode: Mode) -> None:
    """A dry run changes nothing that is known."""
    chronicle = Chronicle()
    chronicle.begin(VERIFY, mode=mode)
    recorded = chronicle.add(ended(SAVED_A, Outcome.ALREADY))
    known = standing(chronicle)
    if mode is Mode.DRY:
        assert replace(known, lived=None) == Standing(gate=ALMELO)
        return
    proof = known.proofs["config-saved", NS_A]
    assert (proof.at, proof.run, proof.node) == (recorded.at, recorded.run, NS_A)
    assert proof.verdict.passed
    assert ("config-saved", NS_B) not in known.proofs


def test_a_step_that_proves_nothing_leaves_no_proof() -> None:
    """Only what a playbook names as evidence is evidence."""
    chronicle = Chronicle()
    chronicle.begin(VERIFY)
    chronicle.add(ended(replace(SAVED_A, proves=None)))
    assert standing(chronicle).proofs == {}


@pytest.mark.parametrize("bad", [failed("two are left"), unknown("cut")])
@pytest.mark.parametrize("bad_first", [True, False])
def test_of_one_run_the_worst_evidence_for_an_interlock_counts(
    bad: Verdict, bad_first: bool
) -> None:
    """ICA and sign-in sessions are both looked at; one good look does not hide the other."""
    chronicle = Chronicle()
    chronicle.begin(VERIFY)
    verdicts = (bad, passed("none")) if bad_first else (passed("none"), bad)
    for step, verdict in zip((ICA, AAA), verdicts, strict=True):
        chronicle.add(ended(step, Outcome.ALREADY, verdict))
    assert standing(chronicle).proofs["sessions-ended", NS_A].verdict == bad


@pytest.mark.parametrize("newer", [passed("none"), failed("two"), unknown("cut")])
def test_a_newer_run_replaces_what_an_older_one_proved(newer: Verdict) -> None:
    """Better or worse: the newest look is the one that counts."""
    chronicle = Chronicle()
    for run, verdict in (("r1", failed("old")), ("r2", passed("old")), ("r3", newer)):
        chronicle.begin(VERIFY, run=run)
        chronicle.add(ended(ICA, Outcome.ALREADY, verdict), run=run)
    assert standing(chronicle).proofs["sessions-ended", NS_A].verdict == newer


def test_a_confirmed_reopening_wipes_all_that_was_proven_for_it() -> None:
    """The next reopening needs proofs of its own."""
    chronicle = Chronicle()
    carried_out(chronicle, CLOSE, "c1")
    chronicle.add(CLOSED, run="c1")
    chronicle.begin(VERIFY, run="v1")
    for event in (ended(SAVED_A), KEPT, CLEAN, PROVEN):
        chronicle.add(event, run="v1")
    full = standing(chronicle)
    assert full.proofs
    assert full.compromise == CLEAN
    assert evidence_ids(full) == (KEPT.evidence,)
    chronicle.add(CONFIRMED, run=None)
    wiped = standing(chronicle)
    assert (wiped.proofs, wiped.evidence, wiped.closed_by) == ({}, (), ())
    assert (wiped.compromise, wiped.compromise_at, wiped.wanted_shut) == (None, None, False)


def test_the_last_look_from_both_sides_is_kept_with_its_time() -> None:
    """In or out of a run."""
    chronicle = Chronicle()
    chronicle.add(replace(SHUT_SEEN, outside="open"), run=None)
    recorded = chronicle.add(SHUT_SEEN, run=None)
    sides = standing(chronicle).sides
    assert sides is not None
    assert (sides.outside, sides.inside, sides.at) == ("shut", "open", recorded.at)


def test_missing_evidence_has_no_id() -> None:
    """What could not be had is on record, and nothing can be read for it."""
    chronicle = Chronicle()
    chronicle.add(replace(KEPT, what="missing", evidence=None), run=None)
    known = standing(chronicle)
    assert len(known.evidence) == 1
    assert evidence_ids(known) == ()


@pytest.mark.parametrize("plan", [CLOSE, PATCH, REOPEN])
def test_a_run_without_a_proven_end_is_left_over(plan: Plan) -> None:
    """Cut off, or failed: resume would go on with it."""
    chronicle = Chronicle()
    chronicle.begin(plan)
    chronicle.add(started(SAVED_A))
    chronicle.add(INTENT)
    left = standing(chronicle).unfinished
    assert left is not None
    assert left.in_doubt == (SAVED_A.id,)
    chronicle.add(FAILED)
    assert standing(chronicle).unfinished is not None


@pytest.mark.parametrize("purpose", [Purpose.VERIFY, Purpose.SCAN])
def test_a_run_that_only_reads_is_never_left_over(purpose: Purpose) -> None:
    """There is nothing on a device that it could have left half done."""
    chronicle = Chronicle()
    chronicle.begin(replace(VERIFY, purpose=purpose))
    chronicle.add(FAILED)
    assert standing(chronicle).unfinished is None


def test_a_reading_run_does_not_hide_one_that_is_left_over() -> None:
    """After a failed patch, a verification that passes settles nothing."""
    chronicle = Chronicle()
    carried_out(chronicle, PATCH, "p1", FAILED)
    carried_out(chronicle, VERIFY, "v1")
    left = standing(chronicle).unfinished
    assert left is not None
    assert left.id == "p1"


@pytest.mark.parametrize(
    ("earlier", "later", "settled"),
    [
        (PATCH, PATCH, True),
        (PATCH, CLOSE, False),
        (CLOSE, CLOSE, True),
        (CLOSE, replace(CLOSE, playbook="close-vserver"), True),
        (REOPEN, CLOSE, True),
        (PATCH, replace(PATCH, playbook="patch-elsewhere"), False),
        # Undoing leaves nothing of a doing that was cut off.
        (PATCH, replace(PATCH, direction=Direction.UNDO), True),
        (CLOSE, PATCH, False),
    ],
)
def test_which_proven_run_settles_an_earlier_one(earlier: Plan, later: Plan, settled: bool) -> None:
    """The same again, or a closing after a closing or an opening; nothing else."""
    chronicle = Chronicle()
    carried_out(chronicle, earlier, "r1", FAILED)
    carried_out(chronicle, later, "r2")
    assert (standing(chronicle).unfinished is None) is settled


def test_a_failed_run_settles_nothing() -> None:
    """The newest of two that are left over is the one to go on with."""
    chronicle = Chronicle()
    carried_out(chronicle, PATCH, "r1", FAILED)
    carried_out(chronicle, CLOSE, "r2", FAILED)
    left = standing(chronicle).unfinished
    assert left is not None
    assert left.id == "r2"


def test_a_settled_newer_run_brings_the_older_one_back() -> None:
    """Patch failed, then a close failed and was repeated: the patch is still unfinished."""
    chronicle = Chronicle()
    carried_out(chronicle, PATCH, "r1", FAILED)
    carried_out(chronicle, CLOSE, "r2", FAILED)
    carried_out(chronicle, CLOSE, "r3")
    left = standing(chronicle).unfinished
    assert left is not None
    assert left.id == "r1"


def test_a_dry_run_is_neither_the_last_nor_left_over() -> None:
    """A rehearsed patch does not have to be resumed."""
    chronicle = Chronicle()
    carried_out(chronicle, CLOSE, "r1")
    chronicle.begin(PATCH, run="r2", mode=Mode.DRY)
    chronicle.add(RunEnded(ending=Ending.INTERRUPTED, because="Ctrl-C"), run="r2")
    known = standing(chronicle)
    assert known.unfinished is None
    assert known.last_run is not None
    assert known.last_run.id == "r1"

"""The loop: which step comes next, whatever comes back, and how a run ends."""

from pathlib import Path

import pytest

from gatectl.core.check import (
    Answer,
    failed,
)
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    Ending,
    LookMade,
    Outcome,
    RunResumed,
    StepEnded,
    StepStarted,
)
from gatectl.core.netscaler import Reply
from gatectl.core.plan import (
    Plan,
)
from gatectl.core.playbook import OnFail, Purpose
from gatectl.core.run import Phase, Run
from gatectl.errors import (
    GateBusy,
    Interrupted,
    JournalFull,
    JournalUnavailable,
)
from tests.builders import NS_A, NS_B, ONCE, device_task, ended, ids, plan_of, planned, started
from tests.conversation import (
    ACT,
    CLOSE,
    DONE,
    GARBLED,
    LOOK,
    NO_RULE,
    PLAN,
    RULE,
    SAVED,
    STEP,
    TWO_LINES,
    UNSAVED,
    Stage,
    StopAt,
    outcome,
)


def interrupted_close(folder: Path, turn: int) -> tuple[Stage, Run]:
    """Carry out a close of two nodes that is stopped at the n-th check."""
    steps = (TWO_LINES, planned("saved@ns-b", device_task(node=NS_B), on_fail=OnFail.CONTINUE))
    stage = Stage(
        folder,
        stop=StopAt(turn),
        ns_a=[
            ("show ns acl X", NO_RULE),
            ("add ns acl X DENY", DONE),
            ("apply ns acls", DONE),
            ("show ns acl X", RULE),
        ],
        ns_b=[(LOOK, UNSAVED), (ACT, DONE), (LOOK, SAVED)],
    )
    return stage, stage.carry_out(plan_of(*steps, purpose=Purpose.CLOSE))


def checks_of_an_uninterrupted_close(folder: Path) -> int:
    """Count how often a close asks whether it should stop."""
    stage, run = interrupted_close(folder, -1)
    assert run.ending is Ending.PROVEN
    return stage.stop.asked


@pytest.mark.parametrize("turn", range(10))
def test_a_stop_at_any_check_of_a_close_sends_nothing_further(tmp_path: Path, turn: int) -> None:
    """Ctrl-C goes on to no next command, and the journal says where it stood."""
    assert checks_of_an_uninterrupted_close(tmp_path / "whole") == 10
    whole, _ = interrupted_close(tmp_path / "again", -1)
    stage, run = interrupted_close(tmp_path / "cut", turn)
    assert run.ending is Ending.INTERRUPTED
    assert stage.stop.asked == turn + 1
    assert stage.history[-1] == "record run.ended"
    sent = [line for line in stage.history if line.startswith("send")]
    assert sent == [line for line in whole.history if line.startswith("send")][: len(sent)]
    acted = bool(stage.events(ActIntended)) and not any(
        isinstance(event, StepEnded) and event.step == TWO_LINES.id
        for event in stage.events(StepEnded)
    )
    assert (TWO_LINES.id in run.in_doubt) is acted


def resumed(folder: Path, script: list[tuple[str, Reply | Exception]]) -> tuple[Stage, Run]:
    """Resume a run that crashed between its intent and its outcome."""
    stage = Stage(folder, ns_a=script)
    stage.chronicle.begin(PLAN)
    stage.chronicle.add(started(STEP))
    stage.chronicle.add(ActIntended(step=STEP.id, node=NS_A, lines=(ACT,)))
    stage.chronicle.add(RunResumed(digest=PLAN.digest))
    return stage, stage.carry_out(PLAN)


def test_a_step_in_doubt_is_looked_at_first_and_left_when_it_holds(tmp_path: Path) -> None:
    """The act had arrived: it is done, and not already so."""
    stage, run = resumed(tmp_path, [(LOOK, SAVED)])
    assert (run.ending, outcome(run)) == (Ending.PROVEN, Outcome.DONE)
    assert stage.sent() == [LOOK]


def test_a_step_in_doubt_is_acted_on_only_after_a_look_that_says_no(tmp_path: Path) -> None:
    """The act had not arrived; it is intended anew and sent once."""
    stage, run = resumed(tmp_path, [(LOOK, UNSAVED), (ACT, DONE), (LOOK, SAVED)])
    assert outcome(run) is Outcome.DONE
    assert stage.history[0] == f"send {LOOK}"
    assert len(stage.events(ActIntended)) == 2


def test_a_step_in_doubt_that_cannot_be_seen_stays_unknown(tmp_path: Path) -> None:
    """Nothing is repeated blindly."""
    stage, run = resumed(tmp_path, [(LOOK, GARBLED)] * 3)
    assert (run.ending, outcome(run)) == (Ending.UNKNOWN, Outcome.UNKNOWN)
    assert ACT not in stage.sent()


def test_a_resumed_run_does_not_do_again_what_holds(tmp_path: Path) -> None:
    """It begins at the first step that did not come to a proven end."""
    first, second = planned("a@ns-a"), planned("b@ns-b", device_task(node=NS_B))
    plan = plan_of(first, second)
    stage = Stage(tmp_path, ns_a=[], ns_b=[(LOOK, SAVED)])
    stage.chronicle.begin(plan)
    stage.chronicle.add(ended(first))
    stage.chronicle.add(ended(second, Outcome.FAILED, failed("no")))
    stage.chronicle.add(RunResumed(digest=plan.digest))
    assert stage.carry_out(plan).ending is Ending.PROVEN


def test_a_lost_lease_ends_the_run_before_the_act(tmp_path: Path) -> None:
    """The intent could not be recorded, so nothing that writes leaves."""
    stage = Stage(tmp_path, refuses=ActIntended, ns_a=[(LOOK, UNSAVED)])
    with pytest.raises(GateBusy):
        stage.carry_out(PLAN)
    assert stage.sent() == [LOOK]


def test_a_run_that_lost_its_gate_sends_no_further_line(tmp_path: Path) -> None:
    """It slept between its intent and its act, and somebody else has the gate by now."""
    lines = [(LOOK, UNSAVED), (ACT, DONE), (LOOK, SAVED)]
    stage = Stage(tmp_path, loses_its_gate="record act.intended", ns_a=lines)
    with pytest.raises(GateBusy):
        stage.carry_out(PLAN)
    assert stage.sent() == [LOOK]


def test_a_journal_that_cannot_be_written_ends_the_run_before_its_first_look(
    tmp_path: Path,
) -> None:
    """What is not on record did not begin."""
    stage = Stage(tmp_path, refuses=StepStarted, ns_a=[])
    with pytest.raises(GateBusy):
        stage.carry_out(PLAN)
    assert stage.sent() == []


FULL = JournalFull("the journal cannot be used: the disk is full")


@pytest.mark.parametrize("refused", [StepStarted, LookMade, ActIntended, ActAnswered, StepEnded])
def test_a_full_journal_ends_the_run_on_record_before_the_next_act(
    tmp_path: Path, refused: type
) -> None:
    """Whatever could not be written down: the end can, in the room that is kept for it."""
    lines = [(LOOK, UNSAVED), (ACT, DONE), (LOOK, SAVED)]
    stage = Stage(tmp_path, refuses=refused, refusal=FULL, ns_a=lines)
    run = stage.carry_out(plan_of(STEP, TWO_LINES))
    assert (run.ending, run.because) == (Ending.UNKNOWN, FULL.sentence)
    assert stage.history[-1] == "record run.ended"
    assert [line for line in stage.sent() if "acl" in line] == []


def test_a_closing_goes_on_elsewhere_when_its_journal_is_full(tmp_path: Path) -> None:
    """It is not ended: whoever called it begins again without the journal."""
    stage = Stage(tmp_path, refuses=ActIntended, refusal=FULL, ns_a=[(LOOK, UNSAVED)])
    with pytest.raises(JournalUnavailable, match="disk is full"):
        stage.carry_out(CLOSE)
    assert "record run.ended" not in stage.history


def test_a_full_journal_refuses_a_run_at_its_prechecks(tmp_path: Path) -> None:
    """Nothing was sent that writes, so nothing is in doubt."""
    check = planned("a@ns-a", device_task(act=()), retry=ONCE, precheck=True)
    stage = Stage(tmp_path, refuses=LookMade, refusal=FULL, ns_a=[(LOOK, SAVED)])
    stage.chronicle.begin(plan_of(check, STEP))
    run = stage.runner.look_before(stage.chronicle.run())
    assert (run.ending, run.because) == (Ending.REFUSED, FULL.sentence)
    assert run == stage.chronicle.run()


def test_prechecks_are_all_looked_at_and_nothing_else_is(tmp_path: Path) -> None:
    """One that fails does not keep the others from a look, and no act is sent."""
    checks = [
        planned("a@ns-a", device_task(act=()), retry=ONCE, precheck=True),
        planned("b@ns-b", device_task(node=NS_B, act=()), retry=ONCE, precheck=True),
    ]
    plan = plan_of(checks[0], STEP, checks[1])
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED)], ns_b=[(LOOK, SAVED)])
    stage.chronicle.begin(plan)
    run = stage.runner.look_before(stage.chronicle.run())
    assert run == stage.chronicle.run()
    assert [outcome(run, check) for check in checks] == [Outcome.FAILED, Outcome.ALREADY]
    assert run.record(STEP.id).phase is Phase.PENDING
    refused = stage.runner.refuse(run, "a: not saved")
    assert (refused.ending, refused.finished) == (Ending.REFUSED, True)


@pytest.mark.parametrize("turn", [0, 1])
def test_an_interruption_during_prechecks_is_told_as_one(tmp_path: Path, turn: int) -> None:
    """Ctrl-C between two looks, or before the first, ends the run, and that is on record."""
    check = planned("a@ns-a", device_task(act=()), retry=ONCE, precheck=True)
    stage = Stage(tmp_path, stop=StopAt(turn), ns_a=[])
    stage.chronicle.begin(plan_of(check))
    run = stage.runner.look_before(stage.chronicle.run())
    assert run.ending is Ending.INTERRUPTED
    assert "stopped by the test" in run.because
    assert run == stage.chronicle.run()
    assert stage.sent() == []


def two_steps(on_fail: OnFail) -> Plan:
    """Make a plan whose first step fails."""
    first = planned("a@ns-a", device_task(act=()), retry=ONCE, on_fail=on_fail)
    return plan_of(first, planned("b@ns-b", device_task(node=NS_B)))


def test_a_failed_step_holds_the_run(tmp_path: Path) -> None:
    """What follows rests on it: nothing is sent to the other node."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED)], ns_b=[])
    run = stage.carry_out(two_steps(OnFail.HOLD))
    assert run.ending is Ending.FAILED
    assert run.record(run.plan.steps[1].id).phase is Phase.PENDING


def test_a_step_that_may_fail_lets_the_run_go_on_and_fail(tmp_path: Path) -> None:
    """The other node is looked at all the same."""
    stage = Stage(tmp_path, ns_a=[(LOOK, UNSAVED)], ns_b=[(LOOK, SAVED)])
    run = stage.carry_out(two_steps(OnFail.CONTINUE))
    assert (run.ending, run.because) == (Ending.FAILED, "failed: a@ns-a")


def test_what_a_step_proves_is_on_record_with_its_verdict(tmp_path: Path) -> None:
    """Interlocks are judged on these events."""
    step = planned("saved@ns-a", device_task(act=()), proves="config-saved")
    stage = Stage(tmp_path, ns_a=[(LOOK, SAVED)])
    stage.carry_out(plan_of(step))
    (event,) = stage.events(StepEnded)
    assert isinstance(event, StepEnded)
    assert (event.proves, event.node, event.verdict.answer) == ("config-saved", NS_A, Answer.PASS)


def test_an_interruption_before_the_first_step_is_on_record(tmp_path: Path) -> None:
    """Nothing was sent, and the journal says that the run ended there."""
    stage = Stage(tmp_path, stop=StopAt(0), ns_a=[])
    run = stage.carry_out(PLAN)
    assert (run.ending, run.because) == (Ending.INTERRUPTED, "stopped by the test")
    assert ids(PLAN.steps) == ["saved@ns-a"]
    assert run.steps == {}


def test_the_stop_flag_of_these_tests_raises_where_it_should() -> None:
    """A fake that never stopped would prove nothing above."""
    with pytest.raises(Interrupted):
        StopAt(0).check()
    StopAt().check()

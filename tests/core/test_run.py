"""What has been: a run folded from its events."""

import pytest

from gatectl.core.check import failed, unknown
from gatectl.core.event import (
    ActIntended,
    Ending,
    Event,
    Mode,
    Noted,
    Outcome,
    RunEnded,
    RunResumed,
)
from gatectl.core.run import Phase, Run
from tests.builders import NS_A, Chronicle, ended, plan_of, planned, started

ONE, TWO = planned("one"), planned("two")
PLAN = plan_of(ONE, TWO)
INTENT = ActIntended(step=ONE.id, node=NS_A, lines=("save ns config",))
RESUMED = RunResumed(digest=PLAN.digest)


def fold(*events: Event) -> Run:
    """Fold a run that was started and then had these events."""
    chronicle = Chronicle()
    chronicle.begin(PLAN)
    for event in events:
        chronicle.add(event)
    return chronicle.run()


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ((), Phase.PENDING),
        ((started(ONE),), Phase.LOOKING),
        ((started(ONE), INTENT), Phase.IN_DOUBT),
        ((started(ONE), INTENT, ended(ONE)), Phase.ENDED),
        ((started(ONE), INTENT, ended(ONE, Outcome.UNKNOWN, unknown("cut"))), Phase.ENDED),
        ((started(ONE), INTENT, RunEnded(ending=Ending.INTERRUPTED, because="")), Phase.IN_DOUBT),
        ((started(ONE), Noted(text="x")), Phase.LOOKING),
    ],
)
def test_a_step_is_as_far_as_its_last_event(events: tuple[Event, ...], phase: Phase) -> None:
    """An intent without an outcome is a doubt, whatever comes after it but the outcome."""
    run = fold(*events)
    assert run.record(ONE.id).phase is phase
    assert run.record(TWO.id).phase is Phase.PENDING
    assert run.in_doubt == ((ONE.id,) if phase is Phase.IN_DOUBT else ())


@pytest.mark.parametrize(
    ("events", "after"),
    [
        ((started(ONE),), Phase.PENDING),
        ((started(ONE), INTENT), Phase.IN_DOUBT),
        ((started(ONE), ended(ONE)), Phase.ENDED),
        ((started(ONE), ended(ONE, Outcome.ALREADY)), Phase.ENDED),
        ((started(ONE), INTENT, ended(ONE, Outcome.FAILED, failed("no"))), Phase.PENDING),
        ((started(ONE), INTENT, ended(ONE, Outcome.UNKNOWN, unknown("?"))), Phase.PENDING),
        ((started(ONE), ended(ONE, Outcome.WOULD, failed("no"))), Phase.PENDING),
    ],
)
def test_a_resumed_run_keeps_what_holds_and_what_is_in_doubt(
    events: tuple[Event, ...], after: Phase
) -> None:
    """All else has its turn again; a doubt is never forgotten."""
    ending = RunEnded(ending=Ending.FAILED, because="x")
    run = fold(*events, ending, RESUMED)
    assert run.record(ONE.id).phase is after
    assert (run.ending, run.because, run.ended, run.resumes) == (None, "", None, 1)


@pytest.mark.parametrize("ending", Ending)
def test_a_run_is_finished_only_by_an_end_that_needs_no_resume(ending: Ending) -> None:
    """Failed, unknown and interrupted runs wait to be resumed."""
    run = fold(RunEnded(ending=ending, because="so"))
    assert run.finished is (ending in {Ending.PROVEN, Ending.PENDING, Ending.REFUSED})
    assert run.because == "so"


def test_a_run_that_was_cut_off_is_not_finished() -> None:
    """Without an end on record there is none."""
    assert not fold(started(ONE)).finished


def test_events_without_a_start_are_no_run() -> None:
    """A journal that lacks the plan cannot say what was to be done."""
    chronicle = Chronicle()
    chronicle.add(started(ONE))
    assert Run.from_events(chronicle.records) is None
    assert Run.from_events([]) is None


def test_a_run_knows_who_started_it_and_how() -> None:
    """Gate, actor, mode and time come from the record of its start."""
    chronicle = Chronicle()
    first = chronicle.begin(PLAN, mode=Mode.DRY)
    chronicle.add(ended(ONE))
    run = chronicle.run()
    assert (run.id, run.gate, run.actor, run.mode) == (
        first.run,
        first.gate,
        first.actor,
        Mode.DRY,
    )
    assert run.started == first.at
    assert run.record(ONE.id).ended == chronicle.now


def test_folding_one_by_one_is_folding_all_at_once() -> None:
    """The runner's own view of its run is what the journal says of it."""
    chronicle = Chronicle()
    run = Run.from_events([chronicle.begin(PLAN)])
    assert run is not None
    for event in (started(ONE), INTENT, ended(ONE), RunEnded(ending=Ending.PROVEN, because="")):
        run = run.after(chronicle.add(event))
        assert run == chronicle.run()


def test_a_run_says_how_far_it_came() -> None:
    """The last step of the plan that was begun is named, or that none was."""
    chronicle = Chronicle()
    chronicle.begin(PLAN)
    assert chronicle.run().whereabouts() == "before its first step"
    for event in (started(ONE), ended(ONE), started(TWO)):
        chronicle.add(event)
    assert chronicle.run().whereabouts() == f"at step {TWO.id}"

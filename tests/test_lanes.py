"""Both nodes at once: they overlap, none stops the other, and the record has one order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from gatectl.core.check import failed, passed
from gatectl.core.event import Ending, Event, Outcome, Recorded, RunEnded, StepStarted
from gatectl.core.lanes import next_in_lanes
from gatectl.core.plan import PlannedStep
from gatectl.core.playbook import Purpose
from gatectl.core.run import Run
from gatectl.errors import Interrupted, JournalUnavailable
from gatectl.lanes import in_lanes
from gatectl.ports import Recorder
from tests.builders import NS_A, NS_B, Chronicle, device_task, ended, plan_of, planned, started

A1, A2 = (planned(f"{name}@a", device_task(node=NS_A)) for name in ("one", "two"))
B1, B2 = (planned(f"{name}@b", device_task(node=NS_B)) for name in ("one", "two"))
CLOSE = plan_of(A1, B1, A2, B2, purpose=Purpose.CLOSE)
PATIENCE_S = 20.0


class ChronicleRecorder:
    """Records in a list, as a journal does that takes the writers that come at the same time."""

    def __init__(self, sync: Callable[[Event], None] = lambda _event: None) -> None:
        self.chronicle = Chronicle()
        self._writing = threading.Lock()
        self._sync = sync

    def record(self, event: Event) -> Recorded:
        """Write an event down, and wait for the disk."""
        with self._writing:
            recorded = self.chronicle.add(event)
        self._sync(event)
        return recorded

    def still_held(self) -> None:
        """Hold the gate for as long as the test lasts."""


class NeverStop:
    """Nobody wants to stop."""

    def check(self) -> None:
        """Go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Performs a step by calling what the test hands over."""

    recorder: Recorder
    act: Callable[[PlannedStep], Outcome]
    stop: NeverStop = field(default_factory=NeverStop)

    def recording(self, recorder: Recorder) -> "Performer":
        """Give the same with another recorder."""
        return Performer(recorder=recorder, act=self.act)

    def perform(self, run: Run, step: PlannedStep) -> Run:
        """Begin, do what the test says, and end."""
        run = run.after(self.recorder.record(started(step)))
        outcome = self.act(step)
        verdict = passed("it holds") if outcome.holds else failed("it does not")
        return run.after(self.recorder.record(ended(step, outcome, verdict)))

    def settle(self, run: Run, step: PlannedStep, *, in_doubt: bool) -> Run:
        """Look again; here that is the same."""
        assert in_doubt
        return self.perform(run, step)

    def end(self, run: Run, ending: Ending, because: str) -> Run:
        """End the run."""
        return run.after(self.recorder.record(RunEnded(ending=ending, because=because)))


def carried_out(
    act: Callable[[PlannedStep], Outcome], sync: Callable[[Event], None] = lambda _event: None
) -> tuple[Run, ChronicleRecorder]:
    """Carry the closing of two nodes out."""
    recorder = ChronicleRecorder(sync)
    recorder.chronicle.begin(CLOSE)
    run = in_lanes(Performer(recorder=recorder, act=act), recorder.chronicle.run(), next_in_lanes)
    assert run == recorder.chronicle.run()
    return run, recorder


def test_the_two_nodes_are_at_work_at_the_same_time() -> None:
    """Each lane waits for the other to be there: one after the other they would never meet."""
    meeting = threading.Barrier(2)

    def act(step: PlannedStep) -> Outcome:
        if step in {A1, B1}:
            meeting.wait(PATIENCE_S)
        return Outcome.DONE

    run, _ = carried_out(act)
    assert {record.outcome for record in run.steps.values()} == {Outcome.DONE}
    assert len(run.steps) == 4


def test_both_lanes_may_wait_for_the_disk_at_the_same_time() -> None:
    """No event waits until that of the other node is on disk: one sync can take both."""
    meeting = threading.Barrier(2)

    def sync(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step in {A1.id, B1.id}:
            meeting.wait(PATIENCE_S)

    run, _ = carried_out(lambda _step: Outcome.DONE, sync)
    assert len(run.steps) == 4


def test_a_node_that_hangs_does_not_stop_the_other() -> None:
    """One lane comes to its end while the other still waits for its first answer."""
    other_is_through = threading.Event()

    def act(step: PlannedStep) -> Outcome:
        if step is A1:
            assert other_is_through.wait(PATIENCE_S)
            return Outcome.UNKNOWN
        if step is B2:
            other_is_through.set()
        return Outcome.DONE

    run, _ = carried_out(act)
    assert run.record(A1.id).outcome is Outcome.UNKNOWN
    assert run.record(B2.id).outcome is Outcome.DONE
    assert A2.id not in run.steps


def test_an_interruption_ends_the_run_and_begins_nothing_more() -> None:
    """The other lane finishes its step, and the record says that the run was interrupted."""

    def act(step: PlannedStep) -> Outcome:
        if step is A1:
            raise Interrupted("stopped by SIGINT")
        return Outcome.DONE

    run, recorder = carried_out(act)
    assert run.ending is Ending.INTERRUPTED
    assert isinstance(recorder.chronicle.records[-1].event, RunEnded)
    assert A2.id not in run.steps


def test_what_is_worse_than_an_interruption_is_raised() -> None:
    """A journal that fails in one lane is told, also when the other lane was interrupted."""
    both = threading.Barrier(2)

    def act(step: PlannedStep) -> Outcome:
        both.wait(PATIENCE_S)
        if step is A1:
            raise Interrupted("stopped by SIGINT")
        raise JournalUnavailable("the disk is full")

    with pytest.raises(JournalUnavailable, match="disk is full"):
        carried_out(act)

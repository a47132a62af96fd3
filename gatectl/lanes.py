"""Carries steps out at the same time, one thread a node, and keeps their events in one order."""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol, assert_never

from gatectl.core.event import Ending, Event, Recorded
from gatectl.core.lanes import Begun
from gatectl.core.plan import PlannedStep
from gatectl.core.run import Run
from gatectl.core.sequencer import Perform, Reobserve
from gatectl.errors import Interrupted
from gatectl.ports import Recorder, StopFlag

Choose = Callable[[Run, Collection[PlannedStep]], Sequence[Begun]]
"""Names what is to begin now, from the run and the steps that are at work."""

_ROUNDS_A_STEP = 4


class SharedRun:
    """One run that several lanes work on; a lane's event is on disk and folded in before its next.

    Lanes that record at the same time wait for one and the same sync of the disk. What they tell
    is of different steps, so that the run comes out the same whichever is folded in first.
    """

    def __init__(self, recorder: Recorder, run: Run) -> None:
        self._recorder = recorder
        self._run = run
        self._folding = threading.Lock()

    @property
    def run(self) -> Run:
        """The run as the journal has it now."""
        with self._folding:
            return self._run

    def record(self, event: Event) -> Recorded:
        """Put an event on disk, and fold it in."""
        recorded = self._recorder.record(event)
        with self._folding:
            self._run = self._run.after(recorded)
        return recorded

    def still_held(self) -> None:
        """Raise LeaseLost if the gate is not this run's any more."""
        self._recorder.still_held()


class StepRunner(Protocol):
    """Performs single steps; made anew for a recorder that several lanes share."""

    @property
    def recorder(self) -> Recorder:
        """Where events go."""

    @property
    def stop(self) -> StopFlag:
        """Whether anybody wants this to end."""

    def recording(self, recorder: Recorder) -> "StepRunner":
        """Give the same runner with another recorder."""

    def perform(self, run: Run, step: PlannedStep) -> Run:
        """Give a step its turn."""

    def settle(self, run: Run, step: PlannedStep, *, in_doubt: bool) -> Run:
        """Bring a step to an outcome."""

    def end(self, run: Run, ending: Ending, because: str) -> Run:
        """Put a run's end on record."""


def in_lanes(runner: StepRunner, run: Run, choose: Choose) -> Run:
    """Begin what `choose` names, until it names nothing and nothing is at work."""
    shared = SharedRun(runner.recorder, run)
    within = runner.recording(shared)

    def carry_out(run: Run, action: Begun) -> None:
        within.stop.check()
        match action:
            case Perform(step=step):
                within.perform(run, step)
            case Reobserve(step=step):
                within.settle(run, step, in_doubt=True)
            case _ as never:
                assert_never(never)

    try:
        runner.stop.check()
        _work(shared, choose, carry_out)
    except Interrupted as exc:
        return runner.end(shared.run, Ending.INTERRUPTED, exc.sentence)
    return shared.run


def _work(shared: SharedRun, choose: Choose, carry_out: Callable[[Run, Begun], None]) -> None:
    """Keep the lanes busy.

    What one lane raises is raised here when the others have come to the end of their step;
    nothing further is begun meanwhile.
    """
    steps = shared.run.plan.steps
    at_work: dict[Future[None], PlannedStep] = {}
    raised: list[BaseException] = []
    with ThreadPoolExecutor(len({step.node for step in steps}) or 1, "lane") as pool:
        for _ in range(len(steps) * _ROUNDS_A_STEP + 2):
            run = shared.run
            for action in () if raised else choose(run, tuple(at_work.values())):
                at_work[pool.submit(carry_out, run, action)] = action.step
            if not at_work:
                break
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                del at_work[future]
                if (error := future.exception()) is not None:
                    raised.append(error)
        else:
            raise AssertionError("the lanes had more turns than the plan has steps")
    if raised:
        # An interruption is told as such only if nothing worse came with it.
        raise next((one for one in raised if not isinstance(one, Interrupted)), raised[0])

"""Keeps a run inside its window: no step is begun that cannot end in time."""

from datetime import datetime, timedelta

from gatectl.clock import Clock
from gatectl.core.event import (
    Recorded,
    RunEnded,
    RunResumed,
    RunStarted,
    StepEnded,
    StepStarted,
)
from gatectl.core.pace import Learnt, expected_s
from gatectl.core.plan import Plan, PlannedId
from gatectl.errors import Interrupted
from gatectl.ports import StopFlag


class OutOfTime(Interrupted):
    """The next step could not have ended before the window does."""


class WindowPace:
    """Listens to a run and, asked before each step, stops it when its time is over.

    What is under way is let end: a step that is cut in its middle would be worse than a late one.
    """

    def __init__(
        self, inner: StopFlag, clock: Clock, ends: datetime, learnt: Learnt, name: str
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._ends = ends
        self._learnt = learnt
        self._name = name
        self._plan: Plan | None = None
        self._done: set[PlannedId] = set()
        self._under_way = False
        self.stopped_before = ""
        """The title of the step that was not begun any more."""

    def __call__(self, recorded: Recorded) -> None:
        """Follow the run."""
        match recorded.event:
            case RunStarted(plan=plan):
                self._plan, self._done, self._under_way = plan, set(), False
            case RunResumed(adopted=adopted):
                self._plan = adopted or self._plan
            case StepStarted():
                self._under_way = True
            case StepEnded(step=step):
                self._done.add(step)
                self._under_way = False
            case RunEnded():
                self._plan = None
            case _:
                pass

    def check(self) -> None:
        """Raise Interrupted if somebody stops the run, OutOfTime if the next step is too long."""
        self._inner.check()
        if self._plan is None or self._under_way:
            return
        step = next((one for one in self._plan.steps if one.id not in self._done), None)
        if step is None:
            return
        needed_s = expected_s(self._plan.playbook, step, self._learnt)
        if self._clock.now() + timedelta(seconds=needed_s) > self._ends:
            self.stopped_before = step.title
            raise OutOfTime(
                f"{step.title!r} may take {needed_s:.0f} s, and {self._name} at "
                f"{self._ends:%Y-%m-%d %H:%M:%S} UTC"
            )

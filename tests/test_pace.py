"""The pace of a run: a step that cannot end in time is not begun, and none is cut in its middle."""

from datetime import timedelta

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import RunResumed
from gatectl.core.plan import Plan
from gatectl.core.playbook import Retry
from gatectl.errors import Interrupted
from gatectl.pace import OutOfTime, WindowPace
from tests.builders import Chronicle, device_task, ended, plan_of, planned, started

FIRST = planned("first", device_task(act=()), retry=Retry(attempts=1, wait_s=1, deadline_s=10))
SECOND = planned("second", device_task(act=()), retry=Retry(attempts=1, wait_s=1, deadline_s=100))
PLAN = plan_of(FIRST, SECOND)


class Quiet:
    """Nobody stops anything."""

    def check(self) -> None:
        """Let the run go on."""


class Stopped:
    """Somebody has stopped the run."""

    def check(self) -> None:
        """Stop it."""
        raise Interrupted("stopped")


def pace_of(clock: HandClock, left_s: float) -> tuple[WindowPace, Chronicle]:
    """Begin the plan with so many seconds left."""
    ends = clock.now() + timedelta(seconds=left_s)
    pace = WindowPace(Quiet(), clock, ends, {}, "its window closes")
    chronicle = Chronicle()
    pace(chronicle.begin(PLAN))
    return pace, chronicle


def test_a_step_that_can_end_in_time_is_begun() -> None:
    """To the second."""
    pace, _ = pace_of(HandClock(), 10)
    pace.check()
    assert pace.stopped_before == ""


def test_a_step_that_cannot_end_in_time_is_not_begun() -> None:
    """And it is said which one, how long it may take, and when the window closes."""
    pace, chronicle = pace_of(HandClock(), 60)
    pace(chronicle.add(started(FIRST)))
    pace(chronicle.add(ended(FIRST)))
    with pytest.raises(OutOfTime, match=r"'the step second' may take 100 s, and its window closes"):
        pace.check()
    assert pace.stopped_before == "the step second"


def test_a_step_under_way_is_let_end() -> None:
    """Between its looks nobody stops it for the time."""
    clock = HandClock()
    pace, chronicle = pace_of(clock, 20)
    pace(chronicle.add(started(FIRST)))
    clock.sleep(1000)
    pace.check()
    pace(chronicle.add(ended(FIRST)))
    with pytest.raises(OutOfTime):
        pace.check()


def test_what_was_learnt_counts_more_than_the_limits() -> None:
    """A step that always took two seconds is not given its hundred."""
    clock = HandClock()
    ends = clock.now() + timedelta(seconds=10)
    learnt = {("upkeep", "first"): 2.0, ("upkeep", "second"): 2.0}
    pace = WindowPace(Quiet(), clock, ends, learnt, "its window closes")
    chronicle = Chronicle()
    for recorded in (chronicle.begin(PLAN), chronicle.add(started(FIRST))):
        pace(recorded)
    pace(chronicle.add(ended(FIRST)))
    pace.check()


def test_somebody_who_stops_the_run_is_heard_first() -> None:
    """As without a window."""
    clock = HandClock()
    pace = WindowPace(Stopped(), clock, clock.now(), {}, "its window closes")
    with pytest.raises(Interrupted, match="stopped"):
        pace.check()


def test_before_a_run_and_after_its_last_step_there_is_nothing_to_stop() -> None:
    """However late it is."""
    clock = HandClock()
    pace = WindowPace(Quiet(), clock, clock.now(), {}, "its window closes")
    pace.check()
    chronicle = Chronicle()
    last: Plan = plan_of(FIRST)
    pace(chronicle.begin(last))
    pace(chronicle.add(RunResumed(digest=last.digest)))
    pace(chronicle.add(started(FIRST)))
    pace(chronicle.add(ended(FIRST)))
    clock.sleep(1000)
    pace.check()

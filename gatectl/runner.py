"""The loop: which step comes next, its turn, its outcome on record. The only place that retries."""

import time
from dataclasses import dataclass, replace
from typing import assert_never

import tenacity

from gatectl.clock import Clock
from gatectl.core.check import Verdict
from gatectl.core.event import Ending, RunEnded, StepEnded, StepStarted
from gatectl.core.lanes import next_in_lanes, prechecks_in_lanes, runs_in_lanes
from gatectl.core.plan import PlannedStep
from gatectl.core.playbook import Purpose, Retry
from gatectl.core.run import Run
from gatectl.core.sequencer import Finish, Hold, Perform, Reobserve, next_action, next_precheck
from gatectl.errors import Interrupted, JournalUnavailable
from gatectl.lanes import in_lanes
from gatectl.ports import Collector, Keeper, Lookout, Nodes, Recorder, StopFlag
from gatectl.turn import Again, Look, Turn

_FIRST_WAIT_S = 0.2
_ACTIONS_A_STEP = 3
"""A step is performed, perhaps observed again after a crash, and left: more is a loop."""


class _Stopped(Interrupted):
    """An interruption in the middle of a step, with the run as the journal has it by then."""

    def __init__(self, run: Run, interrupted: Interrupted) -> None:
        super().__init__(interrupted.sentence)
        self.run = run


class _Unrecorded(JournalUnavailable):
    """Something could not be put on record in the middle of a step; the run as it is on record."""

    def __init__(self, run: Run, unavailable: JournalUnavailable) -> None:
        super().__init__(unavailable.sentence, hint=unavailable.hint)
        self.run = run


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Carries a run out; a dry run is the same loop over sessions that cannot write."""

    recorder: Recorder
    nodes: Nodes
    lookout: Lookout
    collector: Collector
    evidence: Keeper
    clock: Clock
    stop: StopFlag
    lanes: bool = False
    """Nodes may be worked on at the same time, where the plan allows it."""

    def look_before(self, run: Run) -> Run:
        """Look at every precheck; nothing is sent that writes."""
        if self.lanes and runs_in_lanes(run.plan, run.mode):
            return in_lanes(self, run, prechecks_in_lanes)
        for _ in range(len(run.plan.steps) + 1):
            step = next_precheck(run.plan, run)
            if step is None:
                return run
            try:
                self.stop.check()
                run = self.perform(run, step)
            except Interrupted as exc:
                return self._cut_short(run, exc, Ending.INTERRUPTED)
            except JournalUnavailable as exc:
                return self._unrecorded(run, exc, Ending.REFUSED)
        raise AssertionError("there were more prechecks than steps")

    def refuse(self, run: Run, because: str) -> Run:
        """End a run before its work began."""
        return self.end(run, Ending.REFUSED, because)

    def carry_out(self, run: Run) -> Run:
        """Go from where the run is to its end; every way out of here is on record."""
        if self.lanes and runs_in_lanes(run.plan, run.mode):
            run = in_lanes(self, run, next_in_lanes)
            if run.ending is not None:
                return run
        for _ in range(len(run.plan.steps) * _ACTIONS_A_STEP + 1):
            try:
                self.stop.check()
                match next_action(run.plan, run):
                    case Perform(step=step):
                        run = self.perform(run, step)
                    case Reobserve(step=step):
                        run = self.settle(run, step, in_doubt=True)
                    case Hold(because=because, ending=ending):
                        return self.end(run, ending, because)
                    case Finish(because=because, ending=ending):
                        return self.end(run, ending, because)
                    case _ as never:
                        assert_never(never)
            except Interrupted as exc:
                return self._cut_short(run, exc, Ending.INTERRUPTED)
            except JournalUnavailable as exc:
                return self._unrecorded(run, exc, Ending.UNKNOWN)
        raise AssertionError("the sequencer named more actions than the plan has steps")

    def recording(self, recorder: Recorder) -> "Runner":
        """Give the same runner with another recorder."""
        return replace(self, recorder=recorder)

    def end(self, run: Run, ending: Ending, because: str) -> Run:
        """Put a run's end on record."""
        return run.after(self.recorder.record(RunEnded(ending=ending, because=because)))

    def _unrecorded(self, run: Run, exc: JournalUnavailable, ending: Ending) -> Run:
        """End a run that cannot be recorded further, in the room that is kept for this."""
        if run.plan.purpose is Purpose.CLOSE:
            # Closing goes on without a journal.
            raise exc
        return self._cut_short(run, exc, ending)

    def _cut_short(self, run: Run, exc: Interrupted | JournalUnavailable, ending: Ending) -> Run:
        """End a run as the journal has it by then, if that was in the middle of a step."""
        known = exc.run if isinstance(exc, _Stopped | _Unrecorded) else run
        return self.end(known, ending, exc.sentence)

    def perform(self, run: Run, step: PlannedStep) -> Run:
        """Give a step its turn."""
        started = StepStarted(step=step.id, title=step.title, node=step.node)
        return self.settle(run.after(self.recorder.record(started)), step, in_doubt=False)

    def settle(self, run: Run, step: PlannedStep, *, in_doubt: bool) -> Run:
        """Bring a step to an outcome; an interruption leaves it as the journal has it."""
        began = time.monotonic()
        turn = self._turn(run, step, in_doubt=in_doubt)
        try:
            outcome, verdict = turn.settle()
            ended = StepEnded(
                step=step.id,
                title=step.title,
                node=step.node,
                outcome=outcome,
                verdict=verdict,
                proves=step.proves,
                elapsed_s=round(time.monotonic() - began, 3),
            )
            return turn.run.after(self.recorder.record(ended))
        except Interrupted as exc:
            raise _Stopped(turn.run, exc) from exc
        except JournalUnavailable as exc:
            raise _Unrecorded(turn.run, exc) from exc

    def _turn(self, run: Run, step: PlannedStep, *, in_doubt: bool) -> Turn:
        return Turn(
            recorder=self.recorder,
            nodes=self.nodes,
            lookout=self.lookout,
            collector=self.collector,
            evidence=self.evidence,
            stop=self.stop,
            repeat=self._repeat,
            run=run,
            step=step,
            in_doubt=in_doubt,
        )

    def _repeat(self, look: Look, retry: Retry, again: Again) -> Verdict:
        """Look until nothing more is to be hoped for, or its time is over."""

        def last(state: tenacity.RetryCallState) -> Verdict:
            if state.outcome is None:
                raise AssertionError("tenacity gave up before the first look")
            verdict: Verdict = state.outcome.result()
            return verdict

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(retry.attempts)
            | tenacity.stop_after_delay(retry.deadline_s),
            # Quick at first, for most things hold at once; then no oftener than the step says.
            wait=tenacity.wait_exponential(multiplier=_FIRST_WAIT_S, max=retry.wait_s),
            retry=tenacity.retry_if_result(again),
            retry_error_callback=last,
            sleep=self.clock.sleep,
        )
        return retrying(look)

"""Gates whose work is done in other processes, and what is done when one of those is lost."""

import contextlib
from concurrent.futures import CancelledError, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import assert_never

from gatectl.core.event import Noted
from gatectl.core.gate import Gate, GateState
from gatectl.core.run import Run
from gatectl.desk import Desk, Result
from gatectl.errors import ExitCode, GatectlError, Interrupted, JournalDamaged, worst
from gatectl.fleet.coordinator import Coordinator, Ticket
from gatectl.fleet.errand import Errand, Told, do_errand
from gatectl.fleet.rollout import Verb
from gatectl.operation import Operation
from gatectl.transport.contract import Timeouts

WORKERS_LOST_MAX = 3
"""A gate at which so many workers were lost is left to a person."""
PATIENCE_S = 120.0
"""A worker that has not come for so long, or has left and told nothing, is taken for lost."""
_HEARD_WITHIN_S = 1.0
"""How soon a stop is heard at a gate that nobody has come for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Sends each gate to a worker; a lost worker's gate goes to another by way of a look."""

    desk: Desk
    coordinator: Coordinator
    executor: Executor
    timeouts: Timeouts | None = None
    patience_s: float = PATIENCE_S

    def carry_out(self, gate: Gate, *, command: str, verb: Verb) -> Result:
        """Have the verb done on one gate, and wait for what it comes to."""
        because = ""
        for attempt in range(WORKERS_LOST_MAX):
            try:
                self.desk.stop.check()
                told, because, worker = self._sent(gate, command, verb, goes_on=attempt > 0)
            except Interrupted as exc:
                return Operation(self.desk, gate).refuse(command, exc)
            if told is not None:
                return self._with_runs(told)
            left = f"{worker} was lost at {gate.name}: {because}; what it left is looked at first"
            # A closing goes on without a journal, and so does the rest of the fleet.
            with contextlib.suppress(GatectlError):
                self.desk.journal.append(Noted(text=left), gate=gate.name)
        return Result(
            gate=gate.name,
            state=GateState.UNKNOWN,
            code=ExitCode.MAYBE_OPEN,
            sentence=f"{WORKERS_LOST_MAX} workers were lost at it, the last one: {because}",
            hint=f"`gatectl resume {gate.name}` looks at the device and goes on from there.",
        )

    def _sent(
        self, gate: Gate, command: str, verb: Verb, *, goes_on: bool
    ) -> tuple[Told | None, str, str]:
        """Send a worker; gives what it told, or why it told nothing, and which worker it was."""
        ticket = self.coordinator.ticket(gate.name)
        try:
            errand = self._errand(gate, ticket, command, verb, goes_on=goes_on)
            told, because = self._outcome(self.executor.submit(do_errand, errand), ticket)
        finally:
            # A worker that comes later than this, or back, hears no yes to anything.
            worker = self.coordinator.withdraw(ticket)
        return told, because, worker

    def _outcome(self, future: "Future[Told]", ticket: Ticket) -> tuple[Told | None, str]:
        """Wait for a worker; raises Interrupted if all is stopped and nobody has come yet."""
        left_s = self.patience_s
        because = ""
        while left_s > 0:
            if wait((future,), min(left_s, _HEARD_WITHIN_S)).done:
                return _told(future)
            left_s -= _HEARD_WITHIN_S
            match self.coordinator.attendance(ticket):
                case "awaited":
                    self.desk.stop.check()
                    because = f"nobody came within {self.patience_s:.0f} s"
                case "queued":
                    # There are more gates than workers, and those are at work.
                    self.desk.stop.check()
                    left_s = self.patience_s
                case "here":
                    # It hears by itself that it is to stop, and what it is at takes its time.
                    left_s = self.patience_s
                case "gone":
                    because = f"it left, and told nothing within {self.patience_s:.0f} s"
                case never:
                    assert_never(never)
        return None, because

    def _errand(
        self, gate: Gate, ticket: Ticket, command: str, verb: Verb, *, goes_on: bool
    ) -> Errand:
        return Errand(
            ticket=ticket,
            gate=gate,
            command=command,
            verb=verb,
            goes_on=goes_on,
            actor=self.desk.actor,
            playbook_folders=self.desk.playbook_folders,
            advisories=dict(self.desk.advisories),
            windows=tuple(self.desk.windows.get(gate.name, ())),
            timeouts=self.timeouts,
        )

    def _with_runs(self, told: Told) -> Result:
        """Fold the runs from what stands in the journal here; what was told stands without them."""
        result = told.result
        try:
            found = [Run.from_events(tuple(self.desk.journal.events(run=run))) for run in told.runs]
        except GatectlError as exc:
            damaged = isinstance(exc, JournalDamaged)
            return replace(
                result,
                code=worst((result.code, exc.exit_code)) if damaged else result.code,
                sentence=f"{result.sentence}; its runs cannot be read back: {exc.sentence}",
            )
        runs = tuple(run for run in found if run is not None and run.plan.gate == result.gate)
        return replace(result, runs=runs)


def _told(future: "Future[Told]") -> tuple[Told | None, str]:
    """Give what a worker told, or why it told nothing."""
    try:
        error = future.exception()
    except CancelledError:
        return None, "its task was cancelled"
    if error is None:
        return future.result(), ""
    return None, f"{type(error).__name__}: {str(error)[:300]}"

"""What has been: a run folded from its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from gatectl.core.check import Verdict
from gatectl.core.event import (
    ActIntended,
    Ending,
    Mode,
    Outcome,
    Recorded,
    RunEnded,
    RunId,
    RunResumed,
    RunStarted,
    StepEnded,
    StepStarted,
)
from gatectl.core.gate import GateName
from gatectl.core.plan import Plan, PlannedId


class Phase(StrEnum):
    """How far a step has come."""

    PENDING = "pending"
    LOOKING = "looking"
    """Its turn came, and nothing that writes was intended yet."""
    IN_DOUBT = "in doubt"
    """An act was intended and its outcome is not on record: look, do not repeat."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What has happened to one planned step."""

    phase: Phase = Phase.PENDING
    outcome: Outcome | None = None
    verdict: Verdict | None = None
    started: datetime | None = None
    ended: datetime | None = None
    elapsed_s: float = 0.0


NOT_STARTED = StepRecord()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One carrying-out of a plan."""

    id: RunId
    gate: GateName
    plan: Plan
    mode: Mode
    actor: str
    started: datetime
    ended: datetime | None = None
    ending: Ending | None = None
    because: str = ""
    resumes: int = 0
    steps: Mapping[PlannedId, StepRecord] = field(default_factory=dict)

    @classmethod
    def from_events(cls, events: Iterable[Recorded]) -> Self | None:
        """Fold a run's events, in their order; nothing comes of events without a start."""
        run: Self | None = None
        for recorded in events:
            if isinstance(recorded.event, RunStarted) and recorded.run is not None:
                run = cls(
                    id=recorded.run,
                    gate=recorded.gate,
                    plan=recorded.event.plan,
                    mode=recorded.event.mode,
                    actor=recorded.actor,
                    started=recorded.at,
                )
            elif run is not None:
                run = run.after(recorded)
        return run

    def after(self, recorded: Recorded) -> Self:
        """Give the run as it is after one more event."""
        match recorded.event:
            case StepStarted(step=step):
                return self._with(step, phase=Phase.LOOKING, started=recorded.at)
            case ActIntended(step=step):
                return self._with(step, phase=Phase.IN_DOUBT)
            case StepEnded() as ended:
                return self._with(
                    ended.step,
                    phase=Phase.ENDED,
                    outcome=ended.outcome,
                    verdict=ended.verdict,
                    ended=recorded.at,
                    elapsed_s=ended.elapsed_s,
                )
            case RunEnded(ending=ending, because=because):
                return replace(self, ending=ending, because=because, ended=recorded.at)
            case RunResumed(adopted=adopted):
                return self._resumed(adopted or self.plan)
            case _:
                return self

    def record(self, step: PlannedId) -> StepRecord:
        """Tell what has happened to a step."""
        return self.steps.get(step, NOT_STARTED)

    @property
    def in_doubt(self) -> tuple[PlannedId, ...]:
        """The steps whose act may or may not have arrived."""
        return tuple(s for s, record in self.steps.items() if record.phase is Phase.IN_DOUBT)

    @property
    def finished(self) -> bool:
        """Whether the run reached an end that no resume is needed for."""
        return self.ending in {Ending.PROVEN, Ending.PENDING, Ending.REFUSED}

    def whereabouts(self) -> str:
        """Say how far it came, as whoever tells of its being cut off would."""
        begun = [step for step in self.plan.steps if step.id in self.steps]
        return f"at step {begun[-1].id}" if begun else "before its first step"

    def _with(self, step: PlannedId, **changes: object) -> Self:
        record = replace(self.record(step), **changes)  # type: ignore[arg-type]  # typed at the callers
        return replace(self, steps={**self.steps, step: record})

    def _resumed(self, plan: Plan) -> Self:
        """Give every step that did not come to a proven end another turn."""
        names = {step.id for step in plan.steps}
        kept = {
            step: record
            for step, record in self.steps.items()
            if step in names
            and (
                record.phase is Phase.IN_DOUBT
                or (record.outcome is not None and record.outcome.holds)
            )
        }
        return replace(
            self,
            plan=plan,
            steps=kept,
            ending=None,
            because="",
            ended=None,
            resumes=self.resumes + 1,
        )

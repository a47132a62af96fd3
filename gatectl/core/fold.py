"""The fold of one gate's events, gone on with as they come, and kept on record now and then."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache

from pydantic import TypeAdapter, ValidationError

from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import Mode, Recorded, RunId
from gatectl.core.gate import GateName
from gatectl.core.plan import Plan, PlannedStep
from gatectl.core.run import Run, StepRecord
from gatectl.core.standing import Proof, Standing, lived_until, run_after

KEEP_AFTER = 2000
"""Events after which a standing is kept again; so many are folded at the start, at most."""

_RULES = 1
"""Grows when the same events are to give another standing."""
_RUNS_KEPT_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is kept: the standing, its proofs as a list, and the runs that may go on."""

    standing: Standing
    proofs: tuple[Proof, ...]
    runs: tuple[Run, ...]


class Fold:
    """What is known of a gate after the events that it was given."""

    def __init__(self, gate: GateName) -> None:
        self.standing = Standing(gate=gate)
        self.sequence = 0
        """The last event that was folded in."""
        self.since_kept = 0
        """How many events that was since a standing was kept."""
        self._runs: dict[RunId, Run] = {}

    @classmethod
    def from_kept(cls, gate: GateName, recorded: Recorded) -> "Fold | None":
        """Begin at a standing that was kept; none if other rules made it or it is unreadable."""
        kept = recorded.event
        if not isinstance(kept, StandingKept) or kept.rules != rules() or recorded.gate != gate:
            return None
        try:
            found = _adapter().validate_json(kept.document)
        except ValidationError:
            return None
        fold = cls(gate)
        fold.standing = _with_proofs(found)
        fold.sequence = recorded.sequence
        fold._runs = {run.id: run for run in found.runs}
        return fold

    def take(self, events: Iterable[Recorded]) -> Standing:
        """Fold events in their order; a dry run changes nothing that is known."""
        lived = self.standing.lived
        for recorded in events:
            self.sequence = recorded.sequence
            lived = lived_until(lived, recorded)
            if isinstance(recorded.event, StandingKept):
                # One that was kept by other rules is of no use: the next is to be kept soon.
                if recorded.event.rules == rules():
                    self.since_kept = 0
                continue
            self.since_kept += 1
            run = run_after(self._runs, recorded)
            if run is not None and run.mode is Mode.DRY:
                continue
            self.standing = self.standing.after(recorded, run, lived)
        self.standing = replace(self.standing, lived=lived)
        return self.standing

    def kept(self) -> StandingKept | None:
        """Give the event that keeps this standing; none where it would not come back the same."""
        runs = self._runs_to_keep()
        kept = _Kept(
            standing=replace(self.standing, proofs={}),
            proofs=tuple(self.standing.proofs.values()),
            runs=runs,
        )
        document = _adapter().dump_json(kept).decode()
        again = _adapter().validate_json(document)
        if _with_proofs(again) != self.standing or again.runs != runs:
            return None
        return StandingKept(rules=rules(), document=document)

    def _runs_to_keep(self) -> tuple[Run, ...]:
        """Choose the runs of which more events may come: open ones, those left over, the last."""
        named = {run.id for run in self.standing.left_over}
        if self.standing.last_run is not None:
            named.add(self.standing.last_run.id)
        newest = tuple(self._runs.values())[-1:]
        going_on = [run for run in self._runs.values() if run.ending is None or run.id in named]
        chosen = {run.id: run for run in (*going_on, *newest)}
        return tuple(chosen.values())[-_RUNS_KEPT_MAX:]


def _with_proofs(kept: _Kept) -> Standing:
    proofs = {(proof.interlock, proof.node): proof for proof in kept.proofs}
    return replace(kept.standing, proofs=proofs)


@cache
def _adapter() -> TypeAdapter[_Kept]:
    # Made when it is needed: most journals are short.
    return TypeAdapter(_Kept)


@cache
def rules() -> str:
    """Name the rules of this fold: their number, and the shape of what they make."""
    kinds = (Standing, Proof, Run, StepRecord, Plan, PlannedStep)
    shape = ";".join(f"{kind.__name__}:{','.join(f.name for f in fields(kind))}" for kind in kinds)
    return f"{_RULES}-{hashlib.sha256(shape.encode()).hexdigest()[:12]}"

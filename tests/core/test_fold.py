"""The fold of a gate's events: the same at once, in parts, and from a kept standing on."""

from dataclasses import replace

import pytest

from gatectl.core.check import failed, passed
from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import (
    Ending,
    Event,
    EvidenceId,
    EvidenceKept,
    Mode,
    Outcome,
    Recorded,
    RunEnded,
    RunId,
    RunStarted,
    SidesSeen,
    Signalled,
    StepEnded,
)
from gatectl.core.fold import Fold, rules
from gatectl.core.gate import GateName, GateState, Signal
from gatectl.core.standing import Standing
from tests.builders import ALMELO, NS_A, START, shipped_plan

PLAN = shipped_plan("verify")
CLOSE = shipped_plan("close-acl")


def at(sequence: int, event: Event, run: str | None = None) -> Recorded:
    """Put an event in its place."""
    return Recorded(
        sequence=sequence,
        at=START,
        boot_time_ns=sequence,
        boot_id="boot-1",
        gate=ALMELO,
        run=RunId(run) if run else None,
        actor="anna",
        origin="desk",
        event=event,
    )


def step_ended(number: int, *, proves: str | None, good: bool = True) -> StepEnded:
    """End a step."""
    step = CLOSE.steps[number]
    return StepEnded(
        step=step.id,
        node=step.node,
        outcome=Outcome.ALREADY if good else Outcome.FAILED,
        verdict=passed("it is so") if good else failed("it is not"),
        proves=proves,
        elapsed_s=0.1,
    )


def begun(run: str, mode: Mode = Mode.REAL) -> RunStarted:
    """Begin a run."""
    plan = CLOSE if run.startswith("close") else PLAN
    return RunStarted(plan=plan, digest=plan.digest, mode=mode)


def signalled(signal: Signal, before: GateState, after: GateState) -> Signalled:
    """Move the gate."""
    return Signalled(signal=signal, before=before, after=after, because="so it was")


TOLD: tuple[tuple[str | None, Event], ...] = (
    (None, SidesSeen(outside="open", inside="open", because="both answer", looks=())),
    (None, signalled(Signal.SEEN_OPEN, GateState.UNKNOWN, GateState.OPEN)),
    ("close-1", begun("close-1")),
    (None, signalled(Signal.CLOSE_STARTED, GateState.OPEN, GateState.CLOSING)),
    ("close-1", RunEnded(ending=Ending.FAILED, because="a node is away")),
    ("dry-1", begun("dry-1", Mode.DRY)),
    ("verify-1", begun("verify-1")),
    ("dry-1", step_ended(0, proves="build-fixed")),
    ("verify-1", step_ended(1, proves="build-fixed", good=False)),
    (
        None,
        EvidenceKept(
            step=PLAN.steps[0].id,
            node=NS_A,
            what="file",
            name="/flash/x",
            evidence=EvidenceId("e" * 64),
            facts={"size": "3"},
        ),
    ),
    ("verify-1", step_ended(2, proves="config-saved")),
    ("verify-1", RunEnded(ending=Ending.PROVEN, because="all hold")),
    ("dry-1", step_ended(3, proves="ha-healthy")),
    ("dry-1", RunEnded(ending=Ending.PENDING, because="would act")),
    ("close-2", begun("close-2")),
    ("close-2", RunEnded(ending=Ending.PROVEN, because="shut")),
    ("close-2", signalled(Signal.CLOSE_PROVEN, GateState.CLOSING, GateState.CLOSED)),
)
STORY = tuple(at(number, event, run) for number, (run, event) in enumerate(TOLD, start=1))
WHOLE = Standing.from_events(ALMELO, STORY)


@pytest.mark.parametrize("cut", range(len(STORY) + 1))
def test_going_on_from_a_kept_standing_comes_to_the_same(cut: int) -> None:
    """Wherever the past is cut, what was kept there and the rest give what all events give."""
    first = Fold(ALMELO)
    first.take(STORY[:cut])
    kept = first.kept()
    assert kept is not None
    fold = Fold.from_kept(ALMELO, at(cut, kept))
    assert fold is not None
    assert fold.standing == first.standing
    assert fold.take(STORY[cut:]) == WHOLE


@pytest.mark.parametrize("cut", range(len(STORY) + 1))
def test_folding_in_parts_comes_to_the_same(cut: int) -> None:
    """The fold remembers what it needs of the events that it was given."""
    fold = Fold(ALMELO)
    fold.take(STORY[:cut])
    assert fold.take(STORY[cut:]) == WHOLE
    assert fold.sequence == STORY[-1].sequence


def test_a_kept_standing_tells_nothing_new() -> None:
    """Whoever folds everything passes it over."""
    fold = Fold(ALMELO)
    fold.take(STORY)
    kept = fold.kept()
    assert kept is not None
    assert fold.take([at(90, kept)]) == WHOLE
    assert (fold.sequence, fold.since_kept) == (90, 0)
    assert Standing.from_events(ALMELO, [*STORY, at(90, kept)]) == WHOLE


def test_other_rules_a_broken_text_and_another_gate_are_not_believed() -> None:
    """What cannot be the fold of these events by these rules is passed over: all is folded."""
    fold = Fold(ALMELO)
    fold.take(STORY)
    kept = fold.kept()
    assert kept is not None
    assert kept.rules == rules()
    for wrong in (
        replace(kept, rules="0-000000000000"),
        replace(kept, document="{}"),
        replace(kept, document=kept.document[:-5]),
    ):
        assert Fold.from_kept(ALMELO, at(90, wrong)) is None
    assert Fold.from_kept(GateName("borne"), at(90, kept)) is None
    assert Fold.from_kept(ALMELO, STORY[0]) is None
    assert isinstance(kept, StandingKept)

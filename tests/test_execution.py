"""A run's surroundings: what a look from outside may move, and what a fence ends."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from gatectl.cli.desk import workplace
from gatectl.clock import SystemClock
from gatectl.core.event import Mode, Noted, Signalled
from gatectl.core.gate import GateState, Side, Signal, VantageName
from gatectl.core.page import Page
from gatectl.core.reach import Look, LookKind, VantageReport
from gatectl.execution import Execution, _only_looks
from gatectl.simulator.rehearsal import SimulatedSite
from tests.builders import shipped_plan
from tests.cli.keyboard import Keyboard
from tests.conversation import ScriptedLookout

OPEN = LookKind.ANSWERED
SHUT = LookKind.RESET
LOST = LookKind.SILENT


def report(side: Side, kind: LookKind) -> VantageReport:
    """Make a vantage's report of one look, with a control that answers."""
    look = Look(
        vantage=VantageName(side.value),
        side=side,
        target="203.0.113.10",
        port=443,
        wire="https",
        kind=kind,
        page=Page.SIGN_ON if kind is OPEN else None,
        status=200 if kind is OPEN else None,
    )
    control = replace(look, kind=LookKind.CONNECTED, wire="tcp", page=None, status=None)
    return VantageReport(vantage=look.vantage, side=side, control=control, gate=(look,))


def survey(outside: LookKind, inside: LookKind) -> tuple[VantageReport, ...]:
    """Make the reports of both sides."""
    return report(Side.OUTSIDE, outside), report(Side.INSIDE, inside)


@pytest.fixture(name="keyboard", scope="module")
def _keyboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyboard]:
    with SimulatedSite(speed=240.0) as site:
        yield Keyboard.at(site, tmp_path_factory.mktemp("execution"))


def execution(keyboard: Keyboard, tmp_path: Path, *surveys: tuple[VantageReport, ...]) -> Execution:
    """Make an execution with a journal of its own and these looks from outside."""
    config = keyboard.changed((str(keyboard.folder / "state"), str(tmp_path / "state")))
    ctx = click.Context(click.Command("test"), obj={"config": str(config), "verbose": 0})
    place = ctx.with_resource(workplace(ctx, ()))
    lookout = ScriptedLookout(*surveys)
    desk = replace(place.desk, lookout=lambda _gate, _connect: lookout)
    return Execution(desk, place.gates[0])


def put(at: Execution, before: GateState, signal: Signal, after: GateState) -> None:
    """Put the gate in a state, as a run would have."""
    recorder = at.recorder(None)
    recorder.record(Signalled(signal=signal, before=before, after=after, because="by the test"))


@pytest.mark.parametrize(
    ("outside", "inside", "said", "after"),
    [
        (SHUT, OPEN, "shut", GateState.CLOSED),
        # A pair in mid-failover serves nobody: what comes back may well be open.
        (SHUT, SHUT, "unknown", GateState.REOPENING),
        (SHUT, LOST, "unknown", GateState.REOPENING),
        (LOST, OPEN, "unknown", GateState.REOPENING),
        (OPEN, OPEN, "open", GateState.REOPENING),
    ],
)
def test_only_a_gateway_at_work_says_that_a_reopening_has_ended(
    keyboard: Keyboard,
    tmp_path: Path,
    outside: LookKind,
    inside: LookKind,
    said: str,
    after: GateState,
) -> None:
    """Outside shut proves the end only while inside is served."""
    at = execution(keyboard, tmp_path, survey(outside, inside))
    put(at, GateState.VERIFIED, Signal.REOPEN_STARTED, GateState.REOPENING)
    assert at.look_from_outside() == said
    assert at.standing().state is after


def test_a_shut_gate_that_is_seen_open_is_closing(keyboard: Keyboard, tmp_path: Path) -> None:
    """Being reachable while it should be shut leads to the one answer to that."""
    at = execution(keyboard, tmp_path, survey(OPEN, OPEN))
    put(at, GateState.CLOSING, Signal.CLOSE_PROVEN, GateState.CLOSED)
    assert at.look_from_outside() == "open"
    assert at.standing().state is GateState.CLOSING


def test_a_signal_without_a_row_in_the_table_moves_nothing(
    keyboard: Keyboard, tmp_path: Path
) -> None:
    """A gate of which nothing is known is not confirmed open by anybody's word."""
    at = execution(keyboard, tmp_path)
    at.signal(at.recorder(None), Signal.CONFIRMED, "by the test")
    assert at.standing().state is GateState.UNKNOWN


def test_a_fence_ends_every_other_session_and_says_so(keyboard: Keyboard, tmp_path: Path) -> None:
    """Each node is told to end other sessions, which is on record; then there is a settle time."""
    at = execution(keyboard, tmp_path)
    slept: list[float] = []

    class Hurried(SystemClock):
        """A clock whose sleep takes no time."""

        def sleep(self, seconds: float) -> None:
            """Note how long it would have been."""
            slept.append(seconds)

    fenced = Execution(replace(at.desk, clock=Hurried()), at.gate)
    before = len(keyboard.site.history())
    with fenced.sessions(read_only=False) as nodes:
        fenced.fence(nodes)
    sent = [one for one in keyboard.site.history()[before:] if one.origin == "cli"]
    assert {one.node for one in sent if one.command == "kill system session -all"} == {
        node.name for node in at.gate.nodes
    }
    notes = [r.event.text for r in at.desk.journal.events() if isinstance(r.event, Noted)]
    assert len([text for text in notes if "every other CLI session was ended" in text]) == 2
    assert slept == [5.0]


@pytest.mark.parametrize(
    ("name", "mode", "looks"),
    [
        ("verify", Mode.REAL, True),
        ("scan", Mode.REAL, True),
        ("close-acl", Mode.DRY, True),
        ("close-acl", Mode.REAL, False),
        ("reopen", Mode.REAL, False),
    ],
)
def test_only_a_run_that_cannot_act_may_let_its_record_wait(
    name: str, mode: Mode, looks: bool
) -> None:
    """Whatever may act has every event on disk before the next thing happens."""
    assert _only_looks(shipped_plan(name), mode) is looks

"""How runs move the gate, and what their ends are worth."""

import itertools
from dataclasses import replace
from typing import get_args

import pytest

from gatectl.core.check import failed, passed
from gatectl.core.course import (
    PROVEN_SIGNALS,
    SAVED,
    STARTED,
    Reach,
    all_but_saved,
    exit_code,
    only_inside_unseen,
    signal_at_end,
    signal_at_start,
    told_by_node,
    unsaved_nodes,
)
from gatectl.core.event import Ending, Outcome, SidesSeen
from gatectl.core.gate import (
    SHUT_STATES,
    GateState,
    NodeName,
    Side,
    Signal,
    VantageName,
    advance,
    can_take,
)
from gatectl.core.playbook import Purpose
from gatectl.core.reach import Look, LookKind, VantageReport
from gatectl.core.run import Run
from gatectl.errors import ExitCode
from tests.builders import NS_A, NS_B, Chronicle, device_task, ended, plan_of, planned

REACHES: tuple[Reach, ...] = get_args(Reach)
BAD = (Ending.FAILED, Ending.UNKNOWN)


@pytest.mark.parametrize("purpose", [Purpose.MITIGATE, Purpose.SCAN, Purpose.MAINTAIN])
@pytest.mark.parametrize(("ending", "outside"), tuple(itertools.product(Ending, REACHES)))
def test_some_purposes_do_not_move_the_gate(
    purpose: Purpose, ending: Ending, outside: Reach
) -> None:
    """A mitigation or a scan opens and shuts nothing."""
    assert signal_at_start(purpose) is None
    assert signal_at_end(purpose, ending, outside) is None


def test_confirming_moves_the_gate_only_when_it_is_proven() -> None:
    """There is no state between a provisional and a confirmed reopening."""
    assert signal_at_start(Purpose.CONFIRM) is None
    assert signal_at_end(Purpose.CONFIRM, Ending.PROVEN, "open") is Signal.CONFIRMED
    for ending in set(Ending) - {Ending.PROVEN}:
        assert signal_at_end(Purpose.CONFIRM, ending, "open") is None


@pytest.mark.parametrize("purpose", Purpose)
def test_only_a_proven_end_gives_a_signal_of_proof(purpose: Purpose) -> None:
    """No other end may say closed, patched, verified or confirmed."""
    proofs = set(PROVEN_SIGNALS.values())
    for ending, outside in itertools.product(set(Ending) - {Ending.PROVEN}, REACHES):
        assert signal_at_end(purpose, ending, outside) not in proofs


@pytest.mark.parametrize("outside", REACHES)
@pytest.mark.parametrize("ending", BAD)
def test_a_closing_that_was_not_proven_leaves_the_state_unknown(
    ending: Ending, outside: Reach
) -> None:
    """Whatever outside sees: the saved configuration was not proven."""
    signal = signal_at_end(Purpose.CLOSE, ending, outside)
    assert signal is not None
    assert advance(GateState.CLOSING, signal) is GateState.UNKNOWN


@pytest.mark.parametrize("ending", BAD)
def test_a_reopening_that_failed_leads_to_closing(ending: Ending) -> None:
    """Half opened is neither."""
    for outside in REACHES:
        signal = signal_at_end(Purpose.REOPEN, ending, outside)
        assert signal is not None
        assert advance(GateState.REOPENING, signal) is GateState.CLOSING


@pytest.mark.parametrize("purpose", [Purpose.PATCH, Purpose.VERIFY])
@pytest.mark.parametrize("ending", BAD)
def test_a_failure_holds_only_behind_a_gate_that_was_seen_shut(
    purpose: Purpose, ending: Ending
) -> None:
    """Unknown is doubt; a gate that is open was told so by the look itself."""
    assert signal_at_end(purpose, ending, "shut") is Signal.STEP_FAILED
    assert signal_at_end(purpose, ending, "open") is None
    assert signal_at_end(purpose, ending, "unknown") is Signal.DOUBT


@pytest.mark.parametrize("purpose", STARTED)
def test_an_interrupted_run_leaves_doubt(purpose: Purpose) -> None:
    """Whoever stops a run in the middle has not seen how it ended."""
    assert signal_at_end(purpose, Ending.INTERRUPTED, "shut") is Signal.DOUBT


@pytest.mark.parametrize(
    ("purpose", "ending", "outside"), tuple(itertools.product(STARTED, Ending, REACHES))
)
def test_the_signal_at_an_end_fits_the_state_that_the_start_led_to(
    purpose: Purpose, ending: Ending, outside: Reach
) -> None:
    """No run ends in a signal that its gate cannot take."""
    begin = signal_at_start(purpose)
    assert begin is not None
    for state in GateState:
        if not can_take(state, begin):
            continue
        signal = signal_at_end(purpose, ending, outside)
        assert signal is None or can_take(advance(state, begin), signal)


@pytest.mark.parametrize("purpose", [Purpose.PATCH, Purpose.REOPEN])
def test_patching_and_reopening_begin_only_behind_a_shut_gate(purpose: Purpose) -> None:
    """The table itself refuses them elsewhere."""
    begin = signal_at_start(purpose)
    assert begin is not None
    assert {state for state in GateState if can_take(state, begin)} <= SHUT_STATES


@pytest.mark.parametrize(
    ("ending", "outside", "code"),
    [
        *((Ending.PROVEN, reach, ExitCode.PROVEN) for reach in REACHES),
        *((Ending.PENDING, reach, ExitCode.DRIFT) for reach in REACHES),
        *((Ending.REFUSED, reach, ExitCode.REFUSED) for reach in REACHES),
        *((Ending.INTERRUPTED, reach, ExitCode.INTERRUPTED) for reach in REACHES),
        *((ending, "shut", ExitCode.FAILED_SHUT) for ending in BAD),
        *((ending, "open", ExitCode.MAYBE_OPEN) for ending in BAD),
        *((ending, "unknown", ExitCode.MAYBE_OPEN) for ending in BAD),
    ],
)
def test_the_exit_code_of_an_end(ending: Ending, outside: Reach, code: ExitCode) -> None:
    """A failure is only harmless behind a gate that was seen shut."""
    assert exit_code(ending, outside) is code


def closing(**outcomes: Outcome) -> Run:
    """Make a closing of one step a claim, on each node, with these outcomes by `claim_node`."""
    nodes = {"a": NS_A, "b": NS_B}
    chronicle = Chronicle()
    steps = []
    for name, outcome in outcomes.items():
        claim, _, node = name.rpartition("_")
        task = device_task(node=nodes[node])
        step = planned(f"{claim}@{nodes[node]}", task, proves=SAVED if claim == "saved" else None)
        steps.append((step, outcome))
    chronicle.begin(plan_of(*(step for step, _ in steps), purpose=Purpose.CLOSE))
    for step, outcome in steps:
        verdict = passed("it holds") if outcome.holds else failed(f"{outcome} here")
        chronicle.add(ended(step, outcome, verdict))
    return chronicle.run()


def test_a_closing_that_only_could_not_be_saved_is_told_apart() -> None:
    """Shut now and open after a restart is neither closed nor unknown."""
    run = closing(deny_a=Outcome.DONE, saved_a=Outcome.FAILED, saved_b=Outcome.DONE)
    assert unsaved_nodes(run) == (NS_A,)
    assert all_but_saved(run)
    signal = signal_at_end(Purpose.CLOSE, Ending.FAILED, "shut", only_unsaved=True)
    assert signal is not None
    assert advance(GateState.CLOSING, signal) is GateState.CLOSED_UNSAVED


@pytest.mark.parametrize("outside", ["open", "unknown"])
def test_what_is_not_seen_shut_is_not_closed_though_only_the_saving_failed(
    outside: Reach,
) -> None:
    """The look from outside decides."""
    signal = signal_at_end(Purpose.CLOSE, Ending.FAILED, outside, only_unsaved=True)
    assert signal is Signal.CLOSE_FAILED


@pytest.mark.parametrize(
    ("run", "nodes"),
    [
        (closing(deny_a=Outcome.FAILED, saved_a=Outcome.FAILED), (NS_A,)),
        (closing(deny_a=Outcome.DONE, saved_a=Outcome.UNKNOWN), ()),
        (closing(deny_a=Outcome.DONE, saved_a=Outcome.DONE), ()),
    ],
)
def test_more_than_the_saving_or_a_saving_that_nobody_knows_of_is_no_such_state(
    run: Run, nodes: tuple[NodeName, ...]
) -> None:
    """A node that did not answer has not said that it is not saved."""
    assert unsaved_nodes(run) == nodes
    assert not all_but_saved(run)


def seen_from(
    control: LookKind, *, outside: Reach = "shut", inside: Reach = "unknown"
) -> SidesSeen:
    """Make a look from inside whose control ended like this."""
    target = Look(
        vantage=VantageName("office"),
        side=Side.INSIDE,
        target="198.51.100.10",
        port=443,
        wire="tcp",
        kind=control,
    )
    report = VantageReport(
        vantage=target.vantage,
        side=target.side,
        control=target,
        gate=(replace(target, kind=LookKind.TLS_FAILED, wire="https"),),
    )
    return SidesSeen(outside=outside, inside=inside, because="", looks=report.as_records())


def test_a_closing_that_nobody_could_see_from_inside_is_told_apart() -> None:
    """All its claims hold, outside is shut, and only the look from inside was not to be had."""
    run = closing(deny_a=Outcome.DONE, saved_a=Outcome.ALREADY)
    assert only_inside_unseen(run, seen_from(LookKind.REFUSED))
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN):
        assert not only_inside_unseen(closing(deny_a=outcome), seen_from(LookKind.REFUSED))
    assert not only_inside_unseen(run, seen_from(LookKind.REFUSED, outside="unknown"))
    assert not only_inside_unseen(run, seen_from(LookKind.REFUSED, inside="shut"))


def test_a_gateway_that_answers_inside_with_something_else_is_no_dead_look() -> None:
    """The office could look: another method can still prove the gate shut."""
    run = closing(deny_a=Outcome.DONE)
    assert not only_inside_unseen(run, seen_from(LookKind.CONNECTED))


def test_each_node_is_told_with_its_first_trouble() -> None:
    """Whoever reads it at night must not count steps."""
    run = closing(
        deny_a=Outcome.DONE, saved_a=Outcome.ALREADY, deny_b=Outcome.UNKNOWN, saved_b=Outcome.FAILED
    )
    assert told_by_node(run) == (
        "ns-a: closed and saved",
        "ns-b: failed at saved (failed here)",
    )

"""The gate's states, asserted over the whole table."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.gate import (
    SHUT_STATES,
    TRANSITIONS,
    GateState,
    IllegalSignal,
    Signal,
    advance,
    can_take,
    signals_by_move,
    state_diagram,
)
from tests.builders import NS_B, STANDALONE, make_gate

ALL_PAIRS = tuple(itertools.product(GateState, Signal))
MISSING = tuple(pair for pair in ALL_PAIRS if pair not in TRANSITIONS)
_SEEN_FROM_OUTSIDE = {Signal.SEEN_OPEN}
_SHOULD_BE_SHUT = (GateState.CLOSING, *sorted(SHUT_STATES))


def reachable_from(start: GateState) -> set[GateState]:
    """Walk the table from one state."""
    found, edge = {start}, [start]
    while edge:
        here = edge.pop()
        for (before, _), after in TRANSITIONS.items():
            if before is here and after not in found:
                found.add(after)
                edge.append(after)
    return found


def test_open_is_entered_only_by_an_outside_observation_or_from_reopening() -> None:
    """No run's own opinion opens a gate."""
    entries = [
        (before, signal)
        for (before, signal), after in TRANSITIONS.items()
        if after is GateState.OPEN and before is not GateState.OPEN
    ]
    assert entries
    assert all(
        signal in _SEEN_FROM_OUTSIDE or before is GateState.REOPENING for before, signal in entries
    )


def test_open_from_reopening_needs_the_confirmation() -> None:
    """A provisional reopening that is merely seen open stays provisional."""
    into_open = {
        signal
        for (before, signal), after in TRANSITIONS.items()
        if before is GateState.REOPENING and after is GateState.OPEN
    }
    assert into_open == {Signal.CONFIRMED}


def test_reopening_is_entered_only_from_verified() -> None:
    """Nothing but a verified gate may begin to open."""
    entries = {
        before
        for (before, _), after in TRANSITIONS.items()
        if after is GateState.REOPENING and before is not GateState.REOPENING
    }
    assert entries == {GateState.VERIFIED}


def test_verified_is_entered_only_from_verifying() -> None:
    """Nothing counts as verified that no verification looked at."""
    entries = {
        before
        for (before, _), after in TRANSITIONS.items()
        if after is GateState.VERIFIED and before is not GateState.VERIFIED
    }
    assert entries == {GateState.VERIFYING}


@pytest.mark.parametrize("state", GateState)
def test_closing_can_begin_in_every_state(state: GateState) -> None:
    """Closing is never refused."""
    assert advance(state, Signal.CLOSE_STARTED) is GateState.CLOSING


@pytest.mark.parametrize("state", GateState)
def test_doubt_always_leads_to_unknown(state: GateState) -> None:
    """What is not known any more is not believed any more."""
    assert advance(state, Signal.DOUBT) is GateState.UNKNOWN


@pytest.mark.parametrize("state", _SHOULD_BE_SHUT)
def test_seen_open_while_it_should_be_shut_leads_to_closing(state: GateState) -> None:
    """Found reachable while it should be closed: close it again."""
    assert advance(state, Signal.SEEN_OPEN) is GateState.CLOSING


def test_closed_is_entered_only_by_a_proof_of_closure_or_of_shutness() -> None:
    """A gate is closed when that was proven, or a patch behind a shut gate ended well."""
    entries = {
        (before, signal)
        for (before, signal), after in TRANSITIONS.items()
        if after is GateState.CLOSED and before is not GateState.CLOSED
    }
    assert entries == {
        (GateState.CLOSING, Signal.CLOSE_PROVEN),
        (GateState.UNKNOWN, Signal.SEEN_SHUT),
        (GateState.PATCHING, Signal.PATCH_PROVEN),
        (GateState.REOPENING, Signal.REOPEN_ENDED),
    }


def test_a_failed_closing_leaves_the_state_unknown() -> None:
    """A closing that was not proven proves nothing."""
    assert advance(GateState.CLOSING, Signal.CLOSE_FAILED) is GateState.UNKNOWN


@pytest.mark.parametrize(("state", "signal"), MISSING)
def test_a_signal_that_is_not_in_the_table_raises(state: GateState, signal: Signal) -> None:
    """An illegal signal is told with both names, and has no state that follows."""
    assert not can_take(state, signal)
    with pytest.raises(IllegalSignal, match=f"{state} .*{signal}") as caught:
        advance(state, signal)
    assert (caught.value.state, caught.value.signal) == (state, signal)


@pytest.mark.parametrize("signal", [Signal.REOPEN_STARTED, Signal.PATCH_STARTED])
@pytest.mark.parametrize("state", [GateState.OPEN, GateState.UNKNOWN, GateState.CLOSING])
def test_nothing_dangerous_begins_where_shutness_is_not_known(
    state: GateState, signal: Signal
) -> None:
    """Patching and reopening both need a gate that is proven shut."""
    assert (state, signal) in MISSING


def test_the_table_cannot_be_changed() -> None:
    """An illegal signal, or anybody else, changes nothing."""
    with pytest.raises(TypeError):
        TRANSITIONS[GateState.OPEN, Signal.CLOSE_PROVEN] = GateState.CLOSED  # type: ignore[index]  # the point of the test


@pytest.mark.parametrize("state", GateState)
def test_every_state_can_be_reached_from_unknown(state: GateState) -> None:
    """No state is only words."""
    assert state in reachable_from(GateState.UNKNOWN)


@pytest.mark.parametrize("state", GateState)
def test_closed_can_be_reached_from_every_state(state: GateState) -> None:
    """There is always a way to a shut gate."""
    assert {GateState.CLOSING, GateState.CLOSED} <= reachable_from(state)


@given(signals=st.lists(st.sampled_from(Signal), max_size=40))
def test_no_sequence_of_signals_opens_a_shut_gate_without_verification(
    signals: list[Signal],
) -> None:
    """From closed, only verified -> reopening -> confirmed opens; or it was never shut."""
    state, verified = GateState.CLOSED, False
    for signal in signals:
        if not can_take(state, signal):
            continue
        before, state = state, advance(state, signal)
        verified = verified or state is GateState.VERIFIED
        if before is GateState.UNKNOWN or state is GateState.UNKNOWN:
            return
        assert state is not GateState.OPEN or verified


def test_the_diagram_mentions_each_state_and_each_move() -> None:
    """The README's picture is made from the table."""
    diagram = state_diagram()
    assert diagram.startswith("stateDiagram-v2\n")
    for state in GateState:
        assert f" {state.value}" in diagram
    for before, after in signals_by_move():
        assert f"    {before} --> {after}: " in diagram


def test_the_diagram_leaves_no_signal_out() -> None:
    """Each signal is on an arrow, in a note, or keeps every state as it is."""
    drawn = set(itertools.chain.from_iterable(signals_by_move().values()))
    noted = {Signal.DOUBT.value, Signal.CLOSE_STARTED.value}
    assert drawn | noted == {signal.value for signal in Signal}


def test_a_gate_knows_its_nodes() -> None:
    """A pair has two nodes, found by their names."""
    gate = make_gate()
    assert gate.is_pair
    assert gate.node(NS_B).name == NS_B
    assert not STANDALONE.is_pair


def test_shut_and_not_saved_is_left_only_by_closing_again_or_by_doubt() -> None:
    """Nothing may be patched, verified or reopened in a state that a restart would end."""
    after = {t for (before, _), t in TRANSITIONS.items() if before is GateState.CLOSED_UNSAVED}
    assert after == {GateState.CLOSED_UNSAVED, GateState.CLOSING, GateState.UNKNOWN}
    assert GateState.CLOSED_UNSAVED not in SHUT_STATES
    into = {s for (_, s), t in TRANSITIONS.items() if t is GateState.CLOSED_UNSAVED}
    assert into == {Signal.CLOSE_UNSAVED, Signal.SEEN_SHUT}
    assert advance(GateState.CLOSED_UNSAVED, Signal.SEEN_OPEN) is GateState.CLOSING

"""Many gates: all at once or in batches, each with a result, whatever becomes of the others."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gatectl.core.gate import Gate, GateName, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode, worst
from gatectl.fleet.rollout import AT_ONCE_MAX, Rollout, Work, at_once, carry_out_on_all
from tests.builders import make_gate

PATIENCE_S = 30.0


def fleet(count: int) -> list[Gate]:
    """Make so many gates."""
    one = make_gate()
    return [replace(one, name=GateName(f"gate-{number:03}")) for number in range(count)]


def came_to(gate: Gate, code: ExitCode = ExitCode.PROVEN) -> Result:
    """Make a gate's result."""
    shut = code is ExitCode.PROVEN
    state = GateState.CLOSED if shut else GateState.CLOSING
    return Result(gate=gate.name, state=state, code=code, sentence=f"it came to {code}")


def carried_out(
    gates: list[Gate], work: Work, rollout: Rollout, threads: int = 16
) -> tuple[list[Result], list[str]]:
    """Do the work; give the results, and the names in the order in which gates were through."""
    heard: list[str] = []
    with ThreadPoolExecutor(threads) as executor:
        results = carry_out_on_all(
            gates, work, rollout, executor, lambda result: heard.append(result.gate)
        )
    return results, heard


def test_every_gate_has_its_result_in_the_order_of_the_gates() -> None:
    """However they overtake each other, the table has the order of the configuration."""
    gates = fleet(12)

    def work(gate: Gate) -> Result:
        time.sleep(0.02 if gate is gates[0] else 0.0)
        return came_to(gate)

    results, heard = carried_out(gates, work, Rollout(batch=12))
    assert [one.gate for one in results] == [gate.name for gate in gates]
    assert sorted(heard) == [gate.name for gate in gates]


def test_all_at_once_means_at_the_same_time() -> None:
    """Every gate of a batch waits for all others to be there."""
    gates = fleet(16)
    meeting = threading.Barrier(16)

    def work(gate: Gate) -> Result:
        meeting.wait(PATIENCE_S)
        return came_to(gate)

    results, _ = carried_out(gates, work, Rollout(batch=16))
    assert worst(one.code for one in results) is ExitCode.PROVEN


def test_one_at_a_time_never_overlaps() -> None:
    """What is no closing must not take two gates from their users at once."""
    at_work: list[str] = []

    def work(gate: Gate) -> Result:
        at_work.append(gate.name)
        assert len(at_work) == 1
        time.sleep(0.002)
        at_work.remove(gate.name)
        return came_to(gate)

    results, heard = carried_out(fleet(8), work, Rollout())
    assert len(results) == len(heard) == 8


def test_a_failed_canary_keeps_the_others_from_being_begun() -> None:
    """Those are told as not begun, with the reason, and with the code of a refusal."""
    gates = fleet(6)
    begun: list[str] = []

    def work(gate: Gate) -> Result:
        begun.append(gate.name)
        return came_to(gate, ExitCode.FAILED_SHUT if gate is gates[1] else ExitCode.PROVEN)

    results, _ = carried_out(gates, work, Rollout(canary=2, batch=4))
    assert sorted(begun) == ["gate-000", "gate-001"]
    assert [one.code for one in results[2:]] == [ExitCode.REFUSED] * 4
    assert "went first failed" in results[5].sentence


@pytest.mark.parametrize("allowed", [None, 0, 2])
def test_a_failed_canary_ends_it_whatever_number_of_failures_is_allowed(
    allowed: int | None,
) -> None:
    """As the README's own example has it: one first, and two may fail after that."""
    gates = fleet(6)

    def work(gate: Gate) -> Result:
        return came_to(gate, ExitCode.FAILED_SHUT if gate is gates[0] else ExitCode.PROVEN)

    results, heard = carried_out(gates, work, Rollout(canary=1, batch=5, failures_max=allowed))
    assert heard == ["gate-000"]
    assert {one.sentence for one in results[1:]} == {
        "not begun: 1 of the gates that went first failed"
    }


@pytest.mark.parametrize(("allowed", "not_begun"), [(None, []), (1, []), (0, ["gate-003"])])
def test_a_gate_that_fails_later_is_none_that_went_first(
    allowed: int | None, not_begun: list[str]
) -> None:
    """It counts among the failures that are allowed, and is told as one of those."""
    gates = fleet(4)

    def work(gate: Gate) -> Result:
        return came_to(gate, ExitCode.FAILED_SHUT if gate is gates[2] else ExitCode.PROVEN)

    results, _ = carried_out(gates, work, Rollout(canary=1, batch=2, failures_max=allowed))
    left_out = [one for one in results if one.code is ExitCode.REFUSED]
    assert [one.gate for one in left_out] == not_begun
    for one in left_out:
        assert one.sentence == "not begun: 1 gates failed, and at most 0 may"


@pytest.mark.parametrize(("allowed", "begun"), [(0, 2), (1, 4), (2, 6), (9, 8)])
def test_no_more_gates_are_begun_after_too_many_failures(allowed: int, begun: int) -> None:
    """Batches of two, of which one gate fails each."""
    gates = fleet(8)
    seen: list[str] = []

    def work(gate: Gate) -> Result:
        seen.append(gate.name)
        return came_to(gate, ExitCode.FAILED_SHUT if gates.index(gate) % 2 else ExitCode.PROVEN)

    carried_out(gates, work, Rollout(batch=2, failures_max=allowed))
    assert len(seen) == begun


def test_a_gate_that_hangs_keeps_nobody_else_waiting() -> None:
    """Two hundred gates, of which two hang until all others are through."""
    gates = fleet(200)
    others_through = threading.Event()
    through = 0
    counting = threading.Lock()
    trouble = {3: ExitCode.UNREACHABLE, 50: ExitCode.UNREACHABLE, 77: ExitCode.MAYBE_OPEN}

    def work(gate: Gate) -> Result:
        nonlocal through
        number = gates.index(gate)
        if number in {10, 11}:
            assert others_through.wait(PATIENCE_S)
            return came_to(gate, ExitCode.MAYBE_OPEN)
        with counting:
            through += 1
            if through == 198:
                others_through.set()
        return came_to(gate, trouble.get(number, ExitCode.PROVEN))

    results, heard = carried_out(gates, work, Rollout(batch=200), at_once(200))
    assert set(heard[-2:]) == {"gate-010", "gate-011"}
    assert worst(one.code for one in results) is ExitCode.MAYBE_OPEN
    bad = [one.gate for one in results if one.code is not ExitCode.PROVEN]
    assert bad == ["gate-003", "gate-010", "gate-011", "gate-050", "gate-077"]


def test_threads_are_bounded() -> None:
    """More than about a hundred in one process make all of them slower."""
    assert [at_once(count) for count in (0, 1, 50, 5000)] == [1, 1, 50, AT_ONCE_MAX]

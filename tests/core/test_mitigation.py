"""What a verification looks at where a mitigation was applied or taken back."""

from dataclasses import replace

from gatectl.core.gate import GateState, Side
from gatectl.core.mitigation import PROVES, mitigation_looks
from gatectl.core.plan import DeviceTask, Direction, RequestTask
from gatectl.core.playbook import OnFail
from tests.builders import make_facts, shipped_plan

NAME = "mitigate-cve-2019-19781"
SHUT = make_facts(state=GateState.CLOSED)


def test_a_mitigation_in_force_is_seen_on_each_node_and_by_both_requests() -> None:
    """The exploit's request is blocked and the sign-in passes, where the gate answers."""
    steps = mitigation_looks([shipped_plan(NAME)], SHUT)
    requests = [step.task for step in steps if isinstance(step.task, RequestTask)]
    assert [one.path for one in requests] == ["/vpn/../vpns/cfg/smb.conf", "/vpn/index.html"]
    assert {one.side for one in requests} == {Side.INSIDE}
    nodes = {step.node for step in steps if step.claim == f"{NAME}/policy"}
    assert len(nodes) == 2
    (first, _) = [
        step.task.side
        for step in mitigation_looks([shipped_plan(NAME)], replace(SHUT, state=GateState.REOPENING))
        if isinstance(step.task, RequestTask)
    ]
    assert first is Side.OUTSIDE


def test_one_that_was_taken_back_is_seen_gone_from_each_node() -> None:
    """The same looks, each to be refuted."""
    plan = shipped_plan(NAME, direction=Direction.UNDO)
    steps = mitigation_looks([plan], SHUT)
    assert {step.claim.removeprefix(f"{NAME}/") for step in steps} == {
        *("management", "bound", "policy", "action"),
    }
    assert all(isinstance(step.task, DeviceTask) and step.task.undone for step in steps)


def test_no_step_acts_or_stops_the_verification() -> None:
    """What they find is for the interlock to judge."""
    for direction in Direction:
        for step in mitigation_looks([shipped_plan(NAME, direction=direction)], SHUT):
            assert step.writes == ()
            assert (step.proves, step.on_fail, step.precheck) == (PROVES, OnFail.NOTE, False)


def test_without_a_mitigation_nothing_is_looked_at() -> None:
    """Who never mitigated is asked for nothing."""
    assert mitigation_looks([], SHUT) == ()

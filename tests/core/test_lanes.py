"""Lanes of a closing: what may be at work at the same time, and what waits for what."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.check import failed
from gatectl.core.event import ActIntended, Event, Mode, Outcome
from gatectl.core.gate import NodeName
from gatectl.core.lanes import next_in_lanes, prechecks_in_lanes, runs_in_lanes
from gatectl.core.plan import Plan, PlannedId, PlannedStep, SidesTask
from gatectl.core.playbook import OnFail, Purpose
from gatectl.core.run import Phase
from gatectl.core.sequencer import Perform, Reobserve
from tests.builders import NS_A, NS_B, Chronicle, device_task, ended, plan_of, planned, started

A1, A2 = (planned(f"{name}@a", device_task(node=NS_A)) for name in ("one", "two"))
B1, B2 = (planned(f"{name}@b", device_task(node=NS_B)) for name in ("one", "two"))
SIDES = planned("sides", SidesTask(outside="shut", inside="open"))
LAST = planned("last@a", device_task(node=NS_A))
CLOSE = plan_of(A1, B1, A2, B2, SIDES, LAST, purpose=Purpose.CLOSE)
PASSED_ON = replace(CLOSE, facts=replace(CLOSE.facts, propagates=True))
NO = failed("no")


def begins(plan: Plan, *events: Event, at_work: tuple[PlannedStep, ...] = ()) -> list[str]:
    """Name what begins in a run that had these events, while these steps are at work."""
    chronicle = Chronicle()
    chronicle.begin(plan)
    for event in events:
        chronicle.add(event)
    actions = next_in_lanes(chronicle.run(), at_work)
    again = {Perform: "", Reobserve: "look at "}
    return [f"{again[type(action)]}{action.step.id}" for action in actions]


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("mode", Mode)
def test_only_a_real_closing_runs_in_lanes(purpose: Purpose, mode: Mode) -> None:
    """A patch on both nodes at once would leave nobody serving; a dry run has no hurry."""
    wanted = purpose is Purpose.CLOSE and mode is Mode.REAL
    assert runs_in_lanes(plan_of(A1, purpose=purpose), mode) is wanted


def test_both_nodes_begin_at_once() -> None:
    """Where nothing is passed on, each node has its own lane from the first step on."""
    assert begins(CLOSE) == ["one@a", "one@b"]


def test_a_lane_goes_on_without_the_other() -> None:
    """A node that hangs does not keep the other from its next step."""
    assert begins(CLOSE, started(A1), ended(B1), at_work=(A1,)) == ["two@b"]
    assert begins(CLOSE, ended(B1), ended(B2), at_work=(A1,)) == []


def test_a_lane_does_one_step_at_a_time() -> None:
    """A step that is at work is not begun again, nor is the one behind it."""
    assert begins(CLOSE, started(A1), started(B1), at_work=(A1, B1)) == []


def test_what_is_passed_on_is_left_to_the_primary_first() -> None:
    """The secondary's look comes when the primary's step has ended, and finds it so already."""
    assert begins(PASSED_ON) == ["one@a"]
    assert begins(PASSED_ON, started(A1), at_work=(A1,)) == []
    assert begins(PASSED_ON, ended(A1)) == ["one@b", "two@a"]


def test_a_look_alone_waits_for_nobody() -> None:
    """Only acts are passed on."""
    looks = plan_of(
        planned("one@a", device_task(node=NS_A, act=())),
        planned("one@b", device_task(node=NS_B, act=())),
        purpose=Purpose.CLOSE,
    )
    plan = replace(looks, facts=replace(looks.facts, propagates=True))
    assert begins(plan) == ["one@a", "one@b"]


def test_a_primary_that_failed_is_waited_for_no_longer() -> None:
    """Its step has ended, badly; the secondary is told itself."""
    assert "one@b" in begins(PASSED_ON, ended(A1, Outcome.UNKNOWN, NO))


def test_a_step_of_no_node_waits_for_all_before_it() -> None:
    """The sides are looked at when both nodes are through, and nothing overtakes that look."""
    through = (ended(A1), ended(B1), ended(A2))
    assert begins(CLOSE, *through, at_work=(B2,)) == []
    assert begins(CLOSE, *through, ended(B2)) == ["sides"]
    assert begins(CLOSE, *through, ended(B2), at_work=(SIDES,)) == []
    assert begins(CLOSE, *through, ended(B2), ended(SIDES)) == ["last@a"]


def test_a_failed_step_stops_its_own_lane_alone() -> None:
    """The other node is closed as far as it can be; what rests on both is not begun."""
    assert begins(CLOSE, ended(A1, Outcome.FAILED, NO)) == ["one@b"]
    assert begins(CLOSE, ended(A1, Outcome.FAILED, NO), ended(B1), ended(B2)) == []


def test_a_step_that_may_fail_stops_nothing() -> None:
    """`on_fail = "continue"` goes on in the same lane."""
    lenient = replace(A1, on_fail=OnFail.CONTINUE)
    plan = plan_of(lenient, A2, purpose=Purpose.CLOSE)
    assert begins(plan, ended(lenient, Outcome.FAILED, NO)) == ["two@a"]


def test_a_step_in_doubt_is_looked_at() -> None:
    """After a crash each lane begins with a look, and sends nothing blindly."""
    intent = ActIntended(step=A1.id, node=NS_A, lines=("save ns config",))
    assert begins(CLOSE, started(A1), intent) == ["look at one@a", "one@b"]


def test_prechecks_are_looked_at_on_all_nodes_at_once() -> None:
    """One a node, in their order; what is no precheck has to wait."""
    checks = [
        planned(f"{name}@{node}", device_task(node=NodeName(node), act=()), precheck=True)
        for name in ("first", "second")
        for node in (NS_A, NS_B)
    ]
    chronicle = Chronicle()
    chronicle.begin(plan_of(*checks, A1, purpose=Purpose.CLOSE))
    assert [one.step for one in prechecks_in_lanes(chronicle.run(), ())] == checks[:2]
    assert [one.step for one in prechecks_in_lanes(chronicle.run(), checks[:1])] == [checks[1]]
    for check in checks:
        chronicle.add(ended(check, Outcome.FAILED, NO))
    assert prechecks_in_lanes(chronicle.run(), ()) == ()


@given(st.data())
def test_any_order_of_finishing_brings_every_step_to_its_turn_once(data: st.DataObject) -> None:
    """However fast or slow lanes are, none is forgotten, repeated or begun beside its own lane."""
    plan = data.draw(st.sampled_from((CLOSE, PASSED_ON)))
    chronicle = Chronicle()
    chronicle.begin(plan)
    at_work: list[PlannedStep] = []
    begun: list[PlannedId] = []
    while True:
        new = [action.step for action in next_in_lanes(chronicle.run(), tuple(at_work))]
        at_work += new
        begun += [step.id for step in new]
        assert len({step.node for step in at_work}) == len(at_work)
        if not at_work:
            break
        done = data.draw(st.sampled_from(at_work))
        at_work.remove(done)
        chronicle.add(ended(done))
    assert sorted(begun) == sorted(step.id for step in plan.steps)
    assert all(chronicle.run().record(step.id).phase is Phase.ENDED for step in plan.steps)

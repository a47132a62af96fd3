"""What each node is compared in: each question with an answer that it objects to."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from gatectl.core.check import Answer, Observation, Record, Seen, Unreadable
from gatectl.core.drift import Compared, Weight
from gatectl.core.gate import Gate, GateState
from gatectl.core.nodequestions import compare_nodes, judge_clock, judge_disk
from gatectl.core.standing import Standing
from tests.builders import NS_A, NS_B, make_gate
from tests.core.inspections import NOW, PAIR, seen_of, standing_of

SHUT = standing_of(GateState.CLOSED, outside="shut", wanted_shut=True, closed_by=("close-acl",))


def bad(
    standing: Standing | None = None, gate: Gate | None = None, **changes: Observation
) -> list[Compared]:
    """Give all that is not as it should be on the first node."""
    seen = seen_of(standing, gate, **changes)
    return [one for one in compare_nodes(seen) if one.answer is not Answer.PASS]


def records(*given: Record) -> Seen:
    """Make an answer."""
    return Seen(records=given)


def rule(name: str, priority: str = "5") -> Record:
    """Make a packet rule."""
    return {"name": name, "action": "DENY", "priority": priority, "applied": "APPLIED"}


@pytest.mark.parametrize(
    ("changes", "name", "answer", "found"),
    [
        ({"config": records({"saved": "no"})}, "saved", Answer.FAIL, "not saved"),
        ({"config": records()}, "saved", Answer.UNKNOWN, "does not say"),
        (
            {"rules": records(rule("GATECTL_DENY_TLS"))},
            "own-rules",
            Answer.FAIL,
            "GATECTL_DENY_TLS",
        ),
        ({"rules": records(rule("MINE", "20"))}, "foreign-rules", Answer.FAIL, "MINE (20)"),
        ({"rules": records(rule("MINE", ""))}, "foreign-rules", Answer.UNKNOWN, "MINE"),
        (
            {"policies": records({"name": "GATECTL_CLOSED"})},
            "own-policies",
            Answer.FAIL,
            "GATECTL_CLOSED",
        ),
        (
            {"disk": records({"mount": "/var", "capacity": "97%"})},
            "disk",
            Answer.FAIL,
            "/var 97%",
        ),
        ({"clock": records({"unix_time": "1"})}, "clock", Answer.FAIL, "off by -"),
        ({"pair": records(PAIR[0])}, "pair", Answer.FAIL, "the roles are primary"),
        ({"disk": Unreadable(because="cut off")}, "disk", Answer.UNKNOWN, "cut off"),
    ],
)
def test_each_question_has_an_answer_that_it_objects_to(
    changes: dict[str, Observation], name: str, answer: Answer, found: str
) -> None:
    """A check that cannot fail would keep nothing in order."""
    seen = seen_of(None, None, **changes)
    (one,) = [one for one in compare_nodes(seen) if one.answer is not Answer.PASS]
    assert (one.name, one.node, one.answer) == (name, NS_A, answer)
    assert found in one.found


def test_rules_of_others_outside_of_our_priorities_are_their_own_affair() -> None:
    """Only the window is ours."""
    assert bad(rules=records(rule("MINE", "9"), rule("OTHER", "100"))) == []


def test_the_rules_of_a_closing_belong_to_a_shut_gate() -> None:
    """What shuts it is no drift there; an opening that was left over is, and wakes somebody."""
    assert bad(SHUT, rules=records(rule("GATECTL_DENY_TLS", "97"))) == []
    (one,) = bad(SHUT, rules=records(rule("GATECTL_OPEN_TLS", "10")))
    assert (one.name, one.weight) == ("own-rules", Weight.REACH)
    reopening = replace(SHUT, state=GateState.REOPENING)
    assert bad(reopening, rules=records(rule("GATECTL_OPEN_TLS", "10"))) == []


def test_an_unsaved_shut_gate_wakes_somebody_and_an_unsaved_open_one_does_not() -> None:
    """A restart would open the one, and only forget a setting of the other."""
    unsaved = records({"saved": "no"})
    assert [one.weight for one in bad(SHUT, config=unsaved)] == [Weight.REACH]
    assert [one.weight for one in bad(config=unsaved)] == [Weight.CARE]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"state": "DOWN"}, "is DOWN"),
        ({"sync": "FAILED"}, "sync state is FAILED"),
        ({"propagation": "DISABLED"}, "is DISABLED"),
        ({"role": "Primary"}, "the roles are primary, primary"),
    ],
)
def test_each_illness_of_a_pair_is_named(change: dict[str, str], found: str) -> None:
    """A secondary that is down, behind, deaf, or thinks that it is the primary."""
    (one,) = bad(pair=records(PAIR[0], {**PAIR[1], **change}))
    assert found in one.found


def test_rules_of_ipv6_are_asked_where_there_is_an_address_of_it() -> None:
    """And nowhere else."""
    gate = make_gate()
    with6 = replace(gate, vserver=replace(gate.vserver, address6=IPv6Address("2001:db8::10")))
    left = records(rule("GATECTL_DENY6_TLS"))
    assert [one.name for one in bad(gate=with6, rules6=left)] == ["own-rules6"]
    assert bad(gate=gate, rules6=left) == []


def test_a_standalone_node_is_no_sick_pair() -> None:
    """Nobody is missed who was never there."""
    assert bad(gate=make_gate(nodes=(NS_B,)), pair=records()) == []


def test_a_disk_that_is_not_told_is_not_taken_for_empty() -> None:
    """Both file systems must be there."""
    answer, _ = judge_disk(({"mount": "/var", "capacity": "7%"},))
    assert answer is Answer.UNKNOWN
    answer, found = judge_clock((), NOW)
    assert (answer, found) == (Answer.UNKNOWN, "it does not tell its time")

"""What is asked for an audit, and how what was seen becomes a comparison."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from gatectl.core.check import Answer
from gatectl.core.gate import Gate
from gatectl.core.inspected import (
    PAIR_LOOK,
    RULES6_LOOK,
    Inspected,
    audit_looks,
    compared,
    yes_or_no,
)
from gatectl.core.netscaler import is_read_only
from gatectl.errors import ExitCode
from tests.builders import BULLETINS, NS_A, NS_B, RICH_BULLETINS, make_gate, rich_gate
from tests.core.inspections import seen_of


@pytest.mark.parametrize("gate", [make_gate(), rich_gate(), make_gate(nodes=(NS_A,))])
def test_every_look_of_an_audit_only_reads(gate: Gate) -> None:
    """Nothing that an audit asks could get past the read-only transport and change something."""
    looks = audit_looks(gate, RICH_BULLETINS.values())
    assert looks
    assert all(is_read_only(look) for look in looks)
    assert len(set(looks)) == len(looks)


def test_only_what_the_gate_has_is_asked() -> None:
    """No pair where there is one node, and no rules of IPv6 without an address of it."""
    single = make_gate(nodes=(NS_A,))
    assert PAIR_LOOK not in audit_looks(single, BULLETINS.values())
    assert RULES6_LOOK not in audit_looks(single, BULLETINS.values())
    vserver = replace(single.vserver, address6=IPv6Address("2001:db8::10"))
    assert RULES6_LOOK in audit_looks(replace(single, vserver=vserver), BULLETINS.values())
    assert PAIR_LOOK in audit_looks(make_gate(), BULLETINS.values())


def test_the_trouble_of_a_node_goes_with_what_is_not_known_of_it() -> None:
    """A node that was not reached is 4; another node, or an answer that came, is not."""
    seen: Inspected = replace(seen_of(), trouble={NS_A: ExitCode.UNREACHABLE})

    def code(answer: Answer, node: object) -> ExitCode:
        made = compared(seen, "saved", answer, "found", "wanted", node=node)  # type: ignore[arg-type]  # a node's name or none
        return made.code

    assert code(Answer.UNKNOWN, NS_A) is ExitCode.UNREACHABLE
    assert code(Answer.UNKNOWN, NS_B) is ExitCode.DRIFT
    assert code(Answer.FAIL, NS_A) is ExitCode.DRIFT
    assert yes_or_no(holds=True) is Answer.PASS
    assert yes_or_no(holds=False) is Answer.FAIL

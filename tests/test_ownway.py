"""Which of this machine's addresses the way to a node starts from."""

from dataclasses import replace
from ipaddress import ip_network

from gatectl.core.gate import Gate
from gatectl.ownway import own_addresses
from tests.builders import NS_A, make_gate


def gate_at(address: str, *pools: str) -> Gate:
    """Make a single gate that is managed at an address and gives out others."""
    gate = make_gate(nodes=(NS_A,))
    (node,) = gate.nodes
    node = replace(node, host=replace(node.host, address=address))
    return replace(gate, nodes=(node,), pool_networks=tuple(ip_network(pool) for pool in pools))


def test_the_way_to_this_machine_starts_at_this_machine() -> None:
    """No packet is sent to find it out."""
    assert own_addresses(gate_at("127.0.0.1", "10.99.0.0/16")) == {NS_A: "127.0.0.1"}


def test_a_gate_without_a_pool_is_not_asked_about() -> None:
    """There is nothing to compare an address with."""
    assert own_addresses(gate_at("127.0.0.1")) == {}


def test_a_node_to_which_there_is_no_way_is_left_out() -> None:
    """A name that cannot be one must not keep anybody from closing."""
    assert own_addresses(gate_at("x" * 70, "10.99.0.0/16")) == {}

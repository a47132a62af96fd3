from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.simulator.gateway_node import GatewayNode, GatewayPair


def test_the_simulated_pair_is_what_the_gateway_needs() -> None:
    """Pair and appliance have the shape of the protocols; mypy checks the rest of the claim."""
    made = make_pair(count=2)
    try:
        pair: GatewayPair = made
        nodes: tuple[GatewayNode, ...] = pair.nodes
        assert all(isinstance(node, Appliance) for node in nodes)
        assert pair.primary in nodes
    finally:
        made.close()

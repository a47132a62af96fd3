"""Which of this machine's addresses the way to a node starts from; nothing is sent."""

import socket

from gatectl.core.gate import Gate, Node, NodeName


def own_addresses(gate: Gate) -> dict[NodeName, str]:
    """Give the local address for each node; a node to which there is no way is left out.

    Asked only where it matters: a gate that gives out addresses, which we might have one of.
    """
    if not gate.pool_networks:
        return {}
    found = {node.name: _local_address(node) for node in gate.nodes}
    return {name: address for name, address in found.items() if address}


def _local_address(node: Node) -> str:
    try:
        there = socket.getaddrinfo(node.host.address, node.host.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = there[0]
        with socket.socket(family, kind, protocol) as chooser:
            # A datagram socket that is connected has only looked the way up.
            chooser.connect(address)
            return str(chooser.getsockname()[0]).partition("%")[0]
    except (OSError, UnicodeError):
        # UnicodeError is what a name gives that no name server could ever know.
        return ""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.simulator.certificates import ServerCertificate, make_certificate
from gatectl.simulator.gateway import Gateway
from gatectl.simulator.worker import RemoteWorker
from tests.ports import reserved_port
from tests.simulator.data_plane_stand_in import (
    VSERVER,
    CannedPolicy,
    ObedientNode,
    ObedientPair,
    OnePort,
    Visitor,
    knock,
)

INSIDE = "127.0.0.2"
OUTSIDE = "127.0.0.3"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    """Make one certificate for all tests."""
    folder: Path = tmp_path_factory.mktemp("certificate")
    return make_certificate(folder, host_name="gw", address="127.0.0.1")


@pytest.fixture
def port() -> Iterator[int]:
    """Keep a port for the vserver."""
    with reserved_port() as kept:
        yield kept


@pytest.fixture
def pair(port: int) -> ObedientPair:
    """Make a pair with one vserver; the first node is primary."""
    first = ObedientNode(name="ns-a", ports={OnePort(address="127.0.0.1", port=port)})
    second = ObedientNode(
        name="ns-b", build="12.1-55.18", ports={OnePort(address="127.0.0.1", port=port)}
    )
    return ObedientPair(nodes=(first, second), primary=first)


@pytest.fixture
def gateway(pair: ObedientPair, certificate: ServerCertificate) -> Iterator[Gateway]:
    """Serve the pair."""
    gateway = Gateway(pair, certificate=certificate)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.mark.usefixtures("gateway")
def test_the_sign_on_page_is_served_over_tls(port: int) -> None:
    """A visitor of an open gate gets the page to sign on, and the connection stays."""
    with Visitor(port) as visitor:
        assert b"302 Object Moved" in visitor.ask("/")
        assert b"<title>Citrix Gateway</title>" in visitor.ask("/vpn/index.html")


def test_the_port_is_closed_while_the_vserver_is_disabled(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """A disabled vserver refuses connections, and an enabled one takes them again."""
    node = pair.nodes[0]
    kept, node.ports = node.ports, set()
    node.announce("config")
    gateway.settle()
    assert knock(port, source=INSIDE) == "refused"
    node.ports = kept
    node.announce("config")
    gateway.settle()
    assert knock(port, source=INSIDE) == "open"


def test_an_event_returns_when_the_gateway_obeys(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """Whoever was told Done finds the port closed, however long the gateway takes to look."""
    del gateway  # it serves in the background
    node = pair.nodes[0]
    node.thinking_s = 0.2
    node.ports = set()
    node.announce("config")
    assert knock(port, source=INSIDE) == "refused"


def test_the_port_is_closed_while_no_node_is_primary(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """With both nodes down nobody answers at the shared address."""
    pair.primary = None
    gateway.settle()
    assert knock(port, source=INSIDE) == "refused"


def test_a_failover_is_noticed_without_an_event_and_cuts_what_was_open(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """After a failover the other node answers with its own build, and old connections are gone."""
    with Visitor(port) as visitor:
        assert b"200 OK" in visitor.ask("/vpn/../vpns/cfg/smb.conf")
        pair.primary = pair.nodes[1]
        assert visitor.ended()
    gateway.settle()
    with Visitor(port) as visitor:
        assert b"404 Not Found" in visitor.ask("/vpn/../vpns/cfg/smb.conf")


def test_applied_rules_cut_sessions_that_are_open_from_a_denied_source(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """A denial ends the outside worker's session and leaves the inside worker's."""
    with (
        RemoteWorker(source=OUTSIDE, host="127.0.0.1", port=port) as outside,
        RemoteWorker(source=INSIDE, host="127.0.0.1", port=port) as inside,
    ):
        outside.connect()
        inside.connect()
        assert len(pair.nodes[0].live("ica")) == 2
        pair.nodes[0].denied.add(OUTSIDE)
        pair.nodes[0].announce("acl")
        assert outside.wait_until_cut(5)
        gateway.settle()
        assert inside.exchange(b"still here")
        live = pair.nodes[0].live("ica")
        assert [session.client_address for session in live] == [INSIDE]


def test_a_port_that_is_taken_is_named_and_tried_again(
    gateway: Gateway, pair: ObedientPair
) -> None:
    """A port that another program holds is reported, and opened once it is free."""
    with reserved_port() as number:
        with socket.create_server(("127.0.0.1", number)):
            taken = OnePort(address="127.0.0.1", port=number)
            pair.nodes[0].ports = {*pair.nodes[0].ports, taken}
            gateway.settle()
            assert list(gateway.bind_errors) == [("127.0.0.1", number, "TCP")]
        gateway.settle()
        assert gateway.bind_errors == {}
        assert knock(number, source=INSIDE) == "open"


def test_serves_tells_the_truth_without_a_connection(gateway: Gateway, pair: ObedientPair) -> None:
    """The checker's answer follows rules, policies, faults and the listening state."""
    node = pair.nodes[0]
    assert gateway.serves(OUTSIDE, VSERVER)
    node.denied.add(OUTSIDE)
    assert not gateway.serves(OUTSIDE, VSERVER)
    assert gateway.serves(INSIDE, VSERVER)
    node.policies["aaa"] = CannedPolicy(kind="drop")
    assert not gateway.serves(INSIDE, VSERVER)
    node.policies.clear()
    node.faults.add("gateway-503")
    assert not gateway.serves(INSIDE, VSERVER)
    node.faults.clear()
    node.ports.clear()
    assert not gateway.serves(INSIDE, VSERVER)


def test_close_cuts_everybody(pair: ObedientPair, certificate: ServerCertificate) -> None:
    """After close nobody is connected, nobody can connect, and events are ignored."""
    gateway = Gateway(pair, certificate=certificate)
    gateway.start()
    number = next(iter(pair.nodes[0].ports)).port
    with RemoteWorker(source=INSIDE, host="127.0.0.1", port=number) as worker:
        worker.connect()
        gateway.close()
        assert worker.wait_until_cut(5)
    assert knock(number, source=INSIDE) == "refused"
    assert pair.nodes[0].live("ica") == []
    pair.nodes[0].announce("config")

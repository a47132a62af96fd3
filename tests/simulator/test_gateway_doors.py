import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.simulator.certificates import ServerCertificate, make_certificate
from gatectl.simulator.gateway import Gateway
from gatectl.simulator.worker import RemoteWorker
from tests.ports import reserved_port
from tests.simulator.data_plane_stand_in import (
    ObedientNode,
    ObedientPair,
    OnePort,
    Visitor,
    client_hello,
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


@pytest.fixture
def dropping_gateway(pair: ObedientPair, certificate: ServerCertificate) -> Iterator[Gateway]:
    """Serve the pair, with denials that are silent."""
    gateway = Gateway(pair, certificate=certificate, deny="drop")
    gateway.start()
    yield gateway
    gateway.close()


def test_a_denied_source_is_reset_and_the_office_is_not(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """A rule against the outside answers it with a reset and leaves the inside alone."""
    pair.nodes[0].denied.add(OUTSIDE)
    gateway.settle()
    assert knock(port, source=OUTSIDE) == "reset"
    assert knock(port, source=INSIDE) == "open"
    assert pair.nodes[0].counted == [OUTSIDE, INSIDE]


def test_a_denied_source_hears_nothing_when_denials_are_silent(
    dropping_gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """A silent denial leaves the outside waiting, and ends when the rule does."""
    pair.nodes[0].denied.add(OUTSIDE)
    pair.nodes[0].announce("acl")
    dropping_gateway.settle()
    assert knock(port, source=OUTSIDE, timeout_s=0.5) == "silent"
    assert knock(port, source=INSIDE) == "open"
    pair.nodes[0].denied.clear()
    pair.nodes[0].announce("acl")
    dropping_gateway.settle()
    assert knock(port, source=OUTSIDE) == "open"


def test_a_connection_from_the_office_outlives_a_silent_denial(
    dropping_gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """Whoever was let in under one filter stays when the port gets another one."""
    pair.nodes[0].denied.add(OUTSIDE)
    dropping_gateway.settle()
    with Visitor(port, source=INSIDE, timeout_s=3) as visitor:
        assert b"302" in visitor.ask("/")
        pair.nodes[0].denied = {"127.0.0.77"}
        dropping_gateway.settle()
        assert b"302" in visitor.ask("/")


def test_connections_without_a_session_end_when_their_vserver_is_disabled(
    gateway: Gateway, pair: ObedientPair, port: int
) -> None:
    """Disabling cuts idle visitors; whether it ends a session is the appliance's decision."""
    with (
        Visitor(port) as visitor,
        RemoteWorker(source=INSIDE, host="127.0.0.1", port=port) as worker,
    ):
        visitor.ask("/")
        worker.connect()
        pair.nodes[0].ports = set()
        pair.nodes[0].announce("config")
        assert visitor.ended()
        gateway.settle()
        assert worker.exchange(b"the stream goes on")
        for session in pair.nodes[0].live("ica"):
            session.end("flushed")
        assert worker.wait_until_cut(5)


def test_dtls_answers_only_who_is_admitted(gateway: Gateway, pair: ObedientPair, port: int) -> None:
    """A ClientHello gets its HelloVerifyRequest unless a rule denies the source."""
    node = pair.nodes[0]
    node.ports = {*node.ports, OnePort(address="127.0.0.1", port=port, protocol="UDP")}
    gateway.settle()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.bind((OUTSIDE, 0))
        client.sendto(client_hello(), ("127.0.0.1", port))
        assert client.recv(200)[13] == 3
        node.denied.add(OUTSIDE)
        client.sendto(client_hello(), ("127.0.0.1", port))
        with pytest.raises(TimeoutError):
            client.recv(200)

"""Sessions with nodes, and looks from vantages."""

import contextlib
import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from gatectl.core.check import Unreadable
from gatectl.core.gate import Gate, Host, SecretRef, Side, Vantage, VantageName
from gatectl.core.reach import LookKind, Reach, sides_of
from gatectl.errors import Unreachable
from gatectl.site import GateLookout, NodeSessions
from gatectl.transport.contract import Stream, Transport
from tests.builders import NS_A, NS_B, host, make_gate
from tests.conversation import ScriptedNode
from tests.probe_servers import listening, make_credentials, over_tls, redirect


class CountedNode(ScriptedNode):
    """A session that knows whether it was closed, and that dials nowhere."""

    def __init__(self, name: str) -> None:
        super().__init__((), [])
        self.name = name
        self.closed = False
        self.dialled: list[tuple[str, int]] = []

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Note what was asked for, and give no stream."""
        assert timeout_s > 0
        self.dialled.append((host, port))
        raise Unreachable(f"{self.name} may not forward")

    def close(self) -> None:
        """Note the end."""
        self.closed = True


class Switchboard:
    """Makes such sessions and remembers them in order."""

    def __init__(self) -> None:
        self.made: list[CountedNode] = []

    def __call__(self, to: Host) -> Transport:
        """Make the session with a host."""
        self.made.append(CountedNode(to.name))
        return self.made[-1]

    def names(self) -> list[str]:
        """List whom sessions were made with."""
        return [node.name for node in self.made]


def test_a_session_is_made_once_and_used_again() -> None:
    """One session a node."""
    board = Switchboard()
    nodes = NodeSessions(make_gate(), board)
    assert board.names() == []
    assert nodes.transport(NS_A) is nodes.transport(NS_A)
    assert nodes.transport(NS_B) is not nodes.transport(NS_A)
    assert board.names() == ["ns-a", "ns-b"]


def test_a_session_that_was_forgotten_is_closed_and_made_anew() -> None:
    """After a cut nothing is sent into the old one."""
    board = Switchboard()
    nodes = NodeSessions(make_gate(), board)
    first = nodes.transport(NS_A)
    nodes.forget(NS_A)
    nodes.forget(NS_A)
    assert board.made[0].closed
    assert nodes.transport(NS_A) is not first
    assert board.names() == ["ns-a", "ns-a"]


def test_all_sessions_are_let_go_at_the_end_whatever_happened() -> None:
    """An error in the block leaves no session behind."""
    board = Switchboard()

    def use_and_fail() -> None:
        with NodeSessions(make_gate(), board) as nodes:
            nodes.transport(NS_A)
            nodes.transport(NS_B)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert [node.closed for node in board.made] == [True, True]


def gate_of(*vantages: Vantage) -> Gate:
    """Make a gate on a loopback port where nobody listens, seen from these vantages."""
    gate = make_gate()
    vserver = replace(gate.vserver, address=ip_address("127.0.0.1"), port=9)
    return replace(gate, vserver=vserver, vantages=vantages)


HERE = Vantage(name=VantageName("here"), side=Side.OUTSIDE)
THROUGH = Vantage(name=VantageName("there"), side=Side.INSIDE, via=host("jump"))


def lookout(gate: Gate, connect: Callable[[Host], Transport]) -> GateLookout:
    """Make a lookout that does not wait long."""
    return GateLookout(gate, connect, timeout_s=1.0)


def test_every_vantage_is_looked_from_and_a_port_where_nobody_listens_is_shut() -> None:
    """One report a vantage; a refusal came from somewhere."""
    reports = lookout(gate_of(HERE), Switchboard()).survey()
    assert [report.vantage for report in reports] == ["here"]
    assert LookKind.REFUSED in {look.kind for look in reports[0].gate}


def test_a_vantage_whose_host_cannot_be_used_is_unknown_and_never_shut() -> None:
    """That we cannot look says nothing about the gate."""
    board = Switchboard()
    watch = lookout(gate_of(HERE, THROUGH), board)
    assert sides_of(watch.survey()).inside is Reach.UNKNOWN
    watch.survey()
    assert board.names() == ["jump"]
    assert ("127.0.0.1", 9) in board.made[0].dialled
    watch.close()
    assert board.made[0].closed


def test_a_request_goes_to_the_gate_as_the_vantage_sees_it() -> None:
    """Where addresses are translated on the way, the vantage's own target is asked."""
    board = Switchboard()
    seen_as = replace(THROUGH, target=("198.51.100.7", 8443))
    got = lookout(gate_of(seen_as), board).request(Side.INSIDE, "GET", "/x")
    assert board.made[0].dialled == [("198.51.100.7", 8443)]
    assert isinstance(got.observation, Unreadable)
    assert got.raw == b""


@pytest.mark.parametrize(
    ("gate", "side"),
    [(gate_of(HERE), Side.INSIDE), (gate_of(THROUGH), Side.OUTSIDE)],
)
def test_a_side_that_nobody_looks_from_gives_no_answer(gate: Gate, side: Side) -> None:
    """The reason names the side, and nothing is asked."""
    board = Switchboard()
    got = lookout(gate, board).request(side, "GET", "/x")
    assert got.observation == Unreadable(because=f"no vantage looks from {side}")
    assert board.made == []


def test_no_answer_is_never_an_empty_one() -> None:
    """A refused connection is unreadable: a check on it is unknown, and not a fail or a pass."""
    got = lookout(gate_of(HERE), Switchboard()).request(Side.OUTSIDE, "GET", "/x")
    assert isinstance(got.observation, Unreadable)


def test_a_connection_that_is_held_is_asked_again_in_every_survey(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The port takes nobody new, and whoever was in is still served: outside is open."""

    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(redirect("/vpn/index.html"))

    tls = over_tls(make_credentials(tmp_path_factory.mktemp("tls")), serve)
    with contextlib.ExitStack() as door:
        port = door.enter_context(listening(tls))
        gate = gate_of(replace(HERE, target=("127.0.0.1", port)))
        with contextlib.closing(lookout(gate, Switchboard())) as watch:
            watch.hold()
            assert all(one.settled.wait(10) for one in watch._held)
            door.close()
            for _ in range(2):
                (report,) = watch.survey()
                assert sides_of([report]).outside is Reach.OPEN
                assert [look.kind for look in report.gate if look.wire == "https"] == [
                    LookKind.REFUSED,
                    LookKind.ANSWERED,
                ]
        (later,) = watch.survey()
        assert sides_of([later]).outside is Reach.SHUT


def test_nobody_is_asked_for_a_password_to_hold_a_connection() -> None:
    """A node's may be asked for at the same time; and from inside nothing is held."""
    board = Switchboard()
    asked = replace(host("jump"), secret=SecretRef(kind="prompt"))
    outside = replace(THROUGH, side=Side.OUTSIDE, via=asked)
    with contextlib.closing(lookout(gate_of(outside, THROUGH), board)) as watch:
        watch.hold()
        assert watch._held == []
    assert board.made == []

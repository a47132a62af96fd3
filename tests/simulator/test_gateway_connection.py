import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ports import reserved_port
from tests.simulator.data_plane_stand_in import (
    VSERVER,
    CannedPolicy,
    ObedientNode,
    ObedientPair,
    OnePort,
    Visitor,
    serving,
)

FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\n\r\n"
SIGN_IN = b"login=jdoe&passwd=secret"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ObedientNode]:
    """Serve one exploitable node."""
    with reserved_port() as port:
        node = ObedientNode(ports={OnePort(address="127.0.0.1", port=port)})
        with serving(ObedientPair(nodes=(node,), primary=node), tmp_path):
            yield node


@pytest.fixture
def port(node: ObedientNode) -> int:
    """Give the port of the node's vserver."""
    return next(iter(node.ports)).port


def sign_in(visitor: Visitor) -> str:
    """Sign in and give the cookie."""
    answer = visitor.ask("/cgi/login", method="POST", body=SIGN_IN).decode()
    (cookie,) = [
        line.partition(": ")[2].partition(";")[0]
        for line in answer.split("\r\n")
        if "NSC_AAAC=" in line
    ]
    return cookie


def open_ica(visitor: Visitor, cookie: str) -> bytes:
    """Ask for the ICA stream."""
    return visitor.ask(
        "/ica-session", more=f"Cookie: {cookie}\r\nUpgrade: ica\r\nConnection: Upgrade\r\n"
    )


def comes_true(claim: Callable[[], bool], *, within_s: float = 5.0) -> bool:
    """Wait until a claim holds."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.01)
    return claim()


def test_several_requests_are_answered_on_one_connection(port: int) -> None:
    """Requests that arrive together are answered in order, and the connection stays open."""
    with Visitor(port) as visitor:
        visitor.connection.sendall(b"HEAD / HTTP/1.1\r\n\r\nHEAD /nothing HTTP/1.1\r\n\r\n")
        received = b""
        while received.count(b"\r\n\r\n") < 2:
            received += visitor.connection.recv(4096)
        assert received.index(b"302 Object Moved") < received.index(b"404 Not Found")
        assert b"302" in visitor.ask("/")


def test_a_visitor_who_asks_for_it_is_hung_up_on(port: int) -> None:
    """Connection: close ends the connection after the answer."""
    with Visitor(port) as visitor:
        assert b"302" in visitor.ask("/", more="Connection: close\r\n")
        assert visitor.ended()


def test_nonsense_is_answered_with_400_and_the_end(port: int) -> None:
    """What is no request gets one refusal and no second chance."""
    with Visitor(port) as visitor:
        visitor.connection.sendall(b"SSH-2.0-x\r\n\r\n")
        assert visitor.answer().startswith(b"HTTP/1.1 400 ")
        assert visitor.ended()


def test_a_policy_answers_with_exactly_its_text(node: ObedientNode, port: int) -> None:
    """A working mitigation sends its status line, nothing else, and ends the connection."""
    node.policies["request"] = CannedPolicy(kind="respondwith", payload=FORBIDDEN)
    with Visitor(port) as visitor:
        assert visitor.ask("/vpn/../vpns/cfg/smb.conf") == FORBIDDEN
        assert visitor.ended()


def test_sign_in_pages_are_asked_of_the_policies_for_sign_in_traffic(
    node: ObedientNode, port: int
) -> None:
    """A policy for requests leaves the sign-on page alone, one for AAA traffic does not."""
    node.policies["request"] = CannedPolicy(kind="respondwith", payload=FORBIDDEN)
    with Visitor(port) as visitor:
        assert b"200 OK" in visitor.ask("/vpn/index.html")
    node.policies["aaa"] = CannedPolicy(kind="respondwith", payload=FORBIDDEN)
    with Visitor(port) as visitor:
        assert visitor.ask("/vpn/index.html") == FORBIDDEN


@pytest.mark.parametrize("kind", ["drop", "reset"])
def test_a_policy_can_end_the_connection_without_a_word(
    node: ObedientNode, port: int, kind: str
) -> None:
    """DROP and RESET answer nothing."""
    node.policies["request"] = CannedPolicy(kind=kind)
    with Visitor(port) as visitor:
        visitor.connection.sendall(b"GET /x HTTP/1.1\r\n\r\n")
        assert visitor.ended()


def test_a_policy_can_redirect(node: ObedientNode, port: int) -> None:
    """A redirect policy that names only its target becomes a whole answer."""
    node.policies["request"] = CannedPolicy(kind="redirect", payload=b"https://elsewhere/")
    with Visitor(port) as visitor:
        assert b"Location: https://elsewhere/\r\n" in visitor.ask("/x")


def test_an_unavailable_gateway_says_503(node: ObedientNode, port: int) -> None:
    """With the fault each path gets NetScaler's own page, whatever the policies say."""
    node.policies["aaa"] = CannedPolicy(kind="drop")
    node.faults.add("gateway-503")
    with Visitor(port) as visitor:
        assert visitor.ask("/vpn/index.html").startswith(b"HTTP/1.1 503 ")
        assert visitor.ended()


def test_signing_in_begins_a_session_that_ends_with_the_connection(
    node: ObedientNode, port: int
) -> None:
    """The session carries user, address and port of the client, and leaves with it."""
    with Visitor(port) as visitor:
        assert len(sign_in(visitor)) == len("NSC_AAAC=") + 32
        (session,) = node.live("aaa")
        assert (session.user, session.client_address) == ("jdoe", "127.0.0.3")
        assert session.vserver == VSERVER
        assert session.client_port == visitor.connection.getsockname()[1]
    assert comes_true(lambda: not session.alive)
    assert session.end_reason == "connection closed"


@pytest.mark.parametrize("form", [b"login=jdoe&passwd=", b"login=&passwd=x", b"nothing"])
def test_signing_in_needs_a_name_and_a_password(node: ObedientNode, port: int, form: bytes) -> None:
    """Half a sign-in begins nothing and goes back to the page with an error cookie."""
    with Visitor(port) as visitor:
        assert b"NSC_VPNERR=4001" in visitor.ask("/cgi/login", method="POST", body=form)
    assert node.sessions == []


def test_the_ica_stream_needs_the_cookie_of_its_own_connection(
    node: ObedientNode, port: int
) -> None:
    """A stranger's cookie or none does not open a stream."""
    with Visitor(port) as first, Visitor(port) as second:
        cookie = sign_in(first)
        sign_in(second)
        assert b"302 Object Moved" in open_ica(second, cookie)
        assert b"302 Object Moved" in open_ica(second, "NSC_AAAC=")
        assert b"302 Object Moved" in first.ask("/ica-session", more=f"Cookie: {cookie}\r\n")
    assert node.live("ica") == []


def test_the_ica_stream_echoes_and_is_cut_by_a_kill(node: ObedientNode, port: int) -> None:
    """The stream carries data both ways until its session is ended on the appliance."""
    with Visitor(port) as visitor:
        assert open_ica(visitor, sign_in(visitor)).startswith(b"HTTP/1.1 101 ")
        visitor.connection.sendall(b"ping")
        assert visitor.connection.recv(10) == b"ping"
        node.live("ica")[0].end("killed")
        assert visitor.ended()
    assert comes_true(lambda: node.live("aaa") == [])


def test_ending_the_web_session_leaves_an_open_stream(node: ObedientNode, port: int) -> None:
    """Whoever kills only the AAA session still has a worker on the line."""
    with Visitor(port) as visitor:
        open_ica(visitor, sign_in(visitor))
        node.live("aaa")[0].end("killed")
        visitor.connection.sendall(b"ping")
        assert visitor.connection.recv(10) == b"ping"
        assert len(node.live("ica")) == 1


def test_ending_the_web_session_cuts_a_visitor_without_a_stream(
    node: ObedientNode, port: int
) -> None:
    """A visitor who only signed in is cut when the session ends."""
    with Visitor(port) as visitor:
        sign_in(visitor)
        node.live("aaa")[0].end("killed")
        assert visitor.ended()


def test_port_80_redirects_without_tls(node: ObedientNode, tmp_path: Path) -> None:
    """The plain vserver sends each visitor to the encrypted one."""
    other = tmp_path / "other"
    other.mkdir()
    with reserved_port() as plain:
        node.ports = {OnePort(address="127.0.0.1", port=plain, kind="lb", vserver="gw_80")}
        with (
            serving(ObedientPair(nodes=(node,), primary=node), other),
            socket.create_connection(("127.0.0.1", plain), timeout=5) as visitor,
        ):
            visitor.sendall(b"GET /x HTTP/1.1\r\nHost: gw.example\r\n\r\n")
            assert b"Location: https://gw.example/\r\n" in visitor.recv(4096)

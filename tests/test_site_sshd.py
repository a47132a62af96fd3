"""Looks at a gate through a real OpenSSH server, on which nothing is installed."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from gatectl.core.gate import Host, Side, Vantage, VantageName
from gatectl.core.page import Page
from gatectl.core.reach import LookKind, VantageReport, gate_word, side_reach
from gatectl.errors import Unreachable
from gatectl.secret import KeyFile
from gatectl.site import GateLookout
from gatectl.transport.contract import Transport
from gatectl.transport.readonly import ReadOnly
from gatectl.transport.ssh import SshTransport
from tests.builders import make_gate
from tests.openssh import NO_SSHD, SSHD, Sshd, running_sshd
from tests.ports import HoldPort
from tests.probe_servers import (
    ADDRESS,
    Credentials,
    full_backlog,
    gateway_site,
    keeping_quiet,
    listening,
    make_credentials,
    over_tls,
    resetting,
    serving,
)

pytestmark = pytest.mark.skipif(SSHD is None, reason=NO_SSHD)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def jump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Run a server that forwards to anywhere."""
    with running_sshd(tmp_path_factory.mktemp("jump")) as server:
        yield server


@pytest.fixture
def control() -> Iterator[int]:
    """Serve a control that always answers."""
    with listening(keeping_quiet) as port:
        yield port


def connect(host: Host) -> Transport:
    """Make a session as gatectl does for a vantage."""
    return ReadOnly(SshTransport(host, secrets=lambda ref: KeyFile(path=Path(ref.target))))


def look(jump: Sshd, *, gate: int, control: int, timeout_s: float = 3.0) -> VantageReport:
    """Look from outside at a port of this machine, through the server."""
    outside = Vantage(
        name=VantageName("internet"),
        side=Side.OUTSIDE,
        via=jump.host(name="jump"),
        control=(ADDRESS, control),
    )
    made = make_gate()
    vserver = replace(made.vserver, address=ip_address(ADDRESS), address6=None, port=gate)
    one = replace(made, vserver=vserver, vantages=(outside,))
    with closing(GateLookout(one, connect, timeout_s=timeout_s)) as lookout:
        (report,) = lookout.survey()
    return report


def because(report: VantageReport) -> str:
    """Give the reason of what the vantage proves."""
    return side_reach((report,), Side.OUTSIDE).because


def test_the_sign_on_page_is_seen_through_the_server(
    jump: Sshd, control: int, credentials: Credentials
) -> None:
    """TLS and HTTP run inside the forwarded channel, the redirect in a second one."""
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        report = look(jump, gate=port, control=control)
    assert report.control is not None
    assert report.control.kind is LookKind.CONNECTED
    assert [(seen.kind, seen.page) for seen in report.gate] == [(LookKind.ANSWERED, Page.SIGN_ON)]
    assert report.gate[0].certificate_sha256 == credentials.sha256
    assert gate_word((report,)) == "open"


def test_a_refusal_behind_the_server_is_shut(jump: Sshd, control: int, shut_port: HoldPort) -> None:
    """The server says in words what its own connect came to."""
    report = look(jump, gate=shut_port(), control=control)
    assert [seen.kind for seen in report.gate] == [LookKind.REFUSED]
    assert gate_word((report,)) == "shut"


def test_a_drop_behind_the_server_is_shut_while_its_control_answers(
    jump: Sshd, control: int
) -> None:
    """The server is still trying when the look ends."""
    with full_backlog() as port:
        report = look(jump, gate=port, control=control, timeout_s=1.0)
    assert [seen.kind for seen in report.gate] == [LookKind.DROPPED]
    assert gate_word((report,)) == "shut"


def test_a_reset_behind_the_server_is_shut_while_its_control_answers(
    jump: Sshd, control: int
) -> None:
    """The channel ends, and the control tells that the server itself is well."""
    with listening(resetting) as port:
        report = look(jump, gate=port, control=control)
    assert [seen.kind for seen in report.gate] == [LookKind.RESET]
    assert gate_word((report,)) == "shut"


def test_a_control_that_fails_behind_the_server_makes_it_unknown(
    jump: Sshd, shut_port: HoldPort
) -> None:
    """A vantage that reaches nothing sees every gate shut."""
    refused = look(jump, gate=shut_port(), control=shut_port())
    with full_backlog() as port:
        dropped = look(jump, gate=shut_port(), control=port, timeout_s=1.0)
    for report in (refused, dropped):
        assert [seen.kind for seen in report.gate] == [LookKind.REFUSED]
        assert gate_word((report,)) == "unknown"
        assert "the control failed" in because(report)


def test_an_open_gate_with_a_failing_control_is_unknown_through_the_server_too(
    jump: Sshd, credentials: Credentials, shut_port: HoldPort
) -> None:
    """The control is asked for both answers."""
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        report = look(jump, gate=port, control=shut_port())
    assert report.gate[0].shows_sign_on
    assert gate_word((report,)) == "unknown"


@pytest.mark.parametrize("setting", ["AllowTcpForwarding no", "DisableForwarding yes"])
def test_a_server_that_forwards_nothing_is_unknown_and_says_why(
    tmp_path: Path, control: int, setting: str, shut_port: HoldPort
) -> None:
    """Such a vantage has not looked at all, and its operator is told what it refused."""
    with running_sshd(tmp_path, settings=setting) as server:
        report = look(server, gate=shut_port(), control=control)
    assert [seen.kind for seen in report.gate] == [LookKind.NOT_LOOKED]
    assert gate_word((report,)) == "unknown"
    assert "does not forward connections" in because(report)
    assert "jump" in because(report)


def test_looks_that_fail_at_once_each_have_their_own_reason(
    tmp_path: Path, shut_port: HoldPort
) -> None:
    """Read as each other's, a gate that nobody looked at would be shut."""
    closed, forbidden = shut_port(), shut_port()
    with (
        running_sshd(tmp_path, settings=f"PermitOpen {ADDRESS}:{closed}") as server,
        closing(connect(server.host(name="jump"))) as session,
    ):
        with pytest.raises(ConnectionRefusedError):
            session.dial(ADDRESS, closed, timeout_s=5)
        heard: list[tuple[int, str]] = []
        together = threading.Barrier(10)

        def dial(port: int) -> None:
            together.wait(10)
            try:
                session.dial(ADDRESS, port, timeout_s=5).close()
            except (OSError, Unreachable) as exc:
                heard.append((port, type(exc).__name__))

        for _ in range(5):
            threads = [
                threading.Thread(target=dial, args=(port,)) for port in (closed, forbidden) * 5
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
    assert len(heard) == 50
    assert set(heard) == {(closed, "ConnectionRefusedError"), (forbidden, "Unreachable")}


def test_a_gate_that_the_server_may_not_dial_is_unknown_beside_a_control_that_it_may(
    tmp_path: Path, control: int, shut_port: HoldPort
) -> None:
    """The looks are made at the same time; the gate's has not been made at all."""
    with running_sshd(tmp_path, settings=f"PermitOpen {ADDRESS}:{control}") as server:
        report = look(server, gate=shut_port(), control=control)
    assert report.control is not None
    assert report.control.kind is LookKind.CONNECTED
    assert [seen.kind for seen in report.gate] == [LookKind.NOT_LOOKED]
    assert "port" in report.gate[0].detail
    assert gate_word((report,)) == "unknown"

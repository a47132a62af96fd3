"""Looks across a real network: a client outside, an office, and a gateway with a packet filter."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatectl.core.check import Answer
from gatectl.core.gate import Side
from gatectl.core.reach import (
    LookKind,
    VantageReport,
    gate_word,
    judge_sides,
    reports_from_records,
)
from tests.probe_servers import make_credentials

OUTSIDE_NET, OFFICE_NET = "198.51.100", "10.20.0"
GATE = f"{OUTSIDE_NET}.1"
"""The gateway's address; the office reaches it through the same machine."""
CONTROL_PORT = 8022

SERVER = """
import socket, sys, threading
from pathlib import Path
from tests.probe_servers import Credentials, gateway_site, keeping_quiet, listening, over_tls
from tests.probe_servers import redirect, serving
made = Credentials(certificate=Path(sys.argv[2]), key=Path(sys.argv[3]), sha256="")
tls = over_tls(made, serving(gateway_site))
plain = serving(lambda _: redirect("https://gate.test/"))
with (listening(tls, address="0.0.0.0", port=443), listening(plain, address="0.0.0.0", port=80),
      listening(keeping_quiet, address="0.0.0.0", port=int(sys.argv[1]))):
    print("ready", flush=True)
    sys.stdin.read()
"""

LOOK = """
import json, sys
from ipaddress import ip_address
from gatectl.core.gate import Side, Vantage, VantageName, Vserver
from gatectl.probe import survey
side, gate, control = Side(sys.argv[1]), sys.argv[2], (sys.argv[2], int(sys.argv[3]))
vantage = Vantage(name=VantageName(side.value), side=side, control=control)
(report,) = survey([vantage], Vserver(name="gw", address=ip_address(gate)), {}, timeout_s=1.5)
print(json.dumps(report.as_records()))
"""


def _obstacle() -> str:
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    missing = [name for name in ("ip", "nft") if shutil.which(name) is None]
    if missing:
        return f"needs the programs {', '.join(missing)}"
    name = f"gatectl-try-{os.getpid()}"
    made = _try("ip", "netns", "add", name)
    _try("ip", "netns", "del", name)
    return "" if made else "this machine does not allow network namespaces"


def _try(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, timeout=20, check=False)  # noqa: S603 - fixed commands
    return done.returncode == 0


def run(*command: str, text: str = "") -> str:
    """Run a command that must succeed."""
    root = Path(__file__).parent
    done = subprocess.run(  # noqa: S603 - fixed commands
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{root.parent}:{root}"},
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Three namespaces: outside and office, each wired to the gateway."""

    outside: str
    office: str
    gateway: str

    def filter(self, *rules: str) -> None:
        """Replace the gateway's packet filter; no rules let everything in."""
        lines = "\n".join(rules)
        table = (
            "table inet gate {\nchain in {\ntype filter hook input priority 0;\n"
            f"{lines}\n}}\n}}\n"
        )
        run("ip", "netns", "exec", self.gateway, "nft", "-f", "-", text=f"flush ruleset\n{table}")

    def look(self) -> tuple[VantageReport, ...]:
        """Look from both sides, each inside its own namespace."""
        records: list[dict[str, str]] = []
        for name, side, gate in (
            (self.outside, Side.OUTSIDE, GATE),
            (self.office, Side.INSIDE, GATE),
        ):
            script = (sys.executable, "-c", LOOK, side.value, gate, str(CONTROL_PORT))
            records += json.loads(run("ip", "netns", "exec", name, *script))
        return reports_from_records(records)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Build the network and the gateway, and take both away whatever happens."""
    because = _obstacle()
    if because:
        pytest.skip(because)
    mark = f"gatectl-{os.getpid()}"
    made = World(outside=f"{mark}-out", office=f"{mark}-off", gateway=f"{mark}-gw")
    with contextlib.ExitStack() as stack:
        for name in (made.outside, made.office, made.gateway):
            stack.callback(_try, "ip", "netns", "del", name)
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        _wire(made.outside, made.gateway, net=OUTSIDE_NET, link="vout")
        _wire(made.office, made.gateway, net=OFFICE_NET, link="voff")
        stack.enter_context(_gateway_running(made.gateway, tmp_path_factory.mktemp("tls")))
        yield made


def _wire(client: str, gateway: str, *, net: str, link: str) -> None:
    run("ip", "-n", client, "link", "add", "eth0", "type", "veth", "peer", link, "netns", gateway)
    for name, interface, address in ((client, "eth0", f"{net}.2"), (gateway, link, f"{net}.1")):
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", interface)
        run("ip", "-n", name, "link", "set", interface, "up")
    run("ip", "-n", client, "route", "add", "default", "via", f"{net}.1")


@contextlib.contextmanager
def _gateway_running(namespace: str, folder: Path) -> Iterator[None]:
    made = make_credentials(folder)
    script = (sys.executable, "-c", SERVER, str(CONTROL_PORT))
    files = (str(made.certificate), str(made.key))
    server = subprocess.Popen(  # noqa: S603 - our own script
        ("ip", "netns", "exec", namespace, *script, *files),  # noqa: S607 - ip is found by PATH
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    with server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.kill()


def kinds(report: VantageReport) -> dict[str, LookKind]:
    """Give what came of each look, by port and wire."""
    return {f"{look.wire}/{look.port}": look.kind for look in report.gate}


DOORS = ("tcp dport { 80, 443 }", "udp dport 443")
FROM_OUTSIDE = f"ip saddr != {OFFICE_NET}.0/24"


def test_an_unfiltered_gateway_is_open_on_both_sides(world: World) -> None:
    """Without rules the sign-on page is seen from everywhere."""
    world.filter()
    reports = world.look()
    assert gate_word(reports) == "open"
    assert judge_sides(reports, outside="open", inside="open").passed
    assert kinds(reports[0]) == {
        "https/443": LookKind.ANSWERED,
        "http/80": LookKind.ANSWERED,
        "dtls/443": LookKind.REFUSED,
    }


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [("drop", LookKind.DROPPED), ("reject with tcp reset", LookKind.REFUSED)],
)
def test_a_gateway_that_denies_outside_is_shut_there_and_open_for_the_office(
    world: World, verdict: str, kind: LookKind
) -> None:
    """The closure that all this is about, by silence and by refusal."""
    world.filter(f"{FROM_OUTSIDE} {DOORS[0]} {verdict};", f"{FROM_OUTSIDE} {DOORS[1]} drop;")
    reports = world.look()
    assert kinds(reports[0]) == {
        "https/443": kind,
        "http/80": kind,
        "dtls/443": LookKind.DROPPED,
    }
    judged = judge_sides(reports, outside="shut", inside="open")
    assert judged.passed, judged.because
    assert judge_sides(reports, outside="open", inside="open").answer is Answer.FAIL


def test_a_door_that_was_forgotten_keeps_the_gate_open(world: World) -> None:
    """Port 443 is denied, port 80 still answers: open."""
    world.filter(f"{FROM_OUTSIDE} tcp dport 443 drop;", f"{FROM_OUTSIDE} {DOORS[1]} drop;")
    reports = world.look()
    assert gate_word(reports) == "open"
    assert judge_sides(reports, outside="shut", inside="open").answer is Answer.FAIL


def test_a_network_that_drops_everything_is_unknown_and_never_shut(world: World) -> None:
    """The control is silent as well, so the silence is the network's."""
    world.filter(f"{FROM_OUTSIDE} drop;")
    reports = world.look()
    assert kinds(reports[0])["https/443"] is LookKind.DROPPED
    assert gate_word(reports) == "unknown"
    assert judge_sides(reports, outside="shut", inside="open").answer is Answer.UNKNOWN


def test_no_route_to_the_gateway_is_unknown(world: World) -> None:
    """A router's word about the way is not the gate's word."""
    rule = "reject with icmpx type host-unreachable"
    world.filter(f"{FROM_OUTSIDE} {DOORS[0]} {rule};", f"{FROM_OUTSIDE} {DOORS[1]} drop;")
    reports = world.look()
    assert kinds(reports[0])["https/443"] is LookKind.UNREACHABLE
    assert gate_word(reports) == "unknown"


def test_a_rule_that_shuts_out_the_office_too_is_found(world: World) -> None:
    """Closed for all is not what was asked for."""
    world.filter(*(f"{door} drop;" for door in DOORS))
    reports = world.look()
    assert gate_word(reports) == "shut"
    judged = judge_sides(reports, outside="shut", inside="open")
    assert judged.answer is Answer.FAIL
    assert "should be open, but is shut" in judged.because
    assert judge_sides(reports, outside="shut", inside="shut").passed

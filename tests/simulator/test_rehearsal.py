import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from gatectl.simulator import rehearsal
from gatectl.simulator.appliance import Appliance
from gatectl.simulator.firmware import make_image
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE, SimulatedSite, fault_sentences

CLOSE = (
    "add ns acl T_ALLOW ALLOW -srcIP = 127.0.0.2 -destIP = 127.0.0.1 -protocol TCP -priority 10",
    "add ns acl T_DENY DENY -destIP = 127.0.0.1 -destPort = {port} -protocol TCP -priority 20",
    "apply ns acls",
)
RULE = (
    r"HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS(\"/vpns/\") && (!CLIENT.SSLVPN.IS_SSLVPN || "
    r"HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS(\"/../\"))"
)
MITIGATE = (
    "enable ns feature responder",
    r'add responder action respondwith403 respondwith "\"HTTP/1.1 403 Forbidden\r\n\r\n\""',
    f'add responder policy ctx267027 "{RULE}" respondwith403',
    "bind responder global ctx267027 1 END -type REQ_OVERRIDE",
)


@pytest.fixture
def site() -> Iterator[SimulatedSite]:
    """Run a fast site."""
    with SimulatedSite(speed=600.0) as site:
        yield site


def type_in(site: SimulatedSite, *lines: str) -> str:
    """Type lines at the primary's CLI and give what it prints."""
    primary = site.pair.primary
    assert primary is not None
    session = primary.start_cli(username="nsroot", interactive=True, peer="127.0.0.1")
    try:
        reply = "".join(session.run(line.replace("{port}", str(site.port))) for line in lines)
    finally:
        primary.end_cli(session)
    assert "ERROR" not in reply, reply
    return reply


def visit(site: SimulatedSite, source: str, path: str = "/vpn/index.html") -> tuple[int, bytes]:
    """Ask for a path over HTTPS from a source, with the certificate checked."""
    context = ssl.create_default_context(cafile=str(site.certificate.authority_path))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", site.port, timeout=5, source_address=(source, 0), context=context
    )
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def is_reached(site: SimulatedSite, source: str) -> bool:
    """Say whether a real visit from a source succeeds."""
    try:
        return visit(site, source)[0] == 200
    except OSError:
        return False


def comes_true(claim: Callable[[], bool], *, within_s: float = 10.0) -> bool:
    """Wait until a claim holds."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.02)
    return claim()


def is_up(node: Appliance) -> Callable[[], bool]:
    """Make the claim that a node is up."""
    return lambda: node.phase == "up"


def test_ready_tells_how_to_reach_everything(site: SimulatedSite) -> None:
    """The description has the agreed shape, and a login with it succeeds on each node."""
    ready = json.loads(json.dumps(site.ready()))
    assert ready["vserver"] == {"name": "gw_ext", "host": "127.0.0.1", "port": site.port}
    assert ready["sources"] == {"inside": INSIDE, "outside": OUTSIDE}
    assert [node["name"] for node in ready["nodes"]] == ["ns-a", "ns-b"]
    for node in ready["nodes"]:
        with paramiko.Transport((node["host"], node["port"])) as transport:
            transport.start_client(timeout=10)
            key = transport.get_remote_server_key()
            assert key.fingerprint == node["host_key_sha256"]
            transport.auth_password(node["username"], node["password"])
            assert transport.is_authenticated()


def test_the_configuration_names_the_running_site(site: SimulatedSite, tmp_path: Path) -> None:
    """Ports, fingerprints and passwords in the configuration are those of the site."""
    gate = tomllib.loads(site.configuration(tmp_path))["gates"]["rehearsal"]
    described = site.access().nodes
    assert gate["vserver"]["port"] == site.port
    assert [node["port"] for node in gate["nodes"]] == [node.port for node in described]
    assert [node["host_keys"] for node in gate["nodes"]] == [
        [node.host_key_sha256] for node in described
    ]
    file = Path(gate["nodes"][0]["password_file"])
    assert file.read_text().strip() == site.password


def test_an_image_is_written_with_its_hash(site: SimulatedSite) -> None:
    """The file holds the firmware image, and the hash is the file's."""
    image = site.image("12.1-55.18")
    assert image.path.name == "build-12.1-55.18_nc_64.tgz"
    assert image.path.read_bytes() == make_image("12.1-55.18")
    assert image.sha256 == hashlib.sha256(image.path.read_bytes()).hexdigest()


def test_closing_by_acl_shuts_the_outside_and_cuts_its_workers(site: SimulatedSite) -> None:
    """The truth, a real visit and the workers agree, before and after the rules are applied."""
    workers = site.workers(outside=1, inside=1)
    assert [worker.source for worker in workers] == [OUTSIDE, INSIDE]
    assert site.reachable(OUTSIDE)
    assert is_reached(site, OUTSIDE)
    type_in(site, *CLOSE)
    assert not site.reachable(OUTSIDE)
    assert not is_reached(site, OUTSIDE)
    assert site.reachable(INSIDE)
    assert is_reached(site, INSIDE)
    assert workers[0].wait_until_cut(5)
    assert workers[1].exchange(b"still working")


def test_disabling_the_vserver_shuts_everybody_out_at_once(site: SimulatedSite) -> None:
    """When the device says Done the port is closed already, and enabling opens it again."""
    for _ in range(5):
        type_in(site, "disable vpn vserver gw_ext")
        with pytest.raises(ConnectionRefusedError):
            visit(site, INSIDE)
        assert not site.reachable(INSIDE)
        type_in(site, "enable vpn vserver gw_ext")
        assert is_reached(site, INSIDE)


def test_killing_ica_connections_cuts_every_worker(site: SimulatedSite) -> None:
    """A kill at the CLI ends the streams of workers on both sides."""
    workers = site.workers(outside=1, inside=1)
    assert type_in(site, "show vpn icaConnection").count("User name:") == 2
    type_in(site, "kill vpn icaConnection -all")
    for worker in workers:
        assert worker.wait_until_cut(5)
    assert "User name:" not in type_in(site, "show vpn icaConnection")


def test_the_mitigation_closes_the_hole_and_nothing_else(site: SimulatedSite) -> None:
    """The published policy turns the leak into an empty 403 and leaves the sign-on page."""
    leak = "/vpn/../vpns/cfg/smb.conf"
    assert visit(site, OUTSIDE, leak)[0] == 200
    type_in(site, *MITIGATE)
    assert visit(site, OUTSIDE, leak) == (403, b"")
    assert is_reached(site, OUTSIDE)


def test_a_failover_brings_the_gateway_to_the_other_node(site: SimulatedSite) -> None:
    """Rules go with the configuration: what was shut stays shut under the new primary."""
    type_in(site, *CLOSE)
    before = site.pair.primary
    site.pair.failover()
    assert site.pair.primary not in (None, before)
    assert comes_true(lambda: is_reached(site, INSIDE))
    assert not is_reached(site, OUTSIDE)


def test_a_single_appliance_is_gone_while_it_boots(tmp_path: Path) -> None:
    """Without a peer nobody answers during a reboot, and the gate returns with the box."""
    del tmp_path
    with SimulatedSite(nodes=1, speed=240.0) as site:
        (node,) = site.pair.nodes
        node.reboot()
        assert not is_reached(site, INSIDE)
        assert comes_true(lambda: is_reached(site, INSIDE))
        assert node.boots == 2


def test_history_holds_both_nodes_in_order(site: SimulatedSite) -> None:
    """A propagated command is recorded on both nodes, and the order is that of arrival."""
    type_in(site, "disable vpn vserver gw_ext")
    found = [entry for entry in site.history() if entry.command == "disable vpn vserver gw_ext"]
    assert {entry.node for entry in found} == {"ns-a", "ns-b"}
    sequences = [entry.sequence for entry in site.history()]
    assert sequences == sorted(sequences)


def test_an_overlay_lies_on_both_nodes(tmp_path: Path) -> None:
    """Files of a folder are seen at their paths from the root."""
    (tmp_path / "var" / "tmp").mkdir(parents=True)
    (tmp_path / "var" / "tmp" / "odd").write_text("evidence")
    with SimulatedSite(overlay=tmp_path) as site:
        for node in site.pair.nodes:
            assert node.files.read("/var/tmp/odd") == b"evidence"


def test_a_compromised_site_holds_traces_on_both_nodes(site: SimulatedSite) -> None:
    """Every path that is named exists, and the miner's is among them."""
    planted = site.compromise()
    assert set(planted) == {"ns-a", "ns-b"}
    for node in site.pair.nodes:
        assert "/var/tmp/netscalerd" in planted[node.name]
        assert all(node.files.exists(path) for path in planted[node.name])


@pytest.mark.parametrize("name", sorted(fault_sentences()))
def test_no_fault_alone_opens_or_breaks_a_site(name: str) -> None:
    """A site with any one fault starts, describes itself and closes in time."""
    with SimulatedSite(speed=600.0, faults=[name]) as site:
        (applied,) = site.applied_faults
        assert applied.fault.name == name
        site.ready()
        assert site.reachable(INSIDE) == is_reached(site, INSIDE)


def test_no_two_listeners_are_given_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three listeners get the three ports there are, and keep them while nobody listens."""
    first = secrets.choice(range(10_000, 19_000, 3))  # a run just before may have left its traces
    monkeypatch.setattr(rehearsal, "_PORTS", range(first, first + 3))
    with SimulatedSite() as site:
        assert is_reached(site, INSIDE)
        with pytest.raises(OSError, match="no port is free"), SimulatedSite():
            pass
        site.pair.nodes[0].power_off()
        with pytest.raises(OSError, match="no port is free"), SimulatedSite():
            pass


def test_an_unreachable_node_refuses_ssh_and_goes_on_serving() -> None:
    """Half of the pair cannot be managed, and the gateway answers all the same."""
    with SimulatedSite(faults=["half-unreachable"]) as site:
        (struck,) = site.applied_faults[0].nodes
        for node in site.access().nodes:
            try:
                socket.create_connection((node.host, node.port), timeout=5).close()
                answers = True
            except OSError:
                answers = False
            assert answers == (node.name != struck)
        assert is_reached(site, INSIDE)


def test_the_host_key_changes_with_the_next_boot() -> None:
    """The fingerprint is the old one until the struck node has booted."""
    with SimulatedSite(speed=600.0, faults=["host-key-changed"]) as site:
        (struck,) = site.applied_faults[0].nodes
        before = {node.name: node.host_key_sha256 for node in site.access().nodes}
        for node in site.pair.nodes:
            node.reboot()
            assert comes_true(is_up(node))
        changed = {
            node.name for node in site.access().nodes if node.host_key_sha256 != before[node.name]
        }
        assert changed == {struck}


def test_a_name_that_is_no_build_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt build is an error that names it, and no folder is made for it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ValueError, match="twelve") as refusal:
        SimulatedSite(build="twelve")
    assert list(tmp_path.iterdir()) == []
    assert refusal.value.args


def test_serve_says_how_to_reach_it_and_stops_when_told(tmp_path: Path) -> None:
    """One line of JSON, a configuration that names the same port, and a clean end on SIGTERM."""
    config = tmp_path / "config.toml"
    program = (
        "from pathlib import Path; from gatectl.simulator.rehearsal import serve; "
        f"serve(nodes=1, config_out=Path({str(config)!r}))"
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own text
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["config"] == str(config)
            vserver = tomllib.loads(config.read_text())["gates"]["rehearsal"]["vserver"]
            assert vserver["port"] == ready["vserver"]["port"]
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(20) == 0
            assert process.stdout.read() == ""
        finally:
            process.kill()

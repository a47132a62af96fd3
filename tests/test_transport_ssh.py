"""gatectl's transport against the simulated appliance: each side knows the device by itself."""

import hashlib
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.core.check import Record, Seen
from gatectl.core.gate import Host, SecretRef
from gatectl.core.looks import read_look
from gatectl.errors import GatectlError
from gatectl.secret import Secret
from gatectl.simulator.appliance import make_pair
from gatectl.simulator.ssh import SshFront
from gatectl.transport.ssh import SshTransport

PASSWORD = "nsroot-for-tests"


@pytest.fixture
def front() -> Iterator[SshFront]:
    """Start a simulated pair and the SSH server of its primary."""
    pair = make_pair(count=2)
    made = SshFront(pair.nodes[0], username="nsroot", password=PASSWORD)
    made.start()
    try:
        yield made
    finally:
        made.close()
        pair.close()


@pytest.fixture(params=["interactive", "exec"])
def transport(front: SshFront, request: pytest.FixtureRequest) -> Iterator[SshTransport]:
    """Make a transport to it, of either kind of session."""
    address, port = front.address
    host = Host(
        name="ns-a",
        address=address,
        port=port,
        username="nsroot",
        secret=SecretRef(kind="prompt"),
        host_keys=(front.host_key_sha256,),
        session=request.param,
    )
    made = SshTransport(host, secrets=lambda _: Secret(PASSWORD))
    try:
        yield made
    finally:
        made.close()


def seen(transport: SshTransport, command: str) -> tuple[Record, ...]:
    """Send a look and insist that it is understood."""
    observation = read_look(command, transport.send(command, timeout_s=10))
    assert isinstance(observation, Seen), observation
    return observation.records


LOOKS = {
    "show ns version": {"build": "12.1-55.13"},
    "show ns hostName": {"hostname": "ns-a"},
    "show ns config": {"saved": "yes"},
    "show ha node": {"local": "yes", "role": "Primary", "state": "UP"},
    "show vpn vserver gw_ext": {"name": "gw_ext", "state": "UP"},
    "show ns ip": {"type": "NetScaler IP"},
    "show ns feature": {"acronym": "WL"},
    "show ns license": {"name": "Web Logging"},
    "show ns tcpparam": {"enhanced_isn_generation": "DISABLED"},
    "show ns hardware": {"host_id": "1006665862"},
    "show ns runningConfig": {"line": "#NS12.1 Build 55.13"},
    "shell df -k /var": {"mount": "/var"},
    "shell grep kernel /flash/boot/loader.conf": {"kernel": "ns-12.1-55.13"},
    "shell sha256 /nsconfig/ns.conf": {"path": "/nsconfig/ns.conf"},
}
NOTHING = [
    "show vpn vserver nope",
    "show cs vserver",
    "show authentication vserver",
    "show ns acl",
    "show ns acl6",
    "show responder policy",
    "show responder action",
    "show vpn icaConnection",
    "show vpn pcoipConnection",
    "show rdp connections",
    "show aaa session",
    "show ns variable",
    "show system backup",
    "show ns runningConfig | grep -i nothing_of_this_name",
    "shell grep nothing_of_this_name /flash/boot/loader.conf",
    "shell crontab -l -u nobody",
]


def test_every_look_of_a_playbook_is_understood(transport: SshTransport) -> None:
    """What is there is read in its fields, what is not there is seen as nothing."""
    for command, fields in LOOKS.items():
        assert fields.items() <= dict(seen(transport, command)[0]).items(), command
    for command in NOTHING:
        assert seen(transport, command) == (), command


def test_a_rule_is_seen_pending_then_applied(transport: SshTransport) -> None:
    """A terminator after `add` proves nothing: the look tells what is in force."""
    rule = "-destIP = 203.0.113.10 -destPort = 443 -protocol TCP -priority 20"
    assert transport.send(f"add ns acl GATECTL_DENY DENY {rule}", timeout_s=10).error is None
    (pending,) = seen(transport, "show ns acl GATECTL_DENY")
    transport.send("apply ns acls", timeout_s=10)
    (applied,) = seen(transport, "show ns acl GATECTL_DENY")
    assert (pending["applied"], applied["applied"]) == ("NOTAPPLIED", "APPLIED")
    assert (applied["action"], applied["destination"]) == ("DENY", "203.0.113.10")
    assert (applied["destination_port"], applied["protocol"]) == ("443", "TCP")
    assert seen(transport, "show ns config")[0]["saved"] == "no"
    transport.send("save ns config", timeout_s=10)
    assert seen(transport, "show ns config")[0]["saved"] == "yes"


def test_files_go_up_and_come_back(transport: SshTransport, tmp_path: Path) -> None:
    """An image arrives under its name, and evidence comes with its facts."""
    source = tmp_path / "build.tgz"
    source.write_bytes(b"image" * 50_000)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    target = "/var/nsinstall/build-12.1-55.18/build.tgz"
    transport.put(source, target, sha256=digest, timeout_s=30)
    sink = io.BytesIO()
    found = transport.get(target, sink, limit=1_000_000)
    assert (found.sha256, sink.getvalue()) == (digest, source.read_bytes())
    assert target in {file.path for file in transport.walk("/var/nsinstall", limit=100)}
    assert list(transport.walk("/nowhere", limit=1)) == []


def test_a_restart_ends_the_session_and_the_device_comes_back(transport: SshTransport) -> None:
    """A restart is expected to cut; afterwards the same transport logs in anew."""
    transport.send_expecting_disconnect("reboot -f", timeout_s=10)
    for _ in range(60):
        try:
            assert seen(transport, "show ns version")[0]["build"] == "12.1-55.13"
        except GatectlError:
            time.sleep(0.25)
        else:
            return
    pytest.fail("the device did not come back")

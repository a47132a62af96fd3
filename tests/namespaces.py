"""Network namespaces with an outside, an office and a gateway, for tests that cross real networks.

Nobody but the namespaces themselves is ever reached; their addresses are those for documentation.
"""

# Only programs of this machine are started, with arguments that stand here.
# ruff: noqa: S603

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gatectl.core.reach import VantageReport, reports_from_records
from tests.openssh import NO_SSHD, SSHD, Sshd, running_sshd
from tests.probe_servers import SIGN_ON, Credentials, make_credentials

GATE, GATE6 = "192.0.2.10", "2001:db8::10"
"""The gateway's addresses, the same from everywhere."""
CONTROL_PORT = 8022
OFFICE = "10.20.0"
OFFICE_LINK = "office"
"""The interface on which the gateway meets the office."""

_JUMP = "172.16.9"
"""The line from gatectl's machine to the SSH host; it does not touch the gateway."""
_STARTS_S = 10.0
_LOOKED_S = 60.0
_SBIN = ":/usr/sbin:/sbin"
_VSERVER = "[gates.almelo.vserver]\n"

_LOOK = """
import json, sys
from dataclasses import replace
from pathlib import Path
from gatectl.config.configuration import read_configuration
from gatectl.secret import resolve
from gatectl.site import GateLookout
from gatectl.transport.readonly import ReadOnly
from gatectl.transport.ssh import SshTransport

def connect(host):
    return ReadOnly(SshTransport(host, secrets=lambda ref: resolve(ref, ask=None)))

for line in sys.stdin:
    path, timeout_s, holds = line.split()
    gate = read_configuration(Path(path)).gate(None)
    here = tuple(one for one in gate.vantages if one.name in sys.argv[1:])
    lookout = GateLookout(replace(gate, vantages=here), connect, timeout_s=float(timeout_s))
    if holds == "hold":
        lookout.hold()
        for one in lookout._held:
            one.settled.wait(10)
        print("held", flush=True)
        sys.stdin.readline()
    reports = lookout.survey()
    lookout.close()
    records = [record for report in reports for record in report.as_records()]
    print("seen", json.dumps(records), flush=True)
"""


def obstacle() -> str:
    """Say why this machine cannot have such a network, or nothing."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    missing = [name for name in ("ip", "nft", "nginx") if _path_of(name) is None]
    if missing:
        return f"needs the programs {', '.join(missing)}"
    if SSHD is None:
        return NO_SSHD
    name = f"gatectl-try-{os.getpid()}"
    made = _try("ip", "netns", "add", name)
    with_ipv6 = made and _try("ip", "-n", name, "address", "add", f"{GATE6}/128", "dev", "lo")
    _try("ip", "netns", "del", name)
    if made and not with_ipv6:
        return "this machine does not allow IPv6 in network namespaces"
    return "" if made else "this machine does not allow network namespaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Four namespaces: two outside, the office in which gatectl runs, and the gateway."""

    home: str
    """Somebody outside."""
    jump: str
    """An SSH host outside, with OpenSSH and nothing else."""
    office: str
    gateway: str
    folder: Path
    credentials: Credentials
    """What nginx shows."""
    lookers: list[subprocess.Popen[str]] = field(default_factory=list)

    def filter(self, *rules: str) -> None:
        """Replace the gateway's packet filter; no rules let everything in."""
        lines = "\n".join(rules)
        table = (
            "table inet gate {\nchain in {\ntype filter hook input priority 0;\n"
            f"{lines}\n}}\n}}\n"
        )
        run(*at(self.gateway), "nft", "-f", "-", text=f"flush ruleset\n{table}")

    def look(
        self,
        *,
        gate_keys: str = "",
        timeout_s: float = 1.0,
        meanwhile: Callable[[], None] | None = None,
    ) -> tuple[VantageReport, ...]:
        """Look from home, from the office, and from the office through the SSH host, at once.

        `gate_keys` are added to the virtual server in the configuration. `meanwhile` happens while
        a connection from each vantage outside is held, as in a closing.
        """
        holds = "look" if meanwhile is None else "hold"
        path = self.folder / "config.toml"
        text = (self.folder / "base.toml").read_text()
        path.write_text(text.replace(_VSERVER, _VSERVER + gate_keys, 1))
        for one in self.lookers:
            assert one.stdin is not None
            print(path, timeout_s, holds, file=one.stdin, flush=True)
        if meanwhile is not None:
            for one in self.lookers:
                _heard(one, "held")
            meanwhile()
            for one in self.lookers:
                assert one.stdin is not None
                print("go on", file=one.stdin, flush=True)
        records = [record for one in self.lookers for record in json.loads(_heard(one, "seen"))]
        return reports_from_records(records)


def _heard(looker: subprocess.Popen[str], word: str) -> str:
    assert looker.stdout is not None
    too_late = threading.Timer(_LOOKED_S, looker.kill)
    too_late.start()
    try:
        for line in looker.stdout:
            # What is logged stands between.
            if line.startswith(word):
                return line.removeprefix(word)
    finally:
        too_late.cancel()
    raise AssertionError("the look ended without a result")


@contextlib.contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Build the networks and start the servers, and take all of it away whatever happens."""
    mark = f"gatectl-{os.getpid()}"
    made = World(
        home=f"{mark}-home",
        jump=f"{mark}-jump",
        office=f"{mark}-office",
        gateway=f"{mark}-gateway",
        folder=folder,
        credentials=make_credentials(folder, addresses=(GATE, GATE6)),
    )
    with contextlib.ExitStack() as stack:
        for name in (made.home, made.jump, made.office, made.gateway):
            stack.callback(_try, "ip", "netns", "del", name)
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        _wire(made)
        stack.enter_context(_nginx(made))
        ssh = running_sshd(
            folder, address=f"{_JUMP}.1", port=22, before=at(made.jump), settings="PermitTTY no"
        )
        _configure(made, stack.enter_context(ssh))
        for name, vantages in ((made.home, ("home",)), (made.office, ("internet", "office"))):
            made.lookers.append(stack.enter_context(_looker(name, vantages)))
        yield made


@contextlib.contextmanager
def _looker(namespace: str, vantages: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    """Run gatectl in a namespace; it looks from these vantages whenever it is told to."""
    program = (sys.executable, "-c", _LOOK, *vantages)
    pipe = subprocess.PIPE
    with subprocess.Popen((*at(namespace), *program), stdin=pipe, stdout=pipe, text=True) as looker:
        try:
            yield looker
        finally:
            looker.kill()


def _wire(world: World) -> None:
    gateway = world.gateway
    for name, link, net, net6 in (
        (world.home, "home", "198.51.100", "2001:db8:1"),
        (world.jump, "jump", "203.0.113", "2001:db8:2"),
        (world.office, OFFICE_LINK, OFFICE, "2001:db8:3"),
    ):
        _join(name, gateway, link=link, net=net, net6=net6)
        run("ip", "-n", name, "route", "add", "default", "via", f"{net}.1")
        run("ip", "-n", name, "-6", "route", "add", "default", "via", f"{net6}::1")
    for address in (f"{GATE}/32", f"{GATE6}/128"):
        run("ip", "-n", gateway, "address", "add", address, "dev", "lo")
    # A kernel that saves on ICMP would now and then turn a refusal into silence.
    limits = ("ipv4/icmp_ratelimit", "ipv6/icmp/ratelimit")
    run(*at(gateway), "sh", "-c", "; ".join(f"echo 0 >/proc/sys/net/{one}" for one in limits))
    _join(world.office, world.jump, link="line", net=_JUMP, net6="2001:db8:4")


def _join(client: str, far: str, *, link: str, net: str, net6: str) -> None:
    """Lay a cable, with the far end as number 1."""
    near = f"to-{link}"
    run("ip", "-n", client, "link", "add", near, "type", "veth", "peer", link, "netns", far)
    for name, interface, number in ((client, near, 2), (far, link, 1)):
        run("ip", "-n", name, "address", "add", f"{net}.{number}/24", "dev", interface)
        six = f"{net6}::{number}/64"
        run("ip", "-n", name, "address", "add", six, "dev", interface, "nodad")
        run("ip", "-n", name, "link", "set", interface, "up")


@contextlib.contextmanager
def _nginx(world: World) -> Iterator[None]:
    folder = world.folder
    (folder / "vpn").mkdir()
    (folder / "vpn" / "index.html").write_bytes(SIGN_ON)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    tls = f"ssl_certificate {world.credentials.certificate};"
    tls += f"ssl_certificate_key {world.credentials.key};"
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{\naccess_log off; default_type text/html;\n{temporary}\n"
        f"server {{ listen 443 ssl; listen [::]:443 ssl; {tls} root {folder};\n"
        "location = / { return 302 /vpn/index.html; }\nlocation /vpn/ { } }\n"
        "server { listen 80; listen [::]:80; return 301 https://$host$request_uri; }\n"
        f"server {{ listen {CONTROL_PORT}; return 204; }}\n}}\n"
    )
    program = _path_of("nginx")
    assert program is not None
    command = (*at(world.gateway), program, "-e", f"{folder}/log", "-c", f"{folder}/nginx.conf")
    server = subprocess.Popen(command)
    try:
        ends_s = time.monotonic() + _STARTS_S
        while not (folder / "nginx.pid").exists():
            assert server.poll() is None, "nginx ended at once"
            assert time.monotonic() < ends_s, "nginx did not start"
            time.sleep(0.02)
        yield
    finally:
        server.kill()
        server.wait(10)


def _configure(world: World, jump: Sshd) -> None:
    control = f'control = "{GATE}:{CONTROL_PORT}"\n'
    login = jump.host()
    (world.folder / "base.toml").write_text(
        f'[gates.almelo]\nadvisories = "all"\noffice_networks = ["{OFFICE}.0/24"]\n'
        'close_methods = ["close-acl"]\nacl_priorities = [10, 99]\n'
        f'{_VSERVER}name = "gw"\naddress = "{GATE}"\naddress6 = "{GATE6}"\n'
        '[[gates.almelo.nodes]]\nname = "ns"\nhost = "192.0.2.1"\nusername = "x"\nagent = true\n'
        f'host_keys = ["{jump.pins[0]}"]\n'
        f'[[gates.almelo.vantages]]\nname = "office"\nside = "inside"\n{control}'
        f'[[gates.almelo.vantages]]\nname = "home"\nside = "outside"\n{control}'
        f'[[gates.almelo.vantages]]\nname = "internet"\nside = "outside"\n{control}'
        f'[gates.almelo.vantages.via]\nhost = "{login.address}"\nport = {login.port}\n'
        f'username = "{login.username}"\nkey_file = "{login.secret.target}"\n'
        f'host_keys = ["{jump.pins[0]}", "{jump.pins[1]}"]\n'
    )


def at(namespace: str) -> tuple[str, ...]:
    """Begin a command that is run in a namespace."""
    return ("ip", "netns", "exec", namespace)


def run(*command: str, text: str = "") -> str:
    """Run a command that must succeed."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def _try(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    return done.returncode == 0


def _path_of(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + _SBIN)

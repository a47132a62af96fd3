"""One gate, twelve looks, a whole process: gatectl beside other clients, in turn, on one server.

    python -m tests.benchmarks [--rounds N] [--clients FOLDER]

The peer is OpenSSH's own server with a small compiled command line (needs a C compiler and
OpenSSH). What is measured is the gatectl that is installed beside the Python that runs this.
FOLDER holds a virtual environment for each of the other clients, under the names of CLIENTS
below; one that is not there is left out. Nothing but this machine is contacted.
"""

# Only programs of this machine are started, with arguments that stand here.
# ruff: noqa: S603

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.standin import ADDRESS, HERE, StandIn, running
from tests.benchmarks.work import LOOKS

CLIENTS: Mapping[str, tuple[str, str]] = {
    "paramiko, tuned": ("paramiko", "tuned_paramiko.py"),
    "paramiko": ("paramiko", "plain_paramiko.py"),
    "netmiko": ("netmiko", "netmiko_client.py"),
    "asyncssh": ("asyncssh", "asyncssh_client.py"),
    "parallel-ssh": ("pssh", "parallel_ssh_client.py"),
    "Fabric": ("fabric", "fabric_client.py"),
}
"""What is measured: the name of its environment, and its program."""

OPENSSH = "OpenSSH, one session"
GATECTL = "gatectl"
_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one process took."""

    wall_s: float
    processor_s: float


def took(command: list[str], given: Path | None = None) -> Took:
    """Run a process to its end and measure it; one that fails ends everything."""
    # The clients find what they share; nobody else has anything from there.
    found = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    with open(given or os.devnull, "rb") as words:  # noqa: PTH123 - one of the two is no path
        begin = time.monotonic()
        process = subprocess.Popen(
            command, stdin=words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=found
        )
    out = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or wall_s > _LIMIT_S:
        raise SystemExit(f"{command} ended with {process.returncode}:\n{out.decode()[-2000:]}")
    return Took(wall_s=wall_s, processor_s=used.ru_utime + used.ru_stime)


def commands_of(server: StandIn, folder: Path | None) -> dict[str, tuple[list[str], Path | None]]:
    """Put together what is started for each client, and what it reads."""
    python, fed = sys.executable, server.folder / "fed"
    fed.write_text("".join(f"{look.command}\n" for look in LOOKS) + "exit\n", encoding="ascii")
    config = server.folder / "config.toml"
    config.write_text(configuration(server), encoding="utf-8")
    gatectl = [str(Path(python).with_name("gatectl")), "--config", str(config)]
    found: dict[str, tuple[list[str], Path | None]] = {
        "python -c pass": ([python, "-c", "pass"], None),
        "gatectl --version": ([gatectl[0], "--version"], None),
        "gatectl --help": ([gatectl[0], "--help"], None),
        OPENSSH: (openssh(server), fed),
        GATECTL: ([*gatectl, "run", str(server.folder / "looks.toml")], None),
    }
    words = [f"--port={server.port}", f"--user={server.user}", f"--key={server.key}"]
    words += [f"--known-hosts={server.known_hosts}", f"--commands={server.commands}"]
    for name, (environment, program) in CLIENTS.items():
        own = folder / environment / "bin" / "python" if folder else Path(python)
        # Without a folder, what this Python has: paramiko is always there.
        if own.exists() and (folder or environment == "paramiko"):
            found[name] = ([str(own), str(HERE / "clients" / program), *words], None)
    return found


def openssh(server: StandIn) -> list[str]:
    """Give OpenSSH's own client, with the same commands fed to one session."""
    ssh = shutil.which("ssh") or "ssh"
    options = [f"UserKnownHostsFile={server.known_hosts}", "IdentitiesOnly=yes", "BatchMode=yes"]
    words = [word for option in options for word in ("-o", option)]
    place = ["-p", str(server.port), f"{server.user}@{ADDRESS}"]
    return [ssh, "-F", "none", "-T", "-i", str(server.key), *words, *place]


def configuration(server: StandIn) -> str:
    """Describe the stand-in as gatectl's configuration."""
    told = subprocess.run(
        [shutil.which("ssh-keygen") or "ssh-keygen", "-lf", str(server.folder / "host.pub")],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return f"""\
[settings]
state_dir = "{server.folder}/state"
[gates.bench]
advisories = "all"
office_networks = ["10.0.0.0/8"]
close_methods = ["close-acl"]
acl_priorities = [10, 99]
[gates.bench.vserver]
name = "gw_ext"
address = "203.0.113.10"
[[gates.bench.nodes]]
name = "ns-a"
host = "{ADDRESS}"
port = {server.port}
username = "{server.user}"
key_file = "{server.key}"
host_keys = ["{told.stdout.split()[1]}"]
[[gates.bench.vantages]]
name = "office"
side = "inside"
[[gates.bench.vantages]]
name = "internet"
side = "outside"
"""


def measured(server: StandIn, folder: Path | None, rounds: int) -> dict[str, list[Took]]:
    """Let all take their turn, round by round, so that a drift of the machine meets all of them."""
    commands = commands_of(server, folder)
    for command, given in commands.values():
        # A first time that does not count: files are read into memory.
        took(command, given)
    found: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, given) in commands.items():
            found[name].append(took(command, given))
    return found


def table(found: Mapping[str, list[Took]]) -> str:
    """Lay out medians, and ratios of the same round."""
    lines = [
        "| whole process | wall ms | processor ms | by OpenSSH | by tuned paramiko |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, times in found.items():
        wall = statistics.median(one.wall_s for one in times) * 1000
        processor = statistics.median(one.processor_s for one in times) * 1000
        ratios = [f"{ratio(times, found.get(to)):.2f}" for to in (OPENSSH, "paramiko, tuned")]
        lines.append(f"| {name} | {wall:.0f} | {processor:.0f} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def ratio(times: list[Took], others: list[Took] | None) -> float:
    """Give the median of the ratios, round by round."""
    if others is None:
        return float("nan")
    return statistics.median(
        one.wall_s / other.wall_s for one, other in zip(times, others, strict=True)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--clients", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        found = measured(server, given.clients, given.rounds)
    sys.stdout.write(f"{table(found)}\n{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")


if __name__ == "__main__":
    main()

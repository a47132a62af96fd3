"""Many gates at once, twelve looks each: what a gate more costs, behind a server that is light.

    python -m tests.benchmarks.fleet --server PROGRAM [--gates N] [--at-once N] [--executor WHERE]

OpenSSH's server takes four times what a good client takes, and would hide the client's limit on
the same cores. PROGRAM is any SSH server that costs less. It is started as `PROGRAM -state FOLDER
-listen 0.0.0.0:PORT`, has its host key in FOLDER/host_ed25519, lets FOLDER/authorized_keys in, and
answers as standin.c does, from the files in FOLDER/answers. All is on loopback.
"""

# Only programs of this machine are started, with arguments that stand here.
# ruff: noqa: S603

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.__main__ import Took, took
from tests.benchmarks.work import LOOKS, playbook
from tests.ports import reserved_port

_GATES_A_NET = 200
_STARTS = 100
_START_WAIT_S = 0.05


@contextlib.contextmanager
def serving(program: str, folder: Path) -> Iterator[int]:
    """Lay out what the server needs and run it; gives its port."""
    answers = folder / "answers"
    answers.mkdir()
    for look in LOOKS:
        (answers / look.command.replace(" ", "_")).write_text(look.answer, encoding="ascii")
    keygen = shutil.which("ssh-keygen") or "ssh-keygen"
    for name in ("host_ed25519", "user"):
        made = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(made, check=True, timeout=60)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    (folder / "looks.toml").write_text(playbook(), encoding="utf-8")
    with reserved_port() as port:
        server = subprocess.Popen([program, "-state", str(folder), "-listen", f"0.0.0.0:{port}"])
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(_STARTS):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_START_WAIT_S)
    raise SystemExit("the server did not start")


def configuration(folder: Path, state: Path, port: int, gates: int) -> str:
    """Describe so many gates, each at an address of its own."""
    keygen = shutil.which("ssh-keygen") or "ssh-keygen"
    shown = [keygen, "-lf", str(folder / "host_ed25519.pub")]
    told = subprocess.run(shown, capture_output=True, text=True, timeout=30, check=True)
    one = """\
[gates.g{number}]
advisories = "all"
office_networks = ["10.0.0.0/8"]
close_methods = ["close-acl"]
acl_priorities = [10, 99]
vserver = {{ name = "gw_ext", address = "203.0.113.10" }}
nodes = [{{ name = "ns-a", host = "{host}", port = {port}, username = "root", key_file = "{key}", \
host_keys = ["{pin}"] }}]
vantages = [{{ name = "office", side = "inside" }}, {{ name = "internet", side = "outside" }}]
"""
    return f'[settings]\nstate_dir = "{state}"\n' + "".join(
        one.format(
            number=number,
            host=f"127.1.{number // _GATES_A_NET + 1}.{number % _GATES_A_NET + 1}",
            port=port,
            key=folder / "user",
            pin=told.stdout.split()[1],
        )
        for number in range(gates)
    )


def run(folder: Path, port: int, gates: int, at_once: int, executor: str) -> Took:
    """Let gatectl look at so many gates with a journal of its own."""
    with tempfile.TemporaryDirectory() as own:
        config = Path(own) / "config.toml"
        config.write_text(configuration(folder, Path(own) / "state", port, gates), encoding="utf-8")
        gatectl = str(Path(sys.executable).with_name("gatectl"))
        words = ["--config", str(config), "run", str(folder / "looks.toml"), "--all"]
        return took([gatectl, *words, "--batch", str(at_once), "--executor", executor])


def main() -> None:
    """Measure and print; the start of the process, as one gate has it, is taken off."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", required=True, metavar="PROGRAM")
    parser.add_argument("--gates", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--executor", default="threads", metavar="WHERE")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rates, costs = [], []
    with tempfile.TemporaryDirectory() as text, serving(given.server, Path(text)) as port:
        for _ in range(given.rounds):
            one = run(Path(text), port, 1, 1, given.executor)
            all_ = run(Path(text), port, given.gates, given.at_once, given.executor)
            rates.append((given.gates - 1) / (all_.wall_s - one.wall_s))
            costs.append((all_.processor_s - one.processor_s) / (given.gates - 1))
    sys.stdout.write(
        f"{given.gates} gates, {given.at_once} at once, {given.executor}: "
        f"{statistics.median(rates):.1f} gates a second, "
        f"{statistics.median(costs) * 1000:.1f} ms of processor time a gate "
        f"({os.cpu_count()} cores, Python {sys.version.split()[0]})\n"
    )


if __name__ == "__main__":
    main()

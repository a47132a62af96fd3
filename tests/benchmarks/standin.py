"""The stand-in for an appliance: OpenSSH's own server, with a small compiled command line."""

# Only programs of this machine are started, with arguments that stand here.
# ruff: noqa: S603

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.work import LOOKS, playbook
from tests.ports import reserved_port

HERE = Path(__file__).parent
ADDRESS = "127.0.0.1"
_STARTS = 100
_START_WAIT_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A server that runs: where it is, and the files with which it is reached."""

    folder: Path
    port: int
    pid: int
    user: str
    key: Path
    known_hosts: Path
    commands: Path
    """A command a line, and behind a tabulator what its answer must hold."""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[StandIn]:
    """Build the command line, start the server, and end it."""
    answers = folder / "answers"
    answers.mkdir()
    for look in LOOKS:
        (answers / look.command.replace(" ", "_")).write_text(look.answer, encoding="ascii")
    build(folder / "appliance", answers)
    for name in ("host", "user"):
        _started("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    with reserved_port() as port:
        key = " ".join((folder / "host.pub").read_text().split()[:2])
        (folder / "known_hosts").write_text(f"[{ADDRESS}]:{port} {key}\n")
        (folder / "commands").write_text("".join(f"{one.command}\t{one.shows}\n" for one in LOOKS))
        (folder / "looks.toml").write_text(playbook())
        (folder / "sshd_config").write_text(
            f"ListenAddress {ADDRESS}:{port}\nPidFile none\nStrictModes no\nUsePAM no\nUseDNS no\n"
            "PermitRootLogin prohibit-password\nPasswordAuthentication no\nPrintMotd no\n"
            "PrintLastLog no\nKbdInteractiveAuthentication no\nMaxStartups 200\n"
            f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
            # Without the level, bash takes itself for a first shell and reads the user's own files.
            f"ForceCommand {folder}/appliance\nSetEnv SHLVL=5\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if sshd is None:
            raise SystemExit(
                "OpenSSH's server is not installed: there is nothing to measure against"
            )
        server = subprocess.Popen(
            [sshd, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port)
            yield StandIn(
                folder=folder,
                port=port,
                pid=server.pid,
                user=getpass.getuser(),
                key=folder / "user",
                known_hosts=folder / "known_hosts",
                commands=folder / "commands",
            )
        finally:
            server.terminate()
            server.wait(10)


def build(program: Path, answers: Path) -> None:
    """Compile the command line."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("no C compiler is installed, and the stand-in is a small C program")
    source = HERE / "standin.c"
    _started(compiler, "-O2", f'-DANSWERS="{answers}"', "-o", str(program), str(source))


def _started(*words: str) -> None:
    subprocess.run(words, check=True, timeout=60)


def _wait_for(port: int) -> None:
    for _ in range(_STARTS):
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                return
        time.sleep(_START_WAIT_S)
    raise SystemExit("sshd did not start")

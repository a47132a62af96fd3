"""OpenSSH servers of our own, for tests that want the real thing on the way."""

# Only OpenSSH's own programs are started, with arguments that stand here.
# ruff: noqa: S603, S607

import base64
import contextlib
import getpass
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko

from gatectl.core.gate import Host, SecretRef
from gatectl.transport.connection import fingerprint
from tests.ports import reserved_port

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NO_SSHD = "no OpenSSH server is installed"

_KINDS = ("ed25519", "ecdsa", "rsa")
_STARTS_S = 10.0
_NOTHING = "import sys; sys.exit('nothing is to be run here')"
"""What stands behind a login that only forwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running server: where it is, whom it lets in and how it is known."""

    folder: Path
    address: str
    port: int
    pins: tuple[str, ...]

    def host(self, **changes: object) -> Host:
        """Describe the server as the configuration would."""
        facts: dict[str, object] = {
            "name": "ns-a",
            "address": self.address,
            "port": self.port,
            "username": getpass.getuser(),
            "secret": SecretRef(kind="key_file", target=str(self.folder / "user")),
            "host_keys": self.pins,
        }
        return Host(**(facts | changes))  # type: ignore[arg-type]  # the values are those of Host


@contextlib.contextmanager
def running_sshd(
    folder: Path,
    *,
    settings: str = "",
    command_line: str = _NOTHING,
    address: str = "127.0.0.1",
    port: int = 0,
    before: tuple[str, ...] = (),
) -> Iterator[Sshd]:
    """Start a server with its own configuration, and end it.

    Of two equal words in `settings` and below sshd takes the first. `before` is what the command
    starts with, to start it somewhere else.
    """
    assert SSHD is not None
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    pins = tuple(_fingerprint_of(make_key(folder / kind, kind)) for kind in _KINDS)
    (folder / "authorized").write_text(make_key(folder / "user", "ed25519"))
    (folder / "command_line.py").write_text(command_line)
    with contextlib.ExitStack() as held:
        port = port or held.enter_context(reserved_port())
        (folder / "config").write_text(
            f"{settings}\nListenAddress {address}:{port}\nPidFile {folder}/pid\nStrictModes no\n"
            "UsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\nAuthorizedKeysFile {folder}/authorized\n"
            f"Subsystem sftp {_sftp_server()}\nPrintMotd no\nAllowTcpForwarding yes\n"
            f"ForceCommand {sys.executable} {folder}/command_line.py\n"
            + "".join(f"HostKey {folder}/{kind}\n" for kind in _KINDS)
        )
        command = [*before, SSHD, "-D", "-e", "-f", str(folder / "config")]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _wait_for(folder / "pid", server)
            yield Sshd(folder=folder, address=address, port=port, pins=pins)
        finally:
            server.terminate()
            server.wait(10)


def make_key(path: Path, kind: str) -> str:
    """Make a key pair and return its public half."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True, timeout=30
    )
    return path.with_suffix(".pub").read_text()


def _fingerprint_of(public: str) -> str:
    kind, text = public.split()[:2]
    return fingerprint(paramiko.PKey.from_type_string(kind, base64.b64decode(text)).asbytes())


def _sftp_server() -> str:
    places = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
    return next((path for path in places if Path(path).exists()), "sftp-server")


def _wait_for(pid_file: Path, server: subprocess.Popen[bytes]) -> None:
    # sshd writes it when it listens; where it listens, it may be that only others can connect.
    ends_s = time.monotonic() + _STARTS_S
    while not pid_file.exists():
        assert server.poll() is None, "sshd ended at once"
        assert time.monotonic() < ends_s, "sshd did not start"
        time.sleep(0.02)

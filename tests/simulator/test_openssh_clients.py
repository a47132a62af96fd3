"""The stock OpenSSH programs against the simulated appliance."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.ssh import SshFront

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH client here")
LIMIT_S = 30
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run(front: SshFront, tmp_path: Path) -> Run:
    """Run an OpenSSH program that gets the password from a helper, as from a person."""
    helper = tmp_path / "askpass"
    helper.write_text("#!/bin/sh\necho nsroot\n")
    helper.chmod(0o700)
    host, port = front.address
    options = [
        "-F", "none",
        "-o", "BatchMode=no",
        "-o", "StrictHostKeyChecking=no",
        "-o", f"UserKnownHostsFile={tmp_path / 'known_hosts'}",
        "-o", "PreferredAuthentications=keyboard-interactive",
        "-o", "LogLevel=ERROR",
        "-o", f"Port={port}",
    ]  # fmt: skip

    def call(
        program: str, *arguments: str, stdin: bytes = b""
    ) -> "subprocess.CompletedProcess[bytes]":
        words = [w.replace("HOST", f"nsroot@{host}") for w in arguments]
        path = shutil.which(program)
        assert path is not None
        return subprocess.run(  # noqa: S603 - a fixed program on loopback
            [path, *options, *words],
            input=stdin,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            env={**os.environ, "SSH_ASKPASS": str(helper), "SSH_ASKPASS_REQUIRE": "force"},
        )

    return call


def test_ssh_logs_in_interactively(run: Run) -> None:
    """A person sees greeting, prompt, echo and the three usual looks."""
    typed = b"show ns version\rshow ha node\rshow vpn vserver\rexit\r"
    done = run("ssh", "-tt", "HOST", stdin=typed)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert text.startswith(" Done\r\n> ")
    for wanted in (
        "> show ns version\r\n\tNetScaler NS12.1: Build 55.13.nc, Date: ",
        "\tMaster State: Primary\r\n",
        "1)\tgw_ext (203.0.113.10:443) - SSL\tType: VPN\r\n",
        "> exit\r\nBye!\r\n",
    ):
        assert wanted in text


def test_ssh_runs_one_command(run: Run) -> None:
    """The reply stands between two ` Done` lines."""
    done = run("ssh", "HOST", "shell", "cat", "/nsconfig/rc.netscaler")
    assert done.stdout == b" Done\n#!/bin/sh\n Done\n"
    assert done.returncode == 0


def test_sftp_moves_files(run: Run, primary: Appliance, tmp_path: Path) -> None:
    """Put, list, rename and get."""
    (tmp_path / "up").write_bytes(b"data" * 50_000)
    batch = tmp_path / "batch"
    batch.write_text(
        f"put {tmp_path}/up /var/nsinstall/up.part\n"
        "rename /var/nsinstall/up.part /var/nsinstall/up\n"
        f"ls -l /var/nsinstall\nget /var/nsinstall/up {tmp_path}/down\n"
    )
    done = run("sftp", "-b", str(batch), "HOST")
    assert done.returncode == 0, done.stderr
    assert b"200000" in done.stdout
    assert (tmp_path / "down").read_bytes() == primary.files.read("/var/nsinstall/up")


@pytest.mark.parametrize("protocol", ["-O", "-s"])
def test_scp_copies_there_and_back(
    run: Run, primary: Appliance, tmp_path: Path, protocol: str
) -> None:
    """With the old protocol and over SFTP."""
    (tmp_path / "up").write_bytes(os.urandom(70_000))
    there = run("scp", protocol, str(tmp_path / "up"), "HOST:/var/tmp/up")
    back = run("scp", protocol, "HOST:/var/tmp/up", str(tmp_path / "down"))
    assert (there.returncode, back.returncode) == (0, 0), there.stderr + back.stderr
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()
    assert primary.files.stat("/var/tmp/up").size == 70_000


def test_a_wrong_password_does_not_get_in(run: Run, primary: Appliance) -> None:
    """The client gives up with its usual status."""
    primary.password = "another"
    done = run("ssh", "-o", "NumberOfPasswordPrompts=1", "HOST", "show ns version")
    assert done.returncode == 255
    assert b"Permission denied" in done.stderr

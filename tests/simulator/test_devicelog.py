from collections.abc import Callable

import paramiko

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession


def test_commands_leave_their_traces(primary: Appliance, cli: CliSession) -> None:
    """The CLI writes into ns.log and the root shell into bash.log, as on a device."""
    cli.run("show ns version; show foo; shell cat /etc/passwd")
    commands = primary.files.read_text("/var/log/ns.log")
    assert 'Remote_ip 127.0.0.9 - Command "show ns version" - Status "Success"' in commands
    assert 'Command "show foo" - Status "ERROR"' in commands
    shell = primary.files.read_text("/var/log/bash.log")
    assert 'nsroot on /dev/pts/0 shell_command="cat /etc/passwd"' in shell


def test_a_full_disk_stops_the_logs_and_nothing_else(primary: Appliance, cli: CliSession) -> None:
    """A command works although nobody can write it down."""
    before = primary.files.read("/var/log/ns.log")
    primary.faults.add("disk-full")
    assert "ns-a" in cli.run("show ns hostName")
    assert primary.files.read("/var/log/ns.log") == before


def test_a_login_is_noted(primary: Appliance, connect: Callable[[], paramiko.SSHClient]) -> None:
    """Who came in, and from where."""
    connect()
    last = primary.files.read_text("/var/log/auth.log").splitlines()[-1]
    assert last.endswith("for nsroot from 127.0.0.1 port 51022 ssh2")

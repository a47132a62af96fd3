from collections.abc import Callable

import paramiko

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.ssh import SshFront

Connect = Callable[[], paramiko.SSHClient]


def test_the_second_login_is_told_about_the_first(connect: Connect) -> None:
    """`Last login:` comes before the login's ` Done`, once somebody has been there."""
    seen = []
    for _ in range(2):
        channel = connect().invoke_shell()
        channel.settimeout(10)
        channel.sendall(b"exit\r")
        text = b""
        while piece := channel.recv(1000):
            text += piece
        seen.append(text)
    assert seen[0].startswith(b" Done\r\n> ")
    assert seen[1].startswith(b"Last login: ")
    assert b"from 127.0.0.1\r\n Done\r\n> exit\r\nBye!\r\n" in seen[1]


def test_a_secondary_warns_before_the_done_of_the_login(secondary: Appliance) -> None:
    """Also on an exec request."""
    front = SshFront(secondary)
    front.start()
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - loopback
    client.connect(*front.address, "nsroot", "nsroot", look_for_keys=False, allow_agent=False)
    _, stdout, _ = client.exec_command("show ns hostName", timeout=10)
    lines = stdout.read().decode().splitlines()
    client.close()
    front.close()
    assert lines[0].startswith("Warning: You are connected to a secondary node;")
    assert lines[1:] == [" Done", "\tHostname:  ns-b", " Done"]

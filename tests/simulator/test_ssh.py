import socket
from collections.abc import Callable
from dataclasses import replace

import paramiko
import pytest

from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.simulator.hostkeys import fingerprint
from gatectl.simulator.ssh import SshFront
from gatectl.simulator.switches import Switches

Connect = Callable[[], paramiko.SSHClient]
Eventually = Callable[[Callable[[], bool]], None]


def test_the_announced_fingerprint_is_the_one_that_clients_see(
    front: SshFront, connect: Connect
) -> None:
    """A client pins what the front announces."""
    transport = connect().get_transport()
    assert transport is not None
    assert fingerprint(transport.get_remote_server_key()) == front.host_key_sha256


def test_the_front_follows_the_power_of_the_box(
    primary: Appliance, front: SshFront, connect: Connect, eventually: Eventually
) -> None:
    """Connections die with the box, and it is back on its port after the boot."""
    transport = connect().get_transport()
    assert transport is not None
    address = front.address
    primary.power_off()
    eventually(lambda: not transport.is_active())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    primary.power_on()
    eventually(lambda: primary.phase == "up")
    assert front.address == address
    _, stdout, _ = connect().exec_command("show ns hostName", timeout=10)
    assert b"ns-a" in stdout.read()


def test_nobody_logs_in_while_only_tcp_is_open(primary: Appliance, front: SshFront) -> None:
    """In the last part of the boot the right password is refused."""
    primary.phase = "tcp-only"
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - loopback
    with pytest.raises((paramiko.SSHException, OSError)):
        client.connect(*front.address, "nsroot", "nsroot", look_for_keys=False, allow_agent=False)
    client.close()


def test_a_host_key_can_change_with_a_boot(
    primary: Appliance, front: SshFront, eventually: Eventually
) -> None:
    """With the fault the next boot has another key, once."""
    before = front.host_key_sha256
    primary.faults.add("host-key-changes")
    primary.reboot()
    eventually(lambda: primary.phase == "up")
    assert front.host_key_sha256 != before
    assert primary.faults == set()


def test_an_unreachable_box_answers_nobody(primary: Appliance, front: SshFront) -> None:
    """With the fault a connection ends without a word of SSH."""
    primary.faults.add("unreachable")
    with socket.create_connection(front.address, timeout=5) as connection:
        assert connection.recv(100) == b""


def test_each_answer_leaves_at_once(front: SshFront, connect: Connect) -> None:
    """TCP_NODELAY is set on the server's side of each connection."""
    connect()
    (transport,) = front._transports
    connection = transport.sock
    assert isinstance(connection, socket.socket)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_legacy_profile_offers_the_old_key_only() -> None:
    """Old boxes have an RSA host key, and what old key exchanges paramiko still speaks."""
    pair = make_pair(count=1, switches=Switches(speed=1200, ssh_profile="legacy"))
    front = SshFront(pair.nodes[0])
    front.start()
    transport = paramiko.Transport(front.address)
    transport.start_client(timeout=10)
    offered = transport.get_remote_server_key().get_name()
    transport.close()
    front.close()
    pair.close()
    assert offered in ("ssh-rsa", "rsa-sha2-256", "rsa-sha2-512")


def test_closing_ends_everything(front: SshFront, connect: Connect) -> None:
    """After the close nothing listens and nobody is connected."""
    transport = connect().get_transport()
    assert transport is not None
    front.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(front.address, timeout=5)
    transport.join(5)
    assert not transport.is_active()


def test_banner_and_methods_are_switches(primary: Appliance, front: SshFront) -> None:
    """Without the banner nothing is shown, and `password` can be left out."""
    primary.switches = replace(primary.switches, banner=False, password_method=False)
    transport = paramiko.Transport(front.address)
    transport.start_client(timeout=10)
    with pytest.raises(paramiko.BadAuthenticationType) as caught:
        transport.auth_password("nsroot", "nsroot", fallback=False)
    assert sorted(caught.value.allowed_types) == ["keyboard-interactive", "publickey"]
    transport.auth_interactive("nsroot", lambda _t, _i, asked: ["nsroot"] * len(asked))
    assert transport.is_authenticated()
    assert transport.get_banner() is None
    transport.close()

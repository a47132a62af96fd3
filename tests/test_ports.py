"""The ports that tests keep: refused by nobody being there, and given to no other program."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.ports import ADDRESS, HoldPort, reserved_port, shut_port


def knock(port: int) -> None:
    """Connect, and go again."""
    socket.create_connection((ADDRESS, port), timeout=5).close()


@pytest.mark.parametrize("keep", [shut_port, reserved_port])
def test_a_kept_port_refuses_and_nobody_else_takes_it(
    keep: Callable[[], AbstractContextManager[int]],
) -> None:
    """Over UDP, too, nobody is there."""
    with keep() as port:
        with pytest.raises(ConnectionRefusedError):
            knock(port)
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect((ADDRESS, port))
            client.send(b"hello")
            with pytest.raises(ConnectionRefusedError):
                client.recv(100)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((ADDRESS, port))


def test_nobody_listens_on_a_shut_port_whatever_options_he_sets() -> None:
    """As every server that is started again and again does."""
    with shut_port() as port, pytest.raises(OSError, match="in use"):
        socket.create_server((ADDRESS, port)).close()


def test_a_listener_joins_a_reserved_port_and_comes_again() -> None:
    """Meanwhile it refuses, and is not given away."""
    with reserved_port() as port:
        for _ in range(2):
            with socket.create_server((ADDRESS, port)):
                knock(port)
            with pytest.raises(ConnectionRefusedError):
                knock(port)


def test_a_test_may_keep_several(shut_port: HoldPort) -> None:
    """Each is another one."""
    assert len({shut_port() for _ in range(20)}) == 20

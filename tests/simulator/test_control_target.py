import socket

import pytest

from gatectl.simulator.control_target import ControlTarget


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.3"])
def test_every_vantage_is_answered_again_and_again(source: str) -> None:
    """Both sources connect, twice."""
    target = ControlTarget()
    host, _, port = target.address.partition(":")
    try:
        for _ in range(2):
            with socket.create_connection(
                (host, int(port)), timeout=5, source_address=(source, 0)
            ) as connection:
                assert connection.recv(1) == b""
    finally:
        target.close()


def test_a_closed_target_refuses() -> None:
    """After close there is no answer that a vantage could believe in."""
    target = ControlTarget()
    host, _, port = target.address.partition(":")
    target.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)

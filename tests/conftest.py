"""What all tests share: no network but loopback, and properties that fail the same way twice."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("gatectl", deadline=None, print_blob=True)
settings.load_profile("gatectl")

_connect = socket.socket.connect
_LOOPBACK_NAMES = frozenset({"localhost", ""})


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True
    name = str(address[0])
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name in _LOOPBACK_NAMES


class _ElsewhereRefused(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that connects to anything but this machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(address):
            raise _ElsewhereRefused(f"a test may not connect to {address}")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)

"""What all tests share: no network but loopback, and properties that fail the same way twice."""

import contextlib
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import ports
from tests.ports import HoldPort
from tests.postgres_server import OwnServer, own_server
from tests.shelves import NAMES, FileShelf, ServerShelf, Shelf

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


@pytest.fixture
def shut_port() -> Iterator[HoldPort]:
    """Give ports on which nobody listens for as long as the test lasts."""
    with contextlib.ExitStack() as held:
        yield lambda: held.enter_context(ports.shut_port())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[OwnServer]:
    """Give a PostgreSQL server of our own, started when the first test asks for it."""
    with own_server() as server:
        yield server


@pytest.fixture(params=NAMES)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """Give a place for a journal: each kind in turn."""
    if request.param == "sqlite":
        return FileShelf(tmp_path / "state" / "journal.db")
    return ServerShelf(request.getfixturevalue("postgres_server"), tmp_path)

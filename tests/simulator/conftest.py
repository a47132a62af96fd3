"""Simulated pairs for the tests of the appliance side; each test closes what it opened."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.pair import Pair
from gatectl.simulator.ssh import SshFront
from gatectl.simulator.switches import Switches

FAST = 1200.0
PATIENCE_S = 10.0
TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Make a pair whose boot takes a tenth of a second."""
    made = make_pair(switches=Switches(speed=FAST))
    yield made
    made.close()


@pytest.fixture
def single() -> Iterator[Appliance]:
    """Make a stand-alone appliance."""
    made = make_pair(count=1, switches=Switches(speed=FAST))
    yield made.nodes[0]
    made.close()


@pytest.fixture
def primary(pair: Pair) -> Appliance:
    """Give the node that leads."""
    return pair.nodes[0]


@pytest.fixture
def secondary(pair: Pair) -> Appliance:
    """Give the node that follows."""
    return pair.nodes[1]


@pytest.fixture
def cli(primary: Appliance) -> CliSession:
    """Somebody logged in on the primary."""
    return primary.start_cli(username="nsroot", interactive=True, peer="127.0.0.9")


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait, within reason, until something holds."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.005)

    return wait


@pytest.fixture
def transcript() -> Callable[[str], str]:
    """Read a recorded text without the comments at its top."""

    def read(name: str) -> str:
        lines = (TRANSCRIPTS / f"{name}.txt").read_text().splitlines()
        while lines[0].startswith(("# source:", "# note:")):
            lines.pop(0)
        return "\n".join(lines) + "\n"

    return read


@pytest.fixture
def front(primary: Appliance) -> Iterator[SshFront]:
    """Start the SSH server of the primary."""
    made = SshFront(primary)
    made.start()
    yield made
    made.close()


@pytest.fixture
def connect(front: SshFront) -> Iterator[Callable[[], paramiko.SSHClient]]:
    """Log in over SSH as often as wanted."""
    clients: list[paramiko.SSHClient] = []

    def dial() -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - loopback
        host, port = front.address
        client.connect(
            host, port, "nsroot", "nsroot", look_for_keys=False, allow_agent=False, timeout=10
        )
        clients.append(client)
        return client

    yield dial
    for client in clients:
        client.close()

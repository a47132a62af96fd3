import json
import os
import signal
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from gatectl.simulator.fleet import SimulatedFleet, Troubles
from gatectl.simulator.rehearsal import OUTSIDE
from tests.cli.keyboard import clean_environment, command_line

PATIENCE_S = 30.0
TROUBLES = Troubles(unreachable=1, refusing=1, hanging=2)


@pytest.fixture(scope="module")
def fleet() -> Iterator[SimulatedFleet]:
    """Run six gates, four of them in trouble."""
    with SimulatedFleet(6, troubles=TROUBLES, speed=600.0) as fleet:
        yield fleet


def name_of(fleet: SimulatedFleet, trouble: str | None) -> str:
    """Find a gate by its trouble, or one without."""
    return next(name for name in fleet.sites if fleet.troubles.get(name) == trouble)


def connected(fleet: SimulatedFleet, name: str) -> paramiko.Transport:
    """Connect to a gate's only node, and exchange keys."""
    (node,) = fleet.sites[name].access().nodes
    transport = paramiko.Transport(socket.create_connection((node.host, node.port), PATIENCE_S))
    transport.banner_timeout = 0.5
    transport.start_client(timeout=PATIENCE_S)
    return transport


def test_each_gate_has_an_address_of_its_own(fleet: SimulatedFleet, tmp_path: Path) -> None:
    """One configuration names them all, each with a password file of its own."""
    gates = tomllib.loads(fleet.configuration(tmp_path))["gates"]
    assert list(gates) == [f"gate-{number:03}" for number in range(6)]
    addresses = {gate["vserver"]["address"] for gate in gates.values()}
    assert addresses == {f"127.20.0.{number}" for number in range(1, 7)}
    files = {gate["nodes"][0]["password_file"] for gate in gates.values()}
    assert len({Path(file).read_text(encoding="utf-8") for file in files}) == 6


def test_the_seed_decides_who_is_in_trouble() -> None:
    """Two fleets with one seed have the same troubles, and another seed has others."""
    found = [
        SimulatedFleet(6, troubles=TROUBLES, seed=seed).troubles  # never started
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]
    assert sorted(found[0].values()) == ["mute", "refusing", "silent", "unreachable"]


def test_a_healthy_gate_lets_us_in(fleet: SimulatedFleet) -> None:
    """Its own password is right."""
    name = name_of(fleet, None)
    transport = connected(fleet, name)
    transport.auth_password("nsroot", fleet.sites[name].password)
    assert transport.is_authenticated()
    transport.close()


def test_an_unreachable_gate_refuses_connections(fleet: SimulatedFleet) -> None:
    """Nobody listens at its management address."""
    with pytest.raises(ConnectionRefusedError):
        connected(fleet, name_of(fleet, "unreachable"))


def test_a_refusing_gate_takes_no_password(fleet: SimulatedFleet) -> None:
    """Not even the right one."""
    name = name_of(fleet, "refusing")
    transport = connected(fleet, name)
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("nsroot", fleet.sites[name].password)
    transport.close()


def test_a_silent_gate_says_not_one_word(fleet: SimulatedFleet) -> None:
    """It takes the connection, and its greeting never comes."""
    with pytest.raises(paramiko.SSHException, match="banner"):
        connected(fleet, name_of(fleet, "silent"))


def test_a_mute_gate_lets_us_in_and_answers_nothing(fleet: SimulatedFleet) -> None:
    """The login is right, and the first command has no answer."""
    name = name_of(fleet, "mute")
    transport = connected(fleet, name)
    transport.auth_password("nsroot", fleet.sites[name].password)
    channel = transport.open_session()
    channel.settimeout(0.5)
    channel.exec_command("show ns version")
    with pytest.raises(TimeoutError):
        b"".join(iter(lambda: channel.recv(4096), b""))
    transport.close()


def test_a_gate_in_trouble_goes_on_serving(fleet: SimulatedFleet) -> None:
    """The trouble is the management side's alone."""
    assert all(site.reachable(OUTSIDE) for site in fleet.sites.values())


@pytest.mark.parametrize("count", [0, 1001])
def test_a_fleet_has_its_limits(count: int) -> None:
    """None at all, or more than one process can serve, is refused before anything is started."""
    with pytest.raises(ValueError, match="1 to 1000"):
        SimulatedFleet(count)


def test_more_troubles_than_gates_are_refused() -> None:
    """A fleet of two has no room for three."""
    with pytest.raises(ValueError, match="3 gates cannot be in trouble"):
        SimulatedFleet(2, troubles=Troubles(unreachable=3))


def test_a_served_fleet_says_who_is_in_trouble_and_ends_when_told(tmp_path: Path) -> None:
    """`gatectl simulate --gates` prints one line, serves, and goes at SIGTERM."""
    config = tmp_path / "config.toml"
    words = ("simulate", "--gates", "2", "--unreachable", "1", "--config-out", str(config))
    with subprocess.Popen(  # noqa: S603 - this very Python, and words of this test
        command_line(*words), stdout=subprocess.PIPE, text=True, env=dict(clean_environment())
    ) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
    assert told["gates"] == 2
    assert list(told["troubles"].values()) == ["unreachable"]
    assert list(tomllib.loads(config.read_text(encoding="utf-8"))["gates"]) == [
        "gate-000",
        "gate-001",
    ]

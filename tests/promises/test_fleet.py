"""Many gates are closed at once, some in trouble, and the simulation is asked what happened.

What gatectl says is compared with each simulated gate's own history: what arrived, in which order,
and who is let in now.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatectl.cli.desk import chosen
from gatectl.clock import SystemClock
from gatectl.config.configuration import read_configuration
from gatectl.config.playbooks import playbook_folders
from gatectl.config.shipped import read_advisories
from gatectl.core.event import ActIntended, Mode, Recorded
from gatectl.core.gate import Gate, GateName, Host
from gatectl.desk import Desk, Result
from gatectl.errors import ExitCode, GatectlError
from gatectl.evidence import EvidenceStore
from gatectl.fleet import Rollout, carry_out_on_all
from gatectl.journal import Journal
from gatectl.operation import Operation
from gatectl.secret import resolve
from gatectl.simulator.fleet import SimulatedFleet, Troubles
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE, SimulatedSite
from gatectl.site import GateLookout
from gatectl.stop import SignalStop
from gatectl.transport.contract import Timeouts, Transport
from gatectl.transport.ssh import SshTransport
from tests.cli.keyboard import clean_environment, command_line

DEADLINE_S = 900.0
"""Two waves of gates, and the longest that one gate in trouble may take, many times over."""
SPEED = 240.0
SHORT = Timeouts(connect_s=5.0, handshake_s=1.0, login_s=5.0)


def intended(events: Sequence[Recorded]) -> list[tuple[float, str]]:
    """List what was to be sent, with the time at which that was on disk."""
    return [
        (recorded.at.timestamp(), line)
        for recorded in events
        if isinstance(recorded.event, ActIntended)
        for line in recorded.event.lines
    ]


def arrived(site: SimulatedSite) -> list[tuple[float, str]]:
    """List what arrived at the simulated node and could write, with the time of arrival."""
    return [(one.at, one.command) for one in site.history() if one.writes]


def assert_closed(site: SimulatedSite, code: int, events: Sequence[Recorded]) -> None:
    """See that a gate is shut and saved, by acts that were intended first and sent once."""
    assert code == ExitCode.PROVEN, site.name
    assert not site.reachable(OUTSIDE), site.name
    assert site.reachable(INSIDE), site.name
    assert not any(node.changed_since_saved() for node in site.pair.nodes), site.name
    wanted, came = intended(events), arrived(site)
    assert [line for _, line in wanted] == [line for _, line in came], site.name
    assert all(before <= after for (before, _), (after, _) in zip(wanted, came, strict=True))


def assert_untouched(site: SimulatedSite, code: int) -> None:
    """See that nothing arrived at a gate in trouble, which lets everybody in as before."""
    assert code == ExitCode.MAYBE_OPEN, site.name
    assert arrived(site) == [], site.name
    assert site.reachable(OUTSIDE), site.name


def assert_told_truly(fleet: SimulatedFleet, codes: Mapping[str, int], journal: Journal) -> None:
    """Compare what gatectl says of each gate with what the simulation knows."""
    assert set(codes) == set(fleet.sites)
    assert {name for name, code in codes.items() if code} == set(fleet.troubles)
    for name, site in fleet.sites.items():
        if name in fleet.troubles:
            assert_untouched(site, codes[name])
        else:
            assert_closed(site, codes[name], tuple(journal.events(gate=GateName(name))))
    assert journal.verify().problems == ()


def opened(state: Path, *, read_only: bool) -> Journal:
    """Open the journal of a fleet."""
    return Journal.open(
        state / "journal.db",
        clock=SystemClock(),
        actor="operator",
        origin="here",
        read_only=read_only,
        unsafe_any_file_system=True,
    )


def connect(host: Host) -> Transport:
    """Make a session that gives up on a silent host within a second."""
    return SshTransport(host, secrets=lambda ref: resolve(ref, ask=None), timeouts=SHORT)


def no_emergency(error: GatectlError) -> Desk:
    """Fail: the journal of these tests is well."""
    raise AssertionError(error.sentence)


def work_at(journal: Journal, config: Path) -> tuple[tuple[Gate, ...], Callable[[Gate], Result]]:
    """Sit down at a desk, and give the gates and how one of them is closed."""
    configuration = read_configuration(config)
    desk = Desk(
        journal=journal,
        evidence=EvidenceStore(config.parent / "state" / "evidence"),
        clock=SystemClock(),
        connect=connect,
        lookout=GateLookout,
        advisories=read_advisories(),
        indicators=tuple,
        playbook_folders=playbook_folders(configuration.settings),
        listeners=(),
        stop=SignalStop(),
        actor="operator",
        emergency=no_emergency,
        lanes=True,
    )
    gates = chosen(configuration, tuple(configuration.gates))
    return gates, lambda gate: Operation(desk, gate).close(Mode.REAL)


def test_a_dozen_gates_are_closed_though_four_are_in_trouble(tmp_path: Path) -> None:
    """Two unreachable, one that refuses us, one that hangs: named, untouched, and nobody waits."""
    troubles = Troubles(unreachable=2, refusing=1, hanging=1)
    config = tmp_path / "config.toml"
    with SimulatedFleet(12, troubles=troubles, seed=7, speed=SPEED) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        with opened(tmp_path / "state", read_only=False) as journal:
            gates, work = work_at(journal, config)
            heard: list[str] = []
            with ThreadPoolExecutor(12) as executor:
                results = carry_out_on_all(
                    gates, work, Rollout(batch=12), executor, lambda one: heard.append(one.gate)
                )
            assert sorted(heard) == sorted(fleet.sites)
            assert_told_truly(fleet, {one.gate: one.code for one in results}, journal)


@pytest.mark.long
def test_two_hundred_gates_are_closed_though_ten_are_in_trouble(tmp_path: Path) -> None:
    """`gatectl close --all` ends in time, names the ten, and leaves nothing half done."""
    troubles = Troubles(unreachable=5, refusing=3, hanging=2)
    config = tmp_path / "config.toml"
    with SimulatedFleet(200, troubles=troubles, speed=SPEED) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
            command_line("--config", str(config), "close", "--all", "--json"),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env=clean_environment(),
        )
        assert done.returncode == ExitCode.MAYBE_OPEN, done.stderr
        codes = {gate["name"]: gate["exit_code"] for gate in json.loads(done.stdout)["gates"]}
        with opened(tmp_path / "state", read_only=True) as journal:
            assert_told_truly(fleet, codes, journal)
    shutil.rmtree(tmp_path / "state")

"""Many gates are closed at once, some in trouble, and the simulation is asked what happened.

What gatectl says is compared with each simulated gate's own history: what arrived, in which order,
and who is let in now.
"""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.fleet.rollout import Rollout, carry_out_on_all
from gatectl.simulator.fleet import SimulatedFleet, Troubles
from tests.cli.keyboard import clean_environment, command_line
from tests.fleets import SPEED, assert_told_truly, closing, desk_at, opened

DEADLINE_S = 900.0
"""Two waves of gates, and the longest that one gate in trouble may take, many times over."""


def test_a_dozen_gates_are_closed_though_four_are_in_trouble(tmp_path: Path) -> None:
    """Two unreachable, one that refuses us, one that hangs: named, untouched, and nobody waits."""
    troubles = Troubles(unreachable=2, refusing=1, hanging=1)
    config = tmp_path / "config.toml"
    with SimulatedFleet(12, troubles=troubles, seed=7, speed=SPEED) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        with opened(tmp_path / "state", read_only=False) as journal:
            desk, gates = desk_at(journal, config)
            heard: list[str] = []
            with ThreadPoolExecutor(12) as executor:
                results = carry_out_on_all(
                    gates,
                    closing(desk),
                    Rollout(batch=12),
                    executor,
                    lambda one: heard.append(one.gate),
                )
            assert sorted(heard) == sorted(fleet.sites)
            assert_told_truly(fleet, {one.gate: one.code for one in results}, journal)


@pytest.mark.long
@pytest.mark.parametrize("where", ["threads", "processes"])
def test_two_hundred_gates_are_closed_though_ten_are_in_trouble(tmp_path: Path, where: str) -> None:
    """`gatectl close --all` ends in time, names the ten, and leaves nothing half done."""
    troubles = Troubles(unreachable=5, refusing=3, hanging=2)
    config = tmp_path / "config.toml"
    with SimulatedFleet(200, troubles=troubles, speed=SPEED) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
            command_line("--config", str(config), "close", "--all", "--json", "--executor", where),
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

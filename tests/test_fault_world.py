"""Safety and liveness in the whole world: a fault at every boundary of every act, or two by chance.

The checker asks the simulator, not gatectl: did outside get in while the gate was promised shut?
Every case is then resumed without faults, at most twice, to a defined end.
"""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import pytest

from gatectl.core.event import Mode, Recorded, Signalled
from gatectl.core.gate import GateState, Signal
from tests.builders import PLAYBOOKS, Chronicle
from tests.fault_checker import Checker
from tests.fault_clock import whole_process_at
from tests.fault_lookout import OUTSIDE
from tests.fault_session import OFFICE
from tests.faultcases import CHAPTERS, FATES, FAULTS, Case, Chapter, all_cases, double_cases
from tests.faultworld import FIXED_BUILD, OLD_BUILD, World

ROOT = Path(__file__).resolve().parent.parent
SEED = 20200118
QUICK = 160
QUICK_DOUBLES = 40
DOUBLE_PARTS = 10
DOUBLES_A_PART = 200
CASES_MIN = 2560
WORKERS = 2
LIMIT_S = 3600.0

Acts = dict[Chapter, list[str]]


def run(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Let one process judge cases; without any it tells the acts of the story."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faultcases"],
        input="".join(json.dumps(asdict(case)) + "\n" for case in cases),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(cases: Sequence[Case], *, seed: int = SEED) -> None:
    """Judge cases in two processes, and tell each that is not good with its whole story."""
    parts = [cases[number::WORKERS] for number in range(WORKERS)]
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        verdicts = [verdict for part in pool.map(run, parts) for verdict in part]
    assert len(verdicts) == len(cases)
    bad = list(_told(verdicts))
    assert not bad, f"{len(bad)} of {len(cases)} (seed {seed})\n" + "\n".join(bad)
    print(f"{len(cases)} cases: none unsafe, all ended in at most two resumes (seed {seed})")


def _told(verdicts: Sequence[dict[str, Any]]) -> Iterator[str]:
    for verdict in verdicts:
        troubles = (
            *([f"crashed: {verdict['crashed']}"] if "crashed" in verdict else []),
            *verdict.get("violations", ()),
            *([f"no end: {verdict['end']}"] if verdict.get("end") else []),
            *([] if verdict.get("struck", True) else ["the fault found no place to strike"]),
        )
        if troubles:
            lines = (verdict["case"], *troubles, *verdict.get("told", ()))
            yield "\n    ".join(lines)


@pytest.fixture(scope="module")
def acts() -> Acts:
    """Live through the story undisturbed, and name the acts that it sends."""
    found: dict[str, Any] = {}
    for part in run(()):
        found |= part
    return cast("Acts", {chapter: found[chapter] for chapter in CHAPTERS if chapter in found})


@pytest.fixture(scope="module")
def cases(acts: Acts) -> tuple[Case, ...]:
    """List every case there is."""
    return all_cases(acts)


def test_the_undisturbed_story_acts_in_every_chapter(acts: Acts) -> None:
    """Mitigate, both ways to close, patch, reopen and confirm: each sends what can be struck."""
    assert tuple(acts) == CHAPTERS
    assert all(acts.values())
    named = {step for steps in acts.values() for step in steps}
    for word in (
        *("bound", "disable-vserver", "deny", "saved", "install", "restart", "failover"),
        *("open-tls", "drop-"),
    ):
        assert any(word in step for step in named), word


def test_every_boundary_fate_and_fault_is_among_the_cases(cases: tuple[Case, ...]) -> None:
    """At least as many as the promise names, and none of them twice."""
    assert len(cases) >= CASES_MIN
    assert len(set(cases)) == len(cases)
    strikes = [case.strike for case in cases]
    assert {strike.boundary for strike in strikes} == {f"B{number}" for number in range(8)}
    assert {strike.fate for strike in strikes} == set(FATES)
    assert {strike.fault for strike in strikes} == set(FAULTS)


def test_a_sample_of_all_cases_is_safe_and_comes_to_an_end(cases: tuple[Case, ...]) -> None:
    """Every chapter, boundary, fate and fault is met by chance; the seed stands in the failure."""
    sample = random.Random(SEED).sample(cases, QUICK)  # noqa: S311 - chance that can be repeated
    judge((*sample, *double_cases(cases, SEED, QUICK_DOUBLES)))


def test_double_faults_are_drawn_again_by_their_seed(cases: tuple[Case, ...]) -> None:
    """Both faults are of one chapter, and another seed draws others."""
    drawn = double_cases(cases, 1, 50)
    assert drawn == double_cases(cases, 1, 50)
    assert drawn != double_cases(cases, 2, 50)
    steps = {
        chapter: {one.strike.step for one in cases if one.chapter == chapter}
        for chapter in CHAPTERS
    }
    assert all(case.then and case.then.step in steps[case.chapter] for case in drawn)


@pytest.mark.long
@pytest.mark.parametrize("number", range(DOUBLE_PARTS))
def test_two_faults_are_as_safe_as_one_and_come_to_an_end(
    number: int, cases: tuple[Case, ...]
) -> None:
    """Drawn by chance, each part by a seed of its own that stands in the failure."""
    judge(double_cases(cases, SEED + number, DOUBLES_A_PART), seed=SEED + number)


@pytest.mark.long
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_case_is_safe_and_comes_to_an_end(chapter: Chapter, cases: tuple[Case, ...]) -> None:
    """All cases of a chapter: none unsafe, all resumed in at most two resumes."""
    judge([case for case in cases if case.chapter == chapter])


class Truth:
    """A simulator's truth that can be set."""

    def __init__(self) -> None:
        self.reachable = False
        self.build = FIXED_BUILD


@pytest.fixture
def truth() -> Truth:
    """Give a gate that nobody reaches."""
    return Truth()


@pytest.fixture
def checker(truth: Truth) -> Checker:
    """Watch that gate."""
    return Checker(truth=lambda: truth.reachable, build=lambda: truth.build, fixed=FIXED_BUILD)


def promised(state: GateState) -> Recorded:
    """Make the record of a promise: the gate is now in this state."""
    before = GateState.UNKNOWN
    event = Signalled(signal=Signal.DOUBT, before=before, after=state, because="a test")
    return Chronicle().add(event)


def test_the_checker_tells_that_outside_gets_in_after_a_proven_close(
    checker: Checker, truth: Truth
) -> None:
    """Whatever gatectl believes: the simulator's answer counts."""
    checker.hear(promised(GateState.CLOSED))
    checker.look("calm")
    assert not checker.violations
    truth.reachable = True
    checker.hear(promised(GateState.UNKNOWN))
    checker.violations.clear()
    checker.look("the storm")
    assert checker.violations == ["outside gets in while the gate was promised shut, at the storm"]


def test_the_checker_lets_outside_in_after_a_reopening_but_not_to_an_old_build(
    checker: Checker, truth: Truth
) -> None:
    """Open is allowed on the fixed build alone."""
    checker.hear(promised(GateState.CLOSED))
    checker.hear(promised(GateState.REOPENING))
    truth.reachable = True
    checker.look("noon")
    assert not checker.violations
    truth.build = OLD_BUILD
    checker.look("dusk")
    assert checker.violations == [f"outside gets in to {OLD_BUILD}, at dusk"]


def test_the_checker_says_nothing_before_anything_was_promised(
    checker: Checker, truth: Truth
) -> None:
    """An open gate that nobody has closed breaks no promise."""
    truth.reachable = True
    checker.look("morning")
    assert not checker.violations


def test_the_world_notices_a_hole_that_somebody_else_opens() -> None:
    """A rule that is taken away behind gatectl's back is seen at once, by the truth alone."""
    world = World()
    with whole_process_at(world.clock):
        assert world.reachable(OUTSIDE)
        world.operation().close(Mode.REAL)
        assert (world.reachable(OUTSIDE), world.reachable(OFFICE)) == (False, True)
        box = world.pair.nodes[0]
        for line in ("rm ns acl GATECTL_DENY_TLS", "apply ns acls"):
            box.run_quietly(line, origin="cli")
    assert world.checker.violations


def restarted_after_close(playbooks: tuple[Path, ...] = ()) -> list[str]:
    """Close, let both nodes lose their power, and tell what the checker saw."""
    world = World(playbooks=playbooks)
    with whole_process_at(world.clock):
        world.operation().close(Mode.REAL)
        for box in world.pair.nodes:
            box.reboot()
        world.settle(600.0)
        assert world.reachable(OFFICE)
    return world.checker.violations


def without_steps(playbook: str, word: str, folder: Path) -> tuple[Path, ...]:
    """Write a playbook anew, and leave out the steps whose identifier begins with a word."""
    head, *steps = (PLAYBOOKS / f"{playbook}.toml").read_text(encoding="utf-8").split("[[step]]")
    left = [step for step in steps if not re.search(rf'^id\s*=\s*"{word}', step, re.MULTILINE)]
    assert len(left) < len(steps)
    text = "[[step]]".join([head, *left])
    (folder / f"{playbook}.toml").write_text(text, encoding="utf-8")
    return (folder,)


def test_a_closed_gate_stays_shut_when_both_nodes_lose_their_power() -> None:
    """What was saved is shut as well."""
    assert not restarted_after_close()


def test_without_the_saving_step_the_world_shows_a_restart_that_opens(tmp_path: Path) -> None:
    """The measure that is left out is missed: the world can tell a bad playbook."""
    told = restarted_after_close(without_steps("close-acl", "saved", tmp_path))
    assert told
    assert "promised shut" in told[0]

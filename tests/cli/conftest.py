"""Sites to type at: a fresh one, one that nobody may write to, and one whose story is told."""

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard, Shown, clean_environment, command_line

SPEED = 240.0


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a fresh site."""
    with SimulatedSite(speed=SPEED) as site:
        yield Keyboard.at(site, tmp_path)


@pytest.fixture(scope="session")
def untouched_site() -> Iterator[SimulatedSite]:
    """Run a site that many tests share, because none of them may write to it."""
    with SimulatedSite(speed=SPEED) as site:
        yield site
        written = [one.command for one in site.history() if one.writes]
        assert written == []


@pytest.fixture
def bystander(untouched_site: SimulatedSite, tmp_path: Path) -> Keyboard:
    """Sit down, with an own journal, in front of the site that nobody may write to."""
    return Keyboard.at(untouched_site, tmp_path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The whole cycle, told once for all tests that read in it."""

    told: dict[str, Shown]
    visits: dict[str, tuple[bool, bool]]
    """Whether outside and inside got the sign-on page, after a chapter."""
    keyboard: Keyboard

    def __getitem__(self, chapter: str) -> Shown:
        return self.told[chapter]


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Close, patch, verify, scan, reopen and confirm, with detours, and keep what was shown."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path_factory.mktemp("story"))
        keyboard.open_for_long()
        told: dict[str, Shown] = {}
        visits = {"before": keyboard.visits()}

        def tell(chapter: str, *words: str) -> None:
            told[chapter] = keyboard.type(*words)

        tell("status-before", "status")
        tell("close-dry", "close", "-n")
        tell("close-dry-json", "close", "-n", "--json")
        tell("close", "close")
        visits["close"] = keyboard.visits()
        tell("close-again", "close")
        tell("status-shut", "status", "--json")
        tell("reopen-unpatched", "reopen", "--confirm", GATE)
        tell("reopen-unpatched-json", "reopen", "--confirm", GATE, "--json")
        image = site.image(FIXED_BUILD)
        told["patch-dry"] = keyboard.patch(image, "-n")
        told["patch"] = keyboard.patch(image)
        told["patch-again"] = keyboard.patch(image)
        tell("verify", "verify", "--json")
        tell("scan", "scan", "--json")
        tell("reopen-without-name", "reopen")
        tell("reopen-wrong-name", "reopen", "--confirm", "another")
        tell("reopen-dry", "reopen", "-n")
        visits["verified"] = keyboard.visits()
        tell("reopen", "reopen", "--confirm", GATE)
        visits["reopen"] = keyboard.visits()
        tell("status-provisional", "status")
        tell("confirm-dry", "confirm", "-n")
        tell("confirm", "confirm")
        visits["confirm"] = keyboard.visits()
        tell("confirm-again", "confirm")
        tell("reopen-open", "reopen", "--confirm", GATE)
        tell("status-open", "status")
        tell("resume", "resume")
        tell("log", "log")
        tell("log-json", "log", "--json")
        tell("log-steps", "log", "--steps")
        yield Story(told=told, visits=visits, keyboard=keyboard)


@pytest.fixture
def provisional(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a fixed pair that was closed, scanned and provisionally reopened."""
    with SimulatedSite(speed=SPEED, build=FIXED_BUILD) as site:
        keyboard = Keyboard.at(site, tmp_path)
        keyboard.open_for_long()
        for words in (("close",), ("scan",), ("reopen", "--confirm", GATE)):
            shown = keyboard.type(*words)
            assert shown.code == 0, shown.err
        yield keyboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A `gatectl simulate` that runs as a process of its own."""

    ready: dict[str, Any]
    config: Path
    process: subprocess.Popen[str]


def simulate(folder: Path, *words: str) -> Iterator[Simulation]:
    """Start `gatectl simulate`, wait for its line, and end it with the signal that it documents."""
    config = folder / "simulated.toml"
    process = subprocess.Popen(  # noqa: S603 - this very Python, and words of this test
        command_line("simulate", "--speed", str(SPEED), "--config-out", str(config), *words),
        stdout=subprocess.PIPE,
        text=True,
        env=dict(clean_environment()),
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Simulation(ready=ready, config=config, process=process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    """Leave a simulated pair running in another process."""
    yield from simulate(tmp_path)

"""P17: two operators at one gate, as real processes: at most one of them acts."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.history import HistoryEntry
from gatectl.simulator.rehearsal import GATE, OUTSIDE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard, clean_environment, command_line
from tests.promises.processes import PATIENCE_S, Sentry, begin, ended, journal_of, kinds

SPEED = 600.0
SLEEPER = """
import os
import signal

from gatectl.core.event import ActIntended
from gatectl.journal.recorder import RunRecorder

record = RunRecorder.record
intents = []

def and_sleep(self, event):
    recorded = record(self, event)
    if isinstance(event, ActIntended):
        intents.append(event)
        if len(intents) == INTENT:
            os.kill(os.getpid(), signal.SIGSTOP)
    return recorded

RunRecorder.record = and_sleep
from gatectl.cli import main
main()
"""
"""gatectl on a machine that falls asleep at the worst of moments."""


@pytest.fixture
def shut(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of an exploitable pair that is closed."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path)
        assert keyboard.type("close").code == ExitCode.PROVEN
        yield keyboard


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Keyboard]:
    """Sit down in front of a fixed pair that is closed and may be reopened."""
    with SimulatedSite(speed=60.0, build=FIXED_BUILD) as site:
        keyboard = Keyboard.at(site, tmp_path)
        keyboard.open_for_long()
        for verb in ("close", "scan"):
            assert keyboard.type(verb).code == ExitCode.PROVEN
        yield keyboard


def patch_words(keyboard: Keyboard) -> tuple[str, ...]:
    """Give the words that patch to the fixed build."""
    image = keyboard.site.image(FIXED_BUILD)
    return ("patch", "--build", image.build, "--image", str(image.path), "--sha256", image.sha256)


def typed_since(site: SimulatedSite, count: int) -> list[HistoryEntry]:
    """Give what writes and arrived after so many entries, but for what nodes tell each other."""
    new = site.history()[count:]
    return [one for one in new if one.writes and one.origin not in {"propagation", "sync"}]


def test_of_two_operators_who_patch_at_once_one_waits(shut: Keyboard) -> None:
    """One patches and the other is told who is at work, with exit 8: no act is done twice."""
    words = patch_words(shut)
    both = [begin(shut, *words), begin(shut, *words)]
    results = [ended(process) for process in both]
    codes = [code for code, _, _ in results]
    assert sorted(codes) == [ExitCode.PROVEN, ExitCode.BUSY], results
    _, _, told = results[codes.index(int(ExitCode.BUSY))]
    assert "is held by" in told
    assert [node.build for node in shut.site.pair.nodes] == [FIXED_BUILD] * 2
    installs = [
        one.node
        for one in shut.site.history()
        if one.command.startswith("shell") and "./installns" in one.command
    ]
    assert sorted(installs) == ["ns-a", "ns-b"]


def asleep(keyboard: Keyboard, intent: int, *words: str) -> subprocess.Popen[str]:
    """Start a verb that falls asleep when an intent is on disk and nothing of it is sent."""
    script = SLEEPER.replace("INTENT", str(intent))
    start = command_line("--config", str(keyboard.config), *words)
    process = subprocess.Popen(  # noqa: S603 - this very Python, and words of this test
        [start[0], "-c", script, *start[3:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(clean_environment()),
    )
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        state = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
        if state.split()[0] == "T":
            return process
        if process.poll() is not None:
            break
        time.sleep(0.01)
    process.kill()
    raise AssertionError(f"it never fell asleep: {process.communicate()}")


def wake(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Let a verb go on, and wait for its end; gives its exit code and its talk."""
    process.send_signal(signal.SIGCONT)
    code, _, err = ended(process)
    return code, err


def runs_of(keyboard: Keyboard, playbook: str) -> list[list[str]]:
    """Give the kinds of all events of each run of a playbook, in their order."""
    shown = keyboard.type("log", GATE, "--json", "--limit", "5000").gate["events"]
    begun = [
        one["run"]
        for one in shown
        if one["event"]["kind"] == "run.started" and one["event"]["plan"]["playbook"] == playbook
    ]
    return [[one["event"]["kind"] for one in shown if one["run"] == run] for run in begun]


def notes(keyboard: Keyboard) -> str:
    """Give all notes on record."""
    return "\n".join(one["text"] for one in keyboard.events() if one["kind"] == "note")


def broken(keyboard: Keyboard) -> None:
    """End the lease of whoever has the gate, as somebody who was told to."""
    held = keyboard.type("lease", "show", "--json")
    assert held.code == ExitCode.PROVEN, held.err
    token = str(held.gate["lease"]["token"])
    shown = keyboard.type("lease", "break", GATE, "--token", token, "--reason", "the lid is shut")
    assert shown.code == ExitCode.PROVEN, shown.err


def test_a_holder_that_wakes_up_after_a_resume_by_another_does_nothing_more(
    shut: Keyboard,
) -> None:
    """The lease is broken and the run resumed elsewhere; what was intended before never lands."""
    process = asleep(shut, 2, *patch_words(shut))
    try:
        broken(shut)
        assert shut.type("resume").code == ExitCode.PROVEN
        arrived = len(shut.site.history())
    finally:
        wake(process)
    assert typed_since(shut.site, arrived) == []
    (patch,) = runs_of(shut, "patch")
    assert patch.count("run.ended") == 1, patch
    assert "run.resumed" in patch
    assert patch[-2:] == ["run.ended", "gate.signalled"]
    assert "has left run" in notes(shut)


@pytest.mark.long
def test_a_holder_that_wakes_up_after_a_broken_lease_begins_no_further_act(
    shut: Keyboard,
) -> None:
    """What it had intended may be under way, but the next intent is refused: exit 8."""
    process = asleep(shut, 2, *patch_words(shut))
    journal = journal_of(shut)
    try:
        broken(shut)
        ended_before = len(kinds(journal))
        intents = kinds(journal).count("act.intended")
    finally:
        code, told = wake(process)
    assert code == ExitCode.BUSY, told
    assert kinds(journal).count("act.intended") == intents
    assert kinds(journal)[ended_before:].count("look.made") == 0
    (patch,) = runs_of(shut, "patch")
    assert patch[-1] == "run.ended"
    assert patch.count("run.ended") == 1
    assert shut.refusals() == []
    assert shut.type("resume").code == ExitCode.PROVEN
    (patch,) = runs_of(shut, "patch")
    assert patch.count("run.ended") == 2


def test_a_reopening_that_wakes_up_after_a_close_opens_nothing(ready: Keyboard) -> None:
    """The rule that lets people in was intended before the close; it may not land after it."""
    process = asleep(ready, 1, "reopen", "--confirm", GATE)
    try:
        assert not ready.site.reachable(OUTSIDE)
        assert ready.type("close").code == ExitCode.PROVEN
        arrived = len(ready.site.history())
    finally:
        with Sentry(ready.site).on_duty() as sentry:
            code, told = wake(process)
    assert typed_since(ready.site, arrived) == []
    assert sentry.let_in == 0
    assert code == ExitCode.BUSY, told
    assert not ready.site.reachable(OUTSIDE)
    (opening,) = runs_of(ready, "reopen")
    assert opening[-1] == "run.ended"
    assert opening.count("run.ended") == 1
    assert "nothing to resume" in ready.type("resume").out
    assert ready.type("status").code == ExitCode.PROVEN

"""P17: two operators at one gate, as real processes: at most one of them acts."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.history import HistoryEntry
from gatectl.simulator.rehearsal import GATE, OUTSIDE, SimulatedSite
from tests.cli.keyboard import FIXED_BUILD, Keyboard
from tests.promises.processes import Moment, begin, ended, journal_of, kinds, wait_for

SPEED = 600.0
AT_AN_ACT = Moment(kind="act.intended", number=2)


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


def test_a_holder_that_wakes_up_after_its_lease_was_broken_does_nothing_more(
    shut: Keyboard,
) -> None:
    """A patch is frozen, somebody ends its lease for a reason, and it thaws: exit 8, no act."""
    journal = journal_of(shut)
    before = len(kinds(journal))
    process = begin(shut, *patch_words(shut))
    try:
        # Between two acts, where the next thing it wants is a new intent.
        between = Moment(kind="step.ended", number=kinds_before_second_act(shut))
        assert wait_for(process, journal, between, before)
        process.send_signal(signal.SIGSTOP)
        (row,) = shut.type("lease", "show", "--json").document["gates"]
        token = str(row["lease"]["token"])
        broken = shut.type("lease", "break", GATE, "--token", token, "--reason", "he sleeps")
        assert broken.code == ExitCode.PROVEN, broken.err
        arrived = len(shut.site.history())
        intents = kinds(journal).count("act.intended")
    finally:
        process.send_signal(signal.SIGCONT)
    code, _, err = ended(process)
    assert code == ExitCode.BUSY, err
    assert kinds(journal).count("act.intended") == intents
    assert typed_since(shut.site, arrived) == []

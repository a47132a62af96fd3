import time
from datetime import timedelta
from pathlib import Path

import pytest

from gatectl.clock import HandClock, SystemClock, read
from gatectl.core.moment import UNKNOWN_BOOT


def test_the_system_clock_is_aware_and_grows() -> None:
    """The wall clock is in UTC, and the boot-time clock never goes back."""
    clock = SystemClock()
    first, second = read(clock), read(clock)
    assert first.at.utcoffset() == timedelta(0)
    assert first.boot_time_ns <= second.boot_time_ns
    assert first.boot_id == second.boot_id


def test_the_boot_time_counts_from_the_boot() -> None:
    """It is the clock that goes on while the machine sleeps, as the kernel tells it."""
    by_kernel_s = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    assert abs(SystemClock().boot_time_ns() / 1e9 - by_kernel_s) < 5


def test_a_machine_that_does_not_tell_its_boot_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A boot that is not known has its own name, so that nobody takes it for another boot."""
    monkeypatch.setattr("gatectl.clock._BOOT_ID_FILE", tmp_path / "missing")
    assert SystemClock().boot_id() == UNKNOWN_BOOT


def test_the_boot_is_asked_for_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No process outlives its boot; a name that could not be read is asked for again."""
    file = tmp_path / "boot_id"
    monkeypatch.setattr("gatectl.clock._BOOT_ID_FILE", file)
    clock = SystemClock()
    assert clock.boot_id() == UNKNOWN_BOOT
    file.write_text("first\n", encoding="ascii")
    assert clock.boot_id() == "first"
    file.write_text("second\n", encoding="ascii")
    assert clock.boot_id() == "first"


def test_sleeping_until_a_time_that_is_past_returns_at_once() -> None:
    """A negative wait is no error."""
    started = time.monotonic()
    SystemClock().sleep(-5)
    assert time.monotonic() - started < 2


def test_the_hand_clock_moves_only_by_hand() -> None:
    """Sleeping moves both clocks, a step only one, and a reboot begins the other anew."""
    clock = HandClock()
    start = read(clock)
    assert read(clock) == start
    clock.sleep(60)
    assert read(clock).wall_step_s(start) == 0
    clock.step_wall(3600)
    assert start.wall_step_s(read(clock)) == 3600
    clock.reboot("boot-2")
    assert clock.boot_id() == "boot-2"
    assert clock.boot_time_ns() < start.boot_time_ns

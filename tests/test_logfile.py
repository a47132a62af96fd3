"""The log file: one open file for many lines, and never another one than its name says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.logfile import LogFile


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    """Give a log file that is closed at the end."""
    file = LogFile(tmp_path / "gatectl.log")
    yield file
    file.close()


def open_files() -> set[str]:
    """Tell which files this process has open."""
    return {os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()}


def test_many_lines_go_through_one_open_file(log: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened once, each line is in it at once, and nobody else may read it."""
    log.add(b"one")
    assert log.path.read_bytes() == b"one\n"
    monkeypatch.setattr(os, "open", None)
    log.add(b"two")
    assert log.path.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_a_file_that_was_rotated_away_gets_nothing_more(log: LogFile) -> None:
    """The next line is in a new file of the old name, as private as the first."""
    log.add(b"before")
    rotated = log.path.rename(log.path.with_suffix(".1"))
    log.add(b"after")
    assert rotated.read_bytes() == b"before\n"
    assert log.path.read_bytes() == b"after\n"
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert str(rotated) not in open_files()


def test_a_file_that_took_the_name_gets_the_rest(log: LogFile) -> None:
    """Also when whoever rotates makes the new file."""
    log.add(b"before")
    log.path.rename(log.path.with_suffix(".1"))
    log.path.write_bytes(b"made by logrotate\n")
    log.add(b"after")
    assert log.path.read_bytes() == b"made by logrotate\nafter\n"


def test_a_link_that_took_the_name_gets_nothing(log: LogFile) -> None:
    """Nothing is added to a file that somebody else has chosen, not even to the old one."""
    log.add(b"before")
    log.path.rename(log.path.with_suffix(".1"))
    log.path.symlink_to(log.path.with_suffix(".1"))
    with pytest.raises(OSError, match="symbolic"):
        log.add(b"after")
    assert log.path.read_bytes() == b"before\n"


def test_a_closed_file_is_let_go_of_and_opened_again_for_a_line(log: LogFile) -> None:
    """Whoever logs after the end is heard."""
    log.add(b"one")
    assert str(log.path) in open_files()
    log.close()
    log.close()
    assert str(log.path) not in open_files()
    log.add(b"two")
    assert log.path.read_bytes() == b"one\ntwo\n"

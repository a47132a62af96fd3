"""What a power cut leaves of the journal, by a model of the writes that SQLite makes for it."""

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import apsw
import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal.journal import Journal
from gatectl.journal.schema import create_tables, set_pragmas
from gatectl.journal.sqlitefile import SqliteFile
from tests.power_cut_vfs import Acknowledged, Deleted, Disk, Entry, Synced, Written, cut

GATE = GateName("gw-ext")
DATABASE = "journal.db"
EVENTS = 30
SEED = 20191224

Setting = Literal["own", "delete-full", "wal-normal"]
WEAKER: dict[Setting, tuple[str, ...]] = {
    "own": (),
    "delete-full": ("PRAGMA synchronous = FULL",),
    # Without shared memory, which the model has not, a write-ahead log needs the exclusive lock.
    "wal-normal": (
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """The log of a journal's life, from its birth on."""

    log: Sequence[Entry]


def _live(setting: Setting) -> _Life:
    """Let the journal write its events over a connection with these settings."""
    disk = Disk(f"forgetful-{setting}")
    try:
        connection = apsw.Connection(DATABASE, vfs=disk.name)
        set_pragmas(connection, read_only=False)
        for pragma in WEAKER[setting]:
            connection.execute(pragma).fetchall()
        clock = HandClock()
        create_tables(connection, created=clock.now())
        _append(_journal(connection, clock), disk, clock)
        # The log ends while the journal is in use; what closing it would write is no part of it.
        log = tuple(disk.log)
        connection.close()
    finally:
        disk.unregister()
    return _Life(log=log)


def _journal(connection: apsw.Connection, clock: HandClock) -> Journal:
    return Journal(
        # apsw answers to the few calls that the journal makes as the standard library does.
        SqliteFile(cast("sqlite3.Connection", connection)),
        clock=clock,
        actor="op",
        origin="here",
    )


def _append(journal: Journal, disk: Disk, clock: HandClock) -> None:
    chance = random.Random(SEED)  # noqa: S311 - sizes that can be repeated
    for number in range(1, EVENTS + 1):
        # From a part of a page to several pages.
        journal.append(Noted(text="x" * chance.randint(10, 9000)), gate=GATE)
        clock.sleep(1.0)
        disk.acknowledge(number)


def _judge(life: _Life, cut_number: int, folder: Path) -> str:
    """Cut the power once, start the journal on what is left, and say what became of it."""
    chance = random.Random(f"{SEED}/{cut_number}")  # noqa: S311 - chance that can be repeated
    left = cut(life.log, chance.randrange(len(life.log) + 1), chance)
    path = folder / "after" / DATABASE
    # The ballast is laid once: no cut concerns it.
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        for name, content in left.files.items():
            (path.parent / name).write_bytes(content)
            (path.parent / name).chmod(0o600)
        return _state_of(path, left.acknowledged)
    finally:
        for file in path.parent.glob(f"{DATABASE}*"):
            file.unlink()


def _state_of(path: Path, acknowledged: int) -> str:
    try:
        with Journal.open(
            path, clock=HandClock(), actor="op", origin="here", unsafe_any_file_system=True
        ) as journal:
            kept = journal.head().sequence
    except (JournalDamaged, JournalUnavailable) as exc:
        return f"corrupt: {exc.sentence}"
    if kept < acknowledged:
        return "lost"
    # One more is the commit that was under way.
    return "whole" if kept <= acknowledged + 1 else f"invented: {kept} of {acknowledged}"


def _count(setting: Setting, cuts: int, folder: Path) -> Counter[str]:
    life = _live(setting)
    found = Counter(_judge(life, number, folder) for number in range(cuts))
    print(f"{setting}: {cuts} power cuts: {dict(found)}")
    return found


def test_the_journals_own_settings_lose_nothing_in_300_power_cuts(tmp_path: Path) -> None:
    """What `append` has acknowledged is there, and the journal verifies, wherever power fails."""
    assert _count("own", 300, tmp_path) == {"whole": 300}


@pytest.mark.long
def test_the_journals_own_settings_lose_nothing_in_2000_power_cuts(tmp_path: Path) -> None:
    """The same with the number of cuts that the promise names."""
    assert _count("own", 2000, tmp_path) == {"whole": 2000}


@pytest.mark.parametrize("setting", ["delete-full", "wal-normal"])
def test_a_weaker_setting_loses_acknowledged_events(setting: Setting, tmp_path: Path) -> None:
    """The model must show the loss that the journal's settings are there for."""
    found = _count(setting, 100, tmp_path)
    assert found["lost"] >= 10, found


def test_the_cuts_strike_in_the_midst_of_writing() -> None:
    """A model in which every cut falls between two commits would pass with any setting."""
    life = _live("own")
    assert {Synced, Written, Deleted, Acknowledged} <= {type(entry) for entry in life.log}
    assert all(entry.folder_synced for entry in life.log if isinstance(entry, Deleted))
    rolled_back = 0
    for number in range(60):
        chance = random.Random(f"{SEED}/{number}")  # noqa: S311 - chance that can be repeated
        left = cut(life.log, chance.randrange(len(life.log) + 1), chance)
        rolled_back += f"{DATABASE}-journal" in left.files
    assert rolled_back > 20


def test_a_write_that_was_not_synced_may_be_torn() -> None:
    """Sectors of one page survive each for itself."""
    life = _live("own")
    last = max(n for n, entry in enumerate(life.log) if isinstance(entry, Written))
    kept = {
        tuple(sorted(cut(life.log, last + 1, random.Random(seed)).files.items()))  # noqa: S311 - chance that can be repeated
        for seed in range(40)
    }
    assert len(kept) > 10

"""The file behind a journal: walked in stretches, also by several processes, and how it fails."""

import sqlite3
from pathlib import Path

import pytest

from gatectl.chain import Head, JournalVerdict, Walk, genesis
from gatectl.clock import HandClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal import Journal
from gatectl.sqlitefile import connect, translated, walk_file, walk_stretch

RECORDS = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a journal with some records."""
    path = tmp_path / "state" / "journal.db"
    with Journal.open(
        path, clock=HandClock(), actor="anna", origin="desk", unsafe_any_file_system=True
    ) as journal:
        for number in range(RECORDS):
            journal.append(Noted(text=f"note {number}"), gate=GateName("almelo"))
    return path


def looked_at(path: Path) -> Journal:
    """Open a journal as an auditor does."""
    return Journal.open(
        path,
        clock=HandClock(),
        actor="auditor",
        origin="desk",
        read_only=True,
        verified=False,
        unsafe_any_file_system=True,
    )


def change(path: Path, statement: str) -> None:
    """Change the file with the guards taken away for a moment."""
    connection = sqlite3.connect(path)
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    kept = guards.fetchall()
    for name, _ in kept:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    for _, sql in kept:
        connection.execute(sql)
    connection.commit()
    connection.close()


def verified(path: Path, anchor: Head | None = None) -> JournalVerdict:
    """Verify a journal."""
    with looked_at(path) as journal:
        return journal.verify(anchor)


def test_a_stretch_comes_to_the_head_of_its_end(path: Path) -> None:
    """It begins behind one record and ends at another."""
    with looked_at(path) as journal:
        birth, whole = journal.birth, journal.head()
        begin = Head(sequence=20, hash=str(journal.hash_at(20)), lineage=journal.lineage)
        middle = Head(sequence=40, hash=str(journal.hash_at(40)), lineage=journal.lineage)
    assert walk_stretch(path, birth, begin, 40, None).head == middle
    assert walk_stretch(path, birth, begin, RECORDS, None).head == whole


CHANGES = (
    "UPDATE event SET body = replace(body, 'note 2', 'vote 2') WHERE sequence = 3",
    "DELETE FROM event WHERE sequence = 30",
    "DELETE FROM event WHERE sequence IN (17, 18, 19, 35)",
    "UPDATE event SET hash = previous WHERE sequence = 18",
    "UPDATE event SET gate = 'borne' WHERE sequence = 50",
    "UPDATE event SET body = CAST(x'ff80' AS TEXT) WHERE sequence = 44",
    "UPDATE event SET body = x'00' WHERE sequence = 60",
)


@pytest.mark.parametrize("statement", CHANGES)
def test_several_processes_find_what_one_finds(
    path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Wherever the shares meet, each flaw is told once and in its place."""
    anchor = verified(path).head
    change(path, statement)
    alone = verified(path, anchor)
    monkeypatch.setattr("gatectl.sqlitefile.PARALLEL_ROWS", 10)
    monkeypatch.setattr("gatectl.sqlitefile.os.cpu_count", lambda: 2)
    shared = verified(path, anchor)
    assert alone.problems
    assert shared == alone


def test_several_processes_agree_that_nothing_is_wrong(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All records are counted, and the head is the last one's."""
    monkeypatch.setattr("gatectl.sqlitefile.PARALLEL_ROWS", 10)
    monkeypatch.setattr("gatectl.sqlitefile.os.cpu_count", lambda: 3)
    found = verified(path)
    assert (found.events, found.problems, found.head.sequence) == (RECORDS, (), RECORDS)


def test_a_walk_reads_what_is_no_text_as_well(path: Path) -> None:
    """A record that cannot be decoded fails its hash and not the reading."""
    change(path, "UPDATE event SET body = CAST(x'ff80' AS TEXT) WHERE sequence = 5")
    with looked_at(path) as journal:
        birth = journal.birth
    begin = Head(sequence=0, hash=genesis(birth), lineage=str(birth["lineage"]))
    found = list(walk_file(path, Walk(birth=birth, begin=begin), RECORDS))
    assert [problem.sequence for problem in found] == [5]


def test_a_reader_cannot_write(path: Path) -> None:
    """A connection that only looks is refused by SQLite itself."""
    connection = connect(path, read_only=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM lease")
    connection.close()


def test_sqlites_own_errors_do_not_get_out() -> None:
    """Damage is told apart from a journal that cannot be had just now."""
    with pytest.raises(JournalDamaged), translated("here"):
        sqlite3.connect(":memory:").execute("SELECT * FROM nothing_there")
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    with pytest.raises(JournalUnavailable, match="another program"), translated("here"):
        raise busy

"""The file behind a journal: walked in stretches, also by several processes, and how it fails."""

import errno
import os
import random
import shutil
import sqlite3
import stat
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal.chain import Head, JournalVerdict, Stretch, Walk, genesis
from gatectl.journal.journal import Journal
from gatectl.journal.sqlitefile import connect, translated, walk_file, walk_stretch
from tests.shelves import GATE, FileShelf
from tests.shelves import fill as fill_shelf

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
    monkeypatch.setattr("gatectl.journal.sqlitefile.PARALLEL_ROWS", 10)
    monkeypatch.setattr("gatectl.journal.sqlitefile.os.cpu_count", lambda: 2)
    shared = verified(path, anchor)
    assert alone.problems
    assert shared == alone


def test_several_processes_agree_that_nothing_is_wrong(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All records are counted, and the head is the last one's."""
    monkeypatch.setattr("gatectl.journal.sqlitefile.PARALLEL_ROWS", 10)
    monkeypatch.setattr("gatectl.journal.sqlitefile.os.cpu_count", lambda: 3)
    found = verified(path)
    assert (found.events, found.problems, found.head.sequence) == (RECORDS, (), RECORDS)


def dying(*_given: object) -> Stretch:
    """End the process that was to help."""
    os._exit(1)


def no_processes(*_given: object) -> ProcessPoolExecutor:
    """Be a machine that has no room for one more."""
    raise OSError(errno.EAGAIN, "no more processes")


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("gatectl.journal.sqlitefile.walk_stretch", dying),
        ("concurrent.futures.ProcessPoolExecutor", no_processes),
    ],
)
def test_a_journal_is_walked_alone_where_helpers_die_or_cannot_be_had(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, instead: Callable[..., object]
) -> None:
    """The same is found: a journal that is well is no obstacle to closing."""
    change(path, CHANGES[0])
    change(path, CHANGES[3])
    alone = verified(path)
    assert [problem.sequence for problem in alone.problems] == [3, 18, 19]
    monkeypatch.setattr("gatectl.journal.sqlitefile.PARALLEL_ROWS", 10)
    monkeypatch.setattr("gatectl.journal.sqlitefile.os.cpu_count", lambda: 3)
    monkeypatch.setattr("gatectl.journal.sqlitefile._OWN_SHARE", 0.2)
    monkeypatch.setattr(name, instead)
    assert verified(path) == alone


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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a place where no journal is yet."""
    return tmp_path / "empty" / "journal.db"


@pytest.fixture
def journal(place: Path) -> Iterator[Journal]:
    """Give a new journal in that place."""
    with opened(place) as new:
        yield new


def opened(path: Path, *, read_only: bool = False, verified: bool = True) -> Journal:
    """Open a journal wherever the tests' files are, memory included."""
    return FileShelf(path).open(read_only=read_only, verified=verified)


def fill(path: Path, count: int) -> Head:
    """Write some notes and give the head."""
    return fill_shelf(FileShelf(path), count)


def pragma(journal: Journal, text: str) -> int | str:
    """Ask, or tell, SQLite something on the journal's own connection."""
    with journal._engine.reading() as rows:
        value: int | str = rows.execute(f"PRAGMA {text}").fetchone()[0]
        return value


def test_rows_cannot_be_changed_or_deleted_by_a_slip(journal: Journal, place: Path) -> None:
    """The file itself refuses UPDATE and DELETE, whichever program tries."""
    journal.append(Noted(text="first"), gate=GATE)
    connection = sqlite3.connect(place)
    for statement in (
        "UPDATE event SET gate = 'x'",
        "DELETE FROM event",
        "UPDATE meta SET value = 'x'",
        "DELETE FROM meta",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()


def test_the_file_is_for_its_owner_alone(journal: Journal, place: Path) -> None:
    """A new journal has mode 0600 in a folder of mode 0700, whatever the umask is."""
    journal.append(Noted(text="x"), gate=GATE)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_every_connection_that_writes_has_the_durable_settings(journal: Journal) -> None:
    """The settings that a power cut needs are in force, not only asked for."""
    settings = {
        name: pragma(journal, name)
        for name in ("journal_mode", "synchronous", "trusted_schema", "cell_size_check")
    }
    assert settings == {
        "journal_mode": "delete",
        "synchronous": 3,
        "trusted_schema": 0,
        "cell_size_check": 1,
    }


def test_a_link_in_place_of_the_file_is_not_followed(place: Path, tmp_path: Path) -> None:
    """Somebody who plants a link gets nothing written elsewhere."""
    fill(tmp_path / "real" / "journal.db", 1)
    place.parent.mkdir(mode=0o700)
    place.symlink_to(tmp_path / "real" / "journal.db")
    with pytest.raises(JournalUnavailable, match="not a plain file"):
        opened(place)


def test_a_file_that_others_can_read_is_refused(place: Path) -> None:
    """A journal that was opened up to others is not written on."""
    fill(place, 1)
    place.chmod(0o640)
    with pytest.raises(JournalUnavailable, match="other users"):
        opened(place)


def test_a_file_that_is_no_journal_is_told_apart(place: Path) -> None:
    """Garbage, and another program's database, are damage and not an empty journal."""
    place.parent.mkdir(mode=0o700)
    place.write_bytes(b"not a database at all" * 100)
    place.chmod(0o600)
    with pytest.raises(JournalDamaged):
        opened(place)
    place.unlink()
    connection = sqlite3.connect(place)
    connection.execute("CREATE TABLE cake (slice TEXT)")
    connection.close()
    place.chmod(0o600)
    with pytest.raises(JournalDamaged, match="not a journal"):
        opened(place)


def test_a_missing_journal_is_not_made_by_a_reader(place: Path) -> None:
    """Looking at nothing leaves nothing behind."""
    with pytest.raises(JournalUnavailable):
        opened(place, read_only=True)
    assert not place.parent.exists()


def test_a_reader_cannot_append(place: Path) -> None:
    """A journal that was opened to be read stays as it is, byte for byte."""
    fill(place, 2)
    before = place.read_bytes()
    with opened(place, read_only=True) as journal:
        with pytest.raises(JournalUnavailable, match="reading only"):
            journal.append(Noted(text="x"), gate=GATE)
        assert journal.verify().events == 2
    assert place.read_bytes() == before


def test_a_full_disk_is_told_and_loses_nothing(place: Path) -> None:
    """What was acknowledged stays, and writing goes on when there is room again."""
    with opened(place) as journal:
        pages = int(pragma(journal, "page_count"))
        pragma(journal, f"max_page_count = {pages + 4}")
        with pytest.raises(JournalUnavailable, match="disk is full"):
            deque((journal.append(note, gate=GATE) for note in [Noted(text="x" * 1000)] * 100), 0)
        written = len(list(journal.events()))
        assert 0 < written < 100
        assert journal.verify().problems == ()
        assert journal.head().sequence == written
        pragma(journal, f"max_page_count = {pages + 100}")
        assert journal.append(Noted(text="again"), gate=GATE).sequence == written + 1


def test_a_lock_of_another_program_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a lock has an end, and the sentence says what it was."""
    monkeypatch.setattr("gatectl.journal.sqlitefile.BUSY_TIMEOUT_MS", 50)
    with opened(place) as journal:
        pragma(journal, "busy_timeout = 50")
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalUnavailable, match="locked"):
            journal.append(Noted(text="x"), gate=GATE)
        other.execute("ROLLBACK")
        other.close()
        assert journal.append(Noted(text="x"), gate=GATE).sequence == 1


def test_a_journal_that_is_swapped_while_open_is_not_written(place: Path, tmp_path: Path) -> None:
    """A record in a file without a name would be lost with the process."""
    fill(tmp_path / "other" / "journal.db", 1)
    with opened(place) as journal:
        journal.append(Noted(text="x"), gate=GATE)
        place.unlink()
        with pytest.raises(JournalDamaged, match="replaced or removed"):
            journal.append(Noted(text="x"), gate=GATE)
        shutil.copy(tmp_path / "other" / "journal.db", place)
        with pytest.raises(JournalDamaged, match="replaced or removed"):
            journal.append(Noted(text="x"), gate=GATE)


def test_flipped_bits_are_found_or_change_nothing(place: Path) -> None:
    """A bit is noticed wherever it changes what is told; unused bytes tell nothing."""
    anchor = fill(place, 150)
    original = place.read_bytes()
    with opened(place) as journal:
        told = list(journal.events())
    seed = 20200118
    chance = random.Random(seed)  # noqa: S311 - it must be the same each time
    noticed = 0
    for _ in range(200):
        bit = chance.randrange(len(original) * 8)
        flipped = bytearray(original)
        flipped[bit // 8] ^= 1 << bit % 8
        place.write_bytes(flipped)
        try:
            with opened(place, read_only=True, verified=False) as journal:
                if journal.verify(anchor).problems:
                    noticed += 1
                    continue
                assert list(journal.events()) == told, f"seed {seed}, bit {bit}"
        except JournalDamaged:
            noticed += 1
    print(f"200 flipped bits: {noticed} noticed, {200 - noticed} changed nothing (seed {seed})")
    assert noticed > 120


def test_a_reader_takes_back_what_a_killed_writer_left_half_done(
    place: Path, tmp_path: Path
) -> None:
    """A status after a crash sees the last acknowledged state, although it only reads."""
    fill(place, 3)
    writer = sqlite3.connect(place, isolation_level=None)
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN IMMEDIATE")
    for number in range(4, 300):
        writer.execute(
            "INSERT INTO event VALUES (?, 'g', 'r', 'k', ?, 'p', 'h')", (number, "x" * 3000)
        )
    crashed = tmp_path / "crashed"
    crashed.mkdir(mode=0o700)
    shutil.copy(place, crashed)
    shutil.copy(f"{place}-journal", crashed)
    writer.execute("ROLLBACK")
    writer.close()
    with opened(crashed / place.name, read_only=True) as journal:
        assert journal.verify().events == 3

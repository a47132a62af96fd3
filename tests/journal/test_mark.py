"""The mark beside a journal: it saves time, and is believed only where the journal bears it out."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.errors import JournalDamaged
from gatectl.journal.journal import Journal
from gatectl.journal.mark import Mark, mark_path, read_mark, write_mark

GATE = GateName("almelo")


@pytest.fixture(autouse=True)
def _few_records_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let forty records be a long journal."""
    for module in ("gatectl.journal.journal", "gatectl.journal.mark"):
        monkeypatch.setattr(f"{module}.NEWEST_ROWS", 10)
        monkeypatch.setattr(f"{module}.TURN_ROWS", 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a journal of forty records, opened once more since they were written."""
    path = tmp_path / "state" / "journal.db"
    with opened(path) as journal:
        for number in range(40):
            journal.append(Noted(text=f"note {number}"), gate=GATE)
    opened(path).close()
    return path


def opened(path: Path, *, read_only: bool = False) -> Journal:
    """Open a journal as a verb does."""
    return Journal.open(
        path,
        clock=HandClock(),
        actor="anna",
        origin="desk",
        read_only=read_only,
        unsafe_any_file_system=True,
    )


def change(path: Path, sequence: int) -> None:
    """Change the text of one record behind the journal's back."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute(
        "UPDATE event SET body = replace(body, 'note', 'vote') WHERE sequence = ?", (sequence,)
    )
    connection.execute(
        "CREATE TRIGGER event_no_update BEFORE UPDATE ON event"
        " BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END"
    )
    connection.commit()
    connection.close()


def mark_of(path: Path) -> Mark | None:
    """Read the mark that counts for a journal."""
    with opened(path, read_only=True) as journal:
        return read_mark(path, journal.lineage, journal.hash_at)


def test_a_start_leaves_a_mark_at_the_head(path: Path) -> None:
    """What was seen to hold is named by number, hash and lineage, and is its owner's alone."""
    with opened(path) as journal:
        mark = mark_of(path)
        assert mark is not None
        assert mark.head == journal.head()
    assert mark_path(path).stat().st_mode & 0o077 == 0


def test_a_short_journal_has_no_mark(tmp_path: Path) -> None:
    """What is read at every start anyway needs none."""
    path = tmp_path / "state" / "journal.db"
    with opened(path) as journal:
        journal.append(Noted(text="one"), gate=GATE)
    opened(path).close()
    assert not mark_path(path).exists()


def test_whoever_only_reads_leaves_no_mark(path: Path) -> None:
    """An auditor's look changes nothing in the folder."""
    mark_path(path).unlink()
    opened(path, read_only=True).close()
    assert not mark_path(path).exists()


@pytest.mark.parametrize("sequence", [31, 36, 40])
def test_damage_among_the_newest_is_found_at_every_start(path: Path, sequence: int) -> None:
    """The mark does not stand before the records that somebody would most like to change."""
    change(path, sequence)
    with pytest.raises(JournalDamaged, match=f"record {sequence}"):
        opened(path)


def test_damage_in_old_records_is_found_when_their_turn_comes(path: Path) -> None:
    """Each start looks at some of the old records, so that a few starts see all of them."""
    change(path, 15)
    noticed = 0
    for _ in range(6):
        try:
            opened(path).close()
        except JournalDamaged:
            noticed += 1
    assert noticed > 0


def test_damage_in_old_records_is_found_at_once_without_a_mark(path: Path) -> None:
    """Without the mark everything is read."""
    change(path, 15)
    mark_path(path).unlink()
    with pytest.raises(JournalDamaged, match="record 15"):
        opened(path)


def test_a_changed_record_is_never_told(path: Path) -> None:
    """Whatever a start has left out: a record that was changed is refused when it is read."""
    change(path, 25)
    with opened(path) as journal, pytest.raises(JournalDamaged, match="record 25"):
        list(journal.events())


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b'{"sequence": "x", "hash": "", "lineage": "", "turn": 0}', b"\xff" * 9000],
    ids=["empty", "nothing", "list", "words", "noise"],
)
def test_a_mark_that_is_none_is_passed_over(path: Path, text: bytes) -> None:
    """A broken mark costs time and nothing else."""
    mark_path(path).write_bytes(text)
    assert mark_of(path) is None
    opened(path).close()
    assert mark_of(path) is not None


def test_a_mark_of_another_past_is_passed_over(path: Path) -> None:
    """A mark counts for the journal that has this hash at this place, and no other."""
    mark = mark_of(path)
    assert mark is not None
    for head in (
        replace(mark.head, sequence=39),
        replace(mark.head, sequence=99),
        replace(mark.head, hash="0" * 64),
        replace(mark.head, lineage="another"),
    ):
        write_mark(path, Mark(head=head))
        assert mark_of(path) is None


def test_a_link_in_the_marks_place_is_passed_over(path: Path, tmp_path: Path) -> None:
    """Nobody can make gatectl read or overwrite another file by it."""
    elsewhere = tmp_path / "elsewhere"
    mark_path(path).rename(elsewhere)
    mark_path(path).symlink_to(elsewhere)
    assert mark_of(path) is None
    before = elsewhere.read_bytes()
    opened(path).close()
    assert elsewhere.read_bytes() == before

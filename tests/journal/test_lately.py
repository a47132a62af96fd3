"""What was written lately is found by its hash alone, and old records are forgotten."""

import pytest

from gatectl.core.event import Noted
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal import journal as journal_module
from gatectl.journal.journal import Journal
from gatectl.journal.lately import LATELY_MAX, LatelyWritten
from gatectl.journal.record import understood
from tests.builders import ALMELO, Chronicle
from tests.shelves import Shelf


def test_the_oldest_is_forgotten_first() -> None:
    """A long run does not fill the memory."""
    lately = LatelyWritten()
    recorded = Chronicle().add(Noted(text="x"))
    for number in range(LATELY_MAX + 2):
        lately.remember(str(number), recorded)
    assert lately.find("1") is None
    assert lately.find("2") is recorded
    assert lately.find(str(LATELY_MAX + 1)) is recorded


def test_own_records_are_read_back_without_being_parsed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are equal to what another process parses; only what others wrote is parsed here."""
    parsed: list[str] = []

    def parse(body: str) -> object:
        parsed.append(body)
        return understood(body)

    monkeypatch.setattr(journal_module, "understood", parse)
    with shelf.open() as ours:
        ours.append(Noted(text="ours"), gate=ALMELO)
        with shelf.open() as theirs:
            theirs.append(Noted(text="theirs"), gate=ALMELO)
            found = list(ours.events())
            assert len(parsed) == 1
            assert found == list(theirs.events())


def test_a_record_that_was_changed_since_is_told_to_nobody(shelf: Shelf) -> None:
    """Also to the process that wrote it."""
    with shelf.open() as ours:
        ours.append(Noted(text="as it was"), gate=ALMELO)
        shelf.tamper("UPDATE event SET body = replace(body, 'it was', 'it is')")
        with pytest.raises(JournalDamaged, match="was changed"):
            list(ours.events())


def test_what_was_taken_back_is_not_remembered_for_what_took_its_number(shelf: Shelf) -> None:
    """A transaction that failed leaves its number to the next record, here or elsewhere."""
    with shelf.open() as ours, shelf.open() as theirs:
        with pytest.raises(JournalUnavailable):
            _fail_at_the_end(ours)
        theirs.append(Noted(text="theirs"), gate=ALMELO)
        assert [one.event for one in ours.events()] == [Noted(text="theirs")]


def _fail_at_the_end(journal: Journal) -> None:
    with journal._writing() as rows:
        journal._insert(rows, journal.dated(Noted(text="taken back"), gate=ALMELO))
        raise JournalUnavailable("the disk is full")

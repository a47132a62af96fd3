"""One gate taken out of the journal: whole, provable, and silent about all others."""

import json

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.errors import InvalidInput
from gatectl.journal.excerpt import FORMAT, excerpt_lines, look_through_excerpt
from gatectl.journal.journal import Journal
from tests.shelves import Shelf

OURS, OTHER = GateName("almelo"), GateName("borne")


@pytest.fixture
def journal() -> Journal:
    """Give a journal of two gates, one event each in turn."""
    journal = Journal.in_memory(clock=HandClock(), actor="anna", origin="desk")
    for number in range(10):
        text = f"{'ours' if number % 2 else 'secret'} {number}"
        journal.append(Noted(text=text), gate=OURS if number % 2 else OTHER)
    return journal


def test_an_excerpt_leads_to_the_journals_own_head(journal: Journal) -> None:
    """The chain is followed through records of which only the hash is known."""
    found = look_through_excerpt(excerpt_lines(journal, OURS))
    assert (found.gate, found.records, found.problems) == (OURS, 5, ())
    assert found.head == journal.head()


def test_an_excerpt_says_nothing_of_other_gates(journal: Journal) -> None:
    """Neither their names nor their words are in it."""
    text = "\n".join(excerpt_lines(journal, OURS))
    assert "secret" not in text
    assert OTHER not in text
    assert "ours 9" in text


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        (0, '"sequence": 10', '"sequence": 11'),
        (2, "ours 1", "ours 7"),
        (3, "body_sha256", "body_sha256_"),
        (10, "ours 9", "ours 0"),
    ],
)
def test_a_changed_line_is_found(journal: Journal, line: int, before: str, after: str) -> None:
    """A word, or a hash, that is not what it was leads to another head."""
    lines = list(excerpt_lines(journal, OURS))
    assert before in lines[line]
    lines[line] = lines[line].replace(before, after)
    assert look_through_excerpt(lines).problems


def test_a_missing_line_is_found(journal: Journal) -> None:
    """Also where it was of another gate."""
    lines = list(excerpt_lines(journal, OURS))
    for missing in (1, 4, 10):
        rest = lines[:missing] + lines[missing + 1 :]
        assert [one.sequence for one in look_through_excerpt(rest).problems] == [missing]


def test_what_is_added_meanwhile_is_left_to_the_next_excerpt(journal: Journal) -> None:
    """Whoever takes one gate out while others are at work gets an excerpt that holds."""
    head = journal.head()
    lines = excerpt_lines(journal, OURS)
    written = [next(lines)]
    journal.append(Noted(text="ours 11"), gate=OURS)
    written += lines
    found = look_through_excerpt(f"{line}\n" for line in written)
    assert (found.records, found.head, found.problems) == (5, head, ())


def test_a_journal_without_a_record_has_an_excerpt_as_well() -> None:
    """It leads to the journal's own birth."""
    journal = Journal.in_memory(clock=HandClock(), actor="anna", origin="desk")
    found = look_through_excerpt(excerpt_lines(journal, OURS))
    assert (found.records, found.head, found.problems) == (0, journal.head(), ())


def test_whose_a_record_is_it_says_itself(shelf: Shelf) -> None:
    """Filed under another gate behind the journal's back, it is given to nobody else."""
    with shelf.open() as journal:
        journal.append(Noted(text="secret"), gate=OTHER)
        journal.append(Noted(text="ours"), gate=OURS)
    shelf.tamper("UPDATE event SET gate = 'almelo'")
    with shelf.open(verified=False) as journal:
        text = "\n".join(excerpt_lines(journal, OURS))
    assert "secret" not in text
    assert "ours" in text


def test_what_is_no_excerpt_is_said_to_be_none() -> None:
    """Nothing, noise and another format end in one sentence."""
    other = json.dumps({"format": "x", "gate": "g", "birth": {}})
    without_head = json.dumps({"format": FORMAT, "gate": "g", "birth": {"lineage": "l"}})
    for lines in ([], ["{"], ["[]"], [other], [without_head]):
        with pytest.raises(InvalidInput, match="excerpt"):
            look_through_excerpt(lines)

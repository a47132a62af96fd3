"""Records as lines: those of other gates by their hash alone, and the chain over all of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import JournalDamaged
from gatectl.journal.chain import Link, canonical
from gatectl.journal.journal import Journal
from gatectl.journal.recordlines import lines_of, walk
from tests.bundling import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Write a journal of two gates."""
    made = Archive.at(tmp_path)
    with made.journal:
        yield made


def links(journal: Journal) -> list[Link]:
    """Read the chain as it lies there."""
    return list(journal.links())


def lines(archive: Archive) -> list[str]:
    """Write almelo's records whole, and the others by hash."""
    whole = {recorded.sequence for recorded in archive.journal.events(gate=None)}
    others = {1, 7}
    return list(lines_of(links(archive.journal), whole - others))


def test_records_of_others_stand_for_themselves_by_hash_alone(archive: Archive) -> None:
    """Nothing of their content is in the lines, and the chain holds over them."""
    written = lines(archive)
    assert "a secret of another gate" not in "".join(written)
    before = str(links(archive.journal)[0].previous)
    walked = walk(written, gate="almelo", first=1, before=before)
    assert walked.problems == ()
    assert walked.others == 2
    assert walked.head == archive.journal.head().hash
    assert [one.sequence for one in walked.records] == [2, 3, 4, 5, 6, 8, 9, 10]
    assert [one["sequence"] for one in walked.told] == [2, 3, 4, 5, 6, 8, 9, 10]


def test_a_line_that_is_missing_is_told_once(archive: Archive) -> None:
    """What follows is read on, for it may be whole."""
    written = lines(archive)
    before = str(links(archive.journal)[0].previous)
    walked = walk([*written[:3], *written[4:]], gate="almelo", first=1, before=before)
    assert [problem.sequence for problem in walked.problems] == [4]
    assert walked.head == archive.journal.head().hash


@pytest.mark.parametrize(
    ("number", "old", "new", "because"),
    [
        (2, "the first of almelo", "the fist of almelo", "its content was changed"),
        (1, '"body_sha256":"', '"body_sha256":"00', "its content was changed|not readable"),
        (3, '"sequence":3', '"sequence":4', "its content was changed"),
        (3, "{", "{ ", "not in the form"),
        (3, '"hash"', '"hush"', "other fields"),
        (3, '"sequence":3', '"sequence":"3"', "its number"),
        (3, "{", "", "not readable"),
    ],
)
def test_a_changed_line_is_found_by_its_number(
    archive: Archive, number: int, old: str, new: str, because: str
) -> None:
    """Whatever was changed in it."""
    written = lines(archive)
    written[number - 1] = written[number - 1].replace(old, new, 1)
    before = str(links(archive.journal)[0].previous)
    (problem, *_) = walk(written, gate="almelo", first=1, before=before).problems
    assert problem.sequence == number
    assert any(words in problem.sentence for words in because.split("|")), problem.sentence


def test_a_record_that_is_another_gates_is_found(archive: Archive) -> None:
    """A record is of the gate that the bundle is about, or stands there by hash alone."""
    (one, *_) = lines_of(links(archive.journal)[:1], {1})
    before = str(links(archive.journal)[0].previous)
    (problem,) = walk([one], gate="almelo", first=1, before=before).problems
    assert "of another place or gate" in problem.sentence
    fields = json.loads(one)
    assert canonical(fields) == one


def test_a_journal_that_was_changed_gives_no_lines(archive: Archive) -> None:
    """A bundle of a broken chain would make the break look old."""
    first = links(archive.journal)[0]
    broken = Link(
        sequence=first.sequence,
        gate=first.gate,
        run=first.run,
        kind=first.kind,
        body=str(first.body).replace("before", "behind"),
        previous=first.previous,
        hash=first.hash,
    )
    with pytest.raises(JournalDamaged, match="record 1"):
        list(lines_of([broken], {1}))

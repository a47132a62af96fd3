"""Names beside the journal."""

import json
import stat
from pathlib import Path

import pytest

from gatectl.core.casework import Person
from gatectl.errors import InvalidInput, JournalDamaged
from gatectl.people import People


def test_a_name_is_found_by_its_pseudonym_until_it_is_erased(tmp_path: Path) -> None:
    """After that nothing on the disk tells who it was."""
    file = tmp_path / "people.json"
    people = People(file)
    somebody = people.enrol("J. Jansen")
    assert people.name_of(somebody) == "J. Jansen"
    people.erase(somebody.pseudonym)
    assert people.name_of(somebody) is None
    assert "Jansen" not in file.read_text(encoding="utf-8")


def test_one_person_has_one_pseudonym(tmp_path: Path) -> None:
    """The journal says of two entries that the same person made them."""
    people = People(tmp_path / "people.json")
    assert people.enrol("J. Jansen") == people.enrol("J. Jansen")
    assert people.enrol("J. Jansen") != people.enrol("P. Pietersen")


def test_what_the_journal_holds_does_not_tell_the_name(tmp_path: Path) -> None:
    """A hash of a name alone could be guessed; the salt is not in it."""
    one = People(tmp_path / "a.json").enrol("J. Jansen")
    other = People(tmp_path / "b.json").enrol("J. Jansen")
    assert one.commitment != other.commitment
    assert "Jansen" not in one.pseudonym


def test_a_name_that_was_changed_is_told_to_nobody(tmp_path: Path) -> None:
    """It is not the name that the journal committed to."""
    file = tmp_path / "people.json"
    people = People(file)
    somebody = people.enrol("J. Jansen")
    table = json.loads(file.read_text(encoding="utf-8"))
    table[somebody.pseudonym]["name"] = "P. Pietersen"
    file.write_text(json.dumps(table), encoding="utf-8")
    assert people.name_of(somebody) is None


def test_the_table_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Names are personal data."""
    file = tmp_path / "people.json"
    People(file).enrol("J. Jansen")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["people.json"]


def test_a_pseudonym_that_nobody_has_cannot_be_erased(tmp_path: Path) -> None:
    """A slip of the pen is told, and does not look like a success."""
    people = People(tmp_path / "people.json")
    assert people.name_of(Person(pseudonym="p-0", commitment="")) is None
    with pytest.raises(InvalidInput, match="not a pseudonym"):
        people.erase("p-0")


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    """It is not written over."""
    file = tmp_path / "people.json"
    file.write_text("[1]", encoding="utf-8")
    with pytest.raises(JournalDamaged):
        People(file).enrol("J. Jansen")

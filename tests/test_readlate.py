"""Values that are read when somebody needs them."""

import pytest

from gatectl.config.readlate import ReadLate


def test_a_value_is_read_once_and_only_when_it_is_needed() -> None:
    """Names, their number and whether one is there cost nothing."""
    asked: list[str] = []

    def read(name: str) -> int:
        asked.append(name)
        return len(name)

    late = ReadLate(("one", "three", "one"), read)
    assert (list(late), len(late), "three" in late, "two" in late) == (
        ["one", "three"],
        2,
        True,
        False,
    )
    assert asked == []
    assert (late["three"], late["three"]) == (5, 5)
    assert asked == ["three"]
    assert dict(late) == {"one": 3, "three": 5}


def test_what_was_never_named_is_not_read() -> None:
    """A name that somebody made up reaches no file."""
    late = ReadLate((), pytest.fail)
    with pytest.raises(KeyError):
        late["../etc/passwd"]
    assert late.get("x") is None

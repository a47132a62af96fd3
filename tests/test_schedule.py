"""Units of one's own: written whole, written again, and never over somebody else's."""

from pathlib import Path

import pytest

from gatectl.errors import InvalidInput
from gatectl.schedule import MARK, install_units, user_units

UNITS = {"gatectl-audit.service": "[Service]\n", "gatectl-audit.timer": "[Timer]\n"}


def test_units_are_written_and_written_again(tmp_path: Path) -> None:
    """Each says by whom it was made, and nothing is left beside them."""
    folder = tmp_path / "systemd" / "user"
    paths = install_units(UNITS, folder)
    assert install_units({**UNITS, "gatectl-audit.timer": "[Timer]\nnew\n"}, folder) == paths
    assert sorted(one.name for one in folder.iterdir()) == sorted(UNITS)
    assert (folder / "gatectl-audit.timer").read_text("utf-8") == f"{MARK}[Timer]\nnew\n"


def test_somebody_elses_unit_is_left_alone_and_nothing_is_written(tmp_path: Path) -> None:
    """Not even the other one of the two."""
    theirs = tmp_path / "gatectl-audit.timer"
    theirs.write_text("[Timer]\nby hand\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="not made by gatectl"):
        install_units(UNITS, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [theirs.name]
    assert "by hand" in theirs.read_text("utf-8")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file is in its way."""
    block = tmp_path / "block"
    block.write_text("x", encoding="utf-8")
    with pytest.raises(InvalidInput, match="cannot be written"):
        install_units(UNITS, block / "user")


def test_the_folder_is_that_of_the_users_own_manager() -> None:
    """By XDG, else below the home."""
    assert user_units({"XDG_CONFIG_HOME": "/c"}) == Path("/c/systemd/user")
    assert user_units({"HOME": "/h"}) == Path("/h/.config/systemd/user")

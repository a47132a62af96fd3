"""Whether a closing could keep its record when the journal fails."""

import os
from pathlib import Path

import pytest

from gatectl.emergencypath import emergency_trouble


def test_a_folder_that_is_there_or_can_be_made_is_enough(tmp_path: Path) -> None:
    """Nothing is made for the look itself."""
    assert emergency_trouble(tmp_path) == ""
    assert emergency_trouble(tmp_path / "not" / "yet") == ""
    assert list(tmp_path.iterdir()) == []


def test_no_folder_at_all_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the folders should be, here and in the place of last resort."""
    block = tmp_path / "block"
    block.write_text("x", encoding="utf-8")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(block))
    trouble = emergency_trouble(block / "state")
    assert trouble.count("cannot be made") == 2


def test_a_folder_that_may_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the system, for root may write everywhere."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert "cannot be written" in emergency_trouble(tmp_path)

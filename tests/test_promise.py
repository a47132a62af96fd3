"""A promised file is looked at before anything is contacted."""

import hashlib
from pathlib import Path

import pytest

from gatectl.errors import ExitCode, ImageInvalid
from gatectl.promise import check_promise


def test_promise_kept_says_nothing(tmp_path: Path) -> None:
    """The right content passes, whatever the case of the digits."""
    file = tmp_path / "image.tgz"
    file.write_bytes(b"firmware")
    check_promise(file, hashlib.sha256(b"firmware").hexdigest().upper())


def test_promise_broken_names_both_hashes(tmp_path: Path) -> None:
    """One sentence has what was found and what was promised; the exit code is for bad input."""
    file = tmp_path / "image.tgz"
    file.write_bytes(b"firmwarf")
    promised = hashlib.sha256(b"firmware").hexdigest()
    with pytest.raises(ImageInvalid) as refused:
        check_promise(file, promised)
    assert promised in refused.value.sentence
    assert hashlib.sha256(b"firmwarf").hexdigest() in refused.value.sentence
    assert refused.value.exit_code is ExitCode.INVALID


@pytest.mark.parametrize("name", ["missing.tgz", "."])
def test_promise_about_no_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file that is not there, or is a folder, gets a sentence and no traceback."""
    with pytest.raises(ImageInvalid, match="cannot be read"):
        check_promise(tmp_path / name, "0" * 64)

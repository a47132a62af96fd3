"""P27: an installation from the lock is always the same one, and says what is in it."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locked import FOLDER, OURSELVES, PARTS, ROOT, Part, bill_of_materials, locked, parts_of
from tests.locked import written as parts_written

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED, EXTRAS = PROJECT["dependencies"], PROJECT["optional-dependencies"]
LOCKS = {
    "runtime": NEEDED,
    **{name: NEEDED + extra for name, extra in EXTRAS.items() if name != "dev"},
    "everything": NEEDED + [one for extra in EXTRAS.values() for one in extra],
}
COPIED = ("gatectl", "playbooks", ".ci", "pyproject.toml", "config.example.toml", "README.md")
A_SUNDAY_IN_2026 = "1795000000"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_the_project_asks_for_within_its_ranges(lock: str) -> None:
    """It is made anew (`.ci/relock`) whenever pyproject.toml changes."""
    pinned = {part.name: part for part in locked(lock)}
    asked = {
        canonicalize_name(one.name): one for one in [Requirement(text) for text in LOCKS[lock]]
    }
    assert set(asked) <= set(pinned)
    assert [name for name in asked if pinned[name].version not in asked[name].specifier] == []
    named = {part.name for part in pinned.values() if OURSELVES in part.needed_by}
    assert named == set(asked)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_part_has_hashes_and_somebody_who_needs_it(lock: str) -> None:
    """No part comes in unseen, and no index is named."""
    parts = locked(lock)
    names = {part.name for part in parts} | {OURSELVES}
    assert [part.name for part in parts if not part.hashes] == []
    assert [part.name for part in parts if not part.needed_by] == []
    assert {one for part in parts for one in part.needed_by} <= names
    assert "http" not in (FOLDER / f"{lock}.txt").read_text(encoding="utf-8")


def test_the_locks_agree_on_every_version() -> None:
    """What is tested is what is installed."""
    everything = {part.name: part.version for part in locked("everything")}
    for lock in LOCKS:
        assert {(part.name, part.version) for part in locked(lock)} <= set(everything.items())


def test_the_list_of_parts_is_that_of_the_runtime() -> None:
    """`.ci/relock` writes it; a part that is not in it would not be in the wheel's list either."""
    assert PARTS.read_text(encoding="utf-8") == parts_written()


def test_the_list_of_parts_tells_what_needs_what() -> None:
    """In CycloneDX's own words."""
    parts = (
        Part(name="a", version="1", needed_by=[OURSELVES], hashes=["0" * 64]),
        Part(name="b", version="2", needed_by=["a"], marker="os_name == 'nt'"),
    )
    told = bill_of_materials(parts, "9")
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert [one["purl"] for one in told["components"]] == ["pkg:pypi/a@1", "pkg:pypi/b@2"]
    assert told["dependencies"] == [
        {"ref": "pkg:pypi/gatectl@9", "dependsOn": ["pkg:pypi/a@1"]},
        {"ref": "pkg:pypi/a@1", "dependsOn": ["pkg:pypi/b@2"]},
        {"ref": "pkg:pypi/b@2", "dependsOn": []},
    ]


def test_a_lock_that_is_not_understood_is_no_lock() -> None:
    """A line that was passed over could be one without a hash."""
    with pytest.raises(ValueError, match="git"):
        parts_of("click @ git+ssh://somewhere/click\n")


def built(folder: Path, epoch: str, seconds_old: int) -> Path:
    """Build the wheel of a copy of the project, offline; gives the wheel."""
    folder.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000 - seconds_old,) * 2)
    flags = ("--no-deps", "--no-build-isolation", "--no-index", "--no-cache-dir", "--quiet")
    done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
        [sys.executable, "-m", "pip", "wheel", *flags, "--wheel-dir", str(folder / "out"), "."],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": epoch, "TZ": folder.name},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (wheel,) = (folder / "out").glob("*.whl")
    return wheel


@pytest.mark.long
def test_two_builds_in_two_places_at_two_times_are_the_same_bytes(tmp_path: Path) -> None:
    """Whoever builds the same sources gets the same wheel, and can see what is in it."""
    first = built(tmp_path / "UTC", A_SUNDAY_IN_2026, 0)
    second = built(tmp_path / "elsewhere" / "deeper" / "NZ", A_SUNDAY_IN_2026, 86_400 * 900)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    other = built(tmp_path / "later", str(int(A_SUNDAY_IN_2026) + 86_400), 0)
    assert first.read_bytes() != other.read_bytes()
    with zipfile.ZipFile(first) as wheel:
        (parts,) = (name for name in wheel.namelist() if name.endswith(".cdx.json"))
        assert ".dist-info/sboms/" in parts
        assert json.loads(wheel.read(parts)) == json.loads(PARTS.read_text(encoding="utf-8"))

import errno
from pathlib import Path

import pytest

from gatectl.simulator.filesystem import Entry, FileSystem


@pytest.fixture
def files() -> FileSystem:
    """Give a small tree with one link."""
    made = FileSystem()
    made.mkdir("/flash/nsconfig", parents=True)
    made.mkdir("/var/tmp", parents=True)
    made.place_link("/nsconfig", "/flash/nsconfig")
    return made


def test_a_link_leads_to_the_same_file(files: FileSystem) -> None:
    """What is written through the link is found behind it."""
    files.write("/nsconfig/ns.conf", "x")
    assert files.read("/flash/nsconfig/ns.conf") == b"x"
    assert files.stat("/nsconfig", follow=False).kind == "link"
    assert files.resolve("../nsconfig/./ns.conf", cwd="/var") == "/flash/nsconfig/ns.conf"


def test_a_circle_of_links_ends(files: FileSystem) -> None:
    """Links are followed a bounded number of times."""
    files.place_link("/a", "/b")
    files.place_link("/b", "/a")
    with pytest.raises(OSError, match="Too many levels") as caught:
        files.read("/a")
    assert caught.value.errno == errno.ELOOP


def test_names_and_moves(files: FileSystem) -> None:
    """Directories list what is in them, and move with it."""
    files.mkdir("/var/a/b", parents=True)
    files.write("/var/a/b/c", "1")
    files.rename("/var/a", "/var/z")
    assert files.names("/var/z") == ["b"]
    assert files.read("/var/z/b/c") == b"1"
    with pytest.raises(OSError, match="not empty"):
        files.remove("/var/z")
    files.remove("/var/z", recursive=True)
    assert not files.exists("/var/z/b/c")


def test_errors_have_their_usual_numbers(files: FileSystem) -> None:
    """Missing, in the way, of the wrong kind."""
    files.write("/var/tmp/f", "")
    with pytest.raises(FileNotFoundError):
        files.read("/none")
    with pytest.raises(FileNotFoundError):
        files.write("/none/x", "1")
    with pytest.raises(FileExistsError):
        files.mkdir("/var/tmp")
    with pytest.raises(IsADirectoryError):
        files.read("/var")
    with pytest.raises(NotADirectoryError):
        files.names("/var/tmp/f")


def test_a_full_disk_takes_nothing() -> None:
    """Writing fails, and the figures say why."""
    files = FileSystem(is_full=lambda: True)
    files.place("/var/old", Entry(kind="file", content=bytearray(b"1")))
    with pytest.raises(OSError, match="No space left"):
        files.write("/var/new", "1")
    assert files.read("/var/old") == b"1"
    total, used = files.usage("/var")
    assert total == used


def test_a_folder_of_this_computer_lies_over_the_tree(files: FileSystem, tmp_path: Path) -> None:
    """Its files win, also behind a link, and are read when somebody asks."""
    files.write("/nsconfig/ns.conf", "old")
    (tmp_path / "nsconfig").mkdir()
    (tmp_path / "nsconfig" / "ns.conf").write_text("new")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "shell.php").write_text("<?php")
    files.overlay(tmp_path)
    assert files.read("/flash/nsconfig/ns.conf") == b"new"
    assert files.stat("/var/shell.php").size == 5
    files.append("/var/shell.php", "!")
    assert (tmp_path / "var" / "shell.php").read_text() == "<?php"


def test_a_reboot_forgets_the_ram_disk(files: FileSystem) -> None:
    """Only what lies under /var and /flash survives."""
    files.mkdir("/tmp")
    for path in ("/tmp/a", "/var/tmp/b", "/flash/c"):
        files.write(path, "1")
    files.forget_ram()
    assert [files.exists(path) for path in ("/tmp/a", "/var/tmp/b", "/flash/c")] == [
        False, True, True,
    ]  # fmt: skip

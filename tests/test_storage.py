import os
import stat
from pathlib import Path

import pytest

from gatectl.errors import JournalUnavailable
from gatectl.storage import (
    create_private_file,
    file_system_of,
    private_folder,
    refuse_strange_file,
    refuse_unsafe_file_system,
)

MOUNTS = r"""
23 22 0:5 / /proc rw - proc proc rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 22 0:41 / /home/local rw shared:1 - xfs /dev/vdb rw
32 22 0:42 / /mnt/my\040share rw - cifs //server/share rw
33 22 0:43 / /run rw - tmpfs tmpfs rw
34 22 0:44 / /cloud rw - fuse.rclone remote: rw
35 22 0:45 / /usb rw - fuseblk /dev/sdb1 rw
36 22 0:46 / /usb rw - nfs server:/usb rw
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/gatectl", "ext4"),
        ("/home/alice", "nfs4"),
        ("/home/local/alice", "xfs"),
        ("/homework", "ext4"),
        ("/mnt/my share/x", "cifs"),
        ("/usb", "nfs"),
    ],
)
def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount(folder: str, kind: str) -> None:
    """Names with blanks count, a name's beginning does not, and the last mount hides others."""
    assert file_system_of(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize(
    ("folder", "word"),
    [("/home/alice", "nfs4"), ("/mnt/my share", "cifs"), ("/run/x", "memory"), ("/cloud", "fuse")],
)
def test_file_systems_that_forget_or_cannot_lock_are_refused(
    folder: str, word: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A journal on them would lose what it acknowledged, or have two writers."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    monkeypatch.setattr("gatectl.storage._MOUNTS", mounts)
    with pytest.raises(JournalUnavailable, match=word):
        refuse_unsafe_file_system(Path(folder))
    refuse_unsafe_file_system(Path("/var/lib/gatectl"))


def test_a_private_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0700, and making it again is no error."""
    folder = tmp_path / "a" / "b"
    private_folder(folder)
    private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_a_folder_in_which_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    """They could put another file in the journal's place."""
    tmp_path.chmod(mode)
    with pytest.raises(JournalUnavailable, match="other users"):
        private_folder(tmp_path)
    tmp_path.chmod(0o700)


def test_a_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """Whoever comes second learns that it was there."""
    path = tmp_path / "journal.db"
    old_mask = os.umask(0)
    try:
        assert create_private_file(path) is True
    finally:
        os.umask(old_mask)
    assert create_private_file(path) is False
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_a_plain_file_of_our_own_is_written(tmp_path: Path) -> None:
    """Links, pipes, second names and open modes are refused; a reader needs only a plain file."""
    plain, pipe, link, twin = (tmp_path / name for name in ("plain", "pipe", "link", "twin"))
    create_private_file(plain)
    status = plain.stat()
    assert refuse_strange_file(plain, to_write=True) == (status.st_dev, status.st_ino)
    os.mkfifo(pipe, 0o600)
    link.symlink_to(plain)
    for strange in (pipe, link, tmp_path, tmp_path / "missing"):
        with pytest.raises(JournalUnavailable):
            refuse_strange_file(strange, to_write=False)
    twin.hardlink_to(plain)
    with pytest.raises(JournalUnavailable, match="hard links"):
        refuse_strange_file(plain, to_write=True)
    twin.unlink()
    plain.chmod(0o604)
    with pytest.raises(JournalUnavailable, match="other users"):
        refuse_strange_file(plain, to_write=True)
    refuse_strange_file(plain, to_write=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_written(tmp_path: Path) -> None:
    """What another user owns he can take back."""
    path = tmp_path / "journal.db"
    create_private_file(path)
    os.chown(path, 12_345, -1)
    with pytest.raises(JournalUnavailable, match="another user"):
        refuse_strange_file(path, to_write=True)

"""Files that their owner alone can read, on a disk that keeps what it was given."""

import os
import re
import stat
from pathlib import Path

from gatectl.errors import JournalUnavailable

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "9p", "davfs", "glusterfs"}
    | {"lustre", "gfs2", "ocfs2", "beegfs", "gpfs", "orangefs", "pvfs2", "coda"}
)
_VOLATILE = frozenset({"tmpfs", "ramfs"})
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ANY_RIGHT_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path) -> None:
    """Make the folder if it is missing, and refuse one in which others could swap files."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as exc:
        raise JournalUnavailable(f"the folder {folder} cannot be used: {exc.strerror}") from exc
    if status.st_mode & _OTHERS_MAY_WRITE:
        raise JournalUnavailable(
            f"other users may write in the folder {folder}",
            hint=f"chmod go-w {folder}, after a look at who was in there.",
        )


def create_private_file(path: Path) -> bool:
    """Make an empty file that lasts, and say whether it is new."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        return False
    except OSError as exc:
        raise JournalUnavailable(f"{path} cannot be made: {exc.strerror}") from exc
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # Without this the file's name itself may be gone after a power cut.
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_strange_file(path: Path, *, to_write: bool) -> tuple[int, int]:
    """Accept only a plain file, one that is ours alone if it is to be written; give its identity.

    The file is not opened for this: closing it would drop the locks that another connection of
    this process may hold on it.
    """
    try:
        status = path.lstat()
    except OSError as exc:
        raise JournalUnavailable(f"{path} cannot be read: {exc.strerror}") from exc
    if not stat.S_ISREG(status.st_mode):
        raise JournalUnavailable(f"{path} is not a plain file", hint="Links are not followed.")
    if to_write:
        _refuse_shared(path, status)
    return status.st_dev, status.st_ino


def _refuse_shared(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise JournalUnavailable(f"{path} belongs to another user (uid {status.st_uid})")
    if status.st_nlink != 1:
        raise JournalUnavailable(f"{path} has {status.st_nlink} names (hard links)")
    if status.st_mode & _ANY_RIGHT_OF_OTHERS:
        raise JournalUnavailable(
            f"other users may read or write {path}",
            hint=f"chmod 600 {path}, after a look at who could read it.",
        )


def file_system_of(folder: Path, mounts: str) -> str:
    """Name the type of file system that a folder is on, from the text of mountinfo."""
    place = folder.resolve()
    longest = -1
    found = "unknown"
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = Path(_without_escapes(fields[4]))
        # A later mount on the same point hides the earlier one.
        if place.is_relative_to(point) and len(point.parts) >= longest:
            longest, found = len(point.parts), after.split()[0]
    return found


def _without_escapes(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def refuse_unsafe_file_system(folder: Path) -> None:
    """Refuse file systems whose locks or whose promises to keep data cannot be trusted."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system_of(folder, mounts)
    if kind in _VOLATILE:
        raise JournalUnavailable(f"{folder} is in memory ({kind}) and is lost with the power")
    if kind in _NETWORK or kind.startswith("fuse."):
        raise JournalUnavailable(
            f"{folder} is on a network file system ({kind}), whose locks cannot be trusted",
            hint="Keep the journal on a local disk of the machine that runs gatectl.",
        )

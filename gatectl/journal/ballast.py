"""Ballast: a file that only takes up room, given up when the disk is full.

A run that can record nothing more must stop. The room that the ballast leaves is what it takes to
put that on record, with all that is known by then, and to record a closing.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from gatectl.errors import JournalFull
from gatectl.storage import sync_folder

SIZE_BYTES = 2**20
"""Some hundreds of records: a stopped run writes a dozen, a closing of a pair two hundred."""

Given = ParamSpec("Given")
Written = TypeVar("Written")

_NAME = "ballast"
_SHARE_OF_FREE = 2
"""It takes half of what is free at the most: laying it must not fill the disk."""


class Ballast:
    """The ballast of one state folder; what is kept in memory has none, and needs none."""

    def __init__(self, folder: Path | None) -> None:
        self.path = None if folder is None else folder / _NAME

    def there(self) -> bool:
        """Say whether it lies there in its full size; nothing is made."""
        if self.path is None:
            return True
        try:
            status = self.path.lstat()
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_size >= SIZE_BYTES

    def lay(self) -> bool:
        """Make it where there is room for it, and say whether it is there."""
        if self.path is None or self.there():
            return True
        try:
            disk = os.statvfs(self.path.parent)
            if disk.f_bavail * disk.f_frsize < _SHARE_OF_FREE * SIZE_BYTES:
                return False
            _write(self.path)
        except OSError:
            self.give_up()
            return False
        return True

    def give_up(self) -> None:
        """Leave its room to whoever must write now."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
                sync_folder(self.path.parent)

    @contextmanager
    def given_up_at_need(self) -> Iterator[None]:
        """Give it up when the block finds the disk full: what is written next finds room."""
        try:
            yield
        except JournalFull:
            self.give_up()
            raise


def with_room(write: Callable[Given, Written]) -> Callable[Given, Written]:
    """Write once more where the disk was full: the first attempt has left nothing but room."""

    @wraps(write)
    def written(*args: Given.args, **kwargs: Given.kwargs) -> Written:
        try:
            return write(*args, **kwargs)
        except JournalFull:
            return write(*args, **kwargs)

    return written


def _write(path: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        # Random, since a file system may keep zeros in no room at all.
        left = memoryview(os.urandom(SIZE_BYTES))
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)

"""The file that log lines are added to: kept open between them, and found anew by its name."""

import os
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class LogFile:
    """Adds lines to a file of its owner's alone; raises OSError where that cannot be done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._identity: tuple[int, int] | None = None

    def add(self, line: bytes) -> None:
        """Add one line; it has left this process when this returns."""
        descriptor = self._descriptor
        # A file that was rotated away must not swallow the rest.
        if descriptor is None or self._named() != self._identity:
            descriptor = self._opened()
        # One write: lines of two processes do not mix.
        os.write(descriptor, line + b"\n")

    def close(self) -> None:
        """Let go of the file; a line that still comes opens it again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _opened(self) -> int:
        self.close()
        descriptor = self._descriptor = os.open(self.path, _FLAGS, 0o600)
        status = os.fstat(descriptor)
        self._identity = (status.st_dev, status.st_ino)
        return descriptor

    def _named(self) -> tuple[int, int] | None:
        """Tell which file has the name now."""
        try:
            status = os.lstat(self.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

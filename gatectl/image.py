"""A mounted image or an unpacked bundle, read as evidence: nothing is followed out of it.

Whoever left traces also chose the names and the links in it, so every entry is taken as it lies
there: links are told and not followed, only plain files are opened, and everything is bounded.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gatectl.core.collection import CollectedFile, Collection, MissingPart, printable
from gatectl.core.gate import NodeName
from gatectl.core.indicators import Indicator
from gatectl.errors import InvalidInput

IMAGE = NodeName("image")
"""The name under which findings in an image are told; nobody knows which node it was."""

_TOP_FOLDERS = frozenset(
    {"bin", "etc", "flash", "lib", "libexec", "netscaler", "nsconfig"}
    | {"root", "sbin", "tmp", "usr", "var"}
)
_WRAPPERS_MAX = 3
_OWNERS = {0: "root", 65534: "nobody"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of an image is read; what is over it is named as missing."""

    entries_max: int = 400_000
    depth_max: int = 64
    file_bytes_max: int = 64 * 2**20
    total_bytes_max: int = 1024 * 2**20


def read_image(
    folder: Path,
    indicators: tuple[Indicator, ...],
    *,
    now: datetime,
    bounds: Bounds | None = None,
) -> Collection:
    """Read a folder whose root is that of an appliance; raises InvalidInput if there is none.

    Content is read where an indicator reads it; all other files are only listed. The folder that
    a bundle has around everything is passed over.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder", hint="Mount the image, then name its root.")
    visit = _Visit(_root(folder), indicators, bounds or Bounds())
    files = tuple(visit.files())
    return Collection(
        files=files, missing=tuple(visit.missing), collected_at=now, nodes=(IMAGE,) if files else ()
    )


def _root(folder: Path) -> str:
    root = os.path.realpath(folder)
    for _ in range(_WRAPPERS_MAX):
        try:
            with os.scandir(root) as entries:
                inner = [entry for entry, _ in zip(entries, range(2), strict=False)]
        except OSError:
            return root
        alone = len(inner) == 1 and inner[0].is_dir(follow_symlinks=False)
        if not alone or inner[0].name in _TOP_FOLDERS:
            return root
        root = inner[0].path
    return root


class _Visit:
    """One pass over an image, within its bounds."""

    def __init__(self, root: str, indicators: tuple[Indicator, ...], bounds: Bounds) -> None:
        self._root = root
        self._indicators = [one for one in indicators if one.paths]
        self._bounds = bounds
        self._entries = 0
        self._room = bounds.total_bytes_max
        self.missing: list[MissingPart] = []

    def files(self) -> Iterator[CollectedFile]:
        """Give the files in the order of their names, each by its path on the appliance."""
        waiting = [(self._root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            for entry in self._entries_of(folder):
                if self._entries >= self._bounds.entries_max:
                    self._miss("/", f"more than {self._bounds.entries_max} entries")
                    return
                self._entries += 1
                if not entry.is_dir(follow_symlinks=False):
                    yield from self._file(entry)
                elif depth < self._bounds.depth_max:
                    waiting.append((entry.path, depth + 1))
                else:
                    self._miss(self._path(entry.path), "it lies too deep")

    def _entries_of(self, folder: str) -> list[os.DirEntry[str]]:
        found: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    found.append(entry)
                    if len(found) > self._bounds.entries_max:
                        # Sorting needs all of them at once, so the bound holds here as well.
                        break
        except OSError as exc:
            self._miss(self._path(folder), _reason(exc))
        return sorted(found, key=lambda entry: entry.name)

    def _file(self, entry: os.DirEntry[str]) -> Iterator[CollectedFile]:
        path = self._path(entry.path)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as exc:
            self._miss(path, _reason(exc))
            return
        covering = [
            one
            for one in self._indicators
            if one.covers(path) and not (one.mode_bits and not status.st_mode & one.mode_bits)
        ]
        readers = [
            one
            for one in covering
            if one.pattern and not (one.bytes_max and status.st_size > one.bytes_max)
        ]
        content: bytes | None = None
        if stat.S_ISLNK(status.st_mode):
            if readers and not self._leads_inside(entry.path):
                self._miss(path, "it is a link to where there is nothing in the image")
            if all(one.pattern for one in covering):
                return
        elif readers:
            content = self._content(entry.path, path, status)
        yield _collected(path, status, content)

    def _content(self, real: str, path: str, status: os.stat_result) -> bytes | None:
        limit = min(self._bounds.file_bytes_max, self._room)
        if status.st_size > limit:
            self._miss(path, f"{status.st_size} bytes are more than is read of an image")
            return None
        try:
            # Without O_NONBLOCK, a FIFO under the name of a log would wait for ever.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with open(os.open(real, flags), "rb") as file:  # noqa: PTH123 - pathlib follows links
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    self._miss(path, "it is not a plain file")
                    return None
                content = file.read(limit + 1)
        except OSError as exc:
            self._miss(path, _reason(exc))
            return None
        if len(content) > limit:
            self._miss(path, "it grew while it was read")
            return None
        self._room -= len(content)
        return content

    def _leads_inside(self, link: str) -> bool:
        """Whether a link's target is in the image, where it is read under its own name."""
        target = ""
        with suppress(OSError):
            target = os.readlink(link)  # noqa: PTH115 - the name may be no text
        base = self._root if target.startswith("/") else os.path.dirname(link)  # noqa: PTH120
        leads_to = os.path.normpath(f"{base}/{target}")
        inside = leads_to.startswith(f"{self._root.rstrip('/')}/")
        return bool(target) and inside and os.path.lexists(leads_to)

    def _path(self, real: str) -> str:
        return real[len(self._root.rstrip("/")) :] or "/"

    def _miss(self, path: str, because: str) -> None:
        self.missing.append(MissingPart(node=IMAGE, part=printable(path), because=because))


def _collected(path: str, status: os.stat_result, content: bytes | None) -> CollectedFile:
    return CollectedFile(
        node=IMAGE,
        path=path,
        size=status.st_size,
        mode=status.st_mode,
        owner=_OWNERS.get(status.st_uid, str(status.st_uid)),
        mtime=_time(status.st_mtime),
        sha256="" if content is None else hashlib.sha256(content).hexdigest(),
        content=content,
    )


def _time(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError, OSError):
        # A time that nobody can write is not the installation's: as late as can be.
        return datetime.max.replace(tzinfo=UTC)


def _reason(exc: OSError) -> str:
    return exc.strerror or "it cannot be read"

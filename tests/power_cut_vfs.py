"""A disk that forgets: it keeps a log of what SQLite asked of it, and shows it after a power cut.

The log is written once, and any number of cuts are made in it. What was synced before the cut is
there. A write that was not is kept, dropped, or torn at the sectors of 512 bytes; a removed or a
new name in the folder is undone unless the folder was synced. As on Unix, the first sync of a new
file brings its name to disk as well.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import apsw

SECTOR_BYTES = 512
_TORN_FRACTION = 0.5
"""Of the writes that were not synced, how many are torn; of the others half are kept."""
_POWER_SAFE_OVERWRITE = apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A file got a name."""

    name: str
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Bytes were handed to the system."""

    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """A file was cut to a length."""

    inode: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """All of a file is on disk."""

    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A name was removed; the folder was synced, or it was not."""

    name: str
    folder_synced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The journal said that so many events are on disk."""

    events: int


Change = Written | Truncated
Entry = Created | Change | Synced | Deleted | Acknowledged


class Disk(apsw.VFS):
    """A virtual file system in memory that logs every change."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.log: list[Entry] = []
        self._contents: dict[int, bytearray] = {}
        self._names: dict[str, int] = {}

    def acknowledge(self, events: int) -> None:
        """Note what was promised to be on disk."""
        self.log.append(Acknowledged(events=events))

    def xOpen(  # type: ignore[override]  # apsw takes any object that has a file's methods  # noqa: N802 - SQLite's name
        self, name: "str | apsw.URIFilename | None", flags: list[int]
    ) -> "DiskFile":
        """Open a file, making it when it is missing."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        flags[1] = flags[0]
        if path not in self._names:
            inode = len(self._contents) + 1
            self._contents[inode] = bytearray()
            self._names[path] = inode
            self.log.append(Created(name=path, inode=inode))
        inode = self._names[path]
        return DiskFile(inode, self._contents[inode], self.log)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        """Remove a name."""
        if self._names.pop(filename, None) is not None:
            self.log.append(Deleted(name=filename, folder_synced=bool(syncdir)))

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: ARG002, N802 - SQLite's signature
        """Say whether a file is there."""
        return pathname in self._names

    def xFullPathname(self, name: str) -> str:  # noqa: N802 - SQLite's name
        """Give the one name that a file has."""
        return name


class DiskFile:
    """One open file of the disk; there is one connection, so locks are always had."""

    def __init__(self, inode: int, content: bytearray, log: list[Entry]) -> None:
        self._inode = inode
        self._content = content
        self._log = log

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """Give what was written, synced or not."""
        return bytes(self._content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Take bytes, which are not on disk yet."""
        written = Written(inode=self._inode, offset=offset, data=bytes(data))
        _change(self._content, written)
        self._log.append(written)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Cut the file."""
        truncated = Truncated(inode=self._inode, size=newsize)
        _change(self._content, truncated)
        self._log.append(truncated)

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802 - SQLite's signature
        """Bring all of it to disk."""
        self._log.append(Synced(inode=self._inode))

    def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
        """Give its length."""
        return len(self._content)

    def xLock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Have the lock."""

    def xUnlock(self, level: int) -> None:  # noqa: N802 - SQLite's name
        """Let go of it."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802 - SQLite's name
        """Say that nobody else holds it."""
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: ARG002, N802 - SQLite's signature
        """Know no special orders."""
        return False

    def xSectorSize(self) -> int:  # noqa: N802 - SQLite's name
        """Give what SQLite takes a sector to be on Unix."""
        return 4096

    def xDeviceCharacteristics(self) -> int:  # noqa: N802 - SQLite's name
        """Promise what SQLite's own file system for Unix promises."""
        return _POWER_SAFE_OVERWRITE

    def xClose(self) -> None:  # noqa: N802 - SQLite's name
        """Let go of the file."""


@dataclass(slots=True, kw_only=True)
class _Replay:
    """The disk at one point of the log: what is safe, and what hangs in the air."""

    safe: dict[int, bytearray] = field(default_factory=dict)
    pending: dict[int, list[Change]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    safe_names: dict[str, int] = field(default_factory=dict)
    new: set[int] = field(default_factory=set)
    acknowledged: int = 0

    def take(self, entry: Entry) -> None:
        match entry:
            case Created(name=name, inode=inode):
                self.names[name] = inode
                self.new.add(inode)
                self.safe[inode] = bytearray()
                self.pending[inode] = []
            case Written(inode=inode) | Truncated(inode=inode):
                self.pending[inode].append(entry)
            case Synced(inode=inode):
                self._sync(inode)
            case Deleted(name=name, folder_synced=folder_synced):
                del self.names[name]
                if folder_synced:
                    self.safe_names = dict(self.names)
            case Acknowledged(events=events):
                self.acknowledged = events

    def _sync(self, inode: int) -> None:
        for change in self.pending[inode]:
            _change(self.safe[inode], change)
        self.pending[inode].clear()
        if inode in self.new:
            self.new.discard(inode)
            self.safe_names = dict(self.names)

    def after_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Toss for everything that hangs in the air, and give the files as they are then."""
        found: dict[str, bytes] = {}
        for name in sorted({*self.names, *self.safe_names}):
            now, before = self.names.get(name), self.safe_names.get(name)
            inode = now if now == before or chance.random() < 0.5 else before
            if inode is not None:
                found[name] = self._content(inode, chance)
        return found

    def _content(self, inode: int, chance: random.Random) -> bytes:
        content = bytearray(self.safe[inode])
        for change in self.pending[inode]:
            for piece in _survivors(change, chance):
                _change(content, piece)
        return bytes(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterCut:
    """What the power cut left behind."""

    files: dict[str, bytes]
    acknowledged: int
    """Events that had been promised to be on disk by then."""


def cut(log: Sequence[Entry], after: int, chance: random.Random) -> AfterCut:
    """Cut the power after so many entries of the log."""
    replay = _Replay()
    for entry in log[:after]:
        replay.take(entry)
    return AfterCut(files=replay.after_cut(chance), acknowledged=replay.acknowledged)


def _survivors(change: Change, chance: random.Random) -> list[Change]:
    if chance.random() >= _TORN_FRACTION or isinstance(change, Truncated):
        return [change] if chance.random() < 0.5 else []
    return [sector for sector in _sectors(change) if chance.random() < 0.5]


def _sectors(written: Written) -> list[Change]:
    first = written.offset - written.offset % SECTOR_BYTES
    end = written.offset + len(written.data)
    pieces: list[Change] = []
    for start in range(first, end, SECTOR_BYTES):
        low, high = max(start, written.offset), min(start + SECTOR_BYTES, end)
        data = written.data[low - written.offset : high - written.offset]
        pieces.append(Written(inode=written.inode, offset=low, data=data))
    return pieces


def _change(content: bytearray, change: Change) -> None:
    match change:
        case Written(offset=offset, data=data):
            if len(content) < offset:
                content.extend(bytes(offset - len(content)))
            content[offset : offset + len(data)] = data
        case Truncated(size=size):
            del content[size:]

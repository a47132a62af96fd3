"""The appliance's files: a virtual tree in memory."""

import errno
import posixpath
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

LINK_LIMIT = 20
PERSISTENT = ("/var", "/flash")
"""What lies on the disk; all else is a RAM disk that each boot builds anew."""

FLASH_BYTES = 1_660_876_800
VAR_BYTES = 14_523_774_976
ROOT_BYTES = 430_000_000
BASE_USED = {"/flash": 236_836_864, "/var": 1_045_508_096, "/": 396_000_000}


@dataclass(slots=True, kw_only=True)
class Entry:
    """One file, directory or symbolic link."""

    kind: Literal["dir", "file", "link"]
    content: bytearray = field(default_factory=bytearray)
    source: Path | None = None
    """A file of this computer that is read when somebody asks for the content."""
    target: str = ""
    mode: int = 0o644
    owner: str = "root"
    group: str = "wheel"
    modified: float = 0.0

    def data(self) -> bytearray:
        """Give the content, fetching it first if it lies on this computer."""
        if self.source is not None:
            self.content = bytearray(self.source.read_bytes())
            self.source = None
        return self.content

    @property
    def size(self) -> int:
        """Bytes, as a listing shows them."""
        if self.kind == "dir":
            return 512
        if self.kind == "link":
            return len(self.target)
        return self.source.stat().st_size if self.source else len(self.content)


def persistent(path: str) -> bool:
    """Say whether the path survives a reboot."""
    return any(path == top or path.startswith(f"{top}/") for top in PERSISTENT)


class FileSystem:
    """A tree of entries by absolute path; errors are OSErrors with their usual numbers."""

    def __init__(self, *, is_full: Callable[[], bool] = lambda: False) -> None:
        self._entries: dict[str, Entry] = {"/": Entry(kind="dir", mode=0o755)}
        self._is_full = is_full
        self.lock = threading.RLock()

    def resolve(self, path: str, *, cwd: str = "/", follow: bool = True) -> str:
        """Make a path absolute and free of links; without `follow` a last link stays."""
        with self.lock:
            return self._resolve(posixpath.join(cwd, path), follow=follow)

    def _resolve(self, path: str, *, follow: bool) -> str:
        todo = [part for part in path.split("/") if part not in ("", ".")]
        done = "/"
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done = posixpath.dirname(done)
                continue
            here = posixpath.join(done, part)
            entry = self._entries.get(here)
            if entry is None or entry.kind != "link" or not (todo or follow):
                done = here
                continue
            links += 1
            if links > LINK_LIMIT:
                raise OSError(errno.ELOOP, "Too many levels of symbolic links", path)
            if entry.target.startswith("/"):
                done = "/"
            todo = [step for step in entry.target.split("/") if step not in ("", ".")] + todo
        return done

    def stat(self, path: str, *, cwd: str = "/", follow: bool = True) -> Entry:
        """Give the entry at a path."""
        with self.lock:
            entry = self._entries.get(self.resolve(path, cwd=cwd, follow=follow))
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return entry

    def exists(self, path: str, *, cwd: str = "/") -> bool:
        """Say whether there is something at a path."""
        with self.lock:
            return self.resolve(path, cwd=cwd) in self._entries

    def is_dir(self, path: str, *, cwd: str = "/") -> bool:
        """Say whether there is a directory at a path."""
        with self.lock:
            entry = self._entries.get(self.resolve(path, cwd=cwd))
            return entry is not None and entry.kind == "dir"

    def read(self, path: str, *, cwd: str = "/") -> bytes:
        """Give a file's content."""
        entry = self.stat(path, cwd=cwd)
        if entry.kind == "dir":
            raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
        return bytes(entry.data())

    def read_text(self, path: str, *, cwd: str = "/") -> str:
        """Give a file's content as text, losing nothing of what is not text."""
        return self.read(path, cwd=cwd).decode("utf-8", "surrogateescape")

    def open(self, path: str, *, cwd: str = "/", truncate: bool, mode: int = 0o644) -> Entry:
        """Give the entry of a file to write into, made if it is missing."""
        with self.lock:
            full = self.resolve(path, cwd=cwd)
            entry = self._entries.get(full)
            if entry is not None and entry.kind == "dir":
                raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
            self.check_space()
            if not self.is_dir(posixpath.dirname(full)):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
            if entry is None:
                entry = Entry(kind="file", mode=mode)
                self._entries[full] = entry
            if truncate:
                entry.source, entry.content = None, bytearray()
            entry.data()
            entry.modified = time.time()
            return entry

    def write(self, path: str, data: bytes | str, *, cwd: str = "/", mode: int = 0o644) -> None:
        """Replace a file's content."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        self.open(path, cwd=cwd, truncate=True, mode=mode).content.extend(raw)

    def append(self, path: str, data: bytes | str, *, cwd: str = "/") -> None:
        """Add to a file's content."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        self.open(path, cwd=cwd, truncate=False).content.extend(raw)

    def check_space(self) -> None:
        """Refuse when the disk is full."""
        if self._is_full():
            raise OSError(errno.ENOSPC, "No space left on device")

    def place(self, path: str, entry: Entry) -> None:
        """Put an entry at a path, with the directories above it; asks nobody."""
        with self.lock:
            full = self.resolve(path, follow=False)
            parent = posixpath.dirname(full)
            if parent not in self._entries:
                made = Entry(kind="dir", mode=0o755, modified=entry.modified)
                self.place(parent, made)
            self._entries[full] = entry

    def place_link(self, path: str, target: str) -> None:
        """Put a symbolic link at a path."""
        entry = Entry(kind="link", target=target, mode=0o777, modified=time.time())
        self.place(path, entry)

    def mkdir(self, path: str, *, cwd: str = "/", parents: bool = False, mode: int = 0o755) -> None:
        """Make a directory."""
        with self.lock:
            full = self.resolve(path, cwd=cwd)
            if full in self._entries:
                if parents and self._entries[full].kind == "dir":
                    return
                raise FileExistsError(errno.EEXIST, "File exists", path)
            if not parents and not self.is_dir(posixpath.dirname(full)):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
            self.check_space()
            self.place(full, Entry(kind="dir", mode=mode, modified=time.time()))

    def remove(self, path: str, *, cwd: str = "/", recursive: bool = False) -> None:
        """Remove a file or link, or a directory with what is in it."""
        with self.lock:
            full = self.resolve(path, cwd=cwd, follow=False)
            entry = self.stat(full, follow=False)
            if entry.kind == "dir" and not recursive and self.names(full):
                raise OSError(errno.ENOTEMPTY, "Directory not empty", path)
            for below in [name for name in self._entries if name.startswith(f"{full}/")]:
                del self._entries[below]
            if full != "/":
                del self._entries[full]

    def rename(self, old: str, new: str, *, cwd: str = "/") -> None:
        """Move an entry; what stood at the new name is replaced."""
        with self.lock:
            source = self.resolve(old, cwd=cwd, follow=False)
            target = self.resolve(new, cwd=cwd, follow=False)
            if self.is_dir(target) and not self.is_dir(source):
                target = posixpath.join(target, posixpath.basename(source))
            self.stat(source, follow=False)
            if not self.is_dir(posixpath.dirname(target)):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", new)
            for name in [name for name in self._entries if name.startswith(f"{source}/")]:
                self._entries[target + name[len(source) :]] = self._entries.pop(name)
            self._entries[target] = self._entries.pop(source)

    def names(self, path: str, *, cwd: str = "/") -> list[str]:
        """Give the names in a directory."""
        with self.lock:
            full = self.resolve(path, cwd=cwd)
            if self.stat(full).kind != "dir":
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory", path)
            start = full.rstrip("/") + "/"
            return sorted(
                name[len(start) :]
                for name in self._entries
                if name.startswith(start) and name != "/" and "/" not in name[len(start) :]
            )

    def walk(self, path: str, *, cwd: str = "/") -> Iterator[tuple[str, Entry]]:
        """Give a path and everything below it, in order; links are not followed."""
        with self.lock:
            full = self.resolve(path, cwd=cwd, follow=False)
            start = full.rstrip("/") + "/"
            found = [
                (name, entry)
                for name, entry in sorted(self._entries.items())
                if name == full or name.startswith(start)
            ]
        yield from found

    def overlay(self, directory: Path) -> None:
        """Lay a folder of this computer over the tree, from the root; it wins."""
        for source in sorted(directory.rglob("*")):
            path = "/" + source.relative_to(directory).as_posix()
            facts = source.lstat()
            entry = Entry(kind="file", mode=facts.st_mode & 0o7777, modified=facts.st_mtime)
            if source.is_symlink():
                entry.kind, entry.target = "link", str(source.readlink())
            elif source.is_dir():
                if self.exists(path):
                    continue
                entry.kind = "dir"
            elif source.is_file():
                entry.source = source
            else:
                continue
            parent, name = posixpath.split(path)
            self.place(posixpath.join(self.resolve(parent), name), entry)

    def forget_ram(self) -> None:
        """Lose everything that is not on the disk, as a reboot does."""
        with self.lock:
            kept = {path: entry for path, entry in self._entries.items() if persistent(path)}
            self._entries = {"/": Entry(kind="dir", mode=0o755), **kept}

    def usage(self, mount: str) -> tuple[int, int]:
        """Give the size of a mounted file system and the bytes used in it."""
        total = {"/flash": FLASH_BYTES, "/var": VAR_BYTES}.get(mount, ROOT_BYTES)
        if mount in PERSISTENT and self._is_full():
            return total, total
        with self.lock:
            used = sum(
                entry.size
                for path, entry in self._entries.items()
                if entry.kind == "file" and path.startswith(f"{mount}/") and mount != "/"
            )
        return total, min(total, BASE_USED.get(mount, 0) + used)

"""Files over SFTP: images up, whole or not at all; evidence down, hashed on the way."""

import contextlib
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal

import paramiko

from gatectl.errors import CommandRefused, ConversationCut, ImageInvalid, Unreachable
from gatectl.transport.connection import Connection, Failures, plain
from gatectl.transport.contract import Progress, RemoteFile
from gatectl.watchdog import Guard

_PIECE = 1 << 18
_AHEAD_REQUESTS = 64
_PARENTS_MAX = 8
_DEPTH_MAX = 64


def hash_of(source: Path) -> str:
    """Hash a file of this machine; raises ImageInvalid if it cannot be read."""
    digest = sha256()
    try:
        with source.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as exc:
        raise ImageInvalid(f"{source} cannot be read: {exc.strerror}") from exc
    return digest.hexdigest()


class Files:
    """The file side of a connection; its channel is opened with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        with connection.guard(connection.timeouts.channel_s) as guard:
            try:
                self._sftp = paramiko.SFTPClient.from_transport(connection.client)
            except Failures as exc:
                raise Unreachable(f"{connection.name}: no file transfer: {plain(exc)}") from exc
        if self._sftp is None or guard.expired:
            raise Unreachable(f"{connection.name}: no file transfer")

    @property
    def _channel(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            raise Unreachable(f"{self._connection.name}: no file transfer")
        return self._sftp

    def size_of(self, path: str) -> int | None:
        """Return the size of a file there, none if it is not there."""
        with self._guard() as guard:
            try:
                return self._channel.stat(path).st_size or 0
            except FileNotFoundError:
                return None
            except Failures as exc:
                raise self._failed(exc, guard, path) from exc

    def upload(
        self, source: Path, part: str, *, begin: int, total_guard: Guard, progress: Progress | None
    ) -> None:
        """Write a file from a position on; what was there before it stays."""
        size = source.stat().st_size
        with self._guard() as guard, source.open("rb") as file:
            try:
                self._make_parents(part)
                with self._channel.open(part, "r+b" if begin else "wb") as target:
                    # Each answer is checked when the file is closed.
                    target.set_pipelined(pipelined=True)
                    file.seek(begin)
                    target.seek(begin)
                    done = begin
                    while piece := file.read(_PIECE):
                        target.write(piece)
                        guard.renew()
                        done += len(piece)
                        if progress is not None:
                            progress(done, size)
            except Failures as exc:
                raise self._failed(exc, guard if guard.expired else total_guard, part) from exc

    def rename(self, part: str, target: str) -> None:
        """Put a whole file in the place of the target, in one step where the server can."""
        with self._guard() as guard:
            try:
                try:
                    self._channel.posix_rename(part, target)
                except OSError:
                    with contextlib.suppress(FileNotFoundError):
                        self._channel.remove(target)
                    self._channel.rename(part, target)
            except Failures as exc:
                raise self._failed(exc, guard, target) from exc

    def _make_parents(self, path: str) -> None:
        parents = [str(parent) for parent in Path(path).parents][:_PARENTS_MAX]
        missing = []
        for parent in parents:
            try:
                self._channel.stat(parent)
            except FileNotFoundError:
                missing.append(parent)
            else:
                break
        for parent in reversed(missing):
            self._channel.mkdir(parent, 0o755)

    def fetch(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None
    ) -> RemoteFile:
        """Copy a file to a sink, at most so many bytes of it."""
        with self._guard() as guard:
            try:
                facts = self._channel.stat(path)
                if not stat.S_ISREG(facts.st_mode or 0):
                    # Reading a pipe or a device may never end.
                    raise CommandRefused(f"{self._connection.name}: {path} is not a file")
                size = facts.st_size or 0
                wanted = min(size, limit)
                digest, done = sha256(), 0
                with self._channel.open(path, "rb") as file:
                    if wanted:
                        file.prefetch(wanted, _AHEAD_REQUESTS)
                    while done < wanted and (piece := file.read(min(_PIECE, wanted - done))):
                        sink.write(piece)
                        digest.update(piece)
                        guard.renew()
                        done += len(piece)
                        if progress is not None:
                            progress(done, wanted)
            except Failures as exc:
                raise self._failed(exc, guard, path) from exc
        found = _facts(path, facts)
        return RemoteFile(
            path=path,
            size=size,
            mode=found.mode,
            uid=found.uid,
            gid=found.gid,
            mtime=found.mtime,
            sha256=digest.hexdigest(),
            truncated=done < size,
        )

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Find files below a path; folders behind a link are not entered."""
        try:
            with self._guard():
                facts = self._channel.stat(path)
        except FileNotFoundError:
            return
        except Failures as exc:
            raise self._failed(exc, None, path) from exc
        if not stat.S_ISDIR(facts.st_mode or 0):
            yield _facts(path, facts)
            return
        found = 0
        folders = [(path.rstrip("/") or "/", 0)]
        while folders:
            folder, depth = folders.pop()
            for name, entry in self._list(folder):
                inside = f"{folder.rstrip('/')}/{name}"
                if name and stat.S_ISDIR(entry.st_mode or 0) and depth < _DEPTH_MAX:
                    folders.append((inside, depth + 1))
                    continue
                if found == limit:
                    # Fewer files than there are must not look like all.
                    raise CommandRefused(f"there are more than {limit} files below {path}")
                found += 1
                yield _facts(inside, entry, unreadable=not name)

    def _list(self, folder: str) -> list[tuple[str, paramiko.SFTPAttributes]]:
        with self._guard() as guard:
            try:
                entries = self._channel.listdir_attr(folder)
            except FileNotFoundError:
                return []
            except PermissionError:
                return [("", self._channel.stat(folder))]
            except Failures as exc:
                raise self._failed(exc, guard, folder) from exc
        return sorted(((entry.filename, entry) for entry in entries), key=lambda pair: pair[0])

    def _guard(self) -> Guard:
        return self._connection.guard(self._connection.timeouts.stall_s)

    def _failed(self, exc: Exception, guard: Guard | None, path: str) -> Exception:
        """Tell a refusal, over a connection that still stands, from a cut."""
        late = guard is not None and guard.expired
        if late or not self._connection.alive or isinstance(exc, EOFError):
            self._connection.drop()
            why = "came to a standstill" if late else "was cut"
            return ConversationCut(f"{self._connection.name}: the transfer of {path} {why}")
        said = getattr(exc, "strerror", None) or exc
        return CommandRefused(f"{self._connection.name}: {path}: {plain(said)}")


def _facts(path: str, facts: paramiko.SFTPAttributes, *, unreadable: bool = False) -> RemoteFile:
    mode = facts.st_mode or 0
    return RemoteFile(
        path=path.rstrip("/") if unreadable else path,
        kind="unreadable" if unreadable else _kind(mode),
        size=facts.st_size or 0,
        mode=stat.S_IMODE(mode),
        uid=facts.st_uid or 0,
        gid=facts.st_gid or 0,
        mtime=datetime.fromtimestamp(facts.st_mtime or 0, UTC),
    )


def _kind(mode: int) -> Literal["file", "link", "other"]:
    if stat.S_ISREG(mode):
        return "file"
    return "link" if stat.S_ISLNK(mode) else "other"

"""SFTP over the virtual files."""

from __future__ import annotations

import contextlib
import errno
import posixpath
import stat
import time
from typing import TYPE_CHECKING

import paramiko
from paramiko.sftp import SFTP_FAILURE, SFTP_OK

from gatectl.simulator.filesystem import Entry

if TYPE_CHECKING:
    from os import PathLike

    from typing_extensions import Buffer

    from gatectl.simulator.appliance import Appliance

_KIND_BITS = {"dir": stat.S_IFDIR, "file": stat.S_IFREG, "link": stat.S_IFLNK}
O_WRITING = 0o3
O_CREATE = 0o100
O_EXCLUSIVE = 0o200
O_TRUNCATE = 0o1000
O_APPEND = 0o2000


def attributes(name: str, entry: Entry) -> paramiko.SFTPAttributes:
    """Describe an entry."""
    found = paramiko.SFTPAttributes()
    found.filename = name
    found.st_size = entry.size
    found.st_mode = _KIND_BITS[entry.kind] | entry.mode
    found.st_uid = found.st_gid = 0
    found.st_mtime = found.st_atime = int(entry.modified)
    return found


class _Handle(paramiko.SFTPHandle):
    """An open file; what is written is there at once, as on a disk."""

    def __init__(self, entry: Entry, box: Appliance, *, append: bool, flags: int) -> None:
        super().__init__(flags)
        self._entry = entry
        self._box = box
        self._append = append

    def read(self, offset: int, length: int) -> bytes | int:
        """Give bytes from the file."""
        data = self._entry.data()
        return bytes(data[offset : offset + length])

    def write(self, offset: int, data: Buffer) -> int:
        """Put bytes into the file."""
        try:
            self._box.files.check_space()
        except OSError:
            return SFTP_FAILURE
        raw = bytes(data)
        content = self._entry.data()
        position = len(content) if self._append else offset
        if position > len(content):
            content.extend(bytes(position - len(content)))
        content[position : position + len(raw)] = raw
        self._entry.modified = time.time()
        return SFTP_OK

    def stat(self) -> paramiko.SFTPAttributes | int:
        """Describe the file."""
        return attributes("", self._entry)

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        """Change the file's attributes."""
        return _change(self._entry, attr)

    def close(self) -> None:
        """Nothing is left to be done."""


class SftpService(paramiko.SFTPServer):
    """The SFTP subsystem; it ends with a status, which `scp` asks for."""

    def start_subsystem(
        self, name: str, transport: paramiko.Transport, channel: paramiko.Channel
    ) -> None:
        """Serve until the client has had enough."""
        super().start_subsystem(name, transport, channel)
        with contextlib.suppress(OSError, EOFError):
            channel.send_exit_status(0)


class VirtualSftp(paramiko.SFTPServerInterface):
    """The file operations of one SFTP session."""

    def __init__(self, server: paramiko.ServerInterface, box: Appliance) -> None:
        super().__init__(server)
        self._box = box
        self._files = box.files

    def _record(self, command: str, *, writes: bool) -> None:
        self._box.record("sftp", command, writes=writes)

    def canonicalize(self, path: str) -> str:
        """Make a path absolute; relative ones start at root's home."""
        full = posixpath.normpath(posixpath.join("/root", path))
        return full if full.startswith("/") else f"/{full}"

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        """List a directory."""
        self._record(f"ls {path}", writes=False)
        try:
            full = self._files.resolve(path)
            return [
                attributes(name, self._files.stat(posixpath.join(full, name), follow=False))
                for name in self._files.names(full)
            ]
        except OSError as error:
            return _code(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        """Describe what a path leads to."""
        try:
            return attributes(posixpath.basename(path), self._files.stat(path))
        except OSError as error:
            return _code(error)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        """Describe what stands at a path."""
        try:
            return attributes(posixpath.basename(path), self._files.stat(path, follow=False))
        except OSError as error:
            return _code(error)

    def open(
        self, path: str, flags: int, attr: paramiko.SFTPAttributes
    ) -> paramiko.SFTPHandle | int:
        """Open a file."""
        writing = bool(flags & O_WRITING)
        self._record(f"{'put' if writing else 'get'} {path}", writes=writing)
        try:
            if not writing:
                entry = self._files.stat(path)
                if entry.kind == "dir":
                    return SFTP_FAILURE
            else:
                if flags & O_EXCLUSIVE and self._files.exists(path):
                    return SFTP_FAILURE
                if not flags & O_CREATE:
                    self._files.stat(path)
                mode = stat.S_IMODE(attr.st_mode) if attr.st_mode is not None else 0o644
                entry = self._files.open(path, truncate=bool(flags & O_TRUNCATE), mode=mode)
        except OSError as error:
            return _code(error)
        return _Handle(entry, self._box, append=bool(flags & O_APPEND), flags=flags)

    def remove(self, path: str) -> int:
        """Remove a file."""
        self._record(f"rm {path}", writes=True)
        try:
            if self._files.is_dir(path):
                return SFTP_FAILURE
            self._files.remove(path)
        except OSError as error:
            return _code(error)
        return SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        """Rename, but never over something."""
        if self._files.exists(newpath):
            return SFTP_FAILURE
        return self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """Rename, also over something."""
        self._record(f"rename {oldpath} {newpath}", writes=True)
        try:
            self._files.rename(oldpath, newpath)
        except OSError as error:
            return _code(error)
        return SFTP_OK

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        """Make a directory."""
        self._record(f"mkdir {path}", writes=True)
        mode = stat.S_IMODE(attr.st_mode) if attr.st_mode is not None else 0o755
        try:
            self._files.mkdir(path, mode=mode)
        except OSError as error:
            return _code(error)
        return SFTP_OK

    def rmdir(self, path: str) -> int:
        """Remove an empty directory."""
        self._record(f"rmdir {path}", writes=True)
        try:
            if not self._files.is_dir(path):
                return SFTP_FAILURE
            self._files.remove(path)
        except OSError as error:
            return _code(error)
        return SFTP_OK

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        """Change mode, time or length."""
        self._record(f"setstat {path}", writes=True)
        try:
            return _change(self._files.stat(path), attr)
        except OSError as error:
            return _code(error)

    def readlink(self, path: str) -> str | int:
        """Give a link's target."""
        try:
            entry = self._files.stat(path, follow=False)
        except OSError as error:
            return _code(error)
        return entry.target if entry.kind == "link" else SFTP_FAILURE

    def symlink(self, target_path: str | PathLike[str], path: str) -> int:
        """Make a link."""
        self._record(f"ln {path}", writes=True)
        self._files.place_link(path, str(target_path))
        return SFTP_OK


def _change(entry: Entry, attr: paramiko.SFTPAttributes) -> int:
    if attr.st_mode is not None:
        entry.mode = stat.S_IMODE(attr.st_mode)
    if attr.st_mtime is not None:
        entry.modified = float(attr.st_mtime)
    if attr.st_size is not None and entry.kind == "file":
        content = entry.data()
        del content[attr.st_size :]
        content.extend(bytes(attr.st_size - len(content)))
    return SFTP_OK


def _code(error: OSError) -> int:
    if error.errno in (errno.ENOENT, errno.EACCES):
        return paramiko.SFTPServer.convert_errno(error.errno)
    return SFTP_FAILURE

"""Evidence: pieces kept under the hash of their content, so that none can be swapped unseen."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from gatectl.core.event import EvidenceId
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.storage import private_folder, sync_folder

RESERVE_BYTES = 64 * 2**20
"""Evidence leaves this much of the disk to the journal: a record is worth more than a file."""

_CHUNK_BYTES = 2**20
_ID = re.compile(r"[0-9a-f]{64}")


class EvidenceStore:
    """Keeps pieces of evidence in a folder beside the journal."""

    def __init__(self, folder: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    def keep(self, content: bytes) -> EvidenceId:
        """Keep one piece that is in memory."""
        known = EvidenceId(hashlib.sha256(content).hexdigest())
        if os.path.lexists(self.path(known)):
            # A look that answers as it did before costs no sync of the disk, only a check.
            self.check(known)
            return known
        with self.writer() as writer:
            writer.write(content)
        return writer.id

    def writer(self) -> "EvidenceWriter":
        """Keep a piece that comes in parts; it has its id when the `with` block has ended."""
        return EvidenceWriter(self._folder, reserve_bytes=self._reserve_bytes)

    def read(self, evidence: EvidenceId) -> bytes:
        """Give a piece back, if it still is what was kept."""
        return b"".join(self.parts(evidence))

    def parts(self, evidence: EvidenceId) -> Iterator[bytes]:
        """Give a large piece part by part; a wrong hash is only known, and raised, at its end."""
        digest = hashlib.sha256()
        with _damage_told(evidence):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.path(evidence), flags)
            try:
                while part := os.read(descriptor, _CHUNK_BYTES):
                    digest.update(part)
                    yield part
            finally:
                os.close(descriptor)
        if digest.hexdigest() != evidence:
            raise JournalDamaged(f"the evidence {evidence} was changed after it was kept")

    def check(self, evidence: EvidenceId) -> int:
        """Read a piece through without keeping it in memory, and tell its size in bytes."""
        return sum(len(part) for part in self.parts(evidence))

    def path(self, evidence: EvidenceId) -> Path:
        """Tell where a piece is, for programs that read files."""
        return _path(self._folder, evidence)


class EvidenceWriter:
    """One piece on its way in; it gets its name only when all of it is on disk."""

    def __init__(self, folder: Path, *, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._aside = folder / "aside" / secrets.token_hex(16)
        self._descriptor = -1
        self._digest = hashlib.sha256()
        self._kept: EvidenceId | None = None
        self.size_bytes = 0

    @property
    def id(self) -> EvidenceId:
        """The name under which the piece was kept; there is none before the end."""
        if self._kept is None:
            raise ValueError("the piece of evidence is not kept yet")
        return self._kept

    def write(self, part: bytes) -> None:
        """Add a part."""
        view = memoryview(part)
        with _refusal_told():
            for begin in range(0, len(view), _CHUNK_BYTES):
                self._write_chunk(view[begin : begin + _CHUNK_BYTES])
        self._digest.update(part)
        self.size_bytes += len(part)

    def _write_chunk(self, chunk: memoryview) -> None:
        disk = os.fstatvfs(self._descriptor)
        if disk.f_bavail * disk.f_frsize - len(chunk) < self._reserve_bytes:
            raise JournalUnavailable(
                f"the disk of {self._folder} is nearly full; evidence leaves "
                f"{self._reserve_bytes // 2**20} MiB of it to the journal"
            )
        while chunk:
            chunk = chunk[os.write(self._descriptor, chunk) :]

    def __enter__(self) -> Self:
        private_folder(self._folder)
        private_folder(self._aside.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with _refusal_told():
            self._descriptor = os.open(self._aside, flags, 0o600)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            with _refusal_told():
                try:
                    if kind is None:
                        os.fsync(self._descriptor)
                finally:
                    os.close(self._descriptor)
                if kind is None:
                    self._settle()
        finally:
            self._aside.unlink(missing_ok=True)

    def _settle(self) -> None:
        evidence = EvidenceId(self._digest.hexdigest())
        final = _path(self._folder, evidence)
        private_folder(final.parent)
        if final.is_symlink() or final.exists():
            # The same content was kept before. What lies there is not overwritten: if it was
            # changed, that has to be seen.
            EvidenceStore(self._folder).check(evidence)
        else:
            self._aside.rename(final)
            for folder in (final.parent, self._folder):
                sync_folder(folder)
        self._kept = evidence


def _path(folder: Path, evidence: EvidenceId) -> Path:
    # An id may come from a file that somebody edited: it must not lead out of the folder.
    if not _ID.fullmatch(evidence):
        raise JournalDamaged(f"{evidence!r} is not the name of a piece of evidence")
    return folder / evidence[:2] / evidence


@contextmanager
def _refusal_told() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise JournalUnavailable(f"evidence cannot be kept: {exc.strerror}") from exc


@contextmanager
def _damage_told(evidence: EvidenceId) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise JournalDamaged(f"the evidence {evidence} cannot be read: {exc.strerror}") from exc

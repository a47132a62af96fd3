"""Closing without a journal: what is done goes to a file aside, or at least to stderr.

A locked, damaged, full or missing journal never keeps a gate open. The next start that finds its
journal well takes the emergency records in.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gatectl.clock import Clock
from gatectl.core.event import Event, EvidenceId, Noted, Recorded, RunId, Signalled
from gatectl.core.gate import GateName, Signal, advance
from gatectl.desk import Desk
from gatectl.errors import GatectlError, JournalDamaged
from gatectl.journal.ballast import Ballast
from gatectl.journal.history import GateHistory
from gatectl.journal.journal import Journal
from gatectl.journal.record import understood, written

_PATTERN = "emergency-*.jsonl"
_TAKEN = ".taken-in"
_LINE_BYTES_MAX = 4_194_304
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class LostEvidence:
    """Names the answers of looks by their hash, and keeps none: there may be no disk."""

    def keep(self, content: bytes) -> EvidenceId:
        """Give the hash under which it would have been kept."""
        return EvidenceId(hashlib.sha256(content).hexdigest())

    def read(self, evidence: EvidenceId) -> bytes:
        """Raise JournalDamaged: nothing was kept."""
        raise JournalDamaged(f"the evidence {evidence} was not kept: there was no disk for it")


class EmergencyRecord:
    """Writes each event to a file of its own, in the first folder that takes it."""

    def __init__(self, folders: tuple[Path, ...], now: datetime) -> None:
        # Several gates of one process may have one each.
        name = f"emergency-{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(2)}.jsonl"
        self._handle: int | None = None
        self.path: Path | None = None
        for folder in folders:
            self._handle = _made(folder, name)
            if self._handle is not None:
                self.path = folder / name
                return

    def __call__(self, recorded: Recorded) -> None:
        """Put an event down; a full disk leaves it to stderr."""
        line = f"{written(recorded)}\n"
        if not (self._put_down(line.encode()) or self._put_down_in_the_reserve(line.encode())):
            sys.stderr.write(f"gatectl emergency record: {line}")
            sys.stderr.flush()

    def _put_down(self, line: bytes) -> bool:
        if self._handle is None:
            return False
        before = os.fstat(self._handle).st_size
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._handle, left) :]
            os.fsync(self._handle)
        except OSError:
            # The first part of a line would spoil the line that is written behind it.
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, before)
            return False
        return True

    def _put_down_in_the_reserve(self, line: bytes) -> bool:
        if self.path is None:
            return False
        Ballast(self.path.parent).give_up()
        return self._put_down(line)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _made(folder: Path, name: str) -> int | None:
    """Make the file; where a full disk has no room for one more, in the ballast's."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
    for _ in range(2):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(folder / name, flags, 0o600)
        except OSError as exc:
            if exc.errno not in _NO_ROOM:
                return None
            Ballast(folder).give_up()
    return None


def emergency_folders(state_dir: Path) -> tuple[Path, ...]:
    """Name the places for an emergency record, the best first."""
    return (state_dir, Path(tempfile.gettempdir()) / f"gatectl-{os.getuid()}")


def emergency_desk(
    desk: Desk, record: EmergencyRecord, trouble: GatectlError, tell: Callable[[str], None]
) -> Desk:
    """Give a desk that needs no disk, and say loudly why."""
    where = f"in {record.path}" if record.path else "on stderr alone"
    tell(f"closing without the journal ({trouble.sentence}); the record of it is {where}")
    journal = Journal.in_memory(clock=desk.clock, actor=desk.actor, origin="emergency")
    return replace(
        desk, journal=journal, evidence=LostEvidence(), listeners=(record, *desk.listeners)
    )


def take_in(journal: Journal, state_dir: Path, clock: Clock) -> int:
    """Append what was recorded in an emergency, and tell how many events that were."""
    count = 0
    for path in _left(emergency_folders(state_dir)):
        records = tuple(_read(path))
        overtaken = _overtaken(journal, records)
        entries: list[tuple[Event, GateName, RunId | None]] = []
        for recorded in records:
            told = (
                f"taken in from {path.name}: written at {recorded.at.isoformat()} without a "
                f"journal, {clock.now().isoformat()}"
            )
            entries.append((Noted(text=told), recorded.gate, recorded.run))
            entries.append((recorded.event, recorded.gate, recorded.run))
        journal.append_all(entries)
        for gate in overtaken:
            _doubt(journal, gate, path.name)
        count += len(records)
        path.rename(path.with_name(path.name + _TAKEN))
    return count


def _overtaken(journal: Journal, records: Sequence[Recorded]) -> frozenset[GateName]:
    """Name the gates of which another machine has put something newer on record meanwhile."""
    began = {recorded.gate: recorded.at for recorded in reversed(records)}
    newest = {gate: next(journal.newest_first(gate=gate), None) for gate in began}
    return frozenset(gate for gate, last in newest.items() if last and last.at > began[gate])


def _doubt(journal: Journal, gate: GateName, name: str) -> None:
    """Say that what comes last on record did not happen last: only a look can tell now."""
    before = GateHistory(journal, gate).standing().state
    because = f"{name} was taken in behind what another machine did later"
    doubt = Signalled(
        signal=Signal.DOUBT, before=before, after=advance(before, Signal.DOUBT), because=because
    )
    journal.append(doubt, gate=gate)


def _left(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.glob(_PATTERN)):
            status = path.lstat()
            # Another user's file in a shared folder is no record of ours.
            if path.is_file() and not path.is_symlink() and status.st_uid == os.getuid():
                yield path


def _read(path: Path) -> Iterator[Recorded]:
    with path.open("rb") as file:
        while line := file.readline(_LINE_BYTES_MAX):
            if not line.endswith(b"\n"):
                # The machine died while this line was written: what came before counts.
                return
            yield understood(line.decode())

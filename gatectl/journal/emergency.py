"""Closing without a journal: what is done goes to a file aside, or at least to stderr.

A locked, damaged, full or missing journal never keeps a gate open. The next start that finds its
journal well takes the emergency records in.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gatectl.core.event import EvidenceId, Noted, Recorded, Signalled
from gatectl.core.gate import GateName, Signal, advance
from gatectl.desk import Desk
from gatectl.errors import GatectlError, JournalDamaged
from gatectl.journal.ballast import Ballast
from gatectl.journal.history import GateHistory
from gatectl.journal.journal import Journal
from gatectl.journal.record import understood, written
from gatectl.ports import Entry

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
        name = f"emergency-{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
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
    for _ in range(2):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return _made_and_held(folder, name)
        except OSError as exc:
            if exc.errno not in _NO_ROOM:
                return None
            Ballast(folder).give_up()
    return None


def _made_and_held(folder: Path, name: str) -> int:
    """Make a file that is held from when it has its name until its writer ends."""
    unnamed = folder / f".{name}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
    handle = os.open(unnamed, flags, 0o600)
    try:
        # Where a file system knows no locks, there is a record all the same.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(folder / name)
    except OSError:
        os.close(handle)
        unnamed.unlink(missing_ok=True)
        raise
    return handle


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


def take_in(journal: Journal, state_dir: Path) -> int:
    """Append what was recorded in an emergency, and tell how many events that were.

    A file that cannot be read keeps no other from being taken in; JournalDamaged tells of it then.
    """
    count = 0
    damage: JournalDamaged | None = None
    for path in _left(emergency_folders(state_dir)):
        try:
            count += _taken_in(journal, path)
        except JournalDamaged as exc:
            damage = damage or exc
    if damage is not None:
        raise damage
    return count


def _taken_in(journal: Journal, path: Path) -> int:
    """Append what is new in a file, and put it aside where nobody writes to it any more."""
    with contextlib.ExitStack() as opened:
        with _readable(path):
            file = _own_file(path)
            if file is None:
                return 0
            opened.enter_context(file)
            # Asked before it is read: what is written after that is left to the next start.
            ended = _writer_ended(file)
            records = tuple(_read(file))
        source = f"taken in from {path.name}, "
        added = journal.append_decided(lambda: _missing(journal, source, records))
        if ended:
            # What was taken in is known by its notes, also under the old name.
            with contextlib.suppress(OSError):
                path.rename(path.with_name(path.name + _TAKEN))
    return sum(1 for one in added if _source(one).startswith(source))


def _missing(journal: Journal, source: str, records: Sequence[Recorded]) -> list[Entry]:
    """Put together what the journal lacks; each event behind a note on where it comes from.

    Two starts may have read the same file, or one may have died before it put the file aside.
    """
    known = {_source(one) for one in journal.notes(source)}
    entries: list[Entry] = []
    missing: list[Recorded] = []
    for number, recorded in enumerate(records, 1):
        told = f"{source}line {number}: written at {recorded.at.isoformat()} without a journal"
        if told not in known:
            missing.append(recorded)
            entries.append((Noted(text=told), recorded.gate, recorded.run))
            entries.append((recorded.event, recorded.gate, recorded.run))
    # In one transaction with the rest: without its doubt, a gate would be believed to be as it was.
    entries.extend(
        (_doubt(journal, gate, missing, source), gate, None)
        for gate in sorted(_overtaken(journal, missing))
    )
    return entries


def _source(recorded: Recorded) -> str:
    return recorded.event.text if isinstance(recorded.event, Noted) else ""


def _overtaken(journal: Journal, records: Sequence[Recorded]) -> frozenset[GateName]:
    """Name the gates of which another machine has put something newer on record meanwhile."""
    began = {recorded.gate: recorded.at for recorded in reversed(records)}
    newest = {gate: next(journal.newest_first(gate=gate), None) for gate in began}
    return frozenset(gate for gate, last in newest.items() if last and last.at > began[gate])


def _doubt(journal: Journal, gate: GateName, records: Sequence[Recorded], source: str) -> Signalled:
    """Say that what comes last on record did not happen last: only a look can tell now."""
    before = GateHistory(journal, gate).standing().state
    for recorded in records:
        if recorded.gate == gate and isinstance(recorded.event, Signalled):
            before = recorded.event.after
    because = f"{source}behind what another machine did later"
    return Signalled(
        signal=Signal.DOUBT, before=before, after=advance(before, Signal.DOUBT), because=because
    )


def _left(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        with _readable(folder):
            paths = sorted(folder.glob(_PATTERN))
        yield from paths


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Tell in our own words what is wrong with a file: it must not keep `close` from closing."""
    try:
        yield
    except JournalDamaged as exc:
        raise _damaged(path, exc.sentence) from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise _damaged(path, str(exc)) from exc


def _damaged(path: Path, because: str) -> JournalDamaged:
    return JournalDamaged(
        f"the emergency record {path} cannot be taken in: {because}",
        hint="Find out what happened to it. Moved elsewhere it is left out. `close` still works.",
    )


def _own_file(path: Path) -> BinaryIO | None:
    """Open a record of ours; none where it is gone, or another's file in a shared folder."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            return None
        return path.open("rb")
    except FileNotFoundError:
        # Another start has just put it aside.
        return None


def _writer_ended(file: BinaryIO) -> bool:
    try:
        # Shared, for starts that come together do not exclude each other.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Without locks nobody can tell.
        return True
    return True


def _read(file: BinaryIO) -> Iterator[Recorded]:
    while line := file.readline(_LINE_BYTES_MAX):
        if not line.endswith(b"\n"):
            if len(line) == _LINE_BYTES_MAX:
                raise JournalDamaged(f"a line is longer than {_LINE_BYTES_MAX} bytes")
            # The machine died while this line was written: what came before counts.
            return
        recorded = understood(line.decode())
        names: tuple[object, ...] = (recorded.gate, recorded.run or recorded.gate)
        if not all(isinstance(name, str) and name.isprintable() for name in names):
            raise JournalDamaged("a line names no gate or no run")
        if recorded.at.tzinfo is None:
            raise JournalDamaged("a line has a time without its zone")
        yield recorded

"""How far a journal was seen to hold, so that the next start need not read all of it again.

The mark lies beside the journal and is a convenience, no proof: it counts only while the journal
has the same hash at the same place, and the newest records are looked at all the same. What it
gives up: a record before it that was changed is noticed when it is read, when its turn comes
(each start looks at some of the old records, one stretch after the other), or by
`gatectl journal verify`; no longer at every start.
"""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatectl.journal.chain import Head

NEWEST_ROWS = 2000
"""The newest records that every start looks at, whatever the mark says."""
TURN_ROWS = 2000
"""The old records that a start looks at, where the one before left off."""
_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The head up to which everything held, and where the turn of the old records is."""

    head: Head
    turn: int = 0


def mark_path(journal: Path) -> Path:
    """Name the file of a journal's mark."""
    return journal.with_name(journal.name + ".mark")


def read_mark(journal: Path, lineage: str, hash_at: Callable[[int], str | None]) -> Mark | None:
    """Read a mark; none unless it fits the journal that lies there now."""
    try:
        descriptor = os.open(mark_path(journal), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            mark = _understood(file.read(_BYTES_MAX))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    fits = mark.head.lineage == lineage and hash_at(mark.head.sequence) == mark.head.hash
    return mark if fits and mark.head.sequence > 0 else None


def _understood(text: bytes) -> Mark:
    fields = json.loads(text)
    head = Head(
        sequence=int(fields["sequence"]), hash=str(fields["hash"]), lineage=str(fields["lineage"])
    )
    return Mark(head=head, turn=int(fields["turn"]))


def write_mark(journal: Path, mark: Mark) -> None:
    """Put a mark down; where that fails the next start looks at everything."""
    path = mark_path(journal)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    fields = {
        "lineage": mark.head.lineage,
        "sequence": mark.head.sequence,
        "hash": mark.head.hash,
        "turn": mark.turn,
    }
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        with os.fdopen(os.open(aside, flags, 0o600), "w", encoding="ascii") as file:
            json.dump(fields, file)
        aside.replace(path)

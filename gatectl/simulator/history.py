"""What arrived at an appliance, in order: the checker's view of the truth."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Origin = Literal["cli", "propagation", "sync", "shell", "sftp", "scp", "boot"]


@dataclass(slots=True, kw_only=True)
class HistoryEntry:
    """One command that arrived; the reply is filled in when it is known."""

    sequence: int
    at: float
    node: str
    origin: Origin
    command: str
    writes: bool
    """True for anything that could change the box, also when it was refused."""
    reply: str = ""


class Numbering:
    """Numbers that both nodes of a pair share, so that their histories can be merged."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count(1)
        self._lock = threading.Lock()

    def next(self) -> int:
        """Give the next number."""
        with self._lock:
            return next(self._numbers)


def entry(
    numbering: Numbering, *, node: str, origin: Origin, command: str, writes: bool
) -> HistoryEntry:
    """Make the entry for a command that has just arrived."""
    return HistoryEntry(
        sequence=numbering.next(),
        at=time.time(),
        node=node,
        origin=origin,
        command=command,
        writes=writes,
    )

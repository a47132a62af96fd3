"""What a journal needs of the database below it, as protocols; SQLite and PostgreSQL each give it.

The engine knows connections, transactions, locks and its own kind of damage. Chain, records and
leases are the journal's, in SQL that every engine understands, with `?` where a value goes.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from gatectl.clock import Clock
from gatectl.journal.chain import Problem, Walk


class Answer(Protocol):
    """What a statement gives back."""

    def fetchone(self) -> Any:
        """Give the next row, or nothing."""

    def fetchall(self) -> list[Any]:
        """Give all rows that are left."""


class Rows(Protocol):
    """The journal's database while nobody else of this process uses it."""

    def execute(self, sql: str, parameters: Sequence[str | int | None] = ..., /) -> Answer:
        """Run one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTime:
    """The present, by the clock that leases of this journal begin and end by."""

    at: datetime
    time_ns: int
    boot_id: str
    """Names this machine in this boot."""
    shared: bool
    """Whether it is one clock for all machines; else times of another boot say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that a doctor wants to know of an engine, beyond its records."""

    name: str
    found: str
    trouble: str
    """Empty where all is well."""
    mend: str


class Engine(Protocol):
    """One open journal's tables; may be used from several threads."""

    where: str
    """What a sentence calls it; never with a secret in it."""
    read_only: bool
    """Also true when a newer gatectl has made the tables, whose rules we do not know."""
    newer: bool
    mark: Path | None
    """The file beside which a mark of what was seen to hold may lie."""

    def transaction(self) -> AbstractContextManager[Rows]:
        """Hold all other writers back; all of it is on disk at the end, or nothing of it."""

    def reading(self) -> AbstractContextManager[Rows]:
        """Give the rows for a look."""

    def room_kept(self) -> bool:
        """Say whether the end of what begins now can be told however full the disk gets."""

    def lease_time(self, rows: Rows, clock: Clock) -> LeaseTime:
        """Read the clock of the leases; `clock` is this machine's."""

    def lost_guards(self) -> Iterator[Problem]:
        """Tell what was taken from, or added to, what keeps rows from being changed."""

    def walked(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        """Go on with a walk up to a record."""

    def walked_whole(self, walk: Walk, up_to: int) -> Iterator[Problem]:
        """Walk from first to last, and look at what hashes do not cover as well."""

    def conditions(self) -> Iterator[Condition]:
        """Tell what the promises of the records rest on."""

    def close(self) -> None:
        """Let go of it."""

"""Opens the journal of a configuration: a file of this machine, or a database of a server."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatectl.clock import Clock
from gatectl.config.settings import Settings
from gatectl.core.gate import SecretRef
from gatectl.core.journalserver import JournalServer
from gatectl.errors import JournalUnavailable, JournalUnreachable, LoginRefused
from gatectl.journal.journal import Journal
from gatectl.secret import Credential, Secret, resolve

if TYPE_CHECKING:
    from gatectl.journal.postgres.server import PostgresServer

Fetch = Callable[[SecretRef], Credential]
"""Fetches what a reference points to, at the moment of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPlace:
    """Where a journal lies, and the evidence that it speaks of."""

    file: Path
    """Of this machine; where there is a server, only its folder counts."""
    evidence: Path
    server: JournalServer | None = None

    @property
    def shown(self) -> str:
        """What a sentence calls it."""
        return str(self.file) if self.server is None else self.server.shown


def place_of(settings: Settings) -> JournalPlace:
    """Find the journal of a configuration."""
    return JournalPlace(
        file=settings.state_dir / "journal.db",
        evidence=settings.evidence_dir,
        server=settings.journal_server,
    )


def fetch_alone(ref: SecretRef) -> Credential:
    """Fetch a secret where nobody can be asked."""
    return resolve(ref, ask=None)


def open_journal(
    place: JournalPlace,
    *,
    clock: Clock,
    actor: str,
    origin: str,
    read_only: bool = False,
    verified: bool = True,
    unsafe_any_file_system: bool = False,
    fetch: Fetch = fetch_alone,
) -> Journal:
    """Open a journal wherever it lies, making it if it is missing and may be written."""
    if place.server is None:
        return Journal.open(
            place.file,
            clock=clock,
            actor=actor,
            origin=origin,
            read_only=read_only,
            verified=verified,
            unsafe_any_file_system=unsafe_any_file_system,
        )
    server = place.server
    engine = _driver().open(
        server,
        created=clock.now(),
        password=lambda: _password(server, fetch),
        read_only=read_only,
        mark=place.file.with_name("journal-server"),
    )
    return Journal.on(engine, clock=clock, actor=actor, origin=origin, verified=verified)


def _driver() -> "type[PostgresServer]":
    try:
        from gatectl.journal.postgres.server import (  # noqa: PLC0415 - an extra, and slow to import
            PostgresServer,
        )
    except ImportError as exc:
        raise JournalUnavailable(
            "the journal is in a PostgreSQL server, and the library psycopg is not installed",
            hint="pip install 'gatectl[postgres]'; `gatectl close` works without it.",
        ) from exc
    return PostgresServer


def _password(server: JournalServer, fetch: Fetch) -> str | None:
    if server.login is None:
        return None
    try:
        found = fetch(server.login)
    except LoginRefused as exc:
        # As an error of the journal, for closing goes on without one.
        raise JournalUnreachable(
            f"the password for the journal {server.shown} cannot be had: {exc.sentence}",
            hint=exc.hint,
        ) from exc
    return found.reveal() if isinstance(found, Secret) else None

"""The journal's tables, and the settings under which SQLite keeps what it has acknowledged."""

import uuid
from datetime import datetime
from types import MappingProxyType

from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal.chain import Row
from gatectl.journal.engine import Rows
from gatectl.journal.lease import LEASE_SCHEMA

SCHEMA_VERSION = 1
APPLICATION = 0x67617465
"""Marks the file as gatectl's for `file` and for us."""

BUSY_TIMEOUT_MS = 5000
"""How long to wait for another program's lock; `close` goes on without the journal after that."""

PRAGMAS = MappingProxyType(
    {
        # DELETE keeps one file to copy; EXTRA also syncs the folder after the rollback file is
        # removed, without which a power cut may take back the last commit.
        "journal_mode": "delete",
        "synchronous": 3,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "fullfsync": 1,
        "busy_timeout": BUSY_TIMEOUT_MS,
    }
)
"""Set on every connection and read back, since SQLite keeps silent about what it ignores."""

_FOR_READERS = ("trusted_schema", "cell_size_check")
"""The settings that guard against what is in a file, not against a power cut."""

_STRETCH_ROWS = 5000
"""Rows that are read at once; a writer waits no longer than that takes."""

LINK_COLUMNS = "sequence, gate, run, kind, body, previous, hash"

TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
    (
        "CREATE TABLE event (sequence INTEGER PRIMARY KEY NOT NULL, gate TEXT NOT NULL, run TEXT,"
        " kind TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)"
    ),
    "CREATE INDEX event_gate ON event (gate, sequence)",
    "CREATE INDEX event_run ON event (run, sequence)",
    "CREATE INDEX event_kind ON event (kind, gate, sequence)",
    LEASE_SCHEMA,
)
"""The same on every engine, but for the name of a whole number of 64 bits."""

REFUSAL = "the journal only grows"
GUARDED = ("event", "meta")
"""The tables of which no row is ever changed."""

STATEMENTS = (
    *TABLES,
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for table in GUARDED
        for verb in ("UPDATE", "DELETE")
    ),
)


def set_pragmas(rows: Rows, *, read_only: bool) -> None:
    """Set a connection up to keep its promises, or refuse to use it."""
    for name in _FOR_READERS if read_only else PRAGMAS:
        wanted = PRAGMAS[name]
        rows.execute(f"PRAGMA {name} = {wanted}")
        found = rows.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise JournalUnavailable(
                f"the journal cannot be used: SQLite has {name} = {found} and not {wanted}"
            )


def create_tables(rows: Rows, *, created: datetime) -> None:
    """Make the tables, unless there is anything in the file; all of them or none."""
    rows.execute("BEGIN IMMEDIATE")
    # After an error the caller closes the connection, which takes all of it back.
    if rows.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        for statement in STATEMENTS:
            rows.execute(statement)
        rows.execute("INSERT INTO meta VALUES ('lineage', ?)", (str(uuid.uuid4()),))
        rows.execute("INSERT INTO meta VALUES ('created', ?)", (created.isoformat(),))
        rows.execute(f"PRAGMA application_id = {APPLICATION}")
        rows.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    rows.execute("COMMIT")


def hash_at(rows: Rows, sequence: int) -> str | None:
    """Give one record's hash as it lies there; none if there is no such record."""
    row = rows.execute("SELECT hash FROM event WHERE sequence = ?", (sequence,)).fetchone()
    return str(row[0]) if row else None


def stretch(rows: Rows, after: int, up_to: int) -> list[Row]:
    """Read some rows behind one record, up to another."""
    return rows.execute(
        f"SELECT {LINK_COLUMNS} FROM event WHERE sequence > ? AND sequence <= ?"  # noqa: S608 - only our own column names are put in
        " ORDER BY sequence LIMIT ?",
        (after, up_to, _STRETCH_ROWS),
    ).fetchall()


def schema_version(rows: Rows) -> int:
    """Tell which version of gatectl's tables this is; anything else is not a journal."""
    application = rows.execute("PRAGMA application_id").fetchone()[0]
    version = int(rows.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION or version < 1:
        raise JournalDamaged("the file is not a journal of gatectl's")
    return version

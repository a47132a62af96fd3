import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal.schema import PRAGMAS, STATEMENTS, create_tables, schema_version, set_pragmas

NOW = datetime(2026, 1, 18, 20, tzinfo=UTC)


def connected(path: Path) -> sqlite3.Connection:
    """Connect as the journal does."""
    return sqlite3.connect(path, isolation_level=None)


def test_the_tables_are_made_once(tmp_path: Path) -> None:
    """A second making changes nothing: the journal keeps its lineage."""
    connection = connected(tmp_path / "journal.db")
    create_tables(connection, created=NOW)
    first = connection.execute("SELECT * FROM meta").fetchall()
    create_tables(connection, created=NOW)
    assert connection.execute("SELECT * FROM meta").fetchall() == first
    assert schema_version(connection) == 1
    connection.close()


def test_the_file_holds_the_statements_word_for_word(tmp_path: Path) -> None:
    """A verification compares them, so SQLite must not rewrite them."""
    connection = connected(tmp_path / "journal.db")
    create_tables(connection, created=NOW)
    kept = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master")}
    assert set(STATEMENTS) <= kept
    connection.close()


def test_all_settings_are_in_force_afterwards(tmp_path: Path) -> None:
    """Each is read back from the connection."""
    connection = connected(tmp_path / "journal.db")
    set_pragmas(connection, read_only=False)
    for name, wanted in PRAGMAS.items():
        assert connection.execute(f"PRAGMA {name}").fetchone()[0] == wanted
    connection.close()


def test_a_setting_that_is_not_taken_is_refused() -> None:
    """A database in memory has no DELETE journal: SQLite keeps silent, we do not."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(JournalUnavailable, match="journal_mode = memory"):
        set_pragmas(connection, read_only=False)
    set_pragmas(connection, read_only=True)
    connection.close()


def test_another_programs_database_has_no_version(tmp_path: Path) -> None:
    """Not even one that counts its versions as well."""
    connection = connected(tmp_path / "other.db")
    connection.execute("PRAGMA user_version = 1")
    with pytest.raises(JournalDamaged, match="not a journal"):
        schema_version(connection)
    connection.close()

"""The tables in a server: made once, guarded, and every guard that is lost is noticed."""

from collections.abc import Iterator

import psycopg
import pytest

from gatectl.core.event import Noted
from gatectl.core.journalserver import JournalServer
from gatectl.errors import JournalDamaged
from gatectl.journal.engine import Rows
from gatectl.journal.lease import LeaseCounts
from gatectl.journal.postgres.link import Link
from gatectl.journal.postgres.tables import lost_guards, rights_statements, tables_version
from tests.postgres_server import OwnServer
from tests.shelves import GATE, ServerShelf, fill


@pytest.fixture
def shelf(postgres_server: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> ServerShelf:
    """Give a journal with one record."""
    made = ServerShelf(postgres_server, tmp_path_factory.mktemp("state"))
    fill(made, 1)
    return made


@pytest.fixture
def rows(shelf: ServerShelf) -> Iterator[Rows]:
    """Give a connection to its tables."""
    link = Link(shelf.place, lambda: None, 60.0)
    with link.rows() as found:
        yield found
    link.close()


@pytest.mark.parametrize("table", ["event", "meta"])
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_rows_cannot_be_changed_or_deleted_by_a_slip(
    shelf: ServerShelf, table: str, role: str
) -> None:
    """The server itself refuses, whichever program tries, also one that plays a replica."""
    for statement in (
        f"UPDATE {table} SET {'gate' if table == 'event' else 'value'} = 'x'",  # noqa: S608 - our table
        f"DELETE FROM {table}",  # noqa: S608 - our table
        f"TRUNCATE {table}",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
            shelf.run([f"SET session_replication_role = {role}", statement])


def test_untouched_tables_have_all_their_guards(rows: Rows) -> None:
    """Nothing is told where nothing was changed."""
    assert tables_version(rows) == 1
    assert list(lost_guards(rows)) == []


CHANGES = {
    "dropped": "DROP TRIGGER event_no_truncate ON event",
    "disabled": "ALTER TABLE event DISABLE TRIGGER event_no_update",
    "for some sessions": "ALTER TABLE event ENABLE TRIGGER event_no_update",
    "toothless": "CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
    "at times": "CREATE OR REPLACE TRIGGER event_no_update BEFORE UPDATE ON event"
    " FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION only_grows()",
    "one more": "CREATE TRIGGER other BEFORE INSERT ON event"
    " FOR EACH ROW EXECUTE FUNCTION only_grows()",
    "rule": "CREATE RULE quiet AS ON INSERT TO event DO INSTEAD NOTHING",
    "unlogged": "ALTER TABLE event SET UNLOGGED",
    "filtered": "ALTER TABLE event ENABLE ROW LEVEL SECURITY",
    "unindexed": "DROP INDEX event_gate",
    "without a key": "ALTER TABLE lease DROP CONSTRAINT lease_pkey",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_guard_that_was_lost_or_added_is_told(shelf: ServerShelf, rows: Rows, what: str) -> None:
    """Somebody had a reason to change what keeps rows as they are."""
    shelf.run([CHANGES[what]])
    problems = [problem.sentence for problem in lost_guards(rows)]
    assert problems
    with pytest.raises(JournalDamaged, match="does not verify"):
        shelf.open()


def test_what_is_not_ours_is_no_journal(postgres_server: OwnServer) -> None:
    """Another program's tables are left alone."""
    database = postgres_server.new_database()
    postgres_server.run(database, "CREATE SCHEMA gatectl", "CREATE TABLE gatectl.cake (x int)")
    link = Link(JournalServer(url=postgres_server.url(database)), lambda: None, 60.0)
    with link.rows() as rows, pytest.raises(JournalDamaged, match="not a journal"):
        tables_version(rows)
    link.close()


def test_a_role_with_the_printed_rights_writes_and_cannot_change(shelf: ServerShelf) -> None:
    """It appends and holds leases; UPDATE, DELETE and TRUNCATE are not even its to try."""
    role = "writer"
    shelf.run([f"CREATE ROLE {role} LOGIN", *rights_statements(role)])
    shelf.place = JournalServer(url=shelf.server.url(shelf.database, role))
    with shelf.open() as journal:
        token = journal.leases.take(GATE, holder="alice", host="desk-7", pid=1)
        counts = LeaseCounts(gate=GATE, token=token)
        assert journal.append(Noted(text="x"), gate=GATE, require=counts).sequence == 2
        journal.leases.release(GATE, token)
    for statement in ("UPDATE event SET gate = 'x'", "DELETE FROM event", "TRUNCATE event"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shelf.run([f"SET ROLE {role}", statement])


def test_a_name_of_a_role_stays_one_name() -> None:
    """Whatever is typed as a role is quoted."""
    assert rights_statements('x"; DROP TABLE event; --')[0].endswith(
        'TO "x""; DROP TABLE event; --"'
    )

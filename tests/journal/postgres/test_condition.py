"""What a doctor finds at a journal's server, and what is not well with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gatectl.core.journalserver import JournalServer
from gatectl.journal.engine import Answer, Condition
from gatectl.journal.postgres.condition import conditions
from gatectl.journal.postgres.link import OwnEnd
from gatectl.journal.postgres.tables import rights_statements
from tests.postgres_server import OwnServer
from tests.shelves import ServerShelf, fill

ELSEWHERE = JournalServer(url="postgresql://gatectl@db.example/x?sslmode=require")
STRICT = JournalServer(url="postgresql://gatectl@db.example/x")
ENCRYPTED = OwnEnd(peer="192.0.2.7", encrypted=True)
CLEAR = OwnEnd(peer="192.0.2.7", encrypted=False)


@pytest.fixture
def shelf(postgres_server: OwnServer, tmp_path: Path) -> ServerShelf:
    """Give a journal with one record."""
    made = ServerShelf(postgres_server, tmp_path)
    fill(made, 1)
    return made


def troubles(shelf: ServerShelf, role: str = "postgres") -> dict[str, str]:
    """Look with the eyes of a role, and give what is not well."""
    shelf.place = JournalServer(url=shelf.server.url(shelf.database, role))
    with shelf.open(read_only=True) as journal:
        found = tuple(journal.conditions())
    assert len(found) == 4
    assert all(one.found and one.mend for one in found)
    return {one.name: one.trouble for one in found if one.trouble}


def test_a_role_that_can_only_add_is_well(shelf: ServerShelf) -> None:
    """With the rights that `journal sql` prints nothing is found wanting."""
    shelf.run(["DROP ROLE IF EXISTS adder", "CREATE ROLE adder LOGIN", *rights_statements("adder")])
    assert troubles(shelf, "adder") == {}


def test_a_role_that_could_change_records_is_told(shelf: ServerShelf) -> None:
    """Whoever owns the tables can take the guards away; other rights are named."""
    assert "owns the tables" in troubles(shelf)["journal-rights"]
    shelf.run(
        [
            "DROP ROLE IF EXISTS changer",
            "CREATE ROLE changer LOGIN",
            *rights_statements("changer"),
            "GRANT UPDATE, TRUNCATE ON event TO changer",
        ]
    )
    told = troubles(shelf, "changer")["journal-rights"]
    assert "could UPDATE event, TRUNCATE event" in told


def test_a_role_that_may_not_write_is_told(shelf: ServerShelf) -> None:
    """Found by day, and not by the first event of a night."""
    shelf.run(
        [
            "DROP ROLE IF EXISTS looker",
            "CREATE ROLE looker LOGIN",
            "GRANT USAGE ON SCHEMA gatectl TO looker",
            "GRANT SELECT ON event, meta, lease TO looker",
        ]
    )
    told = troubles(shelf, "looker")["journal-rights"]
    assert "may not INSERT event, INSERT lease, UPDATE lease" in told


class Told:
    """A row that a statement gave."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        self._row = row

    def fetchone(self) -> tuple[Any, ...]:
        """Give it."""
        return self._row

    def fetchall(self) -> list[Any]:
        """Give it alone."""
        return [self._row]


class Elsewhere:
    """Rows of a server that is as it is told to be."""

    def __init__(self, **told: tuple[Any, ...]) -> None:
        self._told = {
            "server_version": (150013, "15.13", False),
            "inet_server_addr": ("192.0.2.7",),
            "full_page_writes": ("on",),
            "SHOW": ("on",),
            "rolsuper": ("gatectl", False),
            "has_table_privilege": (True,),
            **told,
        }

    def execute(self, sql: str, parameters: Sequence[str | int | None] = (), /) -> Answer:
        """Answer by a word of the statement."""
        if "has_table_privilege" in sql:
            return Told((parameters[1] in {"SELECT", "INSERT"} or parameters[0] == "lease",))
        return Told(next(row for word, row in self._told.items() if word in sql))


def way(rows: Elsewhere, server: JournalServer, own_end: OwnEnd) -> Condition:
    """Give what is found of the way there."""
    found = {one.name: one for one in conditions(rows, server, own_end)}
    assert all(not one.trouble for name, one in found.items() if name != "journal-encryption")
    return found["journal-encryption"]


@pytest.mark.parametrize(
    ("told", "name", "words"),
    [
        ({"server_version": (120001, "12.1", False)}, "journal-server", "older than 13"),
        ({"server_version": (150013, "15.13", True)}, "journal-server", "standby"),
        ({"full_page_writes": ("off",)}, "journal-durability", "tear"),
    ],
    ids=["old", "standby", "torn pages"],
)
def test_each_trouble_of_a_server_is_found(
    told: dict[str, tuple[Any, ...]], name: str, words: str
) -> None:
    """One thing is wrong, and that one alone is told."""
    found = conditions(Elsewhere(**told), STRICT, ENCRYPTED)
    troubles = {one.name: one.trouble for one in found if one.trouble}
    assert list(troubles) == [name]
    assert words in troubles[name]


@pytest.mark.parametrize("at_the_server", ["192.0.2.7", "127.0.0.1", None])
@pytest.mark.parametrize(
    ("server", "own_end", "words"),
    [
        (STRICT, CLEAR, "to 192.0.2.7 is not encrypted"),
        (ELSEWHERE, CLEAR, "to 192.0.2.7 is not encrypted"),
        (ELSEWHERE, ENCRYPTED, "sslmode is require"),
    ],
    ids=["clear", "clear where it was required", "unverified"],
)
def test_an_unsafe_way_is_told_also_where_a_pooler_is_beside_the_server(
    server: JournalServer, own_end: OwnEnd, words: str, at_the_server: str | None
) -> None:
    """Whatever address the server sees itself by, our own end goes to another machine."""
    found = way(Elsewhere(inet_server_addr=(at_the_server,)), server, own_end)
    assert words in found.trouble
    assert "verified" not in found.found
    assert ("not encrypted" in found.found) is not own_end.encrypted


def test_a_safe_way_is_told_as_it_was_seen() -> None:
    """What a doctor prints names where the connection goes to."""
    found = way(Elsewhere(), STRICT, ENCRYPTED)
    assert (found.trouble, found.found) == (
        "",
        "to 192.0.2.7, encrypted, and its certificate is verified",
    )


@pytest.mark.parametrize("peer", ["", "127.0.0.1", "::1"])
def test_a_server_on_this_machine_needs_no_encryption(peer: str) -> None:
    """Nothing leaves it, as far as both ends can tell; and nobody says that it was encrypted."""
    here = OwnEnd(peer=peer, encrypted=False)
    found = way(Elsewhere(inet_server_addr=(peer or None,)), ELSEWHERE, here)
    assert found.trouble == ""
    assert "not encrypted, on this machine" in found.found


@pytest.mark.parametrize("peer", ["", "127.0.0.1"])
def test_what_carries_records_to_another_machine_unseen_is_told(peer: str) -> None:
    """A tunnel or a pooler begins here; what it does on the net nobody can see from here."""
    for encrypted in (False, True):
        found = way(Elsewhere(), ELSEWHERE, OwnEnd(peer=peer, encrypted=encrypted))
        assert "the server at 192.0.2.7 cannot be seen" in found.trouble

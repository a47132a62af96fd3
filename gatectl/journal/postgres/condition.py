"""What a doctor finds at a server: its version, what it promises, the way there, and our rights."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from gatectl.core.journalserver import JournalServer
from gatectl.journal.engine import Condition, Rows
from gatectl.journal.postgres.link import OwnEnd

VERSION_MIN: Final = 130_000
"""13, the oldest that has all that the tables need."""

_CHANGES: Final = ("UPDATE", "DELETE", "TRUNCATE")
_NEEDS: Final = {
    "event": ("SELECT", "INSERT"),
    "meta": ("SELECT",),
    "lease": ("SELECT", "INSERT", "UPDATE"),
}


def conditions(rows: Rows, server: JournalServer, own_end: OwnEnd) -> Iterator[Condition]:
    """Look at the server; nothing is changed."""
    yield _version(rows)
    yield _durability(rows)
    yield _way_there(rows, server, own_end)
    yield _rights(rows)


def _version(rows: Rows) -> Condition:
    number, shown, standby = rows.execute(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
        " pg_is_in_recovery()"
    ).fetchone()
    trouble = ""
    if standby:
        trouble = "it is a standby, which takes no records"
    elif number < VERSION_MIN:
        trouble = f"{shown} is older than {VERSION_MIN // 10_000}"
    mend = "name the primary server in journal of [settings]" if standby else "upgrade the server"
    return Condition(name="journal-server", found=f"PostgreSQL {shown}", trouble=trouble, mend=mend)


def _durability(rows: Rows) -> Condition:
    names = ("synchronous_commit", "fsync", "full_page_writes")
    found = {name: str(rows.execute(f"SHOW {name}").fetchone()[0]) for name in names}
    # A session that has not the first two is refused; what a torn page loses shows only later.
    trouble = "" if found["full_page_writes"] == "on" else "a power cut may tear its pages"
    return Condition(
        name="journal-durability",
        found=", ".join(f"{name} {value}" for name, value in found.items()),
        trouble=trouble,
        mend="ALTER SYSTEM SET full_page_writes = on",
    )


def _way_there(rows: Rows, server: JournalServer, own_end: OwnEnd) -> Condition:
    (address,) = rows.execute("SELECT host(inet_server_addr())").fetchone()
    mode = server.encryption()
    place = own_end.peer or "a socket of this machine"
    found = f"to {place}, {'encrypted' if own_end.encrypted else 'not encrypted'}"
    trouble = ""
    if own_end.encrypted and mode == "verify-full":
        found += ", and its certificate is verified"
    elif _here(own_end.peer) and not _here(address or ""):
        trouble = f"what carries it from {place} to the server at {address} cannot be seen"
    elif not _here(own_end.peer) and not own_end.encrypted:
        trouble = f"the connection to {place} is not encrypted"
    elif not _here(own_end.peer):
        trouble = f"sslmode is {mode or 'not given'}, so that another server could take its place"
    elif not own_end.encrypted:
        found += ", on this machine as far as that can be seen from here"
    mend = "write sslmode=verify-full behind the question mark of journal in [settings]"
    return Condition(name="journal-encryption", found=found, trouble=trouble, mend=mend)


def _here(address: str) -> bool:
    """Whether this is a way within one machine, whichever that is."""
    return not address or ip_address(address).is_loopback


def _rights(rows: Rows) -> Condition:
    role, strong = rows.execute(
        "SELECT current_user::text, rolsuper OR pg_has_role(current_user, (SELECT relowner"
        " FROM pg_class WHERE oid = 'event'::regclass), 'MEMBER')"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    lacks = [right for right in _of(_NEEDS) if not _may(rows, right)]
    could = [
        right for right in _of(dict.fromkeys(("event", "meta"), _CHANGES)) if _may(rows, right)
    ]
    trouble = ""
    if lacks:
        trouble = f"the role {role} may not {_listed(lacks)}"
    elif strong:
        trouble = f"the role {role} owns the tables, and could take their guards away"
    elif could:
        trouble = f"the role {role} could {_listed(could)}, were it not for the guards"
    return Condition(
        name="journal-rights",
        found=f"the role {role} can add, and change nothing",
        trouble=trouble,
        mend=f"as a role of its own that owns the tables: gatectl journal sql --role {role}",
    )


def _of(rights: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(table, right) for table, several in rights.items() for right in several]


def _may(rows: Rows, right: tuple[str, str]) -> bool:
    return bool(rows.execute("SELECT has_table_privilege(?, ?)", right).fetchone()[0])


def _listed(rights: list[tuple[str, str]]) -> str:
    return ", ".join(f"{right} {table}" for table, right in rights)

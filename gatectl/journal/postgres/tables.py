"""The journal's tables in PostgreSQL: how they are made, and what guards their rows."""

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gatectl.errors import JournalDamaged
from gatectl.journal.chain import Problem
from gatectl.journal.engine import Rows
from gatectl.journal.schema import GUARDED, REFUSAL, SCHEMA_VERSION, TABLES

SCHEMA: Final = "gatectl"
SEARCH_PATH: Final = f"{SCHEMA}, pg_temp"
"""Behind the system's own names, nothing but ours is found: not what lies in `public`."""

_MARK: Final = "gatectl journal"
_VERBS: Final = {"UPDATE": 16, "DELETE": 8, "TRUNCATE": 32}
_BEFORE: Final = 2
_BODY: Final = f" BEGIN RAISE EXCEPTION '{REFUSAL}'; END "

STATEMENTS: Final = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"SET LOCAL search_path = {SEARCH_PATH}",
    *(re.sub(r"\bINTEGER\b", "BIGINT", statement) for statement in TABLES),
    f"CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS '{_BODY}'".replace(
        f"'{REFUSAL}'", f"''{REFUSAL}''"
    ),
    *(
        statement
        for table in GUARDED
        for verb in _VERBS
        for statement in (
            (
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION only_grows()"
            ),
            # Without this, a session that plays a replica would be let through.
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_{verb.lower()}",
        )
    ),
)

_FACTS: Final = f"""
SELECT format('table %s: %s %s %s', relname, relkind, relpersistence,
              CASE WHEN relrowsecurity THEN 'filtered' ELSE 'whole' END)
  FROM pg_class WHERE relnamespace = '{SCHEMA}'::regnamespace
   AND relname IN ('event', 'meta', 'lease')
UNION ALL
SELECT format('index %s: %s %s', c.relname,
              CASE WHEN i.indisvalid THEN 'valid' ELSE 'invalid' END,
              CASE WHEN i.indisunique THEN 'unique' ELSE 'plain' END)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND c.relname = ANY(?)
UNION ALL
SELECT format('trigger %s on %s: %s %s %s%s', t.tgname, c.relname, t.tgtype, t.tgenabled, p.prosrc,
              CASE WHEN t.tgqual IS NULL AND t.tgattr::text = '' THEN '' ELSE ' at times' END)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT format('rule %s on %s', r.rulename, c.relname)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
 WHERE c.relnamespace = '{SCHEMA}'::regnamespace AND c.relname IN ('event', 'meta', 'lease')
"""  # noqa: S608 - only our own schema's name is put in
_INDEXES: Final = {
    **dict.fromkeys(("event_pkey", "meta_pkey", "lease_pkey"), "unique"),
    **dict.fromkeys(("event_gate", "event_run", "event_kind"), "plain"),
}
_EXPECTED: Final = (
    *(f"table {table}: r p whole" for table in (*GUARDED, "lease")),
    *(f"index {name}: valid {kind}" for name, kind in _INDEXES.items()),
    *(
        f"trigger {table}_no_{verb.lower()} on {table}: {_BEFORE + bit} A {_BODY}"
        for table in GUARDED
        for verb, bit in _VERBS.items()
    ),
)


def birth_statements(created: datetime) -> tuple[str, ...]:
    """Give what makes the tables of a new journal; all of them belong in one transaction."""
    return (
        *STATEMENTS,
        f"INSERT INTO meta VALUES ('lineage', '{uuid.uuid4()}')",  # noqa: S608 - our own id
        f"INSERT INTO meta VALUES ('created', '{created.isoformat()}')",  # noqa: S608 - a time
        f"COMMENT ON TABLE event IS '{_MARK} {SCHEMA_VERSION}'",
    )


def rights_statements(role: str) -> tuple[str, ...]:
    """Give a role what a journal needs, and nothing that could change what was written."""
    quoted = '"' + role.replace('"', '""') + '"'
    return (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {quoted}",
        f"GRANT SELECT, INSERT ON {SCHEMA}.event TO {quoted}",
        f"GRANT SELECT ON {SCHEMA}.meta TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE ON {SCHEMA}.lease TO {quoted}",
    )


def tables_version(rows: Rows) -> int:
    """Tell which version of gatectl's tables these are; 0 where there is nothing yet."""
    comment, tables = rows.execute(
        "SELECT obj_description(to_regclass(?), 'pg_class'), count(*) FROM pg_class"
        " WHERE relnamespace = to_regnamespace(?)",
        (f"{SCHEMA}.event", SCHEMA),
    ).fetchone()
    if not tables:
        return 0
    found = re.fullmatch(rf"{_MARK} ([1-9][0-9]{{0,8}})", str(comment))
    if found is None:
        raise JournalDamaged(f"what lies in the schema {SCHEMA} is not a journal of gatectl's")
    return int(found[1])


def lost_guards(rows: Rows) -> Iterator[Problem]:
    """Compare what the server knows of the tables with what made them."""
    names = "{" + ",".join(_INDEXES) + "}"
    found = {str(row[0]) for row in rows.execute(_FACTS, (names,)).fetchall()}
    for fact in _EXPECTED:
        if fact not in found:
            yield Problem(sequence=0, sentence=f"missing or changed in the database: {fact}")
    for fact in sorted(found.difference(_EXPECTED)):
        if fact.startswith(("trigger", "rule")):
            yield Problem(sequence=0, sentence=f"not of gatectl's making: {fact}")

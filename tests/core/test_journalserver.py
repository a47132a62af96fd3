"""The address of a journal's server: what is refused, and what is demanded of the way there."""

import pytest

from gatectl.core.journalserver import JournalServer, server_flaw


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://gatectl@db.example/gatectl",
        "postgres://gatectl@db.example:5433/gatectl?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql:///gatectl?host=/run/postgresql",
        "postgresql://a@one.example,two.example:5433/x?target_session_attrs=read-write",
        "postgresql:///?service=gatectl",
        "postgresql://gatectl@[2001:db8::1]:5432/gatectl",
    ],
)
def test_an_address_as_postgresql_writes_it_is_taken(url: str) -> None:
    """Also one that leaves everything to a service file."""
    assert server_flaw(url) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://a@b/c", "of the form"),
        ("journal.db", "of the form"),
        ("postgresql:/x", "of the form"),
        ("postgresql://a@b/c#d", "of the form"),
        ("postgresql://a@[b/c", "of the form"),
        ("postgresql://a@b/c?sslmode", "of the form"),
        ("postgresql://a:canary@b/c", "journal_login"),
        ("postgresql://a:@b/c", "journal_login"),
        ("postgresql://a@b/c?password=canary", "journal_login"),
        ("postgresql://a@b/c?sslpassword=canary", "journal_login"),
        ("postgresql://a@b/c?options=-cfsync%3Doff", "none that may stand here"),
        ("postgresql://a@b/c?sslmode=prefer&sslmode=disable", "twice"),
        ("postgresql://a@b/c?sslmode=maybe", "verify-full"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_without_repeating_it(url: str, words: str) -> None:
    """What stands in the wrong place may be a secret."""
    assert words in server_flaw(url)
    assert "canary" not in server_flaw(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a@db.example/x", "verify-full"),
        ("postgresql://a@db.example/x?sslmode=require", "require"),
        ("postgresql://a@127.0.0.1/x", ""),
        ("postgresql://a@[::1]:5432/x", ""),
        ("postgresql://a@%2Frun%2Fpostgresql/x", ""),
        ("postgresql:///x?host=/run/postgresql", ""),
        ("postgresql:///x?host=/run/postgresql,db.example", "verify-full"),
        ("postgresql://localhost,db.example/x", "verify-full"),
        ("postgresql://localhost/x?hostaddr=192.0.2.1", "verify-full"),
        ("postgresql:///x", "verify-full"),
        ("postgresql:///?service=gatectl", "verify-full"),
    ],
)
def test_the_way_to_another_machine_is_protected_unless_it_says_otherwise(
    url: str, expected: str
) -> None:
    """Not known to be here is taken for elsewhere."""
    assert JournalServer(url=url).encryption() == expected


def test_what_is_shown_of_an_address_ends_at_the_question_mark() -> None:
    """Files with keys are nobody's business in a report."""
    place = JournalServer(url="postgresql://a@b/c?sslkey=/etc/key.pem")
    assert place.shown == "postgresql://a@b/c"

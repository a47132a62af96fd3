"""How the driver's exceptions are told: away, unusable just now, or damaged."""

import psycopg
import pytest

from gatectl.errors import ExitCode, GatectlError, JournalDamaged, JournalUnavailable
from gatectl.errors import JournalUnreachable as Away
from gatectl.journal.postgres.refusal import refusal, translated


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("08006", Away, "cannot be reached"),
        ("28P01", Away, "cannot be reached"),
        ("3D000", Away, "cannot be reached"),
        ("53300", Away, "cannot be reached"),
        ("57P01", Away, "cannot be reached"),
        ("25006", JournalUnavailable, "standby"),
        ("25P03", JournalUnavailable, "for too long"),
        ("53100", JournalUnavailable, "disk of the server is full"),
        ("55P03", JournalUnavailable, "another program"),
        ("57014", JournalUnavailable, "took too long"),
        ("42501", JournalUnavailable, "cannot be used"),
        ("53200", JournalUnavailable, "cannot be used"),
        ("42P01", JournalDamaged, "damaged"),
        ("23505", JournalDamaged, "damaged"),
        ("P0001", JournalDamaged, "damaged"),
        ("XX001", JournalDamaged, "damaged"),
    ],
)
def test_each_failure_is_told_for_what_it_is(
    state: str, kind: type[GatectlError], words: str
) -> None:
    """The class of the error decides what an operator does next."""
    told = refusal("here", psycopg.errors.lookup(state)("as the server says"))
    assert type(told) is kind
    assert words in told.sentence
    assert told.hint


def test_a_server_that_is_away_has_the_code_of_a_host_that_is() -> None:
    """A timer checks the path, not the disk."""
    with pytest.raises(Away) as caught, translated("here"):
        raise psycopg.OperationalError("connection refused\nmore of it")
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert caught.value.sentence == "the journal here cannot be reached: connection refused"

"""What people enter."""

from gatectl.core.casework import HoursSpent, Says
from tests.casefile import CASE, advice, at


def test_advice_is_named_by_source_identifier_and_revision() -> None:
    """Decisions rest on this name."""
    assert advice("7", at(1), Says.PATCH).key == "NCSC N-1 7"


def test_revisions_have_a_thread_in_common_whatever_their_case() -> None:
    """NCSC and ncsc are one source."""
    small = advice("2", at(2), Says.PATCH, source="ncsc", identifier="n-1")
    assert advice("1", at(1), Says.PATCH).thread == small.thread


def test_hours_are_told_as_a_part_of_an_hour() -> None:
    """Ninety minutes are one and a half."""
    spent = HoursSpent(case=CASE, who="x", begin=at(1, 10), end=at(1, 11, 30), overtime=True)
    assert spent.hours == 1.5

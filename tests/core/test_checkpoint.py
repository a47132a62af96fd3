"""The event that keeps a standing: read back as it was written."""

from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import event_fields, event_from


def test_it_is_an_event_like_any_other() -> None:
    """It goes through the journal's written form unchanged."""
    kept = StandingKept(rules="1-abc", document='{"a": 1}')
    assert event_from(event_fields(kept)) == kept
    assert kept.kind == "standing.kept"

"""The event that keeps a standing: read back as it was written."""

from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import EVENT


def test_it_is_an_event_like_any_other() -> None:
    """It goes through the journal's written form unchanged."""
    kept = StandingKept(rules="1-abc", document='{"a": 1}')
    assert EVENT.validate_python(EVENT.dump_python(kept, mode="json")) == kept
    assert kept.kind == "standing.kept"

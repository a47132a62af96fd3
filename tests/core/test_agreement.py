"""Approvals and attestations as events: what is left out stays harmless."""

import pytest

from gatectl.core.agreement import ApprovalGiven, ApprovalRequested, AttestationGiven
from gatectl.core.event import Event, event_fields, event_from


@pytest.mark.parametrize(
    "event",
    [
        ApprovalRequested(nonce="n", digest="d"),
        ApprovalGiven(nonce="n", principal="anna@example"),
        AttestationGiven(name="certificates-rotated", by="anna"),
    ],
    ids=lambda event: event.kind,
)
def test_an_event_without_its_optional_parts_can_be_read(event: Event) -> None:
    """A record of an older version, with fewer fields, is still understood."""
    written = event_fields(event)
    needed = {"kind", "nonce", "digest", "principal", "name", "by"}
    short = {name: value for name, value in written.items() if name in needed}
    assert event_from(short) == event

"""The events of days without a crisis go into the journal and come back as they were."""

from gatectl.core.casework import CaseName
from gatectl.core.event import Event, event_fields, event_from
from gatectl.core.upkeep import AuditEnded, DeadlinePassed, MaintenanceSkipped
from tests.builders import START


def test_audits_and_skipped_work_come_back_as_they_were_written() -> None:
    """What is read from the journal is what was put there, with its kind."""
    events: tuple[Event, ...] = (
        AuditEnded(exit_code=7, drifted=("saved@ns-a",), unknown=("disk",), known=("clock",)),
        MaintenanceSkipped(playbook="patch", because="too late", latest=START),
        DeadlinePassed(case=CaseName("winter"), what="review", subject="close", due=START),
    )
    for event in events:
        assert event_from(event_fields(event)) == event
    assert [event.kind for event in events] == [
        "audit.ended",
        "maintenance.skipped",
        "deadline.passed",
    ]

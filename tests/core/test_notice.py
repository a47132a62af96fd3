"""Which events are worth a message, and which would only wake people for nothing."""

import pytest

from gatectl.core.agreement import ApprovalRequested
from gatectl.core.casework import CaseName
from gatectl.core.event import Event, Noted, Signalled
from gatectl.core.gate import GateState, Signal
from gatectl.core.notice import Occasion, notice_of
from gatectl.core.upkeep import DeadlinePassed, MaintenanceSkipped
from tests.builders import START, Chronicle

S = GateState


def signalled(signal: Signal, before: GateState, after: GateState) -> Signalled:
    """Make a move of a gate."""
    return Signalled(signal=signal, before=before, after=after, because="as it was seen")


@pytest.mark.parametrize(
    ("event", "occasion"),
    [
        (signalled(Signal.STEP_FAILED, S.PATCHING, S.HELD), Occasion.HELD),
        (signalled(Signal.SEEN_OPEN, S.CLOSED, S.CLOSING), Occasion.MAY_BE_OPEN),
        (signalled(Signal.CLOSE_FAILED, S.CLOSING, S.UNKNOWN), Occasion.MAY_BE_OPEN),
        (signalled(Signal.CLOSE_UNSAVED, S.CLOSING, S.CLOSED_UNSAVED), Occasion.MAY_BE_OPEN),
        (signalled(Signal.DOUBT, S.PATCHING, S.UNKNOWN), Occasion.MAY_BE_OPEN),
        (signalled(Signal.STEP_FAILED, S.REOPENING, S.CLOSING), Occasion.MAY_BE_OPEN),
        (signalled(Signal.SEEN_OPEN, S.REOPENING, S.REOPENING), Occasion.REOPENED),
        (signalled(Signal.REOPEN_ENDED, S.REOPENING, S.CLOSED), Occasion.OVERDUE),
        (ApprovalRequested(nonce="n", digest="d", expires=START), Occasion.APPROVAL_WANTED),
        (MaintenanceSkipped(playbook="patch", because="too late"), Occasion.OVERDUE),
        (
            DeadlinePassed(case=CaseName("winter"), what="measure", subject="N-1", due=START),
            Occasion.OVERDUE,
        ),
    ],
)
def test_what_somebody_must_know_becomes_a_message(event: Event, occasion: Occasion) -> None:
    """Each named occasion has its events, and says which gate it is about."""
    notice = notice_of(Chronicle().add(event))
    assert notice is not None
    assert notice.occasion is occasion
    assert notice.title.startswith("almelo: ")
    assert notice.because


@pytest.mark.parametrize(
    "event",
    [
        Noted(text="a note"),
        signalled(Signal.CLOSE_STARTED, S.OPEN, S.CLOSING),
        signalled(Signal.CLOSE_PROVEN, S.CLOSING, S.CLOSED),
        signalled(Signal.SEEN_OPEN, S.OPEN, S.OPEN),
        signalled(Signal.SEEN_OPEN, S.CLOSING, S.CLOSING),
        signalled(Signal.DOUBT, S.OPEN, S.UNKNOWN),
        signalled(Signal.STEP_FAILED, S.OPEN, S.OPEN),
        signalled(Signal.CONFIRMED, S.REOPENING, S.OPEN),
    ],
)
def test_what_is_as_it_should_be_wakes_nobody(event: Event) -> None:
    """An alarm that is heard every minute is heard by nobody."""
    assert notice_of(Chronicle().add(event)) is None


def test_a_later_look_at_a_reopened_gate_is_no_news() -> None:
    """Only the run that reopened it tells so; every `status` would tell it again."""
    seen = signalled(Signal.SEEN_OPEN, S.REOPENING, S.REOPENING)
    assert notice_of(Chronicle().add(seen, run=None)) is None

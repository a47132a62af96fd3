"""When scheduled work is too late, and what it may not do without anybody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from gatectl.clock import HandClock
from gatectl.core.gate import ApprovalPolicy
from gatectl.core.playbook import Purpose
from gatectl.core.window import Window
from gatectl.desk import Desk
from gatectl.errors import InvalidInput, Refused
from gatectl.maintenance import Job, _refuse_without_others, _too_late
from tests.builders import make_gate

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHT = Window(kind="allow", schedule="0 22 * * 5", duration=timedelta(hours=6), zone=AMSTERDAM)


def late(
    now: str, limit: str, purpose: Purpose = Purpose.PATCH, windows: tuple[Window, ...] = ()
) -> str:
    """Say why it is too late at this time in UTC; nothing if it is not."""
    clock = HandClock(datetime.fromisoformat(now).replace(tzinfo=UTC))
    desk = cast("Desk", SimpleNamespace(clock=clock))
    job = Job(playbooks=("patch",), start_before=limit, zone=AMSTERDAM)
    found = _too_late(desk, job, windows, purpose)
    return "" if found is None else found.because


@pytest.mark.parametrize(
    ("now", "too_late"),
    [
        ("2026-01-17T01:30:00", False),
        ("2026-01-17T01:30:01", True),
        ("2026-01-17T08:00:00", True),
        ("2026-01-16T23:00:00", False),
    ],
)
def test_a_start_that_was_missed_is_told_and_not_made_up_for(now: str, too_late: bool) -> None:
    """Half past two in Amsterdam, to the second."""
    assert bool(late(now, "02:30")) is too_late
    if too_late:
        assert "2026-01-17 02:30" in late(now, "02:30")


def test_minutes_count_from_the_opening_of_the_window() -> None:
    """Half an hour after ten in the evening."""
    assert late("2026-01-16T21:29:00", "30m", windows=(NIGHT,)) == ""
    assert late("2026-01-16T21:31:00", "30m", windows=(NIGHT,)) != ""
    assert "none is open" in late("2026-01-14T12:00:00", "30m", windows=(NIGHT,))
    with pytest.raises(InvalidInput):
        late("2026-01-16T21:31:00", "30m")


def test_closing_is_never_too_late() -> None:
    """Whatever deadline somebody wrote."""
    assert late("2026-01-17T08:00:00", "02:30", Purpose.CLOSE) == ""


def test_unattended_reopening_takes_the_agreement_of_others() -> None:
    """Where none is asked for, nobody has agreed."""
    gate = make_gate()
    with pytest.raises(Refused, match="unattended"):
        _refuse_without_others(gate)
    _refuse_without_others(replace(gate, approval=ApprovalPolicy(needed=1)))

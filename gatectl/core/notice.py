"""Which events somebody is told of who does not watch: what happened, in one sentence."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatectl.core.agreement import ApprovalRequested
from gatectl.core.event import Recorded, Signalled
from gatectl.core.gate import SHUT_STATES, GateName, GateState, Signal
from gatectl.core.upkeep import DeadlinePassed, MaintenanceSkipped


class Occasion(StrEnum):
    """What a message can be about, by the names of the configuration."""

    HELD = "held"
    """A run stopped, behind a gate that is shut."""
    MAY_BE_OPEN = "may-be-open"
    REOPENED = "reopened"
    """Everybody gets in again, at first provisionally."""
    APPROVAL_WANTED = "approval-wanted"
    OVERDUE = "overdue"
    """Something did not happen when it should have: it is for a person now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message, before it is known who gets it."""

    occasion: Occasion
    gate: GateName
    state: str
    because: str
    at: datetime

    @property
    def title(self) -> str:
        """Say what it is about, short enough for the first line of a telephone."""
        return f"{self.gate}: {_TITLES[self.occasion]}"


_TITLES = {
    Occasion.HELD: "held, and shut",
    Occasion.MAY_BE_OPEN: "THE GATE MAY BE OPEN",
    Occasion.REOPENED: "reopened",
    Occasion.APPROVAL_WANTED: "an approval is wanted",
    Occasion.OVERDUE: "overdue",
}


def notice_of(recorded: Recorded) -> Notice | None:
    """Say whether an event is one that somebody may want to be told of, and how."""
    match recorded.event:
        case Signalled() as signalled:
            occasion = _occasion_of(signalled, in_run=recorded.run is not None)
            if occasion is None:
                return None
            return _notice(recorded, occasion, signalled.because, signalled.after.value)
        case ApprovalRequested(expires=expires):
            until = f" until {expires.isoformat()}" if expires else ""
            because = f"somebody asks for your agreement to a reopening{until}: `gatectl approve`"
            return _notice(recorded, Occasion.APPROVAL_WANTED, because)
        case MaintenanceSkipped(playbook=playbook, because=because):
            return _notice(recorded, Occasion.OVERDUE, f"{playbook} was skipped: {because}")
        case DeadlinePassed(case=case, what=what, due=due):
            because = f"the {what} of the case {case} was due by {due.isoformat()}"
            return _notice(recorded, Occasion.OVERDUE, f"{because}: `gatectl case show {case}`")
        case _:
            return None


def _occasion_of(signalled: Signalled, *, in_run: bool) -> Occasion | None:
    moved = signalled.before is not signalled.after
    match signalled.signal:
        case Signal.SEEN_OPEN if signalled.after is GateState.REOPENING and in_run:
            # Every later look sees it open as well, and that is no news.
            return Occasion.REOPENED
        case Signal.SEEN_OPEN if signalled.after is GateState.CLOSING and moved:
            return Occasion.MAY_BE_OPEN
        case Signal.CLOSE_FAILED | Signal.CLOSE_UNSAVED:
            return Occasion.MAY_BE_OPEN
        case Signal.DOUBT if signalled.before in _SHOULD_BE_KNOWN:
            return Occasion.MAY_BE_OPEN
        case Signal.REOPEN_ENDED:
            return Occasion.OVERDUE
        case Signal.STEP_FAILED if signalled.after is GateState.HELD:
            return Occasion.HELD
        case Signal.STEP_FAILED if signalled.after is GateState.CLOSING:
            return Occasion.MAY_BE_OPEN
        case _:
            return None


_SHOULD_BE_KNOWN = SHUT_STATES | {
    GateState.CLOSING,
    GateState.CLOSED_UNSAVED,
    GateState.REOPENING,
}
"""Doubt about an open gate is no alarm."""


def _notice(recorded: Recorded, occasion: Occasion, because: str, state: str = "") -> Notice:
    return Notice(
        occasion=occasion, gate=recorded.gate, state=state, because=because, at=recorded.at
    )

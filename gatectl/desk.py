"""What every verb is handed, and what every verb gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatectl.clock import Clock
from gatectl.core.advisory import Advisory
from gatectl.core.agreement import ApprovalUsed
from gatectl.core.course import Reach
from gatectl.core.gate import SHUT_STATES, AdvisoryId, Gate, GateName, GateState, Host
from gatectl.core.indicators import Indicator
from gatectl.core.interlock import Blocker
from gatectl.core.plan import Plan
from gatectl.core.run import Run
from gatectl.core.window import Window
from gatectl.errors import ExitCode, GatectlError
from gatectl.journal.recorder import Listener
from gatectl.ports import GateJournal, Keeper, Lookout, StopFlag
from gatectl.transport.contract import Transport

Connect = Callable[[Host], Transport]
"""Makes a session that connects at its first command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every verb works with, handed over once."""

    journal: GateJournal
    evidence: Keeper
    clock: Clock
    connect: Connect
    lookout: Callable[[Gate, Connect], Lookout]
    """Makes the looks at a gate from its vantages."""
    advisories: Mapping[AdvisoryId, Advisory]
    indicators: Callable[[], tuple[Indicator, ...]]
    """Reads the signs of a compromise, for whoever has evidence to judge."""
    playbook_folders: tuple[Path, ...]
    listeners: tuple[Listener, ...]
    stop: StopFlag
    actor: str
    emergency: "Callable[[GatectlError], Desk]"
    """Gives a desk that needs neither journal nor disk, for closing alone."""
    lanes: bool = False
    """A closing works on both nodes at the same time."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The names of accounts behind the pseudonyms on record, as far as they are known here."""
    windows: Mapping[GateName, tuple[Window, ...]] = field(default_factory=dict)
    """When work on each gate may begin; a gate without any may be worked on at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verb came to on one gate."""

    gate: str
    state: GateState
    code: ExitCode
    sentence: str
    hint: str = ""
    runs: tuple[Run, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    outside: Reach = "unknown"
    """What outside got for sure when it was looked at last."""

    @property
    def stands(self) -> Reach:
        """Say in one word how the gate stands, as far as that is proven."""
        if self.state in SHUT_STATES and self.code is not ExitCode.MAYBE_OPEN:
            return "shut"
        is_open = self.state in {GateState.OPEN, GateState.REOPENING} or self.outside == "open"
        return "open" if is_open else "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What was judged at the last moment, while the gate is held."""

    blockers: tuple[Blocker, ...] = ()
    uses: tuple[ApprovalUsed, ...] = ()
    """Approvals that the first act uses up: on record together with its intent, or not at all."""


Admission = Callable[[Plan], Admitted]
"""Says at the last moment what still stands in the way, and which approvals the opening uses."""

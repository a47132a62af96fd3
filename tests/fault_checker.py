"""Judges the fault world by the simulator's truth, against what gatectl has promised."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gatectl.core.event import Recorded, Signalled
from gatectl.core.gate import SHUT_STATES, GateState, Signal

_TOLD_MAX = 3
"""The first ones tell the story."""


@dataclass(slots=True, kw_only=True)
class Checker:
    """Compares the simulator's truth with what was promised, at every change of either."""

    truth: Callable[[], bool]
    """Whether outside gets in."""
    build: Callable[[], str]
    """Of the node that serves."""
    fixed: str
    shut_promised: bool = False
    opening_allowed: bool = False
    violations: list[str] = field(default_factory=list)

    def hear(self, recorded: Recorded) -> None:
        """Take a promise: closed, or allowed to be open."""
        match recorded.event:
            case Signalled(after=after) if after in SHUT_STATES:
                self.shut_promised, self.opening_allowed = True, False
            case Signalled(after=GateState.REOPENING) | Signalled(signal=Signal.CONFIRMED):
                self.shut_promised, self.opening_allowed = False, True
            case _:
                pass
        self.look(f"record {recorded.sequence} ({recorded.event.kind})")

    def look(self, when: str) -> None:
        """Ask the simulator whether outside gets in, and judge that."""
        if not (self.shut_promised or self.opening_allowed) or not self.truth():
            return
        if self.shut_promised:
            self._violated(f"outside gets in while the gate was promised shut, at {when}")
        elif self.build() != self.fixed:
            self._violated(f"outside gets in to {self.build()}, at {when}")

    def _violated(self, sentence: str) -> None:
        if len(self.violations) < _TOLD_MAX:
            self.violations.append(sentence)

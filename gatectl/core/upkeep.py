"""What stands on record of the days without a crisis: audits, and what was not done in time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gatectl.core.casework import CaseName


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEnded:
    """A gate was compared with what it should be; nothing on it was changed."""

    kind: Literal["audit.ended"] = "audit.ended"
    exit_code: int
    drifted: tuple[str, ...] = ()
    """What is other than it should be, and is not known as such."""
    unknown: tuple[str, ...] = ()
    """What could not be judged."""
    known: tuple[str, ...] = ()
    """What is accepted for a while by the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSkipped:
    """Scheduled work did not begin, because it was too late for it: it never runs late."""

    kind: Literal["maintenance.skipped"] = "maintenance.skipped"
    playbook: str
    because: str
    latest: datetime | None = None
    """When it should have begun at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    """A deadline of a case was found to be over and not met; somebody is told of it once."""

    kind: Literal["deadline.passed"] = "deadline.passed"
    case: CaseName
    what: str
    subject: str
    due: datetime

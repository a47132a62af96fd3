"""What people put on record in a case: advice, decisions, hours, and who they are.

Each is an event of the journal. A person is a role here, and a pseudonym where the name matters:
the name itself lies beside the journal and can be erased without breaking the chain.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NewType, get_args

from gatectl.core.gate import AdvisoryId

CaseName = NewType("CaseName", str)
AdviceKey = NewType("AdviceKey", str)
"""Source, identifier and revision in one line: what a decision rests on."""


class Says(StrEnum):
    """What a piece of advice asks its reader to do."""

    MITIGATE = "mitigate"
    SWITCH_OFF = "switch-off"
    SWITCH_OFF_UNLESS = "switch-off-unless"
    PATCH = "patch"
    LIFTED = "lifted"


class Choice(StrEnum):
    """What can be decided about a gate."""

    CLOSE = "close"
    KEEP_OPEN = "keep-open-under-conditions"
    ACCEPT = "accept-until"
    REOPEN = "reopen"


class Stage(StrEnum):
    """The reports that an incident asks for, in their order."""

    WARNING = "early-warning"
    REPORT = "report"
    FINAL = "final-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whose name lies beside the journal."""

    pseudonym: str
    commitment: str
    """SHA-256 of salt and name: proves the name to whoever still has both, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """From here on, all that touches the gate belongs to this case."""

    kind: Literal["case.opened"] = "case.opened"
    case: CaseName
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed:
    """Nothing more belongs to this case, unless somebody adds it by its name."""

    kind: Literal["case.closed"] = "case.closed"
    case: CaseName
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceReceived:
    """Somebody told us what to do."""

    kind: Literal["advice.received"] = "advice.received"
    case: CaseName
    source: str
    identifier: str
    revision: str
    received_at: datetime
    received_by: str
    """A role."""
    says: Says
    advisories: tuple[AdvisoryId, ...] = ()
    rating: str = "high/high"
    """Chance and damage in the source's words; not told counts as the worst."""
    evidence: str | None = None
    """SHA-256 of the text, under which it is kept."""
    person: Person | None = None

    @property
    def key(self) -> AdviceKey:
        """Name it as decisions do."""
        return AdviceKey(f"{self.source} {self.identifier} {self.revision}")

    @property
    def thread(self) -> tuple[str, str]:
        """Tell what all its revisions have in common."""
        return self.source.casefold(), self.identifier.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Somebody decided, on advice or without."""

    kind: Literal["decided"] = "decided"
    case: CaseName
    decision: Choice
    by: str
    """A role."""
    why: str
    rests_on: tuple[AdviceKey, ...] = ()
    conditions: str = ""
    decided_at: datetime | None = None
    """When it was decided, if it was written down later."""
    review_by: datetime | None = None
    until: date | None = None
    """The last day on which a risk is accepted."""
    person: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSpent:
    """Somebody worked on the case."""

    kind: Literal["hours.spent"] = "hours.spent"
    case: CaseName
    who: str
    """A role."""
    begin: datetime
    end: datetime
    overtime: bool
    rate_cents: int | None = None
    """What an hour costs beyond the wages that are paid anyway."""
    what: str = ""
    person: Person | None = None

    @property
    def hours(self) -> float:
        """How long it was."""
        return (self.end - self.begin).total_seconds() / 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class CostIncurred:
    """Money was spent on something else than hours."""

    kind: Literal["cost.incurred"] = "cost.incurred"
    case: CaseName
    what: str
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarked:
    """Somebody tells what no record of gatectl can show."""

    kind: Literal["remarked"] = "remarked"
    case: CaseName
    about: Literal["staff", "residents", "advice", "measures", "compromise", "cost", "other"]
    text: str
    by: str = ""
    """A role."""
    person: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDeclared:
    """What happened has to be reported: three deadlines begin to run."""

    kind: Literal["incident.declared"] = "incident.declared"
    case: CaseName
    since: datetime
    """When it came to be known."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReported:
    """One of the reports that an incident asks for was sent."""

    kind: Literal["incident.reported"] = "incident.reported"
    case: CaseName
    stage: Stage
    to: str
    sent_at: datetime


CaseEntry = (
    CaseOpened
    | CaseClosed
    | AdviceReceived
    | Decided
    | HoursSpent
    | CostIncurred
    | Remarked
    | IncidentDeclared
    | IncidentReported
)
"""Everything that a person enters, and that a report marks as entered by hand."""

CASE_KINDS: tuple[str, ...] = tuple(
    one.__dataclass_fields__["kind"].default for one in get_args(CaseEntry)
)
"""The kinds of these events, by which a journal finds them."""

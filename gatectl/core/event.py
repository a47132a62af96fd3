"""What can be written in the journal: one small type an event, told apart by its `kind`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, NewType, get_args

from pydantic import Field, TypeAdapter
from pydantic_core import to_jsonable_python

from gatectl.core.agreement import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalUsed,
    AttestationGiven,
)
from gatectl.core.casework import (
    AdviceReceived,
    CaseClosed,
    CaseOpened,
    CostIncurred,
    Decided,
    HoursSpent,
    IncidentDeclared,
    IncidentReported,
    Remarked,
)
from gatectl.core.check import Verdict
from gatectl.core.checkpoint import StandingKept
from gatectl.core.gate import GateName, GateState, NodeName, Signal
from gatectl.core.moment import Moment
from gatectl.core.plan import Digest, Plan, PlannedId
from gatectl.core.playbook import Purpose
from gatectl.core.upkeep import AuditEnded, DeadlinePassed, MaintenanceSkipped

RunId = NewType("RunId", str)
EvidenceId = NewType("EvidenceId", str)
"""SHA-256 of a piece of evidence, by which it is found again."""


class Mode(StrEnum):
    """Whether a run may change anything."""

    REAL = "real"
    DRY = "dry-run"


class Outcome(StrEnum):
    """How a step ended."""

    ALREADY = "already so"
    DONE = "done"
    WOULD = "would act"
    """A dry run stopped before the act."""
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def holds(self) -> bool:
        """Whether the step's claim was seen to hold."""
        return self in {Outcome.ALREADY, Outcome.DONE}


class Ending(StrEnum):
    """How a run ended."""

    PROVEN = "proven"
    PENDING = "pending"
    """A dry run found something to do."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """Somebody started a plan."""

    kind: Literal["run.started"] = "run.started"
    plan: Plan
    digest: Digest
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """Somebody went on with a run that was left unfinished."""

    kind: Literal["run.resumed"] = "run.resumed"
    digest: Digest
    adopted: Plan | None = None
    """The plan that replaces the first one, because playbook or configuration have changed."""
    reason: str = ""
    """Why the change was adopted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """Nothing more will be done in this run, unless it is resumed."""

    kind: Literal["run.ended"] = "run.ended"
    ending: Ending
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step's turn came."""

    kind: Literal["step.started"] = "step.started"
    step: PlannedId
    title: str
    node: NodeName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookMade:
    """A look was judged."""

    kind: Literal["look.made"] = "look.made"
    step: PlannedId
    node: NodeName | None
    attempt: int
    look: str
    """The command or the request, as it was sent."""
    verdict: Verdict
    evidence: EvidenceId | None
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActIntended:
    """On disk before the first byte of the act leaves; without an end it is in doubt."""

    kind: Literal["act.intended"] = "act.intended"
    step: PlannedId
    node: NodeName
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActAnswered:
    """What the device said to one line of an act; no proof of anything."""

    kind: Literal["act.answered"] = "act.answered"
    step: PlannedId
    node: NodeName
    line: str
    answer: Literal["done", "error", "cut"]
    text: str
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded:
    """A step's outcome, from a look made after the act."""

    kind: Literal["step.ended"] = "step.ended"
    step: PlannedId
    node: NodeName | None
    outcome: Outcome
    verdict: Verdict
    proves: str | None
    elapsed_s: float
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesSeen:
    """A look from all vantages, in or out of a run."""

    kind: Literal["sides.seen"] = "sides.seen"
    outside: Literal["open", "shut", "unknown"]
    inside: Literal["open", "shut", "unknown"]
    because: str
    looks: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKept:
    """A file, or a command's answer, was taken from a node and kept."""

    kind: Literal["evidence.kept"] = "evidence.kept"
    step: PlannedId
    node: NodeName
    what: Literal["file", "listed", "output", "missing"]
    name: str
    """Path on the node, or the command."""
    evidence: EvidenceId | None
    facts: Mapping[str, str] = field(default_factory=dict)
    """Size, mode, owner and time of a file; the reason, if it is missing.

    Where secrets of gatectl's own were hidden in it, in how many places: the hash is then of what
    is kept, and the size that of the file on the node.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationSeen:
    """A node's running configuration was kept, to be compared with what it was before."""

    kind: Literal["configuration.seen"] = "configuration.seen"
    node: NodeName
    by: Purpose
    """What the run was for that it was kept after."""
    evidence: EvidenceId


@dataclass(frozen=True, slots=True, kw_only=True)
class CompromiseJudged:
    """The compromise check's answer."""

    kind: Literal["compromise.judged"] = "compromise.judged"
    answer: Literal["clean", "scanned", "compromised", "inconclusive"]
    because: str
    findings: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerRun:
    """A vendor's scanner was run on a node, or could not be; this is what it said."""

    kind: Literal["scanner.run"] = "scanner.run"
    step: PlannedId
    node: NodeName
    script: str
    sha256: str
    said: Literal["clean", "compromised", "inconclusive"]
    because: str
    evidence: EvidenceId | None
    """All that it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Somebody gave his word for an examination that was made off the box."""

    kind: Literal["examination.attested"] = "examination.attested"
    by: str
    finding: Literal["clean", "compromised"]
    file: str
    """The name of the report that is kept as evidence."""
    evidence: EvidenceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """The gate's state moved, or was found in doubt."""

    kind: Literal["gate.signalled"] = "gate.signalled"
    signal: Signal
    before: GateState
    after: GateState
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterlocksJudged:
    """The interlocks for reopening were judged: nothing stands in the way, or all this does."""

    kind: Literal["interlocks.judged"] = "interlocks.judged"
    blockers: tuple[Mapping[str, str], ...]
    overridden: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A verb was refused, or could not begin; nothing was sent that writes."""

    kind: Literal["verb.refused"] = "verb.refused"
    verb: str
    sentence: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something that a person, or gatectl about itself, wants on record."""

    kind: Literal["note"] = "note"
    text: str


Event = Annotated[
    RunStarted
    | RunResumed
    | RunEnded
    | StepStarted
    | LookMade
    | ActIntended
    | ActAnswered
    | StepEnded
    | SidesSeen
    | EvidenceKept
    | ConfigurationSeen
    | CompromiseJudged
    | ScannerRun
    | Examined
    | Signalled
    | InterlocksJudged
    | Refusal
    | Noted
    | StandingKept
    | CaseOpened
    | CaseClosed
    | AdviceReceived
    | Decided
    | HoursSpent
    | CostIncurred
    | Remarked
    | IncidentDeclared
    | IncidentReported
    | ApprovalRequested
    | ApprovalGiven
    | ApprovalUsed
    | AttestationGiven
    | AuditEnded
    | MaintenanceSkipped
    | DeadlinePassed,
    Field(discriminator="kind"),
]

KINDS: Mapping[str, type[Event]] = {
    one.__dataclass_fields__["kind"].default: one for one in get_args(get_args(Event)[0])
}
"""Every type of event by its kind."""


def event_fields(event: Event) -> dict[str, Any]:
    """Give an event in the terms of JSON."""
    fields: dict[str, Any] = to_jsonable_python(event)
    return fields


def event_from(fields: Mapping[str, Any]) -> Event:
    """Read an event of a kind that is known; raises ValidationError if it has another shape."""
    return _reader(fields["kind"]).validate_python(fields)


@cache
def _reader(kind: str) -> TypeAdapter[Event]:
    # One a kind, made when it is needed: a journal has few of them, and one of all takes long.
    return TypeAdapter(KINDS[kind])


_EVIDENCE_IN: Mapping[type[Event], str] = {
    LookMade: "evidence",
    EvidenceKept: "evidence",
    ConfigurationSeen: "evidence",
    Examined: "evidence",
    ScannerRun: "evidence",
    AdviceReceived: "evidence",
    AttestationGiven: "sha256",
}

EVIDENCE_KINDS = tuple(kind for kind, one in KINDS.items() if one in _EVIDENCE_IN)
"""The kinds of event that may keep a piece of evidence."""


def kept_by(event: Event) -> EvidenceId | None:
    """Name the piece of evidence that an event keeps, of whatever kind the event is."""
    kept = getattr(event, _EVIDENCE_IN.get(type(event), ""), None)
    return EvidenceId(kept) if isinstance(kept, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place in the journal: who, where, when and in which order."""

    sequence: int
    """Order is told by this number and never by a time."""
    at: datetime
    """UTC by the operator machine's wall clock."""
    boot_time_ns: int
    """The operator machine's boot-time clock, which no clock step moves."""
    boot_id: str
    gate: GateName
    run: RunId | None
    actor: str
    origin: str
    event: Event

    @property
    def moment(self) -> Moment:
        """Both clocks of the operator's machine, as they stood."""
        return Moment(at=self.at, boot_time_ns=self.boot_time_ns, boot_id=self.boot_id)

"""What people have put their name under for one gate: the fold of approvals and attestations."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from gatectl.core.agreement import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalUsed,
    AttestationGiven,
)
from gatectl.core.event import (
    CompromiseJudged,
    EvidenceKept,
    InterlocksJudged,
    Mode,
    Recorded,
    RunId,
    RunStarted,
    ScannerRun,
    Signalled,
)
from gatectl.core.gate import Signal
from gatectl.core.playbook import Purpose
from gatectl.core.standing import Standing, evidence_ids

KINDS: Final = (
    "approval.requested",
    "approval.given",
    "approval.used",
    "attestation.given",
    "run.started",
    "evidence.kept",
    "compromise.judged",
    "gate.signalled",
)
"""All that the fold needs."""

_CHANGE_NOTHING_YET: Final = frozenset({Purpose.VERIFY, Purpose.SCAN, Purpose.REOPEN})
"""What runs for these purposes leaves things as they were agreed upon: a reopening that goes wrong
is closed again, and that closing is a run of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it is on record."""

    event: ApprovalRequested
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A signature as it is on record."""

    event: ApprovalGiven
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """All that others have agreed to since the gate was last confirmed open, and what it rests on.

    What was used once stays used for ever.
    """

    asked: Mapping[str, Asked] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    used: Mapping[str, datetime] = field(default_factory=dict)
    attested: Mapping[str, AttestationGiven] = field(default_factory=dict)
    run: str = ""
    """The last run that could change anything."""
    evidence_sequence: int = 0
    evidence_at: datetime | None = None
    opened: bool = False
    """gatectl began to open the gate, and that was neither confirmed nor undone since."""
    opened_with: tuple[str, ...] = ()
    """Who agreed to that opening."""
    just_used: tuple[str, ...] = ()
    """Who agreed to the opening that is about to begin."""

    @classmethod
    def from_events(cls, events: Iterable[Recorded]) -> "Agreements":
        """Fold a gate's events in their order; what a dry run looked at is left out."""
        agreements = cls()
        dry: set[RunId] = set()
        for recorded in events:
            event = recorded.event
            if isinstance(event, RunStarted) and event.mode is Mode.DRY and recorded.run:
                dry.add(recorded.run)
            if recorded.run not in dry:
                agreements = agreements.after(recorded)
        return agreements

    def after(self, recorded: Recorded) -> "Agreements":
        """Give what is agreed after one more event."""
        match recorded.event:
            case ApprovalRequested(nonce=nonce) as event:
                asked = Asked(event=event, sequence=recorded.sequence, at=recorded.at)
                # The first request of a number is the one that counts.
                known = nonce in self.asked
                return self if known else replace(self, asked={**self.asked, nonce: asked})
            case ApprovalGiven() as event:
                given = Given(event=event, sequence=recorded.sequence, at=recorded.at)
                return replace(self, given=(*self.given, given))
            case ApprovalUsed(nonce=nonce, override=str(override)) if override:
                # Who agrees to an override has not agreed to the opening.
                return replace(self, used={nonce: recorded.at, **self.used})
            case ApprovalUsed(nonce=nonce, principals=principals):
                used = {nonce: recorded.at, **self.used}
                # It goes on record with the opening's first act; in older records, before it.
                opened_with = principals if self.opened else self.opened_with
                return replace(self, used=used, just_used=principals, opened_with=opened_with)
            case AttestationGiven(name=name) as event:
                return replace(self, attested={**self.attested, name: event})
            case RunStarted(plan=plan):
                changes = plan.purpose not in _CHANGE_NOTHING_YET
                run = str(recorded.run or "") if changes else self.run
                return replace(self, run=run, just_used=())
            case EvidenceKept() | ScannerRun() | CompromiseJudged():
                return replace(self, evidence_sequence=recorded.sequence, evidence_at=recorded.at)
            case Signalled(signal=signal):
                return self._signalled(signal)
            case _:
                return self

    def _signalled(self, signal: Signal) -> "Agreements":
        match signal:
            case Signal.CLOSE_STARTED:
                return replace(self, opened=False, opened_with=())
            case Signal.REOPEN_STARTED:
                return replace(self, opened=True, opened_with=self.just_used, just_used=())
            case Signal.CONFIRMED:
                return replace(self, given=(), attested={}, opened=False, opened_with=())
            case _:
                return self


def evidence_digest(standing: Standing) -> str:
    """Sum up the kept evidence and what the compromise check made of it."""
    judged = standing.compromise
    document = {
        "pieces": sorted(set(evidence_ids(standing))),
        "missing": sorted(
            {f"{kept.node}:{kept.name}" for kept in standing.evidence if kept.evidence is None}
        ),
        "answer": judged.answer if judged else "",
        "because": judged.because if judged else "",
        "findings": [dict(finding) for finding in judged.findings] if judged else [],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def nobody_else(agreements: Agreements) -> str:
    """Say loudly that an opening rests on one person alone; empty where it does not."""
    if not agreements.opened or agreements.opened_with:
        return ""
    return "NOBODY ELSE HAS APPROVED this opening: it rests on one person alone"


def overridden_at_opening(newest_first: Iterable[Recorded]) -> Mapping[str, str]:
    """Give what the newest opening was allowed in spite of, each with its reason.

    It is judged just before the opening begins, and nothing else begins in between.
    """
    opening = False
    for recorded in newest_first:
        match recorded.event:
            case InterlocksJudged(overridden=overridden) if opening:
                return {one["interlock"]: one.get("reason", "") for one in overridden}
            case RunStarted(mode=Mode.REAL) if opening:
                return {}
            case RunStarted(plan=plan, mode=Mode.REAL):
                opening = plan.purpose is Purpose.REOPEN
            case _:
                continue
    return {}

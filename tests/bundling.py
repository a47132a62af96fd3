"""A small journal that has something of everything, for tests of bundles."""

from dataclasses import dataclass
from pathlib import Path

from gatectl.bundle import Bundle, Wanted, make_bundle
from gatectl.clock import HandClock
from gatectl.core.agreement import ApprovalGiven, ApprovalRequested, AttestationGiven
from gatectl.core.approvalrequest import request_digest, request_text
from gatectl.core.check import passed
from gatectl.core.event import (
    Event,
    EvidenceKept,
    Mode,
    Noted,
    Outcome,
    RunId,
    RunStarted,
    StepEnded,
)
from gatectl.core.gate import GateName
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from tests.builders import ALMELO, BULLETINS, NS_A, NS_B, make_gate, plan_of, planned
from tests.core.test_approvalrequest import REQUEST
from tests.signing import make_key, sign_with, signer_line

UTRECHT = GateName("utrecht")


@dataclass(kw_only=True)
class Archive:
    """A state folder with a journal of two gates, evidence, and one approval."""

    folder: Path
    clock: HandClock
    journal: Journal
    evidence: EvidenceStore
    signers: str

    @classmethod
    def at(cls, folder: Path) -> "Archive":
        """Write it."""
        clock = HandClock()
        journal = Journal.open(
            folder / "journal.db",
            clock=clock,
            actor="j.jansen",
            origin="test",
            unsafe_any_file_system=True,
        )
        key = make_key(folder / "anna")
        archive = cls(
            folder=folder,
            clock=clock,
            journal=journal,
            evidence=EvidenceStore(folder / "evidence", reserve_bytes=0),
            signers=signer_line("anna@example", key),
        )
        archive.fill(key)
        return archive

    def record(self, event: Event, *, gate: GateName = ALMELO, run: str | None = None) -> int:
        """Put an event on record, and give its number."""
        self.clock.sleep(1)
        return self.journal.append(event, gate=gate, run=RunId(run) if run else None).sequence

    def fill(self, key: Path) -> None:
        """Tell a short story of one gate, into which another gate's record falls."""
        self.record(Noted(text="before all of it"), gate=UTRECHT)
        self.record(Noted(text="the first of almelo"))
        step = planned("fixed", proves="nodes-fixed")
        plan = plan_of(step)
        self.record(RunStarted(plan=plan, digest=plan.digest, mode=Mode.REAL), run="r1")
        for node in (NS_A, NS_B):
            self.record(
                StepEnded(
                    step=step.id,
                    node=node,
                    outcome=Outcome.ALREADY,
                    verdict=passed("fixed"),
                    proves="nodes-fixed",
                    elapsed_s=0.1,
                ),
                run="r1",
            )
        kept = self.evidence.keep(b"a log\n")
        piece = EvidenceKept(step=step.id, node=NS_A, what="file", name="/x", evidence=kept)
        self.record(piece, run="r1")
        self.record(Noted(text="a secret of another gate"), gate=UTRECHT)
        text = request_text(REQUEST)
        digest = request_digest(text)
        self.record(ApprovalRequested(nonce=REQUEST.nonce, digest=digest, request=text))
        signature = sign_with(key, text.encode())
        self.record(
            ApprovalGiven(
                nonce=REQUEST.nonce, principal="anna@example", role="ciso", signature=signature
            )
        )
        self.record(AttestationGiven(name="certificates-rotated", by="anna"))

    def wanted(
        self, *, with_evidence: bool = True, sequences: frozenset[int] | None = None
    ) -> Wanted:
        """Want all of almelo, with a report."""
        return Wanted(
            gate=make_gate(),
            sequences=sequences,
            case="" if sequences is None else "almelo-2026",
            signers=self.signers,
            reports={"report.nl.md": b"# Verslag\n"},
            advisories=BULLETINS,
            with_evidence=with_evidence,
        )

    def bundle(self, wanted: Wanted | None = None) -> Bundle:
        """Make a bundle."""
        return make_bundle(self.journal, self.evidence, wanted or self.wanted())

    def written(self, name: str = "bundle.tar", wanted: Wanted | None = None) -> Path:
        """Make a bundle and write it down."""
        path = self.folder / name
        path.write_bytes(b"".join(self.bundle(wanted).parts()))
        return path

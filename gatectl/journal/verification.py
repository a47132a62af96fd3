"""What an auditor finds: the chain, the anchors, the paper and the evidence, compared."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gatectl.core.event import EVIDENCE_KINDS, EvidenceId, Noted, kept_by
from gatectl.core.words import words_of
from gatectl.errors import GatectlError, JournalDamaged
from gatectl.journal.anchor import Anchor, PaperAnchor, check_signature
from gatectl.journal.chain import JournalVerdict, Problem
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All that a verification looked at."""

    verdict: JournalVerdict
    problems: tuple[Problem, ...]
    told: tuple[str, ...]
    """What else was compared, and held."""


def look_through(journal: Journal) -> Verification:
    """Walk along the chain."""
    verdict = journal.verify()
    return Verification(verdict=verdict, problems=verdict.problems, told=())


def with_anchor(
    found: Verification,
    journal: Journal,
    path: Path,
    anchor: Anchor,
    *,
    signers: Path | None,
    at: datetime,
) -> Verification:
    """Compare the chain with a head that was kept elsewhere, and see whose key signed that.

    `at` is the moment for which keys must count.
    """
    more = [one for one in journal.verify(anchor.head).problems if one not in found.problems]
    told = f"{path.name}: record {anchor.head.sequence} is as it was on {anchor.taken.isoformat()}"
    if signers is not None:
        try:
            told += f", signed by {check_signature(anchor, signers, at)}"
        except JournalDamaged as exc:
            more.append(Problem(sequence=anchor.head.sequence, sentence=exc.sentence))
    if more:
        more = [replace(one, sentence=f"{path.name}: {one.sentence}") for one in more]
        return replace(found, problems=(*found.problems, *more))
    return replace(found, told=(*found.told, told))


def with_paper(found: Verification, journal: Journal, paper: PaperAnchor) -> Verification:
    """Compare a record with the words that somebody wrote down."""
    hash_there = journal.hash_at(paper.sequence)
    if hash_there is None:
        sentence = "the record that stands on paper is missing"
    elif not hash_there.startswith(paper.digits):
        there = words_of(hash_there, len(paper.digits) // 2)
        sentence = f"the words on paper are others; here they are: {there}"
    else:
        told = f"paper: record {paper.sequence} has the words that were written down"
        return replace(found, told=(*found.told, told))
    problem = Problem(sequence=paper.sequence, sentence=sentence)
    return replace(found, problems=(*found.problems, problem))


def with_evidence(found: Verification, journal: Journal, store: EvidenceStore) -> Verification:
    """Read every piece of evidence that a record refers to."""
    problems: list[Problem] = []
    held: set[EvidenceId] = set()
    try:
        for sequence, evidence in _evidence_of(journal):
            if evidence in held:
                continue
            try:
                store.check(evidence)
            except JournalDamaged as exc:
                problems.append(Problem(sequence=sequence, sentence=exc.sentence))
            else:
                held.add(evidence)
    except GatectlError as exc:
        sentence = f"the evidence of later records was not looked at: {exc.sentence}"
        problems.append(Problem(sequence=found.verdict.head.sequence, sentence=sentence))
    told = f"evidence: {len(held)} pieces are what was kept"
    return replace(found, problems=(*found.problems, *problems), told=(*found.told, told))


def _evidence_of(journal: Journal) -> Iterator[tuple[int, EvidenceId]]:
    taken_in = 0
    for recorded in journal.events(kinds=(*EVIDENCE_KINDS, "note")):
        match recorded.event:
            case Noted(text=text):
                taken_in = recorded.sequence if text.startswith("taken in from ") else 0
            case event:
                evidence = kept_by(event)
                # What was done without a disk kept no evidence, and the record before says so.
                if evidence is not None and recorded.sequence != taken_in + 1:
                    yield recorded.sequence, evidence

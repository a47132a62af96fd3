"""What an auditor finds in a journal with its anchors, paper and evidence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatectl.core.casework import Says
from gatectl.core.event import EvidenceId, EvidenceKept, Noted
from gatectl.core.gate import GateName, NodeName
from gatectl.core.plan import PlannedId
from gatectl.journal.anchor import Anchor, PaperAnchor
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.journal.verification import (
    Verification,
    look_through,
    with_anchor,
    with_evidence,
    with_paper,
)
from tests.casefile import advice
from tests.shelves import Shelf, fill

GATE = GateName("almelo")
NOON = datetime(2026, 1, 18, 12, 0, tzinfo=UTC)


@pytest.fixture
def journal(shelf: Shelf) -> Iterator[Journal]:
    """Give a journal with three notes."""
    with shelf.open() as new:
        for number in range(3):
            new.append(Noted(text=f"note {number}"), gate=GATE)
        yield new


def anchored(journal: Journal, anchor: Anchor) -> Verification:
    """Compare a journal with an anchor that nobody signed."""
    found = look_through(journal)
    return with_anchor(found, journal, Path("anchor.json"), anchor, signers=None, at=NOON)


def kept(evidence: EvidenceId) -> EvidenceKept:
    """Make the record of a piece of evidence."""
    return EvidenceKept(
        step=PlannedId("collect"),
        node=NodeName("ns1"),
        what="output",
        name="show ns version",
        evidence=evidence,
    )


def test_a_chain_that_holds_agrees_with_its_anchor_later_on(journal: Journal) -> None:
    """Records behind the anchor do not change what it says."""
    anchor = Anchor(head=journal.head(), taken=NOON)
    journal.append(Noted(text="later"), gate=GATE)
    found = anchored(journal, anchor)
    assert not found.problems
    assert "record 3 is as it was" in found.told[0]


def test_an_anchor_of_another_past_is_told_with_its_file(journal: Journal) -> None:
    """The record at which the two differ is named."""
    anchor = Anchor(head=replace(journal.head(), hash="0a" * 32), taken=NOON)
    (problem,) = anchored(journal, anchor).problems
    assert problem.sequence == 3
    assert problem.sentence.startswith("anchor.json: ")


def test_paper_agrees_with_the_record_that_it_names(journal: Journal) -> None:
    """Not only with the newest one."""
    paper = PaperAnchor.read(Anchor(head=journal.head(), taken=NOON).words())
    journal.append(Noted(text="later"), gate=GATE)
    found = with_paper(look_through(journal), journal, paper)
    assert not found.problems
    assert "paper: record 3" in found.told[0]


@pytest.mark.parametrize(
    ("paper", "told"),
    [
        (PaperAnchor(sequence=3, digits="00" * 16), "words on paper are others"),
        (PaperAnchor(sequence=9, digits="00" * 16), "is missing"),
    ],
    ids=["other words", "cut off"],
)
def test_paper_that_does_not_agree_is_told(paper: PaperAnchor, told: str, journal: Journal) -> None:
    """The words that are there now are given, for the comparison by eye."""
    (problem,) = with_paper(look_through(journal), journal, paper).problems
    assert problem.sequence == paper.sequence
    assert told in problem.sentence


def test_evidence_that_was_changed_or_is_gone_is_told_at_its_record(
    journal: Journal, tmp_path: Path
) -> None:
    """Every piece that a record refers to is read through."""
    store = EvidenceStore(tmp_path / "evidence", reserve_bytes=0)
    good, changed = store.keep(b"good"), store.keep(b"changed")
    gone = EvidenceId("0a" * 32)
    for evidence in (good, changed, gone):
        journal.append(kept(evidence), gate=GATE)
    store.path(changed).chmod(0o600)
    store.path(changed).write_bytes(b"other")
    found = with_evidence(look_through(journal), journal, store)
    assert [problem.sequence for problem in found.problems] == [5, 6]
    assert found.told == ("evidence: 1 pieces are what was kept",)


def test_evidence_that_could_never_be_kept_is_no_problem(journal: Journal, tmp_path: Path) -> None:
    """A close without a disk names what it saw and keeps nothing of it, and says so before."""
    journal.append(Noted(text="taken in from emergency-1.jsonl: no journal"), gate=GATE)
    journal.append(kept(EvidenceId("0a" * 32)), gate=GATE)
    assert not with_evidence(look_through(journal), journal, EvidenceStore(tmp_path)).problems


def test_a_record_that_cannot_be_read_ends_the_look_at_evidence_loudly(
    shelf: Shelf, tmp_path: Path
) -> None:
    """What was not looked at is not said to hold."""
    fill(shelf, 2)
    shelf.tamper("UPDATE event SET body = '{}' WHERE sequence = 1")
    with shelf.open(verified=False) as journal:
        found = with_evidence(look_through(journal), journal, EvidenceStore(tmp_path))
    assert any("was not looked at" in problem.sentence for problem in found.problems)


def test_the_kept_text_of_an_advice_is_read_as_well(journal: Journal, tmp_path: Path) -> None:
    """What a decision rests on must be what it was when somebody decided."""
    store = EvidenceStore(tmp_path / "evidence", reserve_bytes=0)
    text = store.keep(b"Switch it off.")
    journal.append(advice("1", NOON, Says.SWITCH_OFF, evidence=text), gate=GATE)
    assert not with_evidence(look_through(journal), journal, store).problems
    store.path(text).chmod(0o600)
    store.path(text).write_bytes(b"Do nothing.")
    (problem,) = with_evidence(look_through(journal), journal, store).problems
    assert problem.sequence == 4

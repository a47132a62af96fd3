"""The fold of what people agreed to: what counts, what is used up, and who opened alone."""

from dataclasses import replace

import pytest

from gatectl.core.agreement import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalUsed,
    AttestationGiven,
)
from gatectl.core.agreements import (
    KINDS,
    Agreements,
    evidence_digest,
    nobody_else,
)
from gatectl.core.event import (
    CompromiseJudged,
    EvidenceId,
    EvidenceKept,
    Mode,
    Noted,
    Signalled,
)
from gatectl.core.gate import GateState, Signal
from gatectl.core.playbook import Purpose
from gatectl.core.standing import Standing
from tests.builders import ALMELO, NS_A, Chronicle, plan_of, planned

PIECE = EvidenceKept(
    step=planned().id, node=NS_A, what="file", name="/x", evidence=EvidenceId("1f" * 32)
)


def signal(which: Signal) -> Signalled:
    """Make a signal; the states do not matter here."""
    return Signalled(signal=which, before=GateState.OPEN, after=GateState.OPEN, because="")


def fold(chronicle: Chronicle) -> Agreements:
    """Fold what is written down."""
    return Agreements.from_events(chronicle.records)


def test_a_confirmed_opening_takes_words_back_but_what_was_used_stays_used() -> None:
    """The next closure needs new words, and an old number never opens again."""
    chronicle = Chronicle()
    chronicle.add(ApprovalRequested(nonce="n", digest="d"))
    chronicle.add(ApprovalGiven(nonce="n", principal="anna"))
    chronicle.add(AttestationGiven(name="rotated", by="anna"))
    chronicle.add(ApprovalUsed(nonce="n", principals=("anna",)))
    assert [given.event.principal for given in fold(chronicle).given] == ["anna"]
    assert set(fold(chronicle).attested) == {"rotated"}
    chronicle.add(signal(Signal.CONFIRMED))
    after = fold(chronicle)
    assert (after.given, dict(after.attested)) == ((), {})
    assert set(after.used) == {"n"}


def test_the_first_request_of_a_number_is_the_one_that_counts() -> None:
    """Nobody can put another text under a number that others have signed."""
    chronicle = Chronicle()
    chronicle.add(ApprovalRequested(nonce="n", digest="first"))
    chronicle.add(ApprovalRequested(nonce="n", digest="second"))
    assert fold(chronicle).asked["n"].event.digest == "first"


@pytest.mark.parametrize(
    ("purpose", "changes"),
    [
        (Purpose.CLOSE, True),
        (Purpose.PATCH, True),
        (Purpose.MAINTAIN, True),
        (Purpose.VERIFY, False),
        (Purpose.SCAN, False),
        (Purpose.REOPEN, False),
    ],
)
def test_a_run_that_can_change_something_is_a_new_state_to_agree_to(
    purpose: Purpose, changes: bool
) -> None:
    """A run that looks leaves approvals as they are, and so does one that only pretends."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(), run="r1")
    chronicle.begin(plan_of(purpose=purpose), run="r2")
    chronicle.begin(plan_of(), run="r3", mode=Mode.DRY)
    assert fold(chronicle).run == ("r2" if changes else "r1")


def test_the_place_of_the_newest_evidence_is_kept() -> None:
    """A judgement of evidence is evidence, too."""
    chronicle = Chronicle()
    chronicle.add(PIECE)
    judged = chronicle.add(CompromiseJudged(answer="clean", because="nothing", findings=()))
    assert fold(chronicle).evidence_sequence == judged.sequence
    assert fold(chronicle).evidence_at == judged.at


def test_evidence_has_one_digest_whatever_its_order() -> None:
    """The same pieces, collected twice or in another order, are the same evidence."""
    other = replace(PIECE, name="/y", evidence=EvidenceId("2e" * 32))
    one = Standing(gate=ALMELO, evidence=(PIECE, other))
    two = Standing(gate=ALMELO, evidence=(other, PIECE, PIECE))
    assert evidence_digest(one) == evidence_digest(two)
    missing = replace(PIECE, what="missing", evidence=None)
    judged = CompromiseJudged(answer="clean", because="nothing", findings=())
    digests = {
        evidence_digest(standing)
        for standing in (
            one,
            Standing(gate=ALMELO, evidence=(PIECE,)),
            Standing(gate=ALMELO, evidence=(PIECE, missing)),
            Standing(gate=ALMELO, evidence=(PIECE,), compromise=judged),
        )
    }
    assert len(digests) == 4


def test_an_opening_by_one_person_alone_is_told_until_it_is_confirmed_or_undone() -> None:
    """Approvals of an earlier opening do not cover a later one."""
    chronicle = Chronicle()
    opening = plan_of(purpose=Purpose.REOPEN)
    chronicle.begin(opening, run="r1")
    chronicle.add(ApprovalUsed(nonce="n", principals=("anna", "bert")))
    chronicle.add(signal(Signal.REOPEN_STARTED))
    assert nobody_else(fold(chronicle)) == ""
    chronicle.add(signal(Signal.REOPEN_ENDED))
    chronicle.begin(opening, run="r2")
    chronicle.add(signal(Signal.REOPEN_STARTED))
    assert "NOBODY ELSE" in nobody_else(fold(chronicle))
    chronicle.add(signal(Signal.CLOSE_STARTED))
    assert nobody_else(fold(chronicle)) == ""


def test_who_agreed_is_told_with_the_first_act_and_an_override_is_no_opening() -> None:
    """Approvals go on record with the act, after the opening began."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(purpose=Purpose.REOPEN), run="r1")
    chronicle.add(signal(Signal.REOPEN_STARTED))
    chronicle.add(ApprovalUsed(nonce="m", principals=("carl",), override="compromise-check"))
    assert "NOBODY ELSE" in nobody_else(fold(chronicle))
    chronicle.add(ApprovalUsed(nonce="n", principals=("anna", "bert")))
    assert nobody_else(fold(chronicle)) == ""
    assert set(fold(chronicle).used) == {"m", "n"}


def test_approvals_that_were_used_by_a_run_that_opened_nothing_cover_no_other() -> None:
    """An opening that was cut off before it began leaves its names behind for nobody."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(purpose=Purpose.REOPEN), run="r1")
    chronicle.add(ApprovalUsed(nonce="n", principals=("anna", "bert")))
    chronicle.begin(plan_of(purpose=Purpose.REOPEN), run="r2")
    chronicle.add(signal(Signal.REOPEN_STARTED))
    assert "NOBODY ELSE" in nobody_else(fold(chronicle))


def test_the_kinds_that_are_read_are_all_that_the_fold_looks_at() -> None:
    """An event that is left out while reading must not be one that would have counted."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(), run="r1")
    chronicle.add(ApprovalRequested(nonce="n", digest="d"))
    chronicle.add(ApprovalGiven(nonce="n", principal="anna"))
    chronicle.add(AttestationGiven(name="rotated", by="anna"))
    chronicle.add(PIECE)
    chronicle.add(CompromiseJudged(answer="clean", because="nothing", findings=()))
    chronicle.add(ApprovalUsed(nonce="n", principals=("anna",)))
    chronicle.add(signal(Signal.REOPEN_STARTED))
    chronicle.add(Noted(text="nothing that counts"))
    read = [one for one in chronicle.records if one.event.kind in KINDS]
    assert Agreements.from_events(read) == fold(chronicle)
    later = {"evidence.kept": "compromise.judged"}
    for kind in reversed(KINDS):
        # The later of the two is what the place of the newest evidence is taken from.
        read = [one for one in read if one.event.kind != later.get(kind)]
        without = [one for one in read if one.event.kind != kind]
        assert Agreements.from_events(without) != Agreements.from_events(read), kind

"""What somebody must have given his word for: each by its name, and none too many."""

from gatectl.core.agreement import AttestationGiven
from gatectl.core.attestation import judge_attestations
from gatectl.core.check import Answer

ROTATED = AttestationGiven(name="certificates-rotated", by="anna")


def test_every_word_that_is_asked_for_must_be_there() -> None:
    """One that is missing is named, and one that is there is told with its giver."""
    wanted = ("certificates-rotated", "credentials-rotated")
    verdict = judge_attestations(wanted, {ROTATED.name: ROTATED})
    assert verdict.answer is Answer.FAIL
    assert verdict.because == "nobody has given his word for: credentials-rotated"
    good = judge_attestations(wanted[:1], {ROTATED.name: ROTATED})
    assert good.passed
    assert good.because == "on somebody's word: certificates-rotated (by anna)"


def test_a_word_that_nobody_asked_for_replaces_none() -> None:
    """Another attestation, however true, is not the one that is needed."""
    assert not judge_attestations(("credentials-rotated",), {ROTATED.name: ROTATED}).passed
    assert judge_attestations((), {}).passed

"""What a vendor's scanner says, and what that adds to our own check."""

import pytest

from gatectl.core.check import Answer
from gatectl.core.event import EvidenceId, ScannerRun
from gatectl.core.gate import NodeName
from gatectl.core.indicators import CompromiseAnswer, CompromiseVerdict
from gatectl.core.plan import PlannedId
from gatectl.core.playbook import Says, ScannerWords
from gatectl.core.scanner import Said, hear_scanner, judge_heard, with_scanners
from tests.builders import NS_A, NS_B, Chronicle

WORDS = ScannerWords(
    compromised=Says(pattern="^MATCH: ", answer="MATCH: x"),
    error=Says(pattern="^panic", answer="panic"),
    clean=Says(pattern="^found: No$", answer="found: No"),
)
CLEAN, SCANNED, COMPROMISED, INCONCLUSIVE = CompromiseAnswer


@pytest.mark.parametrize(
    ("text", "said", "answer"),
    [
        ("found: No", "clean", Answer.PASS),
        ("head\nfound: No\ntail", "clean", Answer.PASS),
        ("found: No\nMATCH: /tmp/a", "compromised", Answer.FAIL),
        ("panic\nMATCH: /tmp/a\nfound: No", "compromised", Answer.FAIL),
        ("found: No\npanic", "inconclusive", Answer.UNKNOWN),
        ("example: MATCH: /tmp/a", "inconclusive", Answer.UNKNOWN),
        ("", "inconclusive", Answer.UNKNOWN),
    ],
)
def test_the_worst_that_is_said_counts(text: str, said: Said, answer: Answer) -> None:
    """A compromise before an error before clean; silence is not clean."""
    heard = hear_scanner(text, WORDS)
    assert heard.said == said
    assert judge_heard(heard).answer is answer


def own(answer: CompromiseAnswer) -> CompromiseVerdict:
    """Make an answer of our own check."""
    return CompromiseVerdict(answer=answer, findings=(), doubts=(), because="as we saw it")


def chronicle(*runs: Said, script: str = "a", node: NodeName = NS_A) -> Chronicle:
    """Write down that a scanner said these things, one after the other."""
    chronicle = Chronicle()
    for said in runs:
        chronicle.add(
            ScannerRun(
                step=PlannedId(f"scan@{node}"),
                node=node,
                script="ioc.sh",
                sha256=script * 64,
                said=said,
                because=f"it said {said}",
                evidence=EvidenceId("0" * 64),
            )
        )
    return chronicle


@pytest.mark.parametrize("answer", CompromiseAnswer)
def test_a_clean_word_changes_nothing(answer: CompromiseAnswer) -> None:
    """Compromised and inconclusive stay what they are, whatever a scanner did not see."""
    assert with_scanners(own(answer), chronicle("clean").records) == own(answer)
    assert with_scanners(own(answer), []) == own(answer)


@pytest.mark.parametrize(
    ("answer", "runs", "joined"),
    [
        (CLEAN, ("compromised",), COMPROMISED),
        (SCANNED, ("compromised",), COMPROMISED),
        (INCONCLUSIVE, ("compromised",), COMPROMISED),
        (COMPROMISED, ("compromised",), COMPROMISED),
        (CLEAN, ("compromised", "clean"), COMPROMISED),
        (CLEAN, ("inconclusive",), INCONCLUSIVE),
        (INCONCLUSIVE, ("inconclusive",), INCONCLUSIVE),
        (COMPROMISED, ("inconclusive",), COMPROMISED),
        (CLEAN, ("inconclusive", "clean"), CLEAN),
    ],
)
def test_a_scanner_makes_an_answer_worse_and_never_better(
    answer: CompromiseAnswer, runs: tuple[Said, ...], joined: CompromiseAnswer
) -> None:
    """What was found once stays; what did not go through can be done again."""
    verdict = with_scanners(own(answer), chronicle(*runs).records)
    assert verdict.answer is joined
    assert verdict.because
    if "compromised" in runs:
        assert [one.path for one in verdict.findings] == ["ioc.sh"]
        assert "vendor-scanner" in verdict.because


@pytest.mark.parametrize(
    "elsewhere", [chronicle("clean", script="b"), chronicle("clean", node=NS_B)], ids=["b", "ns-b"]
)
def test_each_script_on_each_node_counts_by_itself(elsewhere: Chronicle) -> None:
    """A clean run of another script, or elsewhere, does not make good one that did not go on."""
    records = [*chronicle("inconclusive").records, *elsewhere.records]
    assert with_scanners(own(CLEAN), records).answer is INCONCLUSIVE


@pytest.mark.parametrize("answer", CompromiseAnswer)
def test_a_compromise_hides_no_doubt(answer: CompromiseAnswer) -> None:
    """What did not go through elsewhere is still to be done, whatever was found here."""
    here, there = chronicle("compromised"), chronicle("inconclusive", node=NS_B)
    verdict = with_scanners(own(answer), [*here.records, *there.records])
    assert verdict.answer is COMPROMISED
    assert verdict.doubts == (f"{NS_B}: ioc.sh: it said inconclusive",)

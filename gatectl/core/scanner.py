"""What a vendor's own scanner said, by the playbook's rule, and what that adds to our own check.

Its exit status is never asked for: published scanners end with 0 whatever they find.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from gatectl.core.check import Verdict, failed, passed, unknown
from gatectl.core.event import Recorded, ScannerRun
from gatectl.core.gate import NodeName
from gatectl.core.indicators import (
    CompromiseAnswer,
    CompromiseVerdict,
    Finding,
    IndicatorId,
    Severity,
)
from gatectl.core.playbook import ScannerWords

Said = Literal["clean", "compromised", "inconclusive"]
_EXCERPT_CHARACTERS = 240
_SCANNER = IndicatorId("vendor-scanner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a scanner said, and the line that says so."""

    said: Said
    because: str


def hear_scanner(text: str, words: ScannerWords) -> Heard:
    """Read a scanner's output: a compromise before an error before clean, silence is unknown."""
    lines = text.splitlines()
    rules: tuple[tuple[Said, str, str], ...] = (
        ("compromised", words.compromised.pattern, ""),
        ("inconclusive", words.error.pattern, "it did not go through: "),
        ("clean", words.clean.pattern, ""),
    )
    for said, pattern, told in rules:
        line = next((one for one in lines if re.search(pattern, one)), None)
        if line is not None:
            return Heard(said=said, because=told + line.strip()[:_EXCERPT_CHARACTERS])
    return Heard(said="inconclusive", because="it says nothing that the playbook knows")


def judge_heard(heard: Heard) -> Verdict:
    """Judge a scanner's run by itself."""
    sentence = f"{heard.said}: {heard.because}"
    match heard.said:
        case "clean":
            return passed(sentence)
        case "compromised":
            return failed(sentence)
        case "inconclusive":
            return unknown(sentence)


def with_scanners(judged: CompromiseVerdict, history: Iterable[Recorded]) -> CompromiseVerdict:
    """Add what scanners said: it can make an answer worse, and never better.

    A compromise counts whenever it was found; of all else the newest run of a script on a node.
    """
    runs = [one.event for one in history if isinstance(one.event, ScannerRun)]
    found = tuple(
        Finding(
            node=one.node,
            indicator=_SCANNER,
            severity=Severity.COMPROMISE,
            path=one.script,
            line_number=None,
            excerpt=one.because,
            source=f"the script {one.script} (SHA-256 {one.sha256})",
        )
        for one in runs
        if one.said == "compromised"
    )
    newest: dict[tuple[NodeName, str], ScannerRun] = {(one.node, one.sha256): one for one in runs}
    doubts = tuple(
        f"{one.node}: {one.script}: {one.because}"
        for one in newest.values()
        if one.said == "inconclusive"
    )
    findings = (*judged.findings, *dict.fromkeys(found))
    if found:
        ours = judged.answer is CompromiseAnswer.COMPROMISED
        return replace(
            judged,
            answer=CompromiseAnswer.COMPROMISED,
            findings=findings,
            doubts=(*judged.doubts, *doubts),
            because=f"{judged.because}, {_SCANNER}" if ours else _SCANNER,
        )
    if not doubts or judged.answer is CompromiseAnswer.COMPROMISED:
        return replace(judged, doubts=(*judged.doubts, *doubts))
    earlier = [judged.because] if judged.answer is CompromiseAnswer.INCONCLUSIVE else []
    return replace(
        judged,
        answer=CompromiseAnswer.INCONCLUSIVE,
        doubts=(*judged.doubts, *doubts),
        because="; ".join([*earlier, *doubts]),
    )

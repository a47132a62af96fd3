"""The compromise check of a folder: a mounted image or an unpacked bundle, and no connection."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from gatectl.cli.display import console_on
from gatectl.cli.output import print_document
from gatectl.clock import SystemClock
from gatectl.config.shipped import read_indicators
from gatectl.core.indicators import (
    CompromiseAnswer,
    CompromiseVerdict,
    Finding,
    judge_collection,
)
from gatectl.core.visible import visible
from gatectl.errors import ExitCode
from gatectl.image import read_image

_CODES = {
    CompromiseAnswer.CLEAN: ExitCode.PROVEN,
    CompromiseAnswer.SCANNED: ExitCode.PROVEN,
    CompromiseAnswer.COMPROMISED: ExitCode.MAYBE_OPEN,
    CompromiseAnswer.INCONCLUSIVE: ExitCode.MAYBE_OPEN,
}
_STYLES = {
    CompromiseAnswer.CLEAN: "green",
    CompromiseAnswer.SCANNED: "green",
    CompromiseAnswer.COMPROMISED: "bold red",
    CompromiseAnswer.INCONCLUSIVE: "bold yellow",
}


def scan_image(
    folder: Path,
    *,
    exposed_since: datetime | None,
    expected_users: frozenset[str] | None,
    as_json: bool,
) -> int:
    """Judge a folder by the indicators that gates are judged by, and print the verdict.

    A compromise exits with 5, "not as asserted", and not with 3: that one says that a gate is
    proven shut, and no gate is looked at here. Inconclusive is unknown, and that is 5 as well.
    """
    indicators = read_indicators()
    collection = read_image(folder, indicators, now=SystemClock().now())
    verdict = judge_collection(
        collection, indicators, exposed_since=exposed_since, expected_users=expected_users
    )
    code = _CODES[verdict.answer]
    if as_json:
        body = {"image": str(folder), "files": len(collection.files)}
        print_document("scan", code, {**body, **_document(verdict)})
        return code
    _print_verdict(folder, verdict)
    return code


def _document(verdict: CompromiseVerdict) -> dict[str, Any]:
    return {
        "verdict": verdict.answer.value,
        "because": verdict.because,
        "findings": [_finding_document(finding) for finding in verdict.findings],
        "doubts": list(verdict.doubts),
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "indicator": finding.indicator,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": finding.line_number,
        "excerpt": finding.excerpt,
        "source": finding.source,
    }


def _print_verdict(folder: Path, verdict: CompromiseVerdict) -> None:
    out = console_on(sys.stdout)
    for finding in verdict.findings:
        line = "" if finding.line_number is None else f":{finding.line_number}"
        click.echo(f"{finding.indicator}  {visible(finding.path)}{line}")
        click.echo(f"    {visible(finding.excerpt, limit=240)}")
        click.echo(f"    source: {finding.source}")
    for doubt in verdict.doubts:
        click.echo(f"in doubt: {visible(doubt)}")
    sentence = f"{visible(str(folder))}: {verdict.answer} - {visible(verdict.because)}"
    out.print(Text(sentence, style=_STYLES[verdict.answer]))

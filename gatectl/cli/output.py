"""Prints what came of a verb, on stdout: tables for people, one document for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from gatectl.cli.display import console_on
from gatectl.core.check import Answer, Verdict
from gatectl.core.event import Mode, Recorded
from gatectl.core.report import (
    DOCUMENT_VERSION,
    blocker_document,
    run_document,
    timeline,
    verdict_rows,
    would_send,
)
from gatectl.core.run import Run
from gatectl.core.visible import visible
from gatectl.desk import Result
from gatectl.errors import ExitCode, worst

STYLES = {Answer.PASS: "green", Answer.FAIL: "bold red", Answer.UNKNOWN: "bold yellow"}


def print_document(command: str, code: ExitCode | int, body: dict[str, Any]) -> None:
    """Print one JSON document; its version grows when a key changes its meaning."""
    document = {"version": DOCUMENT_VERSION, "command": command, "exit_code": int(code), **body}
    click.echo(json.dumps(document, indent=2, ensure_ascii=True))


def finish(
    command: str,
    results: Sequence[Result],
    *,
    as_json: bool,
    terminated: bool = False,
    told: bool = False,
) -> int:
    """Print the results, unless that is done, and give the exit code of the worst gate."""
    code = worst(result.code for result in results)
    if terminated and code is ExitCode.INTERRUPTED:
        code = ExitCode.TERMINATED
    if as_json:
        print_document(command, code, {"gates": [result_document(one) for one in results]})
    elif not told:
        for result in results:
            print_result(result)
    tell_trouble(results)
    return code


def result_document(result: Result) -> dict[str, Any]:
    """Put a gate's result in the terms of the JSON document."""
    return {
        "name": result.gate,
        "state": result.state.value,
        "stands": result.stands,
        "exit_code": int(result.code),
        "because": result.sentence,
        "hint": result.hint,
        "blockers": [blocker_document(blocker) for blocker in result.blockers],
        "would_send": [{"node": node, "line": line} for node, line in would_send(result.runs)],
        "runs": [run_document(run) for run in result.runs],
    }


def print_result(result: Result) -> None:
    """Print one gate's result for a person."""
    dry = [run for run in result.runs if run.mode is Mode.DRY]
    if dry:
        print_lines(dry)
    if result.blockers:
        print_blockers(result)
    # What stopped a verb, and what to do about it, is told on stderr: the state is the data.
    words = f" - {_came_to(result)}" if not result.hint else ""
    style = "green" if result.code is ExitCode.PROVEN else "bold"
    print_line(f"{result.gate}: {result.state}{words}", style)


def tell_trouble(results: Iterable[Result]) -> None:
    """Say on stderr what stopped a verb on a gate, and what to do next."""
    for result in results:
        if result.hint:
            click.echo(f"gatectl: {visible(result.sentence, keep_newlines=True)}", err=True)
            click.echo(f"         {visible(result.hint, keep_newlines=True)}", err=True)


def _came_to(result: Result) -> str:
    if result.code is not ExitCode.DRIFT:
        return result.sentence
    count = len(list(would_send(result.runs)))
    lines = "1 line" if count == 1 else f"{count} lines"
    return f"{lines} would be sent, and nothing that writes was sent now"


def print_line(text: str, style: str = "") -> None:
    """Print one line on stdout; a terminal folds it, anything else gets it whole."""
    console_on(sys.stdout).print(Text(visible(text), style=style))


def print_lines(runs: Iterable[Run]) -> None:
    """Print the exact lines that would be sent, ready to be compared or copied."""
    lines = list(would_send(runs))
    if not lines:
        click.echo("nothing would be sent: all is so already")
    for node, line in lines:
        click.echo(f"{node}: {visible(line)}")


def print_blockers(result: Result) -> None:
    """Print all that stands in the way of a verb, and what clears each."""
    table = plain_table("interlock", "verdict", "because", "cleared by")
    for blocker in result.blockers:
        answer = blocker.verdict.answer
        table.add_row(
            blocker.interlock,
            Text(answer.value, style=STYLES[answer]),
            visible(blocker.verdict.because),
            blocker.clears,
        )
    console_on(sys.stdout).print(table)


def print_verdicts(runs: Iterable[Run]) -> None:
    """Print the verdict table of one or more runs."""
    table = plain_table("playbook", "node", "claim", "verdict", "outcome")
    for row in verdict_rows(runs):
        table.add_row(
            row.run,
            row.node or "-",
            visible(row.title),
            Text(row.answer.value, style=STYLES[row.answer]),
            row.outcome,
        )
    console_on(sys.stdout).print(table)


def print_timeline(events: Iterable[Recorded], limit: int | None = None) -> None:
    """Print what happened when, in local time, the newest last; a new day stands alone."""
    moments = list(timeline(events))
    table = plain_table("time", "what", "detail")
    day = ""
    for moment in moments if limit is None else moments[-limit:]:
        local = moment.at.astimezone()
        if f"{local:%Y-%m-%d}" != day:
            day = f"{local:%Y-%m-%d}"
            table.add_row(day, "", "")
        table.add_row(f"{local:%H:%M:%S}", visible(moment.what), visible(moment.detail, limit=160))
    console_on(sys.stdout).print(table)


def plain_table(*columns: str) -> Table:
    """Make a table that survives a terminal of 80 columns and a mail; without names, no head."""
    table = Table(
        box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0), show_header=any(columns)
    )
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=False)
    return table


_BUILD_WORDS = {
    Answer.PASS: "agreement",
    Answer.FAIL: "DISAGREEMENT",
    Answer.UNKNOWN: "not known",
}


def shown_build_words(verdict: Verdict) -> str:
    """Say what the gateway shows of its build, beside what the box says."""
    return f"{_BUILD_WORDS[verdict.answer]}: {visible(verdict.because)}"


def shown_build_document(verdict: Verdict) -> dict[str, str]:
    """Make the same of it for JSON."""
    return {"answer": verdict.answer.value, "because": verdict.because}

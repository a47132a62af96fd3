"""Prints what came of a verb, on stdout: tables for people, one document for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from gatectl.cli.display import console_on
from gatectl.core.check import Answer
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
from gatectl.errors import ExitCode, worst
from gatectl.operation import Result
from gatectl.visible import visible

STYLES = {Answer.PASS: "green", Answer.FAIL: "bold red", Answer.UNKNOWN: "bold yellow"}


def print_document(command: str, code: ExitCode | int, body: dict[str, Any]) -> None:
    """Print one JSON document; its version grows when a key changes its meaning."""
    document = {"version": DOCUMENT_VERSION, "command": command, "exit_code": int(code), **body}
    click.echo(json.dumps(document, indent=2, ensure_ascii=True))


def finish(
    command: str, results: Sequence[Result], *, as_json: bool, terminated: bool = False
) -> int:
    """Print the results and give the exit code of the worst gate."""
    code = worst(result.code for result in results)
    if terminated and code is ExitCode.INTERRUPTED:
        code = ExitCode.TERMINATED
    if as_json:
        print_document(command, code, {"gates": [result_document(one) for one in results]})
        return code
    for result in results:
        print_result(result)
    return code


def result_document(result: Result) -> dict[str, Any]:
    """Put a gate's result in the terms of the JSON document."""
    return {
        "name": result.gate,
        "state": result.state.value,
        "exit_code": int(result.code),
        "because": result.sentence,
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
    out = console_on(sys.stdout)
    style = "green" if result.code is ExitCode.PROVEN else "bold"
    out.print(Text(f"{result.gate}: {result.state} - {visible(result.sentence)}", style=style))
    if result.hint:
        out.print(Text(visible(result.hint)))


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


def print_timeline(events: Iterable[Recorded]) -> None:
    """Print what happened when, in local time."""
    table = plain_table("time", "what", "detail")
    for moment in timeline(events):
        local = moment.at.astimezone()
        table.add_row(f"{local:%H:%M:%S}", visible(moment.what), visible(moment.detail, limit=160))
    console_on(sys.stdout).print(table)


def plain_table(*columns: str) -> Table:
    """Make a table that survives a terminal of 80 columns and a mail."""
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=False)
    return table

"""The verbs on a case: open it, look at it, close it, and keep its deadlines."""

import re
import sys
from datetime import datetime
from typing import Any

import click

from gatectl.cli import options, suggestions
from gatectl.cli.casework import (
    case_desk,
    dossier_of,
    dossiers,
    moment,
    of_case,
    people_of,
)
from gatectl.cli.deadlines import deadline_document, local_minute, print_deadlines
from gatectl.cli.desk import workplace
from gatectl.cli.display import console_on
from gatectl.cli.output import plain_table, print_document, print_line
from gatectl.core.advice import Unsettled, unsettled
from gatectl.core.case import Case, decided_at
from gatectl.core.casework import CaseName, IncidentDeclared, IncidentReported, Stage
from gatectl.core.deadline import deadlines, overdue
from gatectl.core.gate import Gate
from gatectl.core.visible import visible
from gatectl.errors import ExitCode

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@click.group()
def case() -> None:
    """Keep one affair together: advice, decisions, runs, hours; see its deadlines."""


def _case_name(_ctx: click.Context, _param: click.Parameter, value: str) -> CaseName:
    if _NAME.fullmatch(value) is None:
        raise click.BadParameter("a name is up to 63 letters, digits and _ . -")
    return CaseName(value)


@case.command("open")
@click.argument("name", callback=_case_name)
@click.option(
    "--gate", metavar="GATE", shell_complete=suggestions.gates, help="The gate that it is about."
)
@click.option("--title", default="", metavar="TEXT", help="What it is about, in a line.")
@options.as_json
@click.pass_context
def open_case(
    ctx: click.Context, name: CaseName, gate: str | None, title: str, as_json: bool
) -> int:
    """Open a case: from now on, all that touches the gate belongs to it."""
    with workplace(ctx, (gate,) if gate else ()) as place:
        opened = dossier_of(place, place.gates[0].name).open(name, title)
    return _told("case open", opened, "opened", as_json=as_json)


@case.command("close")
@click.argument("name", required=False)
@click.option(
    "--gate",
    metavar="GATE",
    shell_complete=suggestions.gates,
    help="The gate, where several have a case.",
)
@click.option("--why", default="", metavar="TEXT", help="Why it is over.")
@options.as_json
@click.pass_context
def close_case(
    ctx: click.Context, name: str | None, gate: str | None, why: str, as_json: bool
) -> int:
    """Close a case; hours and notes can still be added to it by its name."""
    with case_desk(ctx, name, gate) as desk:
        closed = desk.dossier.close(desk.case.name, why)
    return _told("case close", closed, "closed", as_json=as_json)


@case.command("list")
@options.as_json
@click.pass_context
def list_cases(ctx: click.Context, as_json: bool) -> int:
    """List the cases of all gates, the oldest first."""
    with dossiers(ctx, None) as (_, found):
        cases = [one for dossier in found for one in dossier.cases().values()]
    cases.sort(key=lambda one: one.opened)
    if as_json:
        print_document(
            "case list", ExitCode.PROVEN, {"cases": [_case_document(one) for one in cases]}
        )
        return ExitCode.PROVEN
    table = plain_table("case", "gate", "opened", "closed", "title")
    for one in cases:
        closed = local_minute(one.closed) if one.closed else "-"
        table.add_row(one.name, one.gate, local_minute(one.opened), closed, visible(one.title))
    console_on(sys.stdout).print(table)
    return ExitCode.PROVEN


@case.command("show")
@click.argument("name", required=False)
@click.option(
    "--gate",
    metavar="GATE",
    shell_complete=suggestions.gates,
    help="The gate, where several have a case.",
)
@options.as_json
@click.pass_context
def show_case(ctx: click.Context, name: str | None, gate: str | None, as_json: bool) -> int:
    """Show a case and its deadlines; exit code 7: one of them has passed and is not met."""
    with case_desk(ctx, name, gate, or_last=True) as desk:
        found = desk.case
        owner = desk.place.configuration.gate(found.gate)
        due = deadlines(found, desk.place.desk.clock.now(), measure_days=owner.measure_days)
    code = ExitCode.DRIFT if overdue(due) else ExitCode.PROVEN
    if as_json:
        body = {
            **_case_document(found),
            "deadlines": [deadline_document(one) for one in due],
            "unsettled": [_unsettled_document(one) for one in unsettled(found)],
            "affected": _affected(owner),
        }
        print_document("case show", code, body)
        return code
    print_line(f"{found.name}: {found.title or 'a case'} of {found.gate}", "bold")
    _print_entries(found)
    print_deadlines(due)
    return code


def _print_entries(found: Case) -> None:
    table = plain_table("when", "what", "detail")
    for heard in found.advice:
        entry = heard.entry
        table.add_row(local_minute(entry.received_at), f"advice: {entry.says}", visible(entry.key))
    for made in found.decisions:
        why = visible(made.entry.why, limit=160)
        table.add_row(local_minute(decided_at(made)), f"decided: {made.entry.decision}", why)
    for doubt in unsettled(found):
        answered = "answered since" if doubt.answered else "decide again"
        told = f"rests on {doubt.rests_on}, replaced by {doubt.newer.entry.key}: {answered}"
        table.add_row(
            local_minute(doubt.newer.entry.received_at), "decision unsettled", visible(told)
        )
    for run in found.runs:
        words = f"{run.plan.playbook}: {run.ending or 'unfinished'}"
        table.add_row(local_minute(run.started), "run", f"{words} ({run.id})")
    total = sum(one.entry.hours for one in found.hours)
    table.add_row("", "hours", f"{total:.2f}")
    console_on(sys.stdout).print(table)


@case.command()
@of_case
@click.option(
    "--since", metavar="WHEN", callback=moment, required=True, help="When it came to be known."
)
@click.option("--why", required=True, metavar="TEXT", help="What makes it an incident.")
@options.as_json
@click.pass_context
def incident(
    ctx: click.Context, case: str | None, gate: str | None, since: datetime, why: str, as_json: bool
) -> int:
    """Declare an incident: reports are due after 24 hours, 72 hours and a month."""
    with case_desk(ctx, case, gate) as desk:
        desk.dossier.enter(IncidentDeclared(case=desk.case.name, since=since, why=why))
    return _told("case incident", desk.case, "is an incident", as_json=as_json)


@case.command()
@of_case
@click.argument("stage", type=click.Choice([one.value for one in Stage]))
@click.option("--to", "addressee", required=True, metavar="WHO", help="Who was told.")
@click.option("--at", metavar="WHEN", callback=moment, required=True, help="When it was sent.")
@options.as_json
@click.pass_context
def reported(
    ctx: click.Context,
    case: str | None,
    gate: str | None,
    stage: str,
    addressee: str,
    at: datetime,
    as_json: bool,
) -> int:
    """Put on record that a report of the incident was sent."""
    with case_desk(ctx, case, gate) as desk:
        entry = IncidentReported(case=desk.case.name, stage=Stage(stage), to=addressee, sent_at=at)
        desk.dossier.enter(entry)
    return _told("case reported", desk.case, f"{stage} is on record", as_json=as_json)


@case.command()
@click.option("--erase", metavar="PSEUDONYM", help="Forget this name for good.")
@options.as_json
@click.pass_context
def names(ctx: click.Context, erase: str | None, as_json: bool) -> int:
    """List the names that are kept beside the journal, or erase one; the chain stays whole."""
    with dossiers(ctx, None) as (place, _):
        people = people_of(place)
        if erase:
            people.erase(erase)
        known = people.names()
    if as_json:
        rows = [{"pseudonym": pseudonym, "name": name} for pseudonym, name in known.items()]
        print_document("case names", ExitCode.PROVEN, {"names": rows})
        return ExitCode.PROVEN
    table = plain_table("pseudonym", "name")
    for pseudonym, name in known.items():
        table.add_row(pseudonym, visible(name))
    console_on(sys.stdout).print(table)
    return ExitCode.PROVEN


def _told(verb: str, found: Case, what: str, *, as_json: bool) -> int:
    if as_json:
        print_document(verb, ExitCode.PROVEN, _case_document(found))
    else:
        print_line(f"{found.name} of {found.gate}: {what}", "green")
    return ExitCode.PROVEN


def _case_document(found: Case) -> dict[str, Any]:
    return {
        "case": found.name,
        "gate": found.gate,
        "title": found.title,
        "opened": found.opened.isoformat(),
        "closed": found.closed.isoformat() if found.closed else None,
        "runs": [run.id for run in found.runs],
        "advice": [one.entry.key for one in found.advice],
        "decisions": [one.entry.decision.value for one in found.decisions],
        "hours": round(sum(one.entry.hours for one in found.hours), 2),
    }


def _unsettled_document(one: Unsettled) -> dict[str, Any]:
    return {
        "decision": one.decision.entry.decision.value,
        "rests_on": one.rests_on,
        "newer": one.newer.entry.key,
        "answered": one.answered,
    }


def _affected(gate: Gate) -> list[dict[str, Any]]:
    return [{"group": one.group, "count": one.count, "side": one.side.value} for one in gate.users]

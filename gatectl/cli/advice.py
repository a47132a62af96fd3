"""The verbs on what we were told and what was decided: advice with its text, and decisions."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from gatectl.cli import options
from gatectl.cli.casework import by_whom, case_desk, moment, of_case
from gatectl.cli.display import console_on
from gatectl.cli.output import plain_table, print_document, print_line
from gatectl.core.advice import superseded, unsettled
from gatectl.core.case import Case
from gatectl.core.casework import AdviceKey, AdviceReceived, Choice, Decided, Says
from gatectl.core.gate import AdvisoryId
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, InvalidInput

_TEXT_BYTES_MAX = 1_000_000


@click.group()
def advice() -> None:
    """Put on record what others advise, with its text; see what a revision changed."""


@advice.command("add")
@of_case
@click.option("--source", required=True, metavar="WHO", help="Vendor, NCSC, IBD, CISA, ...")
@click.option("--id", "identifier", required=True, metavar="ID", help="As the source calls it.")
@click.option("--revision", required=True, metavar="REV", help="As the source numbers it.")
@click.option("--received", metavar="WHEN", callback=moment, required=True, help="When it came in.")
@by_whom
@click.option(
    "--says", type=click.Choice([one.value for one in Says]), required=True, help="What it asks."
)
@click.option("--advisory", "advisories", multiple=True, metavar="ID", help="What it is about.")
@click.option("--rating", default="high/high", show_default=True, help="Chance and damage.")
@click.option("--text", metavar="TEXT", help="Its text, if it is short.")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its text, as a file; kept as evidence.",
)
@options.as_json
@click.pass_context
def add(
    ctx: click.Context,
    case: str | None,
    gate: str | None,
    source: str,
    identifier: str,
    revision: str,
    received: datetime,
    by: str,
    name: str | None,
    says: str,
    advisories: tuple[str, ...],
    rating: str,
    text: str | None,
    file: Path | None,
    as_json: bool,
) -> int:
    """Take in advice, and show what it changes of the revision before."""
    content = _content(text, file)
    with case_desk(ctx, case, gate) as desk:
        kept = desk.dossier.evidence.keep(content) if content is not None else None
        entry = AdviceReceived(
            case=desk.case.name,
            source=source,
            identifier=identifier,
            revision=revision,
            received_at=received,
            received_by=by,
            says=Says(says),
            advisories=tuple(AdvisoryId(one) for one in advisories),
            rating=rating,
            evidence=kept,
            person=desk.person(name),
        )
        found, changed = desk.dossier.receive(entry, content)
    return _told_advice(found, entry, changed, as_json=as_json)


def _content(text: str | None, file: Path | None) -> bytes | None:
    if text is not None and file is not None:
        raise click.UsageError("--text or --file, not both")
    if file is None:
        return text.encode() if text is not None else None
    with file.open("rb") as stream:
        content = stream.read(_TEXT_BYTES_MAX + 1)
    if len(content) > _TEXT_BYTES_MAX:
        raise InvalidInput(f"{file} is larger than {_TEXT_BYTES_MAX} bytes")
    return content


def _told_advice(
    found: Case, entry: AdviceReceived, changed: tuple[str, ...], *, as_json: bool
) -> int:
    doubts = [one for one in unsettled(found) if one.newer.entry.key == entry.key]
    if as_json:
        body: dict[str, Any] = {
            **_advice_document(entry),
            "changes": list(changed),
            "unsettled": [one.decision.entry.decision.value for one in doubts],
        }
        print_document("advice add", ExitCode.PROVEN, body)
        return ExitCode.PROVEN
    print_line(f"{entry.key}: {entry.says}, on record in {found.name}", "green")
    for line in changed:
        print_line(f"  {line}")
    for one in doubts:
        told = f"the decision {one.decision.entry.decision} rests on {one.rests_on}: decide again"
        print_line(told, "bold yellow")
    return ExitCode.PROVEN


@advice.command("list")
@of_case
@options.as_json
@click.pass_context
def list_advice(ctx: click.Context, case: str | None, gate: str | None, as_json: bool) -> int:
    """List the advice of a case, and which of it was replaced by a newer revision."""
    with case_desk(ctx, case, gate) as desk:
        found = desk.case
    if as_json:
        rows = [
            {**_advice_document(one.entry), "superseded": superseded(found, one) is not None}
            for one in found.advice
        ]
        print_document("advice list", ExitCode.PROVEN, {"case": found.name, "advice": rows})
        return ExitCode.PROVEN
    table = plain_table("received", "advice", "says", "")
    for one in found.advice:
        replaced = "replaced" if superseded(found, one) is not None else ""
        received = f"{one.entry.received_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(received, visible(one.entry.key), one.entry.says.value, replaced)
    console_on(sys.stdout).print(table)
    return ExitCode.PROVEN


def _advice_document(entry: AdviceReceived) -> dict[str, Any]:
    return {
        "advice": entry.key,
        "says": entry.says.value,
        "received": entry.received_at.isoformat(),
        "by": entry.received_by,
        "advisories": list(entry.advisories),
        "rating": entry.rating,
        "sha256": entry.evidence,
    }


@click.command()
@click.argument("decision", type=click.Choice([one.value for one in Choice]))
@of_case
@by_whom
@click.option("--why", required=True, metavar="TEXT", help="The reason.")
@click.option("--on", "grounds", multiple=True, metavar="ADVICE", help="As `advice list` names it.")
@click.option("--conditions", default="", metavar="TEXT", help="Under which conditions.")
@click.option("--at", metavar="WHEN", callback=moment, help="When it was decided; else now.")
@click.option(
    "--review-by", metavar="WHEN", callback=moment, help="When it must be looked at again."
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last day on which a risk is accepted.",
)
@options.as_json
@click.pass_context
def decide(
    ctx: click.Context,
    decision: str,
    case: str | None,
    gate: str | None,
    by: str,
    name: str | None,
    why: str,
    grounds: tuple[str, ...],
    conditions: str,
    at: datetime | None,
    review_by: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> int:
    """Put a decision on record; nothing is sent to any gateway."""
    choice = Choice(decision)
    _refuse_halves(choice, until, conditions)
    with case_desk(ctx, case, gate) as desk:
        entry = Decided(
            case=desk.case.name,
            decision=choice,
            by=by,
            why=why,
            rests_on=tuple(AdviceKey(one) for one in grounds),
            conditions=conditions,
            decided_at=at,
            review_by=review_by,
            until=_day(until),
            person=desk.person(name),
        )
        desk.dossier.enter(entry)
    if as_json:
        body = {"case": entry.case, "decision": decision, "by": by, "on": list(grounds)}
        print_document("decide", ExitCode.PROVEN, body)
    else:
        print_line(f"{entry.case}: {decision}, on record", "green")
    return ExitCode.PROVEN


def _refuse_halves(choice: Choice, until: datetime | None, conditions: str) -> None:
    """Refuse a risk accepted for ever, and conditions that nobody names."""
    if (choice is Choice.ACCEPT) is (until is None):
        raise click.UsageError("--until DATE belongs to accept-until, and to nothing else")
    if choice is Choice.KEEP_OPEN and not conditions.strip():
        raise click.UsageError("keep-open-under-conditions needs --conditions TEXT")


def _day(until: datetime | None) -> date | None:
    return until.date() if until is not None else None

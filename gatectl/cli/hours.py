"""The verbs on what a case took: hours, other costs, and what only people can tell."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

import click

from gatectl.cli import options
from gatectl.cli.casework import by_whom, case_desk, moment, of_case
from gatectl.cli.output import print_document, print_line
from gatectl.core.casework import CostIncurred, HoursSpent, Remarked
from gatectl.errors import ExitCode

About = Literal["staff", "residents", "advice", "measures", "compromise", "cost", "other"]
_ABOUT: tuple[About, ...] = (
    "staff",
    "residents",
    "advice",
    "measures",
    "compromise",
    "cost",
    "other",
)


def euro(_ctx: click.Context, _option: click.Parameter, given: str | None) -> int | None:
    """Read an amount in euros, as `85` or `62.50`, and give it in cents."""
    if given is None:
        return None
    try:
        cents = Decimal(given) * 100
    except InvalidOperation:
        raise click.BadParameter(f"{given!r} is not an amount such as 62.50") from None
    if not cents.is_finite() or cents < 0 or cents != cents.to_integral_value():
        raise click.BadParameter(f"{given!r} is not an amount in euros and cents")
    return int(cents)


@click.group()
def hours() -> None:
    """Put hours and other costs on record."""


@hours.command("add")
@of_case
@by_whom
@click.option(
    "--from", "begin", metavar="WHEN", callback=moment, required=True, help="When it began."
)
@click.option("--to", "end", metavar="WHEN", callback=moment, required=True, help="When it ended.")
@click.option("--overtime/--regular", required=True, help="Beyond the hours that are paid anyway?")
@click.option(
    "--rate", metavar="EURO", callback=euro, help="What an hour of it costs extra, in euros."
)
@click.option("--what", default="", metavar="TEXT", help="What was done.")
@options.as_json
@click.pass_context
def add(
    ctx: click.Context,
    case: str | None,
    gate: str | None,
    by: str,
    name: str | None,
    begin: datetime,
    end: datetime,
    overtime: bool,
    rate: int | None,
    what: str,
    as_json: bool,
) -> int:
    """Put a stretch of work on record, by role."""
    with case_desk(ctx, case, gate) as desk:
        entry = HoursSpent(
            case=desk.case.name,
            who=by,
            begin=begin,
            end=end,
            overtime=overtime,
            rate_cents=rate,
            what=what,
            person=desk.person(name),
        )
        desk.dossier.enter(entry)
    told = f"{entry.hours:.2f} hours of {by} on record in {entry.case}"
    return _told("hours add", told, {"case": entry.case, "hours": entry.hours}, as_json=as_json)


@hours.command("cost")
@of_case
@click.option("--what", required=True, metavar="TEXT", help="What it was spent on.")
@click.option("--euro", "cents", metavar="EURO", callback=euro, required=True, help="How much.")
@options.as_json
@click.pass_context
def cost(
    ctx: click.Context, case: str | None, gate: str | None, what: str, cents: int, as_json: bool
) -> int:
    """Put money on record that was spent on something else than hours."""
    with case_desk(ctx, case, gate) as desk:
        desk.dossier.enter(CostIncurred(case=desk.case.name, what=what, cents=cents))
    told = f"{what}: {cents / 100:.2f} euros on record in {desk.case.name}"
    return _told("hours cost", told, {"case": desk.case.name, "cents": cents}, as_json=as_json)


@click.command()
@click.argument("text")
@of_case
@by_whom
@click.option(
    "--about",
    type=click.Choice(list(_ABOUT)),
    default="other",
    show_default=True,
    help="The question that it helps to answer.",
)
@options.as_json
@click.pass_context
def note(
    ctx: click.Context,
    text: str,
    case: str | None,
    gate: str | None,
    by: str,
    name: str | None,
    about: str,
    as_json: bool,
) -> int:
    """Put on record what gatectl cannot see, for the report of a case."""
    with case_desk(ctx, case, gate) as desk:
        entry = Remarked(
            case=desk.case.name,
            about=cast("About", about),
            text=text,
            by=by,
            person=desk.person(name),
        )
        desk.dossier.enter(entry)
    body = {"case": entry.case, "about": about}
    return _told("note", f"a note about {about} on record in {entry.case}", body, as_json=as_json)


def _told(verb: str, sentence: str, body: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_document(verb, ExitCode.PROVEN, body)
    else:
        print_line(sentence, "green")
    return ExitCode.PROVEN

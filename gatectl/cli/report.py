"""The verb that answers the council: a case's report in a language and a format."""

import json
import sys
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from gatectl.cli import options, suggestions
from gatectl.cli.casework import case_desk, people_of
from gatectl.cli.output import print_document
from gatectl.errors import ExitCode
from gatectl.reporting import FORMATS, Wish, written_report


@click.command()
@click.argument("case", required=False)
@click.option(
    "--gate",
    metavar="GATE",
    shell_complete=suggestions.gates,
    help="The gate, where several have a case.",
)
@click.option(
    "--lang", type=click.Choice(["nl", "en"]), default="nl", show_default=True, help="Language."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="md",
    show_default=True,
    help="One HTML file, Markdown, or JSON.",
)
@click.option("--public", is_flag=True, help="Leave out addresses, accounts, commands, builds.")
@click.option("--names", is_flag=True, help="Show names of staff, where they are kept.")
@click.option("--zone", metavar="ZONE", help="Times of this zone, as Europe/Amsterdam.")
@click.option(
    "-o", "--output", "target", type=click.Path(dir_okay=False, path_type=Path), help="The file."
)
@options.as_json
@click.pass_context
def report(
    ctx: click.Context,
    case: str | None,
    gate: str | None,
    lang: str,
    form: str,
    public: bool,
    names: bool,
    zone: str | None,
    target: Path | None,
    as_json: bool,
) -> int:
    """Answer the council from what is on record; nothing is contacted.

    Every answer names the records that it rests on. What was entered by hand is marked, and what
    is missing is told.
    """
    if public and names:
        raise click.UsageError("--names has no place in a --public version")
    wish = Wish(
        language="en" if lang == "en" else "nl",
        form="json" if as_json else form,
        public=public,
        zone=_zone(zone),
    )
    with case_desk(ctx, case, gate, or_last=True) as desk:
        owner = desk.place.configuration.gate(desk.case.gate)
        shown = people_of(desk.place).names() if names else {}
        text = written_report(desk.place.desk, owner, desk.dossier, desk.case, wish, names=shown)
    if as_json:
        print_document("report", ExitCode.PROVEN, {"report": json.loads(text)})
    elif target is None:
        sys.stdout.write(text)
    else:
        target.write_text(text, encoding="utf-8")
        click.echo(f"gatectl: written to {target}", err=True)
    return ExitCode.PROVEN


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"{name!r} is not a time zone that is known here") from None

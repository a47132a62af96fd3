"""The verbs about bulletins: which ones gatectl knows, and making a draft of a public record."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gatectl.bulletinfile import Imported, import_bulletin
from gatectl.cli import options
from gatectl.cli.display import console_on
from gatectl.cli.output import plain_table, print_document
from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Advisory
from gatectl.core.drafttext import draft_text
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, InvalidInput

_CVES_SHOWN = 2


@click.group(invoke_without_command=True, no_args_is_help=False)
@options.as_json
@click.pass_context
def advisories(ctx: click.Context, as_json: bool) -> int:
    """List the bulletins that gatectl knows; import one.

    Nothing is contacted. `gatectl exposed` says which of them apply to a gate.
    """
    if ctx.invoked_subcommand is not None:
        return ExitCode.PROVEN
    known = sorted(read_advisories().values(), key=lambda one: (one.published, one.id))
    if as_json:
        documents = [_document(advisory) for advisory in known]
        print_document("advisories", ExitCode.PROVEN, {"advisories": documents})
        return ExitCode.PROVEN
    table = plain_table("bulletin", "published", "exploited since", "CVEs", "fixed")
    for advisory in known:
        table.add_row(
            advisory.id,
            advisory.published.isoformat(),
            advisory.known_exploited.isoformat() if advisory.known_exploited else "-",
            _cves(advisory),
            " ".join(f"{build}{_edition(train)}" for train, build in advisory.fixed.items()),
        )
    console_on(sys.stdout).print(table)
    return ExitCode.PROVEN


def _cves(advisory: Advisory) -> str:
    more = len(advisory.cves) - _CVES_SHOWN
    return " ".join(advisory.cves[:_CVES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _edition(train: str) -> str:
    return "(FIPS)" if train.endswith("-FIPS") else ""


def _document(advisory: Advisory) -> dict[str, Any]:
    return {
        "id": advisory.id,
        "title": advisory.title,
        "published": advisory.published.isoformat(),
        "cves": list(advisory.cves),
        "fixed": dict(advisory.fixed),
        "unfixed": list(advisory.unfixed),
        "unaffected": list(advisory.unaffected),
        "later": list(advisory.later),
        "install": dict(advisory.install),
        "exploited_since": advisory.known_exploited.isoformat()
        if advisory.known_exploited
        else None,
        "exploited_cves": list(advisory.exploited_cves),
        "kev": advisory.kev.isoformat() if advisory.kev else None,
        "mitigation": advisory.mitigation or None,
        "source": advisory.source,
    }


@advisories.command(name="import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the draft here; an existing file is left alone. Without it, it is printed.",
)
@options.as_json
def import_record(file: Path, output: Path | None, as_json: bool) -> int:
    """Make a draft of a CVE record (JSON 5.x) or a CSAF 2.0 document, for a person to review.

    What cannot be read for certain is left out and listed. A hash beside the file is checked, and
    so is a signature where gpg has its key. Exit code 2: nothing could be taken, with the reasons.
    """
    imported = import_bulletin(file)
    text = draft_text(imported.draft, checks=imported.checks)
    notes = [*imported.checks, *_differences(imported.draft.advisory)]
    if output is not None:
        _write(output, text)
    if as_json:
        print_document("advisories import", ExitCode.PROVEN, _import_document(imported, text))
        return ExitCode.PROVEN
    if output is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"{output} is written; review it, it is a draft")
    for note in notes:
        click.echo(visible(note), err=True)
    for reason in imported.draft.left_out:
        click.echo(f"left out: {visible(reason)}", err=True)
    return ExitCode.PROVEN


def _import_document(imported: Imported, text: str) -> dict[str, Any]:
    advisory = imported.draft.advisory
    return {
        "advisory": _document(advisory),
        "left_out": list(imported.draft.left_out),
        "checks": list(imported.checks),
        "differences": list(_differences(advisory)),
        "toml": text,
    }


def _differences(draft: Advisory) -> Iterator[str]:
    """Compare with the bulletins that gatectl has on the same CVE: two sources, one truth."""
    for known in read_advisories().values():
        if not set(known.cves) & set(draft.cves):
            continue
        yield f"gatectl has a bulletin on this already: {known.id}"
        for train, build in draft.fixed.items():
            have = known.fixed.get(train)
            if have is not None and have != build:
                yield f"{train}: the draft says {build}, {known.id} says {have}"


def _write(output: Path, text: str) -> None:
    try:
        with output.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError as exc:
        raise InvalidInput(
            f"{output} exists", hint="Name another file; nothing is overwritten."
        ) from exc
    except OSError as exc:
        raise InvalidInput(f"{output} cannot be written: {exc.strerror}") from exc

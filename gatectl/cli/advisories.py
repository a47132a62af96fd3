"""The verbs about bulletins: which ones gatectl knows, and making a draft of a public record."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from gatectl.bulletinfile import Imported, import_bulletin
from gatectl.cli import options
from gatectl.cli.display import console_on
from gatectl.cli.output import plain_table, print_document
from gatectl.config.bulletins import Bulletin, own_folder, read_bulletins
from gatectl.config.configuration import find_configuration
from gatectl.config.document import read_document
from gatectl.config.problem import located, refuse
from gatectl.core.advisory import Advisory
from gatectl.core.bulletinlint import lint_bulletin
from gatectl.core.drafttext import draft_text
from gatectl.core.visible import visible
from gatectl.errors import ConfigInvalid, ExitCode, InvalidInput

_CVES_SHOWN = 2
_PRINTED = Path("-")


@click.group(invoke_without_command=True, no_args_is_help=False)
@options.as_json
@click.pass_context
def advisories(ctx: click.Context, as_json: bool) -> int:
    """List the bulletins that gatectl knows; import one.

    Nothing is contacted. `gatectl exposed` says which of them apply to a gate. Where the
    configuration names a folder (`advisory_dir`), the site's own bulletins are among them; one
    with the number of a shipped one takes its place.
    """
    if ctx.invoked_subcommand is not None:
        return ExitCode.PROVEN
    bulletins = read_bulletins(_own_folder(ctx))
    known = sorted(bulletins.values(), key=lambda one: (one.advisory.published, one.advisory.id))
    if as_json:
        documents = [{**_document(one.advisory), **_origin(one)} for one in known]
        print_document("advisories", ExitCode.PROVEN, {"advisories": documents})
        return ExitCode.PROVEN
    table = plain_table("bulletin", "published", "exploited since", "CVEs", "fixed")
    for advisory in (one.advisory for one in known):
        table.add_row(
            advisory.id,
            advisory.published.isoformat(),
            advisory.known_exploited.isoformat() if advisory.known_exploited else "-",
            _cves(advisory),
            " ".join(f"{build}{_edition(train)}" for train, build in advisory.fixed.items()),
        )
    console_on(sys.stdout).print(table)
    for one in known:
        if one.path is not None:
            instead = ", instead of the one that comes with gatectl" if one.replaces else ""
            click.echo(f"{one.advisory.id} is from {visible(str(one.path))}{instead}")
    return ExitCode.PROVEN


def _own_folder(ctx: click.Context) -> Path | None:
    """Find the site's own folder; without a configuration there is none."""
    given = ctx.obj["config"]
    try:
        path = find_configuration(Path(given) if given else None, os.environ)
    except ConfigInvalid:
        return None
    document = read_document(path)
    folder, flaws = own_folder(document)
    refuse(located(document, flaws))
    return folder


def _origin(bulletin: Bulletin) -> dict[str, Any]:
    return {
        "file": str(bulletin.path) if bulletin.path is not None else None,
        "replaces_shipped": bulletin.replaces,
    }


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
    help="Write the draft here; an existing file is left alone. - prints it.",
)
@options.as_json
@click.pass_context
def import_record(ctx: click.Context, file: Path, output: Path | None, as_json: bool) -> int:
    """Make a draft of a CVE record (JSON 5.x) or a CSAF 2.0 document, for a person to review.

    Without -o it goes into the configuration's `advisory_dir`, where it counts from then on, and
    is printed where there is none. What cannot be read for certain is left out and listed. A hash
    beside the file is checked, and so is a signature where gpg has its key. Exit code 2: nothing
    could be taken, with the reasons.
    """
    folder = _own_folder(ctx)
    imported = import_bulletin(file)
    text = draft_text(imported.draft, checks=imported.checks)
    known = [one.advisory for one in read_bulletins(folder).values()]
    differences = tuple(_differences(imported.draft.advisory, known))
    target = None if output == _PRINTED else output
    if output is None and folder is not None:
        target = _place_in(folder, imported.draft.advisory, known)
    if target is not None:
        _write(target, text)
    if as_json:
        document = _import_document(imported, text, differences, target)
        print_document("advisories import", ExitCode.PROVEN, document)
        return ExitCode.PROVEN
    if target is None:
        click.echo(text, nl=False)
    else:
        counts = ", and it counts from now on" if target.parent == folder else ""
        click.echo(f"{target} is written; review it, it is a draft{counts}")
    for note in (*imported.checks, *differences):
        click.echo(visible(note), err=True)
    for reason in imported.draft.left_out:
        click.echo(f"left out: {visible(reason)}", err=True)
    return ExitCode.PROVEN


def _place_in(folder: Path, draft: Advisory, known: Iterable[Advisory]) -> Path:
    """Name the draft's file; what would spoil the folder, or a reviewed bulletin, is refused."""
    flaws = [sentence for _, sentence in lint_bulletin(draft)]
    if draft.id in {one.id for one in known}:
        flaws.append(f"a draft would take the place of {draft.id}, which is known already")
    if flaws:
        raise InvalidInput(
            f"the draft does not go into {folder}: {'; '.join(flaws)}",
            hint="`-o FILE` writes it elsewhere, for a person to compare and to correct.",
        )
    return folder / f"{draft.id.lower()}.toml"


def _import_document(
    imported: Imported, text: str, differences: tuple[str, ...], target: Path | None
) -> dict[str, Any]:
    advisory = imported.draft.advisory
    return {
        "advisory": _document(advisory),
        "left_out": list(imported.draft.left_out),
        "checks": list(imported.checks),
        "differences": list(differences),
        "file": str(target) if target is not None else None,
        "toml": text,
    }


def _differences(draft: Advisory, bulletins: Iterable[Advisory]) -> Iterator[str]:
    """Compare with the bulletins that gatectl has on the same CVE: two sources, one truth."""
    for known in bulletins:
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

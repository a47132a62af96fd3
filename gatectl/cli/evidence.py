"""The verb that keeps evidence without judging it, and prints what was kept as a manifest."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from gatectl.cli import options
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.display import display_on_stderr
from gatectl.cli.fleet import on_one
from gatectl.cli.output import print_document, print_result, result_document
from gatectl.cli.runs import carry_out
from gatectl.core.event import EvidenceKept, Mode
from gatectl.core.gate import GateName
from gatectl.core.visible import visible
from gatectl.desk import Result
from gatectl.errors import ExitCode, worst
from gatectl.operation import Operation

_HASH_CHARACTERS = 64


@click.command()
@options.gates
@options.as_json
@click.pass_context
def collect(ctx: click.Context, gates: tuple[str, ...], as_json: bool) -> int:
    """Keep evidence of every node, without judging it; nothing on a node is changed.

    What processes, connections and crontabs show comes first, then files. Each piece is kept
    beside the journal under its SHA-256; the manifest names path, size, mode, owner, time and
    hash, and whatever could not be had. A password that gatectl itself uses is hidden in what is
    kept; the manifest says in which file and in how many places.
    """
    display = display_on_stderr(quiet=as_json)
    verb = partial(Operation.run, playbook="collect", mode=Mode.REAL)
    with display.shown(), workplace(ctx, gates, (display,)) as place:
        results = [on_one(place, "collect", gate, verb) for gate in place.gates]
        kept = [tuple(_kept(place, result)) for result in results]
        terminated = place.stop.terminated
    code = worst(result.code for result in results)
    if terminated and code is ExitCode.INTERRUPTED:
        code = ExitCode.TERMINATED
    if as_json:
        documents = [
            {**result_document(result), "manifest": [_piece_document(piece) for piece in pieces]}
            for result, pieces in zip(results, kept, strict=True)
        ]
        print_document("collect", code, {"gates": documents})
        return code
    for result, pieces in zip(results, kept, strict=True):
        _print_manifest(pieces)
        print_result(result)
    return code


def _kept(place: Workplace, result: Result) -> Iterator[EvidenceKept]:
    for run in result.runs:
        for recorded in place.desk.journal.events(gate=GateName(result.gate), run=run.id):
            if isinstance(recorded.event, EvidenceKept):
                yield recorded.event


def _print_manifest(pieces: tuple[EvidenceKept, ...]) -> None:
    """Print a line a piece, the hash first, as sha256sum does."""
    for piece in pieces:
        facts = piece.facts
        told = [
            piece.evidence or "-" * _HASH_CHARACTERS,
            piece.what,
            facts.get("mode", "-"),
            facts.get("owner", "-"),
            facts.get("size", "-"),
            facts.get("mtime", facts.get("asked_at", "-")),
            f"{piece.node}:{visible(piece.name)}",
        ]
        because = f"  ({visible(facts['because'])})" if "because" in facts else ""
        if "hidden" in facts:
            because = f"  (a secret of gatectl's own is hidden in {facts['hidden']} places)"
        click.echo("  ".join(told) + because)


def _piece_document(piece: EvidenceKept) -> dict[str, Any]:
    facts = piece.facts
    return {
        "node": piece.node,
        "what": piece.what,
        "path": visible(piece.name),
        "size": int(facts["size"]) if "size" in facts else None,
        "mode": facts.get("mode"),
        "owner": facts.get("owner"),
        "mtime": facts.get("mtime"),
        "asked_at": facts.get("asked_at"),
        "sha256": piece.evidence,
        "hidden": int(facts.get("hidden", "0")),
        "missing_because": facts.get("because"),
    }


@click.command()
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.gates
@click.option("--by", required=True, metavar="ROLE", help="Who gives his word, as a role.")
@click.option(
    "--finding", required=True, type=click.Choice(["clean", "compromised"]), help="What it found."
)
@options.as_json
@click.pass_context
def examined(
    ctx: click.Context,
    report: Path,
    gates: tuple[str, ...],
    by: str,
    finding: Literal["clean", "compromised"],
    as_json: bool,
) -> int:
    """Put the report of an examination off the box on record, and who gives his word for it.

    A gate that stood exposed while attacks were known may lie about itself: its disk or memory is
    then examined elsewhere, and the report is kept as evidence under its SHA-256.
    """
    verb = partial(Operation.examined, report=report, by=by, finding=finding)
    return carry_out(ctx, "examined", gates, verb, as_json=as_json)

"""The verbs that hand over what is on record as one file, and check such a file."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gatectl.bundle import Bundle, Wanted, make_bundle, write_bundle
from gatectl.bundlecheck import BundleVerdict, check_bundle
from gatectl.cli import options
from gatectl.cli.desk import configuration_of
from gatectl.cli.output import print_document, print_line
from gatectl.clock import SystemClock
from gatectl.config.bulletins import advisories_of
from gatectl.config.configuration import Configuration
from gatectl.core.case import Case
from gatectl.core.gate import Gate
from gatectl.core.visible import visible
from gatectl.dossier import Dossier
from gatectl.errors import ExitCode, InvalidInput
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.journal.opening import open_journal, place_of
from gatectl.signatures import read_signer_list

_REPORT_BYTES_MAX = 256 * 2**20
_MISSING_SHOWN = 20


class _BundleGroup(click.Group):
    """Makes a bundle, unless the first word is a verb of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb in that may be left out."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_BundleGroup)
def bundle() -> None:
    """Hand over what is on record as one file that proves itself.

    \b
    gatectl bundle almelo -o almelo.tar     a gate's name, or that of a case
    gatectl bundle verify almelo.tar        needs no configuration, key or network
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are


@bundle.command("make")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file.",
)
@click.option("--with-evidence", is_flag=True, help="Put in the evidence itself as well.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A report's file, to be put in; may be given several times.",
)
@options.as_json
@click.pass_context
def make(
    ctx: click.Context,
    name: str,
    target: Path,
    with_evidence: bool,
    reports: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Write records, the list of evidence, signatures and an OpenVEX statement into one file.

    The same records give the same bytes. Records of other gates are left out but for their hash.
    """
    configuration = configuration_of(ctx)
    made = bundle_of(
        configuration, name, with_evidence=with_evidence, reports=_read_reports(reports)
    )
    write_bundle(made, target)
    _print_made(made, target, as_json=as_json)
    return ExitCode.PROVEN


def bundle_of(
    configuration: Configuration,
    name: str,
    *,
    with_evidence: bool = False,
    reports: Mapping[str, bytes],
) -> Bundle:
    """Put together the bundle of a gate or a case; nothing is written."""
    with open_journal(
        place_of(configuration.settings),
        clock=SystemClock(),
        actor="auditor",
        origin=socket.gethostname(),
        read_only=True,
    ) as journal:
        gate, case = _found(configuration, journal, name)
        wanted = Wanted(
            gate=gate,
            case=case.name if case else "",
            sequences=_sequences(case) if case else None,
            signers=_signers(gate),
            reports=reports,
            advisories=advisories_of(configuration.bulletins),
            with_evidence=with_evidence,
        )
        return make_bundle(journal, EvidenceStore(configuration.settings.evidence_dir), wanted)


@bundle.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@options.as_json
def verify(file: Path, as_json: bool) -> int:
    """Find any change of a bundle, and say what it proves and what rests on somebody's word.

    Nothing but the file is needed; signatures are verified where there is an ssh-keygen.
    """
    verdict = check_bundle(file)
    code = ExitCode.TAMPERED if verdict.problems else ExitCode.PROVEN
    if as_json:
        print_document("bundle", code, _document(verdict))
    else:
        _print_verdict(verdict)
    if verdict.problems:
        click.echo(f"gatectl: {visible(str(file))} is not what was written", err=True)
        hint = "Keep it, ask for it once more, and find out on which way it was changed."
        click.echo(f"         {hint}", err=True)
    return code


def _found(configuration: Configuration, journal: Journal, name: str) -> tuple[Gate, Case | None]:
    if name in configuration.gates:
        return configuration.gate(name), None
    evidence = EvidenceStore(configuration.settings.evidence_dir)
    dossiers = (
        Dossier(journal=journal, gate=gate, evidence=evidence) for gate in configuration.gates
    )
    found = [one for one in dossiers if name in one.cases()]
    if len(found) == 1:
        return configuration.gate(found[0].gate), found[0].case(name)
    gates = ", ".join(configuration.gates)
    raise InvalidInput(
        f"there are {len(found)} cases {name[:100]!r}, and no gate of this name",
        hint=f"`gatectl case list` shows the cases; the gates are: {gates}.",
    )


def _sequences(case: Case) -> frozenset[int]:
    return frozenset({case.opened_at, *(recorded.sequence for recorded in case.records)})


def _signers(gate: Gate) -> str:
    path = gate.approval.allowed_signers
    return read_signer_list(Path(path)).text if path else ""


def _read_reports(paths: tuple[Path, ...]) -> dict[str, bytes]:
    reports: dict[str, bytes] = {}
    for path in paths:
        if path.name in reports:
            raise InvalidInput(f"two reports are called {path.name}")
        try:
            with path.open("rb") as file:
                content = file.read(_REPORT_BYTES_MAX + 1)
        except OSError as exc:
            raise InvalidInput(f"{path} cannot be read: {exc.strerror}") from exc
        if len(content) > _REPORT_BYTES_MAX:
            raise InvalidInput(f"{path} is larger than any report")
        reports[path.name] = content
    return reports


def _print_made(made: Bundle, target: Path, *, as_json: bool) -> None:
    manifest = made.manifest
    if as_json:
        body = {
            "file": str(target),
            "gate": manifest.gate,
            "case": manifest.case,
            "first": manifest.first,
            "last": manifest.last,
            "head": manifest.head,
            "sha256": made.digest,
            "files": len(manifest.entries),
            "missing": list(made.missing),
        }
        print_document("bundle", ExitCode.PROVEN, body)
        return
    print_line(f"file      {target}")
    print_line(f"records   {manifest.first} to {manifest.last}, {len(manifest.entries)} files")
    print_line(f"head      {manifest.head}")
    print_line(f"manifest  {made.digest}")
    for evidence in made.missing[:_MISSING_SHOWN]:
        click.echo(f"gatectl: the evidence {evidence} is not there any more", err=True)
    click.echo("gatectl: send the manifest's SHA-256 by another way than the file.", err=True)


def _print_verdict(verdict: BundleVerdict) -> None:
    for problem in verdict.problems:
        where = f"byte {problem.offset}, {problem.where}"
        print_line(f"{where}: {problem.sentence}", "bold red")
    if verdict.proven:
        print_line("Proven:", "green")
    for sentence in verdict.proven:
        print_line(f"  {sentence}")
    if verdict.on_word:
        print_line("On somebody's word:", "bold yellow")
    for sentence in verdict.on_word:
        print_line(f"  {sentence}")


def _document(verdict: BundleVerdict) -> dict[str, Any]:
    manifest = verdict.manifest
    return {
        "gate": manifest.gate if manifest else None,
        "case": manifest.case if manifest else None,
        "head": manifest.head if manifest else None,
        "sha256": verdict.digest,
        "problems": [
            {"byte": one.offset, "where": one.where, "because": one.sentence}
            for one in verdict.problems
        ],
        "proven": list(verdict.proven),
        "on_word": list(verdict.on_word),
    }

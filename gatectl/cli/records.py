"""The verbs about what is on record: does it verify, where is it anchored, who holds a gate."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gatectl.cli import options
from gatectl.cli.desk import configuration_of, workplace
from gatectl.cli.output import print_document, print_line
from gatectl.clock import SystemClock
from gatectl.core.gate import GateName
from gatectl.core.visible import visible
from gatectl.core.words import words_of
from gatectl.errors import ExitCode, InvalidInput
from gatectl.journal.anchor import (
    Anchor,
    PaperAnchor,
    read_anchor,
    send_to_syslog,
    sign,
    write_anchor,
)
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.excerpt import excerpt_lines, look_through_excerpt
from gatectl.journal.journal import Journal
from gatectl.journal.lease import Lease, LeaseToken
from gatectl.journal.opening import JournalPlace, open_journal, place_of
from gatectl.journal.postgres.tables import birth_statements, rights_statements
from gatectl.journal.verification import (
    Verification,
    look_through,
    with_anchor,
    with_evidence,
    with_paper,
)
from gatectl.operation import Operation

_KEEP = "Keep the files as they are and find out who changed them. `close` still works."
_journal_file = click.option(
    "--journal",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A journal's file, or a copy of one; otherwise that of the configuration.",
)


@click.group()
def journal() -> None:
    """Show whether the record can be trusted, and anchor it elsewhere."""


@click.group()
def lease() -> None:
    """Show who holds a gate, and end what was left behind."""


@journal.command("verify")
@_journal_file
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="An anchor that was written before; may be given several times.",
)
@click.option(
    "--signers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Who may sign an anchor (an OpenSSH allowed_signers file); each anchor must be signed.",
)
@click.option("--paper", metavar="'N WORD...'", help="Number and words as they stand on paper.")
@click.option("--no-evidence", is_flag=True, help="Leave out the files that records refer to.")
@options.as_json
@click.pass_context
def verify(
    ctx: click.Context,
    file: Path | None,
    anchors: tuple[Path, ...],
    signers: Path | None,
    paper: str | None,
    no_evidence: bool,
    as_json: bool,
) -> int:
    """Find any change of the record since it was written, and say where it is.

    Nothing is contacted and nothing is written, so that an auditor can do it on a copy. Without an
    anchor, a past that was rewritten as a whole cannot be told from the true one.
    """
    known = [(path, read_anchor(path)) for path in anchors]
    written = PaperAnchor.read(paper) if paper is not None else None
    place = _place(ctx, file)
    with _opened(place) as opened:
        found = look_through(opened)
        for anchor_path, anchor in known:
            found = with_anchor(
                found, opened, anchor_path, anchor, signers=signers, at=SystemClock().now()
            )
        if written is not None:
            found = with_paper(found, opened, written)
        if not no_evidence:
            found = with_evidence(found, opened, EvidenceStore(place.evidence))
    code = ExitCode.TAMPERED if found.problems else ExitCode.PROVEN
    _print_found(place.shown, found, code, as_json=as_json)
    return code


@journal.command("anchor")
@_journal_file
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    help="A new file, or a folder, away from the journal.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="GATECTL_ANCHOR_KEY",
    help="An SSH key that signs the anchor; a public key's file lets the agent sign.",
)
@click.option("--syslog", is_flag=True, help="Send it to the system log as well.")
@options.as_json
@click.pass_context
def anchor(
    ctx: click.Context,
    file: Path | None,
    target: Path | None,
    key: Path | None,
    syslog: bool,
    as_json: bool,
) -> int:
    """Print the head of the record, to be kept elsewhere; the words are for paper.

    Do it at each phase. Later, `gatectl journal verify --anchor FILE` or `--paper 'N WORD...'`
    shows whether anything up to this record was changed.
    """
    place = _place(ctx, file)
    with _opened(place) as opened:
        found = look_through(opened)
    if found.problems:
        # An anchor of a broken chain would make the break look old.
        _print_found(place.shown, found, ExitCode.TAMPERED, as_json=as_json)
        return ExitCode.TAMPERED
    taken = Anchor(head=found.verdict.head, taken=SystemClock().now())
    if key is not None:
        taken = replace(taken, signature=sign(taken, key))
    kept = write_anchor(taken, target, not_in=place.file.parent) if target is not None else None
    if syslog:
        send_to_syslog(taken)
    _print_anchor(taken, kept, syslog=syslog, as_json=as_json)
    return ExitCode.PROVEN


@journal.command("export")
@_journal_file
@click.option("--gate", "gate_name", required=True, help="The gate to take out.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, exists=False),
    help="A new file; otherwise stdout.",
)
@click.option("--json", "as_json", is_flag=True, hidden=True, expose_value=False)
@click.pass_context
def export(ctx: click.Context, file: Path | None, gate_name: str, output: Path | None) -> int:
    """Take one gate out of the record, as JSON, one document a line.

    Of other gates the excerpt has hashes alone, so that it can be given away and still be followed
    to the head of this very journal: `gatectl journal check FILE`.
    """
    with _opened(_place(ctx, file)) as opened:
        lines = excerpt_lines(opened, GateName(gate_name))
        if output is None:
            for line in lines:
                click.echo(line)
            return ExitCode.PROVEN
        try:
            with output.open("x", encoding="utf-8") as target:
                target.writelines(f"{line}\n" for line in lines)
        except OSError as exc:
            raise InvalidInput(f"{output} cannot be written: {exc.strerror}") from exc
    return ExitCode.PROVEN


@journal.command("sql")
@click.option("--role", required=True, help="The role that gatectl has at the server.")
@click.option("--rights-only", is_flag=True, help="For tables that are there already.")
@click.option("--json", "as_json", is_flag=True, hidden=True, expose_value=False)
def sql(role: str, rights_only: bool) -> int:
    """Print the statements that make a journal in a PostgreSQL server; nothing is contacted.

    Let an administrator run them as a role of its own, which then owns the tables: the role of
    gatectl can add records, and change or remove none.
    """
    made = () if rights_only else birth_statements(SystemClock().now())
    for statement in ("BEGIN", *made, *rights_statements(role), "COMMIT"):
        click.echo(f"{statement};")
    return ExitCode.PROVEN


@journal.command("check")
@click.argument("excerpt", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@options.as_json
def check(excerpt: Path, as_json: bool) -> int:
    """Follow an excerpt of one gate to the head of the journal that it was taken from.

    Compare the head with an anchor: the excerpt alone shows that it is whole, not whose it is.
    """
    with excerpt.open(encoding="utf-8") as lines:
        found = look_through_excerpt(lines)
    code = ExitCode.TAMPERED if found.problems else ExitCode.PROVEN
    if as_json:
        document = {
            "gate": found.gate,
            "records": found.records,
            "sequence": found.head.sequence,
            "hash": found.head.hash,
            "lineage": found.head.lineage,
            "problems": [
                {"sequence": one.sequence, "because": one.sentence} for one in found.problems
            ],
        }
        print_document("journal check", code, document)
        return code
    for problem in found.problems:
        print_line(f"record {problem.sequence}: {problem.sentence}", "bold red")
    if not found.problems:
        told = f"{found.records} records of {found.gate} hold, up to {found.head.sequence}"
        print_line(f"{told} ({found.head.hash})", "green")
    return code


@lease.command("show")
@options.gates
@options.as_json
@click.pass_context
def show(ctx: click.Context, gates: tuple[str, ...], as_json: bool) -> int:
    """Tell who holds a gate, since when and at which step."""
    rows: list[dict[str, Any]] = []
    with workplace(ctx, gates) as place:
        for gate in place.gates:
            held = place.desk.journal.leases.show(gate.name)
            rows.append({"gate": gate.name, "lease": _lease_document(held)})
            if not as_json:
                print_line(_holder(gate.name, held))
    if as_json:
        print_document("lease show", ExitCode.PROVEN, {"gates": rows})
    return ExitCode.PROVEN


@lease.command("break")
@click.argument("gate")
@click.option("--token", type=int, required=True, help="The number that `lease show` tells.")
@click.option("--reason", required=True, help="Why; it goes on record.")
@options.as_json
@click.pass_context
def break_(ctx: click.Context, gate: str, token: int, reason: str, as_json: bool) -> int:
    """End somebody else's hold on a gate, for a reason that goes on record.

    Whoever held it stops before the next act, and records no further look. `gatectl close` never
    needs this.
    """
    with workplace(ctx, (gate,)) as place:
        (chosen,) = place.gates
        place.desk.journal.leases.break_(chosen.name, LeaseToken(token), reason=reason)
        # What the run left the gate in is in doubt from here on: its holder says no more of it.
        Operation(place.desk, chosen).notice_crash()
    sentence = f"{chosen.name}: the lease with token {token} is ended"
    if as_json:
        print_document("lease break", ExitCode.PROVEN, {"gate": chosen.name, "because": sentence})
    else:
        print_line(sentence)
        click.echo("gatectl: `gatectl resume` takes the gate and looks before it acts.", err=True)
    return ExitCode.PROVEN


def _place(ctx: click.Context, file: Path | None) -> JournalPlace:
    if file is None:
        return place_of(configuration_of(ctx).settings)
    return JournalPlace(file=file, evidence=file.parent / "evidence")


def _opened(place: JournalPlace) -> Journal:
    return open_journal(
        place,
        clock=SystemClock(),
        actor="auditor",
        origin=socket.gethostname(),
        read_only=True,
        # A damaged one must be looked at, not refused.
        verified=False,
    )


def _print_found(shown: str, found: Verification, code: ExitCode, *, as_json: bool) -> None:
    head = found.verdict.head
    if as_json:
        print_document(
            "journal verify",
            code,
            {
                "journal": shown,
                "lineage": head.lineage,
                "events": found.verdict.events,
                "sequence": head.sequence,
                "hash": head.hash,
                "problems": [
                    {"sequence": one.sequence, "because": one.sentence} for one in found.problems
                ],
                "compared": list(found.told),
            },
        )
    else:
        for problem in found.problems:
            where = f"record {problem.sequence}" if problem.sequence else "the journal"
            print_line(f"{where}: {problem.sentence}", "bold red")
        for sentence in found.told:
            print_line(sentence)
        if not found.problems:
            records = f"{found.verdict.events} records hold, up to {head.sequence}"
            print_line(f"{shown}: {records} ({head.hash})", "green")
    if found.problems:
        count = len(found.problems)
        what = "1 problem" if count == 1 else f"{count} problems"
        click.echo(f"gatectl: {visible(shown)} does not verify: {what}", err=True)
        click.echo(f"         {_KEEP}", err=True)


def _print_anchor(taken: Anchor, kept: Path | None, *, syslog: bool, as_json: bool) -> None:
    head = taken.head
    if as_json:
        print_document(
            "journal anchor",
            ExitCode.PROVEN,
            {
                "lineage": head.lineage,
                "sequence": head.sequence,
                "hash": head.hash,
                "words": words_of(head.hash),
                "taken": taken.taken.isoformat(),
                "signature": taken.signature,
                "file": str(kept) if kept else None,
                "syslog": syslog,
            },
        )
        return
    print_line(f"journal  {head.lineage}")
    print_line(f"record   {head.sequence}")
    print_line(f"hash     {head.hash}")
    print_line(f"paper    {taken.words()}")
    if kept is not None:
        print_line(f"file     {kept}{' (signed)' if taken.signature else ''}")


def _holder(gate: str, held: Lease | None) -> str:
    if held is None:
        return f"{gate}: nobody holds it"
    return held.sentence() if held.alive else f"{held.sentence()}; it has ended by itself"


def _lease_document(held: Lease | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {
        "token": held.token,
        "holder": held.holder,
        "host": held.host,
        "pid": held.pid,
        "step": held.step,
        "since": held.since.isoformat(),
        "age_s": held.age_s,
        "alive": held.alive,
    }

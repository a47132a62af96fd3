"""The verb that finds what would go wrong at night, and how to mend it now."""

import socket
import sys
from typing import Any

import click
from rich.text import Text

from gatectl.checkup import examine_gate
from gatectl.cli import options
from gatectl.cli.desk import configuration_of, workplace
from gatectl.cli.display import console_on
from gatectl.cli.output import STYLES, plain_table, print_document
from gatectl.clock import SystemClock
from gatectl.config.configuration import Configuration
from gatectl.core.check import Answer
from gatectl.core.visible import visible
from gatectl.doctor import Finding, doctor_code, examine_journal, examine_machine
from gatectl.errors import ExitCode, GatectlError
from gatectl.journal.opening import open_journal, place_of


@click.command()
@options.gates
@click.option("--offline", is_flag=True, help="Only this machine; nothing is contacted.")
@options.as_json
@click.pass_context
def doctor(ctx: click.Context, gates: tuple[str, ...], offline: bool, as_json: bool) -> int:
    """Find what would go wrong at night, each with what mends it.

    Configuration, state folder, journal, disk, SQLite, ssh-keygen, signers and messages of this
    machine; the journal's server, if it is in one; then host keys, login, rights, disk and clock of
    every node, every vantage and its control, and whether our own way goes through the gate.
    Nothing is written on any node.
    """
    configuration = configuration_of(ctx, unpinned=True)
    findings = [*examine_machine(configuration)]
    journal = _journal(configuration, offline=offline)
    findings += journal
    # Without a journal that verifies no gate is looked at; what it rests on keeps nobody.
    if not offline and all(one.answer is Answer.PASS for one in journal[:1]):
        names = gates or tuple(configuration.gates)
        findings += _gates(ctx, configuration, names)
    code = doctor_code(tuple(findings))
    if as_json:
        body = {"findings": [_finding_document(one) for one in findings]}
        print_document("doctor", code, body)
        return code
    _print(findings)
    return code


def _journal(configuration: Configuration, *, offline: bool) -> list[Finding]:
    place = place_of(configuration.settings)
    if offline if place.server else not place.file.exists():
        return []
    try:
        with open_journal(
            place,
            clock=SystemClock(),
            actor=configuration.settings.operator,
            origin=socket.gethostname(),
            read_only=True,
            verified=False,
        ) as opened:
            return list(examine_journal(place, opened))
    except GatectlError as exc:
        return [_of_error("journal", place.shown, exc)]


def _gates(
    ctx: click.Context, configuration: Configuration, names: tuple[str, ...]
) -> list[Finding]:
    unpinned = [
        Finding(
            name="host-key",
            subject=f"{gate.name}/{node.name}",
            answer=Answer.FAIL,
            found="no host key is pinned, so nothing can be trusted",
            mend=f"gatectl hostkeys {gate.name} --pin",
            code=ExitCode.UNREACHABLE,
        )
        for gate in configuration.gates.values()
        for node in gate.nodes
        if gate.name in names and not node.host.host_keys
    ]
    if unpinned:
        # Without them the configuration is good for pinning alone.
        return unpinned
    found: list[Finding] = []
    try:
        with workplace(ctx, names) as place:
            for gate in place.gates:
                found += examine_gate(place.desk, gate)
    except GatectlError as exc:
        found.append(_of_error("gate", ", ".join(names), exc))
    return found


def _of_error(name: str, subject: str, error: GatectlError) -> Finding:
    return Finding(
        name=name,
        subject=subject,
        answer=Answer.FAIL,
        found=error.sentence,
        mend=error.hint,
        code=error.exit_code,
    )


def _print(findings: list[Finding]) -> None:
    out = console_on(sys.stdout)
    bad = [one for one in findings if one.answer is not Answer.PASS]
    if bad:
        table = plain_table("what", "where", "answer", "found", "mend it by")
        for one in bad:
            table.add_row(
                one.name,
                visible(one.subject),
                Text(one.answer.value, style=STYLES[one.answer]),
                visible(one.found, limit=400),
                visible(one.mend, limit=400),
            )
        out.print(table)
    style = "green" if not bad else "bold"
    out.print(Text(f"{len(findings) - len(bad)} of {len(findings)} are well", style=style))


def _finding_document(one: Finding) -> dict[str, Any]:
    return {
        "name": one.name,
        "subject": one.subject,
        "answer": one.answer.value,
        "found": one.found,
        "mend": one.mend,
        "exit_code": int(one.exit_code),
    }

"""The verb that compares gates with what they should be, and tells people and programs of it."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from gatectl.audit import Audited, audit_gate
from gatectl.cli import options
from gatectl.cli.desk import configuration_of, workplace
from gatectl.cli.display import console_on, display_on_stderr
from gatectl.cli.output import STYLES, plain_table, print_document
from gatectl.core.check import Answer
from gatectl.core.drift import Compared
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, InvalidInput, worst

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@options.gates
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the result as JUnit XML.")
@click.option(
    "--prometheus", type=_FILE, metavar="FILE", help="Write metrics for a textfile collector."
)
@click.option("--nagios", is_flag=True, help="Print one line, and exit with 0 to 3 as Nagios does.")
@options.as_json
@click.pass_context
def audit(
    ctx: click.Context,
    gates: tuple[str, ...],
    junit: Path | None,
    prometheus: Path | None,
    nagios: bool,
    as_json: bool,
) -> int:
    """Compare gates with what they should be; nothing is written on any node.

    Both sides, the journal, builds (said and shown) and bulletins, saved configuration, the pair,
    rules, host keys, certificate, disk and clock are looked at. Without a name, all gates are.
    Exit code 0: all is as it should be, or known drift; 7: drift; worse: a node was not reached,
    or the gate may be open.
    """
    if nagios and as_json:
        raise InvalidInput("--nagios and --json are two forms of one output")
    names = gates or tuple(configuration_of(ctx).gates)
    display = display_on_stderr(quiet=True)
    with display.shown(), workplace(ctx, names, (display,)) as place:
        configuration = place.configuration
        audits = [
            audit_gate(
                place.desk,
                gate,
                configuration.known_drift.get(gate.name, ()),
                configuration.settings.state_dir,
            )
            for gate in place.gates
        ]
    code = worst(one.code for one in audits)
    _export(audits, junit, prometheus)
    if nagios:
        return _print_nagios(audits)
    if as_json:
        print_document("audit", code, {"gates": [_gate_document(one) for one in audits]})
        return code
    for one in audits:
        _print_audit(one)
    return code


def _export(audits: list[Audited], junit: Path | None, prometheus: Path | None) -> None:
    if junit is not None:
        from gatectl.exporters.junit import junit_text  # noqa: PLC0415 - only where it is wanted

        try:
            junit.write_text(junit_text(audits), encoding="utf-8")
        except OSError as exc:
            raise InvalidInput(f"{junit} cannot be written: {exc.strerror}") from exc
    if prometheus is not None:
        from gatectl.exporters.prometheus import (  # noqa: PLC0415 - only where it is wanted
            write_metrics,
        )

        write_metrics(audits, prometheus)


def _print_nagios(audits: list[Audited]) -> int:
    from gatectl.exporters.nagios import nagios_line, service_of  # noqa: PLC0415 - same

    click.echo(nagios_line(audits))
    return int(service_of(worst(one.code for one in audits)))


def _print_audit(audited: Audited) -> None:
    out = console_on(sys.stdout)
    style = "green" if audited.code is ExitCode.PROVEN else "bold red"
    out.print(Text(f"{audited.gate.name}: {_summary(audited)}", style=style))
    shown = [one for one in audited.compared if one.answer is not Answer.PASS]
    if not shown:
        return
    table = plain_table("name", "node", "answer", "found", "should be")
    for one in shown:
        table.add_row(
            visible(one.name),
            one.node or "",
            Text(_word(one), style="" if one.known else STYLES[one.answer]),
            visible(one.found, limit=400),
            visible(_wanted(one), limit=400),
        )
    out.print(table)


def _word(one: Compared) -> str:
    if one.known is not None:
        return "known"
    return "drift" if one.answer is Answer.FAIL else "unknown"


def _wanted(one: Compared) -> str:
    if one.known is None:
        return one.wanted
    return f"{one.wanted} (known until {one.known.until}: {one.known.reason})"


def _summary(audited: Audited) -> str:
    counts = {
        "as it should be": sum(1 for one in audited.compared if one.answer is Answer.PASS),
        "drifted": len(audited.drifted),
        "known": sum(1 for one in audited.compared if one.known is not None),
        "unknown": len(audited.unknown),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _gate_document(audited: Audited) -> dict[str, Any]:
    return {
        "name": audited.gate.name,
        "at": audited.at.isoformat(),
        "exit_code": int(audited.code),
        "compared": [_compared_document(one) for one in audited.compared],
    }


def _compared_document(one: Compared) -> dict[str, Any]:
    known = one.known
    return {
        "name": one.name,
        "node": one.node,
        "answer": one.answer.value,
        "found": one.found,
        "wanted": one.wanted,
        "weight": one.weight.value,
        "exit_code": int(one.code),
        "known": None
        if known is None
        else {"reason": known.reason, "until": known.until.isoformat()},
    }

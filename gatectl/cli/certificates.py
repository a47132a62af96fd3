"""The verb about the gate's own certificate: who shows which, and which key is pinned."""

from typing import Any

import click

from gatectl.cli import options
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.hosts import agree_to_pin
from gatectl.cli.output import print_document
from gatectl.config.pins import pin_certificate
from gatectl.core.certificate import CertificateUnreadable, good_until, public_key_pin
from gatectl.core.gate import Gate, Side
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, Refused, worst
from gatectl.site import CertificateSeen, GateLookout
from gatectl.transport.readonly import ReadOnly


@click.command()
@options.gates
@click.option("--pin", is_flag=True, help="Write what the offices are shown into the file.")
@click.option("--replace", is_flag=True, help="Pin another key than the pinned ones.")
@click.option("--yes", is_flag=True, help="Pin without asking; compare with the appliance first.")
@options.as_json
@click.pass_context
def certificates(
    ctx: click.Context,
    gates: tuple[str, ...],
    pin: bool,
    replace: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show and pin the key of a gate's certificate.

    From every vantage, the offices first, for they see it behind a closed gate, too. A pinned key
    tells the gate from somebody else who answers at its address. Compare it with the certificate
    on the appliance before you pin it; it changes only with the key, not with each renewal.
    """
    rows: list[dict[str, Any]] = []
    with workplace(ctx, gates) as place:
        for gate in place.gates:
            mine = _look_at(place, gate)
            rows += mine
            if not as_json:
                _print_rows(gate, mine)
            if pin and not all(row["pinned"] for row in _of_offices(mine)):
                _pin(place, gate, mine, yes=yes, replace=replace)
    code = worst(_code(gate, rows) for gate in place.gates)
    if as_json:
        print_document("certificates", code, {"certificates": rows})
    return code


def _look_at(place: Workplace, gate: Gate) -> list[dict[str, Any]]:
    lookout = GateLookout(gate, lambda host: ReadOnly(place.desk.connect(host)))
    try:
        return [_row(gate, seen) for seen in lookout.certificates()]
    finally:
        lookout.close()


def _row(gate: Gate, seen: CertificateSeen) -> dict[str, Any]:
    row: dict[str, Any] = {
        "gate": gate.name,
        "vantage": seen.vantage.name,
        "side": seen.vantage.side.value,
        "key": "",
        "good_until": None,
        "pinned": False,
        "accepted": not seen.because,
        "sentence": seen.because,
    }
    if not seen.der:
        return row
    try:
        row["key"] = public_key_pin(seen.der)
        row["good_until"] = good_until(seen.der).isoformat()
    except CertificateUnreadable as exc:
        return {**row, "accepted": False, "sentence": f"the certificate cannot be read: {exc}"}
    row["pinned"] = row["key"] in gate.vserver.certificate_pins
    return row


def _code(gate: Gate, rows: list[dict[str, Any]]) -> ExitCode:
    """Say 4 where nobody was shown a certificate, or somebody a wrong one."""
    shown = [row for row in rows if row["gate"] == gate.name and row["key"]]
    well = shown and all(row["accepted"] for row in shown) and not _differ(gate, shown)
    return ExitCode.PROVEN if well else ExitCode.UNREACHABLE


def _differ(gate: Gate, rows: list[dict[str, Any]]) -> bool:
    """Say whether some are shown another key than others, with nothing to tell which is right."""
    vserver = gate.vserver
    told_apart = vserver.certificate_pins or vserver.certificate_authorities
    return not told_apart and len({row["key"] for row in rows if row["key"]}) > 1


def _of_offices(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["side"] == Side.INSIDE.value]


def _print_rows(gate: Gate, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        click.echo(f"{row['gate']} seen from {row['vantage']} ({row['side']})")
        if row["key"]:
            mark = "pinned" if row["pinned"] else "not pinned"
            click.echo(f"  {row['key']}  {mark}, good until {row['good_until']}")
        if row["sentence"]:
            click.echo(f"  {visible(row['sentence'], limit=400)}")
    if _differ(gate, rows):
        click.echo("  these are not the same key: somebody else may be answering for the gate")


def _pin(
    place: Workplace, gate: Gate, rows: list[dict[str, Any]], *, yes: bool, replace: bool
) -> None:
    keys = sorted({row["key"] for row in _of_offices(rows) if row["key"]})
    if not keys:
        raise Refused(
            f"no office is shown a certificate of {gate.name}",
            hint="`gatectl doctor` says what is wrong with the vantages inside.",
        )
    if _differ(gate, _of_offices(rows)):
        raise Refused(
            f"the offices are not all shown the same key of {gate.name}",
            hint="Compare with the appliance, and write what is right as `certificate_pins`.",
        )
    pinned = bool(gate.vserver.certificate_pins)
    agree_to_pin(gate.name, pinned=pinned, yes=yes, replace=replace)
    pin_certificate(place.configuration.path, gate.name, keys)

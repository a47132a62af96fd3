"""The verb about trust: which host keys the nodes show, and which are pinned."""

import sys
from typing import Any

import click

from gatectl.cli import options
from gatectl.cli.desk import chosen, configuration_of
from gatectl.cli.output import print_document
from gatectl.config.pins import pin_host_keys
from gatectl.core.gate import Gate, Node
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, GatectlError, Refused, worst
from gatectl.transport.hostkeys import fetch_host_keys

_TIMEOUT_S = 20.0


@click.command()
@options.gates
@click.option("--pin", is_flag=True, help="Write what is shown into the configuration.")
@click.option(
    "--replace", is_flag=True, help="Pin others than the pinned ones, after a re-installation."
)
@click.option("--yes", is_flag=True, help="Pin without asking; compare with the console first.")
@options.as_json
@click.pass_context
def hostkeys(
    ctx: click.Context,
    gates: tuple[str, ...],
    pin: bool,
    replace: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Show and pin the host keys of the nodes.

    Nothing is logged in to. Compare each fingerprint with the appliance's console before you pin
    it: whoever answers on the network is not yet the appliance.
    """
    configuration = configuration_of(ctx, unpinned=True)
    rows: list[dict[str, Any]] = []
    for gate in chosen(configuration, gates):
        for node in gate.nodes:
            row = _look_at(gate, node)
            rows.append(row)
            if not as_json:
                _print_row(row)
            if pin and row["offered"] and not row["pinned"]:
                pinned = bool(row["configured"])
                agree_to_pin(node.name, pinned=pinned, yes=yes, replace=replace)
                pin_host_keys(configuration.path, gate.name, node.name, tuple(row["offered"]))
    code = worst(ExitCode(row["exit_code"]) for row in rows)
    if as_json:
        print_document("hostkeys", code, {"nodes": rows})
    return code


def _look_at(gate: Gate, node: Node) -> dict[str, Any]:
    row: dict[str, Any] = {
        "gate": gate.name,
        "node": node.name,
        "address": f"{node.host.address}:{node.host.port}",
        "offered": [],
        "configured": list(node.host.host_keys),
        "pinned": False,
        "exit_code": int(ExitCode.PROVEN),
        "sentence": "",
    }
    try:
        row["offered"] = list(fetch_host_keys(node.host.address, node.host.port, _TIMEOUT_S))
    except GatectlError as exc:
        return {**row, "exit_code": int(exc.exit_code), "sentence": exc.sentence}
    row["pinned"] = bool(set(row["offered"]) & set(node.host.host_keys))
    if node.host.host_keys and not row["pinned"]:
        row["exit_code"] = int(ExitCode.UNREACHABLE)
        row["sentence"] = "none of these is pinned: find out why before you pin another"
    return row


def _print_row(row: dict[str, Any]) -> None:
    click.echo(f"{row['gate']} {row['node']} ({row['address']})")
    for fingerprint in row["offered"]:
        mark = "pinned" if fingerprint in row["configured"] else "not pinned"
        click.echo(f"  {fingerprint}  {mark}")
    if row["sentence"]:
        click.echo(f"  {visible(row['sentence'])}")


def agree_to_pin(name: str, *, pinned: bool, yes: bool, replace: bool) -> None:
    """Have somebody agree to what was shown; raises Refused. `pinned` says that others are."""
    if pinned and not replace:
        raise Refused(
            f"{name} shows none of its pinned keys",
            hint="Find out why. After a re-installation or a change of keys, `--pin --replace` "
            "pins the new ones.",
        )
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            "pinning asks first, and there is no terminal to ask on",
            hint="Compare the fingerprints with the appliance itself, then add --yes.",
        )
    if not click.confirm(f"Pin these for {name}?", err=True):
        raise Refused(f"{name} was not pinned", hint="Nothing was changed.")

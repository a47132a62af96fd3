"""The verb that asks which bulletins apply to a gate, and what to do about it."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click
from rich.text import Text

from gatectl.cli import options
from gatectl.cli.desk import workplace
from gatectl.cli.display import console_on, display_on_stderr
from gatectl.cli.output import (
    plain_table,
    print_document,
    shown_build_document,
    shown_build_words,
)
from gatectl.core.advisory import Advisory, AfterPatch
from gatectl.core.exposedtime import KINDS, ExposedTime
from gatectl.core.exposure import Applicability, NodeExposure
from gatectl.core.gate import AdvisoryId, Gate
from gatectl.core.remedy import Install
from gatectl.core.visible import visible
from gatectl.desk import Desk
from gatectl.errors import worst
from gatectl.exposed import GateJudged, NodeJudged, judge_gate
from gatectl.safecheck import send_safe_checks
from gatectl.shownbuild import see_shown_build

_STYLES = {Applicability.APPLIES: "bold red", Applicability.UNKNOWN: "bold yellow"}
_QUIET = frozenset({Applicability.FIXED, Applicability.NOT_AFFECTED})
_DAY_S = 86_400


@click.command()
@options.gates
@click.option(
    "--check",
    "checks",
    is_flag=True,
    help="Send the bulletins' harmless requests as well, and say what the answers show.",
)
@click.option("--in-force", is_flag=True, help="Only the bulletins of the gate's configuration.")
@options.as_json
@click.pass_context
def exposed(
    ctx: click.Context, gates: tuple[str, ...], checks: bool, in_force: bool, as_json: bool
) -> int:
    """Say which bulletins apply to a gate, why, and what to do.

    Build, configuration and settings of every node are looked at, over sessions that cannot
    write. Every bulletin that gatectl knows is judged, whatever the configuration has in force.
    What the gateway shows of its build stands beside what the box says. Exit code 0: none applies,
    and all was seen. 7: at least one applies, or the box says another build than it shows. 4 or 5:
    a node could not be reached, or something is not known.
    """
    display = display_on_stderr(quiet=True)
    with display.shown(), workplace(ctx, gates, (display,)) as place:
        known = place.desk.advisories
        judged = [
            _judge(
                place.desk,
                gate,
                known
                if not in_force or gate.advisories == "all"
                else {name: known[name] for name in gate.advisories},
                checks=checks,
            )
            for gate in place.gates
        ]
    code = worst(one.code for one in judged)
    if as_json:
        print_document("exposed", code, {"gates": [_gate_document(one) for one in judged]})
        return code
    for one in judged:
        _print_gate(one)
    return code


def _judge(
    desk: Desk, gate: Gate, advisories: Mapping[AdvisoryId, Advisory], *, checks: bool
) -> GateJudged:
    judged = judge_gate(
        gate,
        advisories,
        connect=desk.connect,
        shown=see_shown_build(gate, desk.connect),
        history=desk.journal.events(gate=gate.name, kinds=KINDS),
        now=desk.clock.now(),
    )
    if not checks:
        return judged
    exposures = [one for node in judged.nodes for one in node.exposures]
    found = send_safe_checks(gate, desk.connect, advisories.values(), exposures)
    return replace(judged, checks=found)


def _print_gate(judged: GateJudged) -> None:
    for node in judged.nodes:
        _print_node(judged, node)
    click.echo(f"build as the gateway shows it: {shown_build_words(judged.shown_build)}")
    if judged.by_shown_build:
        click.echo(f"with that build, these apply besides: {', '.join(judged.by_shown_build)}")
    for one in judged.checks:
        hint = " (a hint only)" if one.check.weight == "marker" else ""
        told = f"{one.advisory} {one.check.name}, from {one.side}: {one.behaviour}{hint}"
        click.echo(visible(f"{told} - {one.because}", limit=400))
    times = {name: time for name, time in judged.times.items() if time.periods}
    if not times:
        return
    click.echo(f"{judged.gate.name} stood exposed while exploitation was public:")
    table = plain_table("bulletin", "from", "until", "days", "because")
    for name, time in times.items():
        for period in time.periods:
            until = "now" if period.end is None else f"{period.end.astimezone():%Y-%m-%d %H:%M}"
            begin = f"{period.begin.astimezone():%Y-%m-%d %H:%M}"
            days = f"{time.length.total_seconds() / _DAY_S:.1f}"
            table.add_row(name, begin, until, days, time.because)
    console_on(sys.stdout).print(table)


def _print_node(judged: GateJudged, node: NodeJudged) -> None:
    out = console_on(sys.stdout)
    out.print(Text(f"{judged.gate.name} {node.node}: {node.build or 'build not known'}"))
    if node.trouble is not None:
        out.print(Text(visible(node.trouble.sentence), style="bold yellow"))
    table = plain_table("bulletin", "answer", "because")
    shown = [one for one in node.exposures if one.answer not in _QUIET]
    for one in shown:
        answer = Text(one.answer.value, style=_STYLES.get(one.answer, ""))
        table.add_row(one.advisory, answer, visible(one.because))
    if shown:
        out.print(table)
    quiet = len(node.exposures) - len(shown)
    click.echo(f"{quiet} of {len(node.exposures)} bulletins are fixed here or never applied")
    for line in _to_do(node):
        click.echo(visible(line))
    click.echo()


def _to_do(node: NodeJudged) -> list[str]:
    install = node.remedy.install
    lines = [f"avoid {node.build}: {one.avoid}" for one in node.exposures if one.avoid]
    match install.kind:
        case "nothing":
            pass
        case "build":
            lines.append(f"install {install.build} or later ({install.because})")
        case "other-release":
            others = " or ".join(f"{build} or later" for build in install.others) or "none is known"
            lines.append(f"install another release ({others}): {install.because}")
        case "unknown":
            lines.append(f"what to install is not known: {install.because}")
    lines += [f"set, besides the build: {line}" for line in node.remedy.settings]
    lines += [f"{step.when}: {step.what}" for step in node.remedy.besides]
    return lines


def _gate_document(judged: GateJudged) -> dict[str, Any]:
    return {
        "name": judged.gate.name,
        "exit_code": int(judged.code),
        "nodes": [_node_document(node) for node in judged.nodes],
        "checks": [
            {
                "id": one.advisory,
                "check": one.check.name,
                "weight": one.check.weight,
                "side": one.side.value,
                "behaviour": one.behaviour.value,
                "because": one.because,
            }
            for one in judged.checks
        ],
        "shown_build": {
            **shown_build_document(judged.shown_build),
            "applies_besides": list(judged.by_shown_build),
        },
        "exposed": [
            _time_document(name, time) for name, time in judged.times.items() if time.periods
        ],
    }


def _node_document(node: NodeJudged) -> dict[str, Any]:
    return {
        "name": node.node,
        "build": node.build or None,
        "exit_code": int(node.code),
        "trouble": node.trouble.sentence if node.trouble else None,
        "install": _install_document(node.remedy.install),
        "set": list(node.remedy.settings),
        "besides": [_step_document(step) for step in node.remedy.besides],
        "advisories": [_exposure_document(one) for one in node.exposures],
    }


def _install_document(install: Install) -> dict[str, Any]:
    return {
        "kind": install.kind,
        "build": install.build or None,
        "others": list(install.others),
        "because": install.because,
    }


def _step_document(step: AfterPatch) -> dict[str, Any]:
    return {"when": step.when, "what": step.what, "commands": list(step.commands)}


def _exposure_document(one: NodeExposure) -> dict[str, Any]:
    return {
        "id": one.advisory,
        "answer": one.answer.value,
        "because": one.because,
        "avoid": one.avoid or None,
        "cves": [
            {"cve": found.cve, "answer": found.answer.value, "because": found.because}
            for found in one.cves
        ],
        "settings": [
            {
                "set": found.setting.set,
                "answer": found.verdict.answer.value,
                "because": found.verdict.because,
            }
            for found in one.settings
        ],
    }


def _time_document(name: AdvisoryId, time: ExposedTime) -> dict[str, Any]:
    return {
        "id": name,
        "seconds": round(time.length.total_seconds()),
        "because": time.because,
        "periods": [
            {
                "from": period.begin.isoformat(),
                "until": period.end.isoformat() if period.end else None,
            }
            for period in time.periods
        ],
    }

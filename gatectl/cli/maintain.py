"""The verb for timers: playbooks without anybody at the keyboard."""

import os
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from gatectl.cli import options, suggestions
from gatectl.cli.desk import workplace
from gatectl.cli.display import display_on_stderr
from gatectl.cli.output import finish
from gatectl.cli.runs import mode_of
from gatectl.core.event import Mode
from gatectl.core.gate import Gate
from gatectl.desk import Desk, Result
from gatectl.duty import tell_overdue
from gatectl.errors import GatectlError
from gatectl.maintenance import Job, maintain_gate
from gatectl.operation import Operation


@click.command()
@click.argument(
    "playbooks",
    nargs=-1,
    required=True,
    metavar="PLAYBOOK...",
    shell_complete=suggestions.playbooks,
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="GATE",
    shell_complete=suggestions.gates,
    help="A gate; may be given several times.",
)
@click.option(
    "--start-before",
    default="",
    metavar="TIME",
    help="Skip it from then on: a time of day as 02:30, or minutes after the window opened.",
)
@click.option("--time-zone", metavar="ZONE", help="Of that time of day; otherwise the system's.")
@options.parameters
@options.overrides
@options.dry_run
@options.as_json
@click.pass_context
def maintain(
    ctx: click.Context,
    playbooks: tuple[str, ...],
    gates: tuple[str, ...],
    start_before: str,
    time_zone: str | None,
    parameters: dict[str, str],
    overrides: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Carry out playbooks unattended, inside their window.

    Nobody is asked anything. What comes too late is skipped and put on record, never done late.
    No step is begun that could not end before the window does; what is unfinished then is left
    shut, and `gatectl resume` goes on with it. To reopen takes the signed approvals of others.
    """
    job = Job(
        playbooks=playbooks,
        start_before=start_before,
        zone=_zone(time_zone),
        parameters=parameters,
        overrides=options.overrides_of(overrides, reason),
        mode=mode_of(dry_run),
    )
    display = display_on_stderr(quiet=as_json)
    with display.shown(), workplace(ctx, gates, (display,)) as place:
        one = partial(_maintained, place.desk, job)
        results = [result for gate in place.gates for result in one(gate)]
        return finish("maintain", results, as_json=as_json, terminated=place.stop.terminated)


def _maintained(desk: Desk, job: Job, gate: Gate) -> tuple[Result, ...]:
    try:
        if job.mode is Mode.REAL:
            tell_overdue(desk, gate)
        return maintain_gate(desk, gate, job)
    except GatectlError as exc:
        return (Operation(desk, gate).refuse("maintain", exc),)


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return _local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(f"{name!r} is no time zone of this machine") from None


def _local_zone() -> tzinfo:
    """Find the system's zone with its clock changes; an offset alone would not know of them."""
    try:
        name = os.environ.get("TZ", "").removeprefix(":") or _linked_zone()
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.now().astimezone().tzinfo or UTC


def _linked_zone() -> str:
    _, _, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name

"""The verbs that only look: at plans, at the record."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gatectl.cli import options, suggestions
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.follow import as_json_line, follow
from gatectl.cli.output import print_document, print_timeline
from gatectl.cli.planfile import keep_plans
from gatectl.core.event import Recorded, RunId, event_fields
from gatectl.core.gate import Gate
from gatectl.core.plan import Direction, Plan
from gatectl.core.report import plan_document, timeline
from gatectl.core.visible import visible
from gatectl.errors import ExitCode
from gatectl.journal.history import GateHistory
from gatectl.operation import Operation


@click.command()
@click.argument("playbook", shell_complete=suggestions.playbooks)
@options.gates
@options.parameters
@click.option("--undo", is_flag=True, help="Plan to take back what the playbook does.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the plan in a new file, for `gatectl run --plan FILE`.",
)
@options.overrides
@options.as_json
@click.pass_context
def plan(
    ctx: click.Context,
    playbook: str,
    gates: tuple[str, ...],
    parameters: dict[str, str],
    undo: bool,
    output: Path | None,
    overrides: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> int:
    """Show what a playbook would do, over sessions that cannot write.

    Roles and builds are asked of the nodes, for a plan is only good for these. Exit code 7: the
    plan has lines that would be sent unless they turn out to be so already; `-n` on the verb
    itself looks at every step.
    """
    direction = Direction.UNDO if undo else Direction.DO
    named = options.overrides_of(overrides, reason)
    with workplace(ctx, gates) as place:
        plans = [
            Operation(place.desk, gate).plan(playbook, parameters, direction, named)
            for gate in place.gates
        ]
    if output is not None:
        keep_plans(plans, output, place.desk.actor)
    writes = any(step.writes for one in plans for step in one.steps)
    code = ExitCode.DRIFT if writes else ExitCode.PROVEN
    if as_json:
        documents = [{"name": one.gate, "plan": plan_document(one)} for one in plans]
        print_document("plan", code, {"gates": documents})
        return code
    for one in plans:
        _print_plan(one)
    return code


def _print_plan(one: Plan) -> None:
    click.echo(f"{one.gate}: {one.title}")
    click.echo(f"plan {one.digest}")
    for number, step in enumerate(one.steps, start=1):
        at = f"{step.node}: " if step.node else ""
        click.echo(f"{number:>3}  {at}{visible(step.title)}")
        for line in step.writes:
            click.echo(f"       {visible(line)}")


@click.command()
@options.gates
@click.option("--run", "run_id", metavar="RUN", help="Only this run.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="At most so many lines, the newest.",
)
@click.option("--steps", is_flag=True, help="Every event, and not only the course of things.")
@click.option(
    "--follow", "follows", is_flag=True, help="Go on with every new event; Ctrl-C ends it."
)
@options.as_json
@click.pass_context
def log(
    ctx: click.Context,
    gates: tuple[str, ...],
    run_id: str | None,
    limit: int,
    steps: bool,
    follows: bool,
    as_json: bool,
) -> int:
    """Show what is on record; nothing is contacted.

    With --follow and --json together, each new event is one line of JSON.
    """
    if follows:
        with workplace(ctx, gates) as place:
            return _follow(place, limit, as_json=as_json)
    with workplace(ctx, gates) as place:
        every = steps or as_json
        records = {gate: _records(place, gate, run_id, limit, every) for gate in place.gates}
    if as_json:
        documents = [
            {"name": gate.name, "events": [_event_document(one) for one in recorded[-limit:]]}
            for gate, recorded in records.items()
        ]
        print_document("log", ExitCode.PROVEN, {"gates": documents})
        return ExitCode.PROVEN
    for recorded in records.values():
        if steps:
            _print_events(recorded[-limit:])
        else:
            print_timeline(recorded, limit)
    return ExitCode.PROVEN


def _follow(place: Workplace, limit: int, *, as_json: bool) -> int:
    # Read first: what is added while the past is shown comes again below, and is not lost.
    after = place.desk.journal.head().sequence
    if not as_json:
        for gate in place.gates:
            print_timeline(_records(place, gate, None, limit, every=False), limit)
    show = (lambda one: as_json_line(_event_document(one))) if as_json else _event_line
    return follow(place, show, after=after)


def _records(
    place: Workplace, gate: Gate, run_id: str | None, limit: int, every: bool
) -> Sequence[Recorded]:
    """Read the newest events, so many that they fill the lines asked for."""

    def enough(events: Sequence[Recorded]) -> bool:
        return len(events if every else list(timeline(events))) > limit

    history = GateHistory(place.desk.journal, gate.name)
    events, complete = history.newest(enough, RunId(run_id) if run_id else None)
    if not complete and not enough(events):
        told = f"only the newest {len(events)} events of {gate.name} were looked through"
        click.echo(f"gatectl: {told}; `--run RUN` shows an older run", err=True)
    return events


def _event_document(recorded: Recorded) -> dict[str, Any]:
    return {
        "sequence": recorded.sequence,
        "at": recorded.at.isoformat(),
        "run": recorded.run,
        "actor": recorded.actor,
        "origin": recorded.origin,
        "event": event_fields(recorded.event),
    }


def _print_events(recorded: Sequence[Recorded]) -> None:
    for one in recorded:
        click.echo(_event_line(one))


def _event_line(one: Recorded) -> str:
    from gatectl.log import step_record  # noqa: PLC0415 - only these options need it

    event, pairs = step_record(one)
    for name in ("lines", "line", "text"):
        # What was sent and the device's own words: here they are looked for.
        if (value := getattr(one.event, name, None)) is not None:
            pairs[name] = value
    words = " ".join(f"{key}={value}" for key, value in pairs.items() if value is not None)
    return visible(f"{event} {words}", limit=2000)

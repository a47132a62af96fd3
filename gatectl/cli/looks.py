"""The verbs that only look: at gates, at plans, at the record."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from gatectl.cli import options, suggestions
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.display import console_on, display_on_stderr
from gatectl.cli.follow import as_json_line, follow
from gatectl.cli.output import (
    plain_table,
    print_document,
    print_timeline,
    shown_build_document,
    shown_build_words,
)
from gatectl.cli.planfile import keep_plans
from gatectl.consent import Consent
from gatectl.core.agreements import nobody_else
from gatectl.core.check import Answer, Verdict
from gatectl.core.course import code_of_standing
from gatectl.core.event import EVENT, Recorded, RunId
from gatectl.core.fingerprint import compare_with_pair
from gatectl.core.gate import Gate, GateState, NodeName
from gatectl.core.plan import Direction, Plan
from gatectl.core.report import plan_document, timeline
from gatectl.core.standing import Standing
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, worst
from gatectl.facts import FactsSeen
from gatectl.history import GateHistory
from gatectl.operation import Operation
from gatectl.shownbuild import see_shown_build


@click.command()
@options.gates
@options.as_json
@click.pass_context
def status(ctx: click.Context, gates: tuple[str, ...], as_json: bool) -> int:
    """Look at gates now: open, shut or unknown.

    Both sides are looked at from the vantages and every node is asked for role and build, over
    sessions that cannot write. What the gateway shows of its build stands beside what the box
    says. Exit code 5: a gate is not as it should be. 7: the box says another build than it shows.
    """
    display = display_on_stderr(quiet=True)
    with display.shown(), workplace(ctx, gates, (display,)) as place:
        seen = [(gate, *Operation(place.desk, gate).status()) for gate in place.gates]
        alone = [
            nobody_else(Consent(desk=place.desk, gate=gate).agreements()) for gate in place.gates
        ]
        shown = [
            compare_with_pair(see_shown_build(gate, place.desk.connect), facts.roles, facts.builds)
            for gate, _, facts in seen
        ]
    codes = [
        _code(standing, facts, build)
        for (_, standing, facts), build in zip(seen, shown, strict=True)
    ]
    for (gate, *_), sentence in zip(seen, alone, strict=True):
        if sentence:
            click.echo(f"gatectl: {gate.name}: {sentence}", err=True)
    if as_json:
        documents = [
            {**_status_document(*one, build), "opened_alone": bool(sentence)}
            for one, build, sentence in zip(seen, shown, alone, strict=True)
        ]
        print_document("status", worst(codes), {"gates": documents})
        return worst(codes)
    for one, build in zip(seen, shown, strict=True):
        _print_status(*one, build)
    return worst(codes)


def _code(standing: Standing, facts: FactsSeen, build: Verdict) -> ExitCode:
    # Most builds have no published mark, so that theirs is not known says nothing about the gate.
    other = [ExitCode.DRIFT] if build.answer is Answer.FAIL else []
    troubles = [error.exit_code for error in facts.trouble.values()]
    return worst([code_of_standing(standing), *troubles, *other])


def _print_status(gate: Gate, standing: Standing, facts: FactsSeen, build: Verdict) -> None:
    out = console_on(sys.stdout)
    style = "green" if code_of_standing(standing) is ExitCode.PROVEN else "bold red"
    out.print(Text(f"{gate.name}: {standing.state} ({_wanted(standing)})", style=style))
    table = plain_table("", "")
    if standing.state_since is not None:
        table.add_row("since", f"{standing.state_since.astimezone():%Y-%m-%d %H:%M:%S}")
        if standing.state is GateState.REOPENING:
            ends = standing.state_since + timedelta(seconds=gate.provisional_s)
            table.add_row("ends", f"{ends.astimezone():%Y-%m-%d %H:%M:%S}, unless it is confirmed")
    table.add_row("because", visible(standing.state_because))
    if standing.sides is not None:
        table.add_row("outside", standing.sides.outside)
        table.add_row("inside", standing.sides.inside)
        table.add_row("last seen", f"{standing.sides.at.astimezone():%Y-%m-%d %H:%M:%S}")
    for node in gate.nodes:
        table.add_row(node.name, _node_words(facts, node.name))
    table.add_row("shown build", shown_build_words(build))
    run = standing.unfinished
    if run is not None:
        table.add_row("unfinished", f"{run.plan.playbook}, run {run.id}: `gatectl resume`")
    out.print(table)


def _wanted(standing: Standing) -> str:
    if standing.state is GateState.REOPENING:
        return "provisionally; `gatectl confirm` makes it last"
    return "should be shut" if standing.wanted_shut else "should be open"


def _node_words(facts: FactsSeen, node: NodeName) -> str:
    if node in facts.trouble:
        return visible(facts.trouble[node].sentence)
    return f"{facts.roles[node]}, build {facts.builds[node]}"


def _status_document(
    gate: Gate, standing: Standing, facts: FactsSeen, build: Verdict
) -> dict[str, Any]:
    sides = standing.sides
    return {
        "name": gate.name,
        "state": standing.state.value,
        "since": standing.state_since.isoformat() if standing.state_since else None,
        "because": standing.state_because,
        "wanted": "shut" if standing.wanted_shut else "open",
        "closed_by": list(standing.closed_by),
        "exit_code": int(_code(standing, facts, build)),
        "sides": None
        if sides is None
        else {
            "outside": sides.outside,
            "inside": sides.inside,
            "because": sides.because,
            "at": sides.at.isoformat(),
        },
        "nodes": [
            {
                "name": node.name,
                "role": facts.roles[node.name].value if node.name in facts.roles else None,
                "build": facts.builds.get(node.name),
                "trouble": facts.trouble[node.name].sentence
                if node.name in facts.trouble
                else None,
            }
            for node in gate.nodes
        ],
        "shown_build": shown_build_document(build),
        "unfinished": standing.unfinished.id if standing.unfinished else None,
    }


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
        "event": EVENT.dump_python(recorded.event, mode="json"),
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

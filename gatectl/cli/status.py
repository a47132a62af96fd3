"""The verb that tells where gates stand now."""

import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click
from rich.text import Text

from gatectl.cli import options
from gatectl.cli.deadlines import deadline_document, print_deadlines
from gatectl.cli.desk import Workplace, workplace
from gatectl.cli.display import console_on, display_on_stderr
from gatectl.cli.output import (
    plain_table,
    print_document,
    shown_build_document,
    shown_build_words,
)
from gatectl.consent import Consent
from gatectl.core.check import Answer, Verdict
from gatectl.core.course import code_of_standing
from gatectl.core.deadline import Deadline, overdue
from gatectl.core.fingerprint import compare_with_pair
from gatectl.core.gate import Gate, GateState, NodeName
from gatectl.core.standing import Standing
from gatectl.core.visible import visible
from gatectl.duty import due_now
from gatectl.errors import ExitCode, worst
from gatectl.facts import FactsSeen
from gatectl.operation import Operation
from gatectl.shownbuild import see_shown_build


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """All that is known of a gate at this moment."""

    gate: Gate
    standing: Standing
    facts: FactsSeen
    build: Verdict
    """Whether the page shows the build that the box says."""
    due: tuple[Deadline, ...]
    opened_alone: str
    """What to say of an opening that nobody else agreed to; empty otherwise."""

    @property
    def code(self) -> ExitCode:
        # Most builds have no published mark: that one is not known says nothing about the gate.
        drifted = self.build.answer is Answer.FAIL or bool(overdue(self.due))
        troubles = [error.exit_code for error in self.facts.trouble.values()]
        drift = [ExitCode.DRIFT] if drifted else []
        return worst([code_of_standing(self.standing), *troubles, *drift])


@click.command()
@options.gates
@options.as_json
@click.pass_context
def status(ctx: click.Context, gates: tuple[str, ...], as_json: bool) -> int:
    """Look at gates now: open, shut or unknown.

    Both sides are looked at from the vantages and every node is asked for role and build, over
    sessions that cannot write. What the gateway shows of its build stands beside what the box
    says. Exit code 5: a gate is not as it should be. 7: the box says another build than it shows,
    or a deadline of the gate's open case has passed and is not met.
    """
    display = display_on_stderr(quiet=True)
    with display.shown(), workplace(ctx, gates, (display,)) as place:
        seen = [_see(place, gate) for gate in place.gates]
    code = worst([one.code for one in seen])
    for one in seen:
        if one.opened_alone:
            click.echo(f"gatectl: {one.gate.name}: {one.opened_alone}", err=True)
    if as_json:
        print_document("status", code, {"gates": [_document(one) for one in seen]})
        return code
    for one in seen:
        _print(one)
        print_deadlines(one.due)
    return code


def _see(place: Workplace, gate: Gate) -> _Seen:
    desk = place.desk
    standing, facts = Operation(desk, gate).status()
    shown = see_shown_build(gate, desk.connect)
    return _Seen(
        gate=gate,
        standing=standing,
        facts=facts,
        build=compare_with_pair(shown, facts.roles, facts.builds),
        due=due_now(desk.journal, gate, desk.clock.now()),
        opened_alone=Consent(desk=desk, gate=gate).nobody_else(),
    )


def _print(seen: _Seen) -> None:
    gate, standing = seen.gate, seen.standing
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
        table.add_row(node.name, _node_words(seen.facts, node.name))
    table.add_row("shown build", shown_build_words(seen.build))
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


def _document(seen: _Seen) -> dict[str, Any]:
    gate, standing, facts = seen.gate, seen.standing, seen.facts
    sides = standing.sides
    return {
        "name": gate.name,
        "state": standing.state.value,
        "since": standing.state_since.isoformat() if standing.state_since else None,
        "because": standing.state_because,
        "wanted": "shut" if standing.wanted_shut else "open",
        "closed_by": list(standing.closed_by),
        "exit_code": int(seen.code),
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
        "shown_build": shown_build_document(seen.build),
        "opened_alone": bool(seen.opened_alone),
        "unfinished": standing.unfinished.id if standing.unfinished else None,
        "deadlines": [deadline_document(one) for one in seen.due],
    }

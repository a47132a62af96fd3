"""The verb that looks again and again, and calls for help."""

import click

from gatectl.cli import options
from gatectl.cli.desk import Workplace, workplace
from gatectl.core.course import code_of_standing
from gatectl.core.event import Mode
from gatectl.core.gate import Gate
from gatectl.core.standing import Standing
from gatectl.core.upkeep import DeadlinePassed
from gatectl.core.visible import visible
from gatectl.duty import tell_overdue
from gatectl.errors import ExitCode, Interrupted, worst
from gatectl.hook import call_hook
from gatectl.operation import Operation


@click.command()
@options.gates
@click.option("--every", default=60.0, show_default=True, help="Seconds between two looks.")
@click.option("--times", type=click.IntRange(min=1), help="Stop after so many looks.")
@click.option("--hook", metavar="COMMAND", help="Call this when a gate is not as it should be.")
@click.option("--close", "close_again", is_flag=True, help="Close a gate that is found open.")
@click.pass_context
def watch(
    ctx: click.Context,
    gates: tuple[str, ...],
    every: float,
    times: int | None,
    hook: str | None,
    close_again: bool,
) -> int:
    """Look at gates again and again; call a hook when one that should be shut is found open.

    The hook gets GATECTL_EVENT, GATECTL_GATE, GATECTL_STATE and GATECTL_BECAUSE. It is called
    when a gate begins to be other than it should, and not at every look; and once, as `overdue`,
    for each deadline of an open case that passes. Ends with Ctrl-C, or after --times, with the
    exit code of the last look.
    """
    with workplace(ctx, gates) as place:
        alarmed: set[str] = set()
        code = ExitCode.PROVEN
        looks = 0
        while times is None or looks < times:
            looks += 1
            code = worst(
                _look(place, gate, alarmed, hook, close_again=close_again) for gate in place.gates
            )
            if times is not None and looks == times:
                break
            place.desk.clock.sleep(every)
            try:
                place.stop.check()
            except Interrupted:
                return ExitCode.TERMINATED if place.stop.terminated else ExitCode.INTERRUPTED
    return code


def _look(
    place: Workplace, gate: Gate, alarmed: set[str], hook: str | None, *, close_again: bool
) -> ExitCode:
    operation = Operation(place.desk, gate)
    standing, facts = operation.status()
    code = worst([code_of_standing(standing), *(e.exit_code for e in facts.trouble.values())])
    _tell(standing, code)
    for deadline in tell_overdue(place.desk, gate):
        _call_late(hook, standing, deadline)
    if code is ExitCode.PROVEN:
        alarmed.discard(gate.name)
        return code
    if gate.name not in alarmed:
        alarmed.add(gate.name)
        _call(hook, standing, code)
    open_outside = standing.sides is not None and standing.sides.outside == "open"
    if close_again and standing.wanted_shut and open_outside:
        return operation.close(Mode.REAL).code
    return code


def _tell(standing: Standing, code: ExitCode) -> None:
    sides = standing.sides
    seen = f"outside {sides.outside}, inside {sides.inside}" if sides else "not seen"
    at = f"{sides.at.astimezone():%H:%M:%S}" if sides else "--:--:--"
    mark = "ok" if code is ExitCode.PROVEN else "ALARM"
    click.echo(f"{at} {mark:5} {standing.gate}: {standing.state}, {seen}")


def _call(hook: str | None, standing: Standing, code: ExitCode) -> None:
    if hook is None:
        return
    event = "may-be-open" if code is ExitCode.MAYBE_OPEN else "not-as-it-should-be"
    because = standing.sides.because if standing.sides else standing.state_because
    _call_with(hook, standing, event, because)


def _call_late(hook: str | None, standing: Standing, deadline: DeadlinePassed) -> None:
    because = f"{deadline.what} of the case {deadline.case}, due {deadline.due.isoformat()}"
    click.echo(f"gatectl: {standing.gate}: overdue: {because}", err=True)
    if hook is not None:
        _call_with(hook, standing, "overdue", because)


def _call_with(hook: str, standing: Standing, event: str, because: str) -> None:
    trouble = call_hook(
        hook,
        {
            "event": event,
            "gate": standing.gate,
            "state": standing.state.value,
            "because": visible(because, limit=500),
        },
    )
    if trouble:
        click.echo(f"gatectl: {visible(trouble)}", err=True)

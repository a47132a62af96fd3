"""A verb on many gates: how it is spread over them, and the table at the end."""

import pickle
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import click
from rich.text import Text

from gatectl.cli.desk import Workplace
from gatectl.cli.display import console_on
from gatectl.cli.fleetdisplay import STANDS, FleetDisplay
from gatectl.cli.output import plain_table
from gatectl.core.gate import Gate
from gatectl.core.visible import visible
from gatectl.desk import Result
from gatectl.errors import MEANINGS, ExitCode, GatectlError, InvalidInput, worst
from gatectl.fleet.rollout import (
    AT_ONCE_MAX,
    PROCESSES,
    THREADS,
    Rollout,
    Verb,
    Work,
    carry_out_on_all,
)
from gatectl.operation import Operation

_Verb = TypeVar("_Verb", bound=Callable[..., Any])


def spread(verb: _Verb) -> _Verb:
    """Take the options that say how a verb is spread over many gates."""
    kept: dict[str, Any] = {"expose_value": False, "callback": _keep}
    for name, least, told in (
        ("--max-failures", 0, "Begin no further gate after more failures than this."),
        ("--batch", 1, "So many gates at the same time; for closing all, else one."),
        ("--canary", 1, "So many gates first; one that fails ends it."),
    ):
        verb = click.option(name, type=click.IntRange(min=least), metavar="N", help=told, **kept)(
            verb
        )
    return click.option(
        "--executor",
        metavar="WHERE",
        help="Where gates are worked on: threads, processes, or dask://HOST:PORT.",
        **kept,
    )(verb)


def _keep(ctx: click.Context, option: click.Parameter, value: int | str | None) -> None:
    if value is not None:
        ctx.obj.setdefault("rollout", {})[str(option.name)] = value


def more_than_one(ctx: click.Context, names: Sequence[str]) -> bool:
    """Say whether a verb was called for many gates."""
    return len(names) > 1 or ctx.obj.get("every_gate", False) or bool(ctx.obj.get("groups"))


def rollout_of(ctx: click.Context, count: int, *, closing: bool) -> Rollout:
    """Put the options together; closing goes to all at once, everything else to one at a time."""
    given = ctx.obj.get("rollout", {})
    return Rollout(
        canary=min(given.get("canary", 0), count),
        batch=given.get("batch", max(1, count) if closing else 1),
        failures_max=given.get("max_failures"),
    )


def on_many(
    place: Workplace, command: str, verb: Verb, rollout: Rollout, display: FleetDisplay, where: str
) -> list[Result]:
    """Do a verb on all gates of a workplace."""
    # A single gate needs none of it, and starts the quicker for that.
    from gatectl.fleet.workplaces import workers  # noqa: PLC0415 - only a fleet needs it

    wanted = max(rollout.batch, rollout.canary)
    with workers(place.desk, where, wanted) as (at_once, elsewhere):
        work: Work = (
            partial(elsewhere.carry_out, command=command, verb=verb)
            if elsewhere is not None
            else partial(on_one, place, command, verb=verb)
        )
        with (
            ThreadPoolExecutor(at_once, "gate") as executor,
            display.shown([gate.name for gate in place.gates]),
        ):
            return carry_out_on_all(place.gates, work, rollout, executor, display.tell)


def on_one(place: Workplace, command: str, gate: Gate, verb: Verb) -> Result:
    """Do a verb on one gate; what stops it here is on record, and the other gates go on."""
    operation = Operation(place.desk, gate)
    try:
        # Whoever stopped the fleet has stopped the gates that still wait for their turn.
        place.desk.stop.check()
        return verb(operation)
    except GatectlError as exc:
        return operation.refuse(command, exc)


def executor_of(ctx: click.Context, rollout: Rollout, verb: Verb) -> str:
    """Say where gates are worked on: a process a core from the size on at which that is quicker."""
    given = ctx.obj.get("rollout", {})
    many = max(rollout.batch, rollout.canary) > AT_ONCE_MAX
    where = str(given.get("executor") or (PROCESSES if many else THREADS))
    if where == THREADS:
        return where
    try:
        pickle.dumps(verb)
    except (pickle.PicklingError, AttributeError, TypeError) as exc:
        if "executor" not in given:
            return THREADS
        raise InvalidInput(
            "this verb asks the one who types it, and is carried out by threads alone",
            hint="Leave --executor out.",
        ) from exc
    return where


def print_fleet(results: Sequence[Result]) -> None:
    """Print a line a gate, the counts, and the worst that happened."""
    table = plain_table("gate", "stands", "state", "because")
    for result in results:
        word = result.stands
        table.add_row(
            result.gate,
            Text(word, style=STANDS[word]),
            result.state.value,
            visible(result.sentence, limit=160),
        )
    console = console_on(sys.stdout)
    console.print(table)
    counts = Counter[str](result.stands for result in results)
    told = ", ".join(f"{counts[word]} {word}" for word in STANDS)
    console.print(Text(f"{len(results)} gates: {told}"))
    code = worst(result.code for result in results)
    if code is not ExitCode.PROVEN:
        console.print(Text(f"worst of all: {int(code)}, {MEANINGS[code]}", style="bold"))

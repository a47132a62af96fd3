"""A verb on many gates: how it is spread over them, and the table at the end."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import click
from rich.text import Text

from gatectl.cli.desk import Workplace
from gatectl.cli.display import console_on
from gatectl.cli.fleetdisplay import STANDS, FleetDisplay
from gatectl.cli.output import plain_table
from gatectl.core.visible import visible
from gatectl.desk import Result
from gatectl.fleet import Rollout, Work, at_once, carry_out_on_all

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
    return verb


def _keep(ctx: click.Context, option: click.Parameter, value: int | None) -> None:
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


def on_many(place: Workplace, work: Work, rollout: Rollout, display: FleetDisplay) -> list[Result]:
    """Do the work on all gates of a workplace."""
    threads = at_once(max(rollout.batch, rollout.canary))
    with (
        ThreadPoolExecutor(threads, "gate") as executor,
        display.shown([gate.name for gate in place.gates]),
    ):
        return carry_out_on_all(place.gates, work, rollout, executor, display.tell)


def print_fleet(results: Sequence[Result]) -> None:
    """Print a line a gate, and the counts."""
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

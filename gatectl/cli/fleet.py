"""A verb on many gates: how it is spread, what is shown meanwhile, and the table at the end."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.status import Status
from rich.text import Text

from gatectl.cli.desk import Workplace
from gatectl.cli.display import console_on
from gatectl.cli.output import plain_table
from gatectl.core.gate import SHUT_STATES, GateState
from gatectl.core.visible import visible
from gatectl.desk import Result
from gatectl.errors import ExitCode
from gatectl.fleet import Rollout, Work, at_once, carry_out_on_all

_Verb = TypeVar("_Verb", bound=Callable[..., Any])
_STYLES = {"shut": "green", "open": "bold", "unknown": "bold yellow"}


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


class FleetDisplay:
    """Shows how many gates are through, how fast that goes, and each one that is not well."""

    def __init__(self, console: Console, count: int, *, animated: bool) -> None:
        self._console = console
        self._count = count
        self._codes: Counter[str] = Counter()
        self._began = time.monotonic()
        self._telling = threading.Lock()
        self._status: Status | None = console.status("") if animated else None

    @contextmanager
    def shown(self) -> Iterator["FleetDisplay"]:
        """Show it while the block runs."""
        if self._status is None:
            yield self
            return
        with self._status:
            yield self

    def __call__(self, result: Result) -> None:
        """Hear that a gate is through."""
        with self._telling:
            self._codes[seen(result)] += 1
            through = self._codes.total()
            if result.code is not ExitCode.PROVEN or self._status is None:
                line = f"[{through}/{self._count}] {result.gate}: {seen(result)} - "
                self._console.print(Text(visible(line + result.sentence, limit=400)))
            if self._status is not None:
                self._status.update(Text(self._summary(through)))

    def _summary(self, through: int) -> str:
        rate = through / max(0.001, time.monotonic() - self._began)
        left_s = (self._count - through) / rate
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self._codes.items()))
        return f"{through} of {self._count} gates ({counts}), {rate:.1f}/s, {left_s:.0f} s left"


def on_many(place: Workplace, work: Work, rollout: Rollout, *, quiet: bool) -> list[Result]:
    """Do the work on all gates of a workplace."""
    console = Console(quiet=True) if quiet else console_on(sys.stderr)
    animated = not quiet and sys.stderr.isatty()
    threads = at_once(max(rollout.batch, rollout.canary))
    with (
        ThreadPoolExecutor(threads, "gate") as executor,
        FleetDisplay(console, len(place.gates), animated=animated).shown() as display,
    ):
        return carry_out_on_all(place.gates, work, rollout, executor, display)


def seen(result: Result) -> str:
    """Say in one word how a gate stands, as far as that is proven."""
    if result.state in SHUT_STATES and result.code is not ExitCode.MAYBE_OPEN:
        return "shut"
    return "open" if result.state in {GateState.OPEN, GateState.REOPENING} else "unknown"


def print_fleet(results: Sequence[Result]) -> None:
    """Print a line a gate, and the counts."""
    table = plain_table("gate", "stands", "state", "because")
    for result in results:
        word = seen(result)
        table.add_row(
            result.gate,
            Text(word, style=_STYLES[word]),
            result.state.value,
            visible(result.sentence, limit=160),
        )
    console = console_on(sys.stdout)
    console.print(table)
    counts = Counter(seen(result) for result in results)
    told = ", ".join(f"{counts[word]} {word}" for word in _STYLES)
    console.print(Text(f"{len(results)} gates: {told}"))

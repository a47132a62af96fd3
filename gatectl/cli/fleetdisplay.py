"""Shows many gates while they are worked on: counts, rate and time left, and whoever is not well.

Two hundred gates do not fit on a screen. What went wrong comes first, then what is at work;
gates that are through and well are counted, not listed.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.text import Text

from gatectl.cli.display import console_on, duration, may_colour
from gatectl.core.event import Recorded, RunStarted, StepEnded, StepStarted
from gatectl.core.visible import visible
from gatectl.desk import Result
from gatectl.errors import ExitCode

STANDS = {"shut": "green", "open": "bold red", "unknown": "bold yellow"}
"""The words for how a gate stands, and how each is shown."""

_REFRESHES_A_SECOND = 4
_LINES_BESIDE = 4
"""Totals on two lines of a narrow screen, and the line that says how many gates are not listed."""


@dataclass(slots=True, kw_only=True)
class _AtWork:
    """How far one gate's run is."""

    steps: int = 0
    ended: int = 0
    title: str = "looking at the nodes"

    def words(self) -> str:
        if not self.steps:
            return self.title
        return f"{min(self.ended + 1, self.steps)} of {self.steps}: {self.title}"


class FleetDisplay:
    """Hears of each event and of each gate that is through; off a terminal, a line a gate."""

    def __init__(self, console: Console, *, animated: bool) -> None:
        self._console = console
        self._animated = animated
        self._gates: Sequence[str] = ()
        self._at_work: dict[str, _AtWork] = {}
        self._through: dict[str, Result] = {}
        self._began = time.monotonic()
        self._telling = threading.Lock()

    @contextmanager
    def shown(self, gates: Sequence[str]) -> Iterator[None]:
        """Show how these gates fare while the block runs."""
        self._gates = gates
        self._began = time.monotonic()
        if not self._animated:
            yield
            return
        from rich.live import Live  # noqa: PLC0415 - only what moves needs it

        with Live(
            get_renderable=self.picture,
            console=self._console,
            refresh_per_second=_REFRESHES_A_SECOND,
            transient=True,
        ):
            yield

    def __call__(self, recorded: Recorded) -> None:
        """Hear of an event of any gate."""
        with self._telling:
            at_work = self._at_work.setdefault(recorded.gate, _AtWork())
            match recorded.event:
                case RunStarted(plan=plan):
                    at_work.steps, at_work.ended = len(plan.steps), 0
                    at_work.title = plan.title
                case StepStarted(title=title):
                    at_work.title = title
                case StepEnded():
                    at_work.ended += 1
                case _:
                    pass

    def tell(self, result: Result) -> None:
        """Hear that a gate is through."""
        with self._telling:
            self._through[result.gate] = result
            if not self._animated:
                place = f"[{len(self._through)}/{len(self._gates)}] "
                line = f"{place}{result.gate}: {result.stands} - {result.sentence}"
                self._console.print(Text(visible(line, limit=400)))

    def picture(self) -> RenderableType:
        """Draw what fits on the screen."""
        with self._telling:
            rows = [*self._troubled(), *self._busy()]
            totals = self._totals()
        room = max(1, self._console.height - _LINES_BESIDE)
        name_width = max((len(gate) for gate, _, _ in rows[:room]), default=0)
        lines = [self._line(gate.ljust(name_width), word, text) for gate, word, text in rows[:room]]
        hidden = len(rows) - room
        more = [Text(f"and {hidden} more", style="dim")] if hidden > 0 else []
        return Group(*lines, *more, totals)

    def _line(self, gate: str, word: str, text: str) -> Text:
        line = Text(f"{gate}  ", no_wrap=True, overflow="ellipsis")
        line.append(f"{word:<9}", style=STANDS.get(word, "dim"))
        return line.append(visible(text, limit=self._console.width))

    def _troubled(self) -> Iterator[tuple[str, str, str]]:
        for name, result in self._through.items():
            if result.code is not ExitCode.PROVEN:
                yield name, result.stands, result.sentence

    def _busy(self) -> Iterator[tuple[str, str, str]]:
        for name in self._gates:
            if name in self._at_work and name not in self._through:
                yield name, "at work", self._at_work[name].words()

    def _totals(self) -> Text:
        through, count = len(self._through), len(self._gates)
        stands = Counter[str](result.stands for result in self._through.values())
        told = ", ".join(f"{stands[word]} {word}" for word in STANDS)
        busy = len(self._at_work.keys() - self._through.keys())
        waiting = max(0, count - through - busy)
        text = f"{through} of {count} gates: {told}; {busy} at work, {waiting} waiting"
        if through:
            rate = through / max(0.001, time.monotonic() - self._began)
            text += f"; {rate:.1f}/s, {duration((count - through) / rate)} left"
        return Text(text, style="bold")


def fleet_display_on_stderr(*, quiet: bool) -> FleetDisplay:
    """Make the display of this process; JSON output leaves stderr to errors."""
    if quiet:
        return FleetDisplay(Console(quiet=True), animated=False)
    return FleetDisplay(console_on(sys.stderr), animated=may_colour(sys.stderr))

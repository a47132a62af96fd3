"""Shows a run as it happens, on stderr: a line a step, a spinner where somebody watches."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    CompromiseJudged,
    Ending,
    LookMade,
    Outcome,
    Recorded,
    RunEnded,
    RunResumed,
    RunStarted,
    ScannerRun,
    Signalled,
    StepEnded,
    StepStarted,
)
from gatectl.core.pace import Learnt, learn, left_s
from gatectl.core.plan import Plan, PlannedId
from gatectl.core.visible import visible
from gatectl.errors import GatectlError
from gatectl.ports import GateJournal

if TYPE_CHECKING:
    # The console imports it by itself where something moves.
    from rich.status import Status

_TIMED = ("run.started", "step.ended")
_LEARNT_FROM = 500
"""So many of the newest events of these kinds tell how long things take."""
_MINUTE_S = 60

MARKS = {
    Outcome.ALREADY: ("ok", "green"),
    Outcome.DONE: ("done", "green"),
    Outcome.WOULD: ("would", "cyan"),
    Outcome.FAILED: ("FAIL", "bold red"),
    Outcome.UNKNOWN: ("????", "bold yellow"),
}


def console_on(stream: TextIO) -> Console:
    """Make a console that has colours, and moves, only where they can be seen and are wanted."""
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not stream.isatty(),
        # Without a colour system nothing is bold either: NO_COLOR then means no escape code at all.
        color_system="auto" if may_colour(stream) else None,
    )


def may_colour(stream: TextIO) -> bool:
    """Say whether somebody watches who wants colours and movement."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


class Display:
    """Listens to a run's events; whatever comes from a device is made visible first."""

    def __init__(self, console: Console, *, animated: bool) -> None:
        self._console = console
        self._animated = animated
        self._status: Status | None = None
        self._titles: dict[PlannedId, str] = {}
        self._looks = 0
        self._learnt: Learnt = {}
        self._plan: Plan | None = None
        self._ended: set[PlannedId] = set()

    def learn(self, journal: GateJournal) -> None:
        """Learn from earlier runs how long this one will take; only where somebody watches."""
        if not self._animated:
            return
        # What cannot be read is told by whoever needs it: a closing does without.
        with suppress(GatectlError):
            newest = islice(journal.newest_first(kinds=_TIMED), _LEARNT_FROM)
            self._learnt = learn(reversed(tuple(newest)))

    def __call__(self, recorded: Recorded) -> None:
        """Show one event, if a person wants to see it."""
        match recorded.event:
            case RunStarted(plan=plan, mode=mode):
                self._plan, self._ended = plan, set()
                self._line(f"{recorded.gate}: {plan.title} ({mode})", "bold")
            case RunResumed():
                self._line(f"{recorded.gate}: going on where the run stopped", "bold")
            case StepStarted(step=step, title=title, node=node):
                self._titles[step] = title
                self._looks = 0
                self._spin(f"{_at(node)}{title}")
            case LookMade(node=node) as look:
                self._looks += 1
                if self._looks > 1:
                    title = self._titles.get(look.step, look.step)
                    self._spin(f"{_at(node)}{title} - look {self._looks}: {look.verdict.because}")
            case ActIntended(node=node, lines=lines):
                for line in lines:
                    self._hanging(f"      {node} < ", line, "dim")
            case ActAnswered(answer="error" | "cut", text=text, node=node):
                self._hanging(f"      {node} > ", text, "yellow")
            case StepEnded() as ended:
                self._end(ended)
            case ScannerRun(said=said, because=because, script=script, node=node):
                self._line(f"      {node}: {script}: {said} - {because}", "bold")
            case CompromiseJudged(answer=answer, because=because):
                self._line(f"      compromise check: {answer} - {because}", "bold")
            case Signalled(before=before, after=after) if before is not after:
                self._line(f"      gate: {before} -> {after}", "bold blue")
            case RunEnded(ending=ending, because=because):
                self._line(f"{recorded.gate}: {_ended(ending, because)}", "bold")
            case _:
                pass

    @contextmanager
    def shown(self) -> Iterator["Display"]:
        """Take the spinner away at the end, however the end comes."""
        try:
            yield self
        finally:
            self._still()

    def heading(self, text: str) -> None:
        """Begin a chapter."""
        self._line("")
        self._line(text, "bold magenta")

    def note(self, text: str) -> None:
        """Say something between the steps."""
        self._line(f"      {text}", "cyan")

    def _left(self) -> str:
        """Say how long the rest took before."""
        rest_s = left_s(self._plan, self._ended, self._learnt) if self._plan else None
        return "" if rest_s is None else f" ({duration(rest_s)} left)"

    def _end(self, ended: StepEnded) -> None:
        self._ended.add(ended.step)
        mark, style = MARKS[ended.outcome]
        text = Text()
        text.append(f"{mark:>5} ", style=style)
        text.append(f"{_at(ended.node)}{ended.title}")
        text.append(f"  {ended.elapsed_s:.1f} s", style="dim")
        self._still()
        self._console.print(text)
        seen = visible(ended.verdict.because, limit=400)
        if ended.outcome not in {Outcome.ALREADY, Outcome.DONE} or self._looks:
            self._hanging(f"      {ended.node or 'seen'} > ", seen, "dim")

    def _hanging(self, before: str, text: str, style: str) -> None:
        """Show a text that a narrow terminal folds below its own beginning, not at the edge."""
        if not self._console.is_terminal:
            self._line(f"{before}{text}", style)
            return
        self._still()
        grid = Table.grid(padding=0)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        shown = visible(text, limit=2000)
        grid.add_row(Text(before, style=style), Text(shown, style=style))
        self._console.print(grid)

    def _line(self, text: str, style: str = "") -> None:
        self._still()
        self._console.print(Text(visible(text, limit=2000), style=style))

    def _spin(self, text: str) -> None:
        left = self._left()
        shown = visible(text, limit=max(20, self._console.width - 12 - len(left))) + left
        if not self._animated:
            return
        if self._status is None:
            self._status = self._console.status(Text(shown))
            self._status.start()
        else:
            self._status.update(Text(shown))

    def _still(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def duration(seconds: float) -> str:
    """Say in a word or two how long something takes."""
    if seconds < _MINUTE_S:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / _MINUTE_S)} min"


def _ended(ending: Ending, because: str) -> str:
    if ending is Ending.PENDING:
        # Each step that would act was shown as such; their names again would fill the screen.
        return "this was a dry run, and nothing that writes was sent"
    return f"{ending} - {because.removeprefix(f'{ending}: ')}"


def _at(node: str | None) -> str:
    return f"{node}: " if node else ""


def display_on_stderr(*, quiet: bool) -> Display:
    """Make the display of this process; JSON output leaves stderr to errors."""
    if quiet:
        return Display(Console(quiet=True), animated=False)
    return Display(console_on(sys.stderr), animated=may_colour(sys.stderr))

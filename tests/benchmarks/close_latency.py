"""How long a closing of the simulated pair takes, and which part of it is the devices' own time."""

import argparse
import contextlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

from gatectl.cli.entry import run
from gatectl.clock import SystemClock
from gatectl.core.event import ActAnswered, LookMade, Recorded, RunStarted, StepEnded
from gatectl.journal.journal import Journal
from gatectl.simulator.rehearsal import SimulatedSite


def tell(line: str) -> None:
    """Print a line of figures."""
    sys.stdout.write(f"{line}\n")


def closed_once(folder: Path) -> tuple[float, list[Recorded]]:
    """Close a new pair and give the seconds that took, and the events of it."""
    with SimulatedSite() as site:
        config = folder / "config.toml"
        config.write_text(site.configuration(folder), encoding="utf-8")
        words = ["--config", str(config), "close"]
        told = io.StringIO()
        begin = time.monotonic()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            code = run(words)
        took_s = time.monotonic() - begin
    if code != 0:
        raise SystemExit(f"the closing ended with {code}:\n{told.getvalue()}")
    (path,) = folder.rglob("journal.db")
    with Journal.open(
        path,
        clock=SystemClock(),
        actor="bench",
        origin="bench",
        read_only=True,
        unsafe_any_file_system=True,
    ) as journal:
        return took_s, list(journal.events())


def device_s(events: list[Recorded]) -> float:
    """Sum up what the busier node needed for its answers: the two are asked at the same time."""
    by_node: dict[str, float] = {}
    for recorded in events:
        match recorded.event:
            case (
                LookMade(node=node, elapsed_s=elapsed_s)
                | ActAnswered(node=node, elapsed_s=elapsed_s)
            ):
                name = node or "sides"
                by_node[name] = by_node.get(name, 0.0) + elapsed_s
            case _:
                pass
    sides = by_node.pop("sides", 0.0)
    return sides + max(by_node.values(), default=0.0)


def print_phases(events: list[Recorded]) -> None:
    """Print when each step ended, and what it took."""
    begin = next(one.at for one in events if isinstance(one.event, RunStarted))
    for recorded in events:
        if isinstance(recorded.event, StepEnded):
            ended = recorded.event
            at = (recorded.at - begin).total_seconds()
            tell(f"  {at:6.3f} s  {ended.elapsed_s:6.3f} s  {ended.node or '-':8} {ended.title}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--phases", action="store_true")
    given = parser.parse_args()
    totals, devices = [], []
    for _ in range(given.times):
        with tempfile.TemporaryDirectory() as folder:
            took_s, events = closed_once(Path(folder))
        totals.append(took_s)
        devices.append(device_s(events))
        if given.phases:
            print_phases(events)
    tell(f"close: {statistics.median(totals):.3f} s, answers: {statistics.median(devices):.3f} s")


if __name__ == "__main__":
    main()

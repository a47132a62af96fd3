"""Writes a journal as long as years of looking and some runs make it; for measuring alone."""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gatectl.clock import HandClock
from gatectl.core.check import failed, passed
from gatectl.core.event import (
    Ending,
    Event,
    EvidenceId,
    LookMade,
    Mode,
    Outcome,
    RunEnded,
    RunId,
    RunStarted,
    SidesSeen,
    Signalled,
    StepEnded,
    StepStarted,
)
from gatectl.core.gate import GateName, GateState, Signal
from gatectl.core.plan import Plan
from gatectl.journal.history import GateHistory
from gatectl.journal.journal import Journal
from tests.builders import shipped_plan

LOOKS_BETWEEN_RUNS = 400
LOOK = SidesSeen(
    outside="open",
    inside="open",
    because="outside: answers like a gateway (HTTP 200 in 0.02 s); inside: answers like a gateway",
    looks=(
        {"vantage": "outside", "side": "outside", "tcp": "open", "tls": "ok", "http": "200"},
        {"vantage": "inside", "side": "inside", "tcp": "open", "tls": "ok", "http": "200"},
    ),
)


def history(plan: Plan) -> Iterator[tuple[RunId | None, Event]]:
    """Give the events of a gate that is looked at all the time, and audited now and then."""
    for number in itertools.count():
        for _ in range(LOOKS_BETWEEN_RUNS):
            yield None, LOOK
        run = RunId(f"20260118T200000-{number:06x}")
        yield run, RunStarted(plan=plan, digest=plan.digest, mode=Mode.REAL)
        for step in plan.steps:
            yield run, StepStarted(step=step.id, title=step.title, node=step.node)
            yield (
                run,
                LookMade(
                    step=step.id,
                    node=step.node,
                    attempt=1,
                    look="show ns version",
                    verdict=passed("as it should be"),
                    evidence=EvidenceId(f"{number:064x}"),
                    elapsed_s=0.02,
                ),
            )
            yield (
                run,
                StepEnded(
                    step=step.id,
                    title=step.title,
                    node=step.node,
                    outcome=Outcome.ALREADY if number % 7 else Outcome.FAILED,
                    verdict=passed("as it should be") if number % 7 else failed("it is not"),
                    proves=step.proves,
                    elapsed_s=0.05,
                ),
            )
        yield (
            run,
            RunEnded(ending=Ending.PROVEN if number % 7 else Ending.FAILED, because="the steps"),
        )
        yield (
            None,
            Signalled(
                signal=Signal.SEEN_OPEN,
                before=GateState.OPEN,
                after=GateState.OPEN,
                because="seen open",
            ),
        )


def write_journal(path: Path, events: int, gates: int = 1) -> None:
    """Write so many events, a hundred thousand in a transaction."""
    with Journal.open(
        path, clock=HandClock(), actor="bench", origin="bench", unsafe_any_file_system=True
    ) as journal:
        plan = shipped_plan("verify")
        names = [GateName(f"gate-{number:03}") for number in range(gates)]
        told = [(name, history(replace(plan, gate=name))) for name in names]
        left = events
        while left > 0:
            with journal._writing() as rows:
                for name, source in itertools.islice(itertools.cycle(told), min(left, 100_000)):
                    run, event = next(source)
                    journal._insert(rows, journal.dated(event, gate=name, run=run))
            left -= 100_000
        for name in names:
            # As a run does at its end, every two thousand events.
            past = GateHistory(journal, name)
            past.standing()
            past.keep()


def main() -> None:
    """Write a journal from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--gates", type=int, default=1)
    given = parser.parse_args()
    write_journal(given.path, given.events, given.gates)


if __name__ == "__main__":
    main()

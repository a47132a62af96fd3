"""Gates are closed by workers in other processes, and one of those is killed in the middle."""

import importlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gatectl.clock import SystemClock
from gatectl.core.event import Mode, Noted, Recorded, RunId
from gatectl.core.gate import Gate, GateName, GateState
from gatectl.desk import Desk, Result
from gatectl.errors import ExitCode, GatectlError, JournalDamaged, JournalUnavailable
from gatectl.fleet.channel import call
from gatectl.fleet.coordinator import Coordinator
from gatectl.fleet.elsewhere import WORKERS_LOST_MAX, Elsewhere
from gatectl.fleet.errand import Errand, Told
from gatectl.fleet.remote import Coordination, CoordinatorGone
from gatectl.fleet.rollout import Rollout, carry_out_on_all
from gatectl.fleet.workforce import WorkerLost, Workforce
from gatectl.journal.journal import Journal
from gatectl.operation import Operation
from gatectl.simulator.fleet import SimulatedFleet
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE
from gatectl.stop import SignalStop
from tests.fleets import (
    SHORT,
    SPEED,
    FailingJournal,
    assert_closed,
    assert_looked_before_each_act,
    desk_at,
    opened,
)

CLOSE = partial(Operation.close, mode=Mode.REAL)
STRUCK = GateName("gate-001")


@dataclass(slots=True, kw_only=True)
class Killer:
    """Kills the worker that is at a gate, once, when an event of a kind happens the n-th time.

    It strikes after the event is on disk and before the worker gets its answer.
    """

    kind: str
    number: int
    journal: Journal | None = None
    killed: list[int] = field(default_factory=list)

    def __call__(self, recorded: Recorded) -> None:
        """Count, and strike."""
        if recorded.gate != STRUCK or recorded.event.kind != self.kind or self.killed:
            return
        self.number -= 1
        if self.number == 0 and self.journal is not None:
            lease = self.journal.leases.show(STRUCK)
            assert lease is not None
            worker = re.search(r"by process (\d+) on ", lease.holder)
            assert worker is not None
            self.killed.append(int(worker[1]))
            os.kill(self.killed[0], signal.SIGKILL)


@contextmanager
def closed_by(
    executor: Executor, folder: Path, killer: Killer, gates: int
) -> Iterator[tuple[SimulatedFleet, Mapping[str, Result], Journal]]:
    """Close a fleet by workers, and hand over the simulation, the results and the journal."""
    config = folder / "config.toml"
    with SimulatedFleet(gates, speed=SPEED) as fleet:
        config.write_text(fleet.configuration(folder), encoding="utf-8")
        with opened(folder / "state", read_only=False) as journal:
            killer.journal = journal
            desk, found = desk_at(journal, config, killer)
            with (
                Coordinator(desk) as coordinator,
                ThreadPoolExecutor(gates) as waiting,
            ):
                elsewhere = Elsewhere(
                    desk=desk, coordinator=coordinator, executor=executor, timeouts=SHORT
                )
                work = partial(elsewhere.carry_out, command="close", verb=CLOSE)
                results = carry_out_on_all(
                    found, work, Rollout(batch=gates), waiting, lambda _result: None
                )
            yield fleet, {result.gate: result for result in results}, journal


def losses(events: Sequence[Recorded]) -> list[str]:
    """List what is on record of workers that were lost at a gate."""
    notes = [one.event.text for one in events if isinstance(one.event, Noted)]
    return [note for note in notes if "was lost" in note]


def assert_survived(
    fleet: SimulatedFleet, results: Mapping[str, Result], journal: Journal, killer: Killer
) -> None:
    """See every gate shut, none acted on twice without a look, and the loss on record."""
    assert len(killer.killed) == 1
    for name, site in fleet.sites.items():
        events = tuple(journal.events(gate=GateName(name)))
        assert results[name].code is ExitCode.PROVEN, results[name].sentence
        assert_looked_before_each_act(events)
        if not losses(events):
            # The worker that was killed may have been at this one, too.
            assert_closed(site, results[name].code, events)
        assert not site.reachable(OUTSIDE)
        assert site.reachable(INSIDE)
        assert not any(node.changed_since_saved() for node in site.pair.nodes)
        assert results[name].runs
    struck = losses(tuple(journal.events(gate=STRUCK)))
    assert any(f"process {killer.killed[0]}" in loss for loss in struck)
    assert journal.verify().problems == ()


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "number"), [("act.intended", 2), ("act.answered", 3), ("step.ended", 5)]
)
def test_a_worker_process_is_killed_and_its_gate_is_closed_by_another(
    tmp_path: Path, kind: str, number: int
) -> None:
    """Killed between intent and act, or after an answer: the run is gone on with by a look."""
    killer = Killer(kind=kind, number=number)
    with (
        Workforce(2, 4) as workforce,
        closed_by(workforce, tmp_path, killer, gates=3) as (fleet, results, journal),
    ):
        assert_survived(fleet, results, journal, killer)
        assert killer.killed[0] not in workforce.processes


@pytest.mark.long
def test_a_dask_worker_is_killed_and_its_gate_is_closed_by_another(tmp_path: Path) -> None:
    """Two workers of a real cluster; its own second try at the lost task finds its ticket used."""
    distributed = importlib.import_module("distributed")
    killer = Killer(kind="act.intended", number=2)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        executor = client.get_executor(pure=False, retries=0)
        with closed_by(executor, tmp_path, killer, gates=2) as (fleet, results, journal):
            assert_survived(fleet, results, journal, killer)


class LosesAll(Executor):
    """Loses everything that it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Lose it."""
        del fn, args, kwargs
        future: Future[Any] = Future()
        future.set_exception(WorkerLost("process 4711 ended"))
        return future


def test_a_gate_at_which_every_worker_is_lost_is_left_to_a_person(tmp_path: Path) -> None:
    """After a few of them nobody knows how it stands, and the result says what to do."""
    killer = Killer(kind="never", number=0)
    with closed_by(LosesAll(), tmp_path, killer, gates=1) as (_, results, journal):
        (result,) = results.values()
        assert result.code is ExitCode.MAYBE_OPEN
        assert f"{WORKERS_LOST_MAX} workers were lost" in result.sentence
        assert result.hint.startswith("`gatectl resume gate-000`")
        assert len(list(journal.events())) == WORKERS_LOST_MAX


@contextmanager
def at_a_desk(folder: Path) -> Iterator[tuple[Desk, Gate]]:
    """Sit down with one gate, which exists on paper alone."""
    config = folder / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(folder), encoding="utf-8")
    with opened(folder / "state", read_only=False) as journal:
        desk, (gate,) = desk_at(journal, config)
        yield desk, gate


@dataclass(frozen=True, slots=True)
class Queues(Executor):
    """Takes everything and begins nothing, as a cluster does that has lost all its workers."""

    then: Callable[[Errand], None] = lambda _errand: None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Put it at the end of a line in which nothing moves."""
        del fn, kwargs
        self.then(*args)
        return Future()


def comes_and_leaves(errand: Errand) -> None:
    """Come with an errand's ticket as a worker does, and leave again."""
    connection = socket.create_connection((errand.ticket.host, errand.ticket.port), 10.0)
    Coordination(call(connection, errand.ticket.number, errand.ticket.key)).close()


@pytest.mark.parametrize(
    ("executor", "because"),
    [(Queues(), "nobody came within 0 s"), (Queues(comes_and_leaves), "it left, and told nothing")],
)
def test_a_gate_is_not_waited_for_without_an_end(
    tmp_path: Path, executor: Executor, because: str
) -> None:
    """Where nobody comes, or whoever came is gone, that counts as a lost worker."""
    with at_a_desk(tmp_path) as (desk, gate), Coordinator(desk) as coordinator:
        elsewhere = Elsewhere(desk=desk, coordinator=coordinator, executor=executor, patience_s=0.2)
        result = elsewhere.carry_out(gate, command="close", verb=CLOSE)
        assert len(losses(tuple(desk.journal.events(gate=gate.name)))) == WORKERS_LOST_MAX
    assert result.code is ExitCode.MAYBE_OPEN
    assert because in result.sentence


def test_a_stop_is_heard_while_nobody_has_come(tmp_path: Path) -> None:
    """The gate is told as interrupted, and a worker that comes later is sent away."""
    errands: list[Errand] = []
    with at_a_desk(tmp_path) as (desk, gate), Coordinator(desk) as coordinator:

        def stopped(errand: Errand) -> None:
            errands.append(errand)
            assert isinstance(desk.stop, SignalStop)
            desk.stop._heard(signal.SIGINT, None)

        elsewhere = Elsewhere(desk=desk, coordinator=coordinator, executor=Queues(stopped))
        result = elsewhere.carry_out(gate, command="close", verb=CLOSE)
        with pytest.raises(CoordinatorGone):
            comes_and_leaves(errands[0])
    assert result.code is ExitCode.INTERRUPTED
    assert len(errands) == 1


SHUT = Result(gate="gate-000", state=GateState.CLOSED, code=ExitCode.PROVEN, sentence="shut")


def takes_its_time(errand: Errand) -> Told:
    """Come with an errand's ticket, and be busy for longer than a worker may take to come."""
    connection = socket.create_connection((errand.ticket.host, errand.ticket.port), 10.0)
    line = Coordination(call(connection, errand.ticket.number, errand.ticket.key))
    time.sleep(2.6)
    line.close()
    return Told(result=SHUT, runs=())


class Slow(ThreadPoolExecutor):
    """Has workers that take their time, whatever they are given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Begin when a worker is free."""
        del fn
        return super().submit(takes_its_time, *args, **kwargs)


def test_a_worker_that_is_there_is_waited_for_and_so_is_a_turn(tmp_path: Path) -> None:
    """One worker for two gates: the second waits for longer than a worker may take to come."""
    with at_a_desk(tmp_path) as (desk, gate), Coordinator(desk) as coordinator, Slow(1) as executor:
        elsewhere = Elsewhere(desk=desk, coordinator=coordinator, executor=executor, patience_s=2.0)

        def closed(_: int) -> Result:
            return elsewhere.carry_out(gate, command="close", verb=CLOSE)

        with ThreadPoolExecutor(2) as both:
            assert list(both.map(closed, range(2))) == [SHUT, SHUT]


@dataclass(frozen=True, slots=True)
class Answers(Executor):
    """Tells the same of everything that it is given."""

    told: Told

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Tell it."""
        del fn, args, kwargs
        future: Future[Any] = Future()
        future.set_result(self.told)
        return future


def carried_out_beside(error: GatectlError, executor: Executor, folder: Path) -> Result:
    """Have a gate closed by a worker, while the journal here fails."""
    config = folder / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(folder), encoding="utf-8")
    with FailingJournal.in_memory(clock=SystemClock(), actor="operator", origin="here") as journal:
        journal.error = error
        desk, (gate,) = desk_at(journal, config)
        with Coordinator(desk) as coordinator:
            elsewhere = Elsewhere(desk=desk, coordinator=coordinator, executor=executor)
            return elsewhere.carry_out(gate, command="close", verb=CLOSE)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JournalUnavailable("the journal is locked"), ExitCode.PROVEN),
        (JournalDamaged("record 3 was changed"), ExitCode.TAMPERED),
    ],
)
def test_what_a_worker_has_proven_stands_without_the_journal(
    tmp_path: Path, error: GatectlError, code: ExitCode
) -> None:
    """The gate is told as shut, and why its runs are missing; damage keeps its exit code."""
    shut = Result(
        gate="gate-000", state=GateState.CLOSED, code=ExitCode.PROVEN, sentence="it is shut"
    )
    told = Told(result=shut, runs=(RunId("r1"),))
    result = carried_out_beside(error, Answers(told), tmp_path)
    assert (result.stands, result.code, result.runs) == ("shut", code, ())
    assert result.sentence == f"it is shut; its runs cannot be read back: {error.sentence}"


def test_a_lost_worker_that_cannot_be_put_on_record_ends_no_fleet(tmp_path: Path) -> None:
    """The gate has a result all the same, after as many tries."""
    result = carried_out_beside(JournalUnavailable("locked"), LosesAll(), tmp_path)
    assert result.code is ExitCode.MAYBE_OPEN
    assert f"{WORKERS_LOST_MAX} workers were lost" in result.sentence


def test_a_fleet_that_was_stopped_begins_nothing_more(tmp_path: Path) -> None:
    """A gate whose turn comes after Ctrl-C is told as interrupted, and no worker hears of it."""
    with at_a_desk(tmp_path) as (desk, gate), Coordinator(desk) as coordinator:
        assert isinstance(desk.stop, SignalStop)
        desk.stop._heard(signal.SIGINT, None)
        elsewhere = Elsewhere(desk=desk, coordinator=coordinator, executor=LosesAll())
        result = elsewhere.carry_out(gate, command="close", verb=CLOSE)
    assert result.code is ExitCode.INTERRUPTED

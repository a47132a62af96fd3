"""A worker's journal, leases, evidence and stop are the coordinator's."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatectl.clock import HandClock, SystemClock
from gatectl.core.event import Noted, RunId
from gatectl.core.gate import GateName
from gatectl.core.moment import Moment
from gatectl.desk import Desk
from gatectl.errors import GateBusy, Interrupted, JournalDamaged, LeaseLost, Refused
from gatectl.fleet.channel import call
from gatectl.fleet.coordinator import Coordinator, Ticket
from gatectl.fleet.remote import (
    Coordination,
    CoordinatorGone,
    RemoteEvidence,
    RemoteJournal,
    RemoteStop,
    _is_same_clock,
)
from gatectl.fleet.visit import PAGE_EVENTS
from gatectl.journal.chain import Head
from gatectl.journal.lease import LeaseCounts, LeaseToken, LeaseUntaken, LeftAlone
from gatectl.simulator.fleet import SimulatedFleet
from gatectl.stop import SignalStop
from tests.fleets import desk_at, opened

GATE = GateName("gate-000")
OTHER = GateName("gate-001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Both ends of a visit."""

    desk: Desk
    coordinator: Coordinator
    ticket: Ticket
    line: Coordination

    @property
    def journal(self) -> RemoteJournal:
        """The journal as the worker sees it."""
        return RemoteJournal(self.line, SystemClock())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Come back to a coordinator over a real line."""
    config = tmp_path / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
    with opened(tmp_path / "state", read_only=False) as journal:
        desk, _ = desk_at(journal, config)
        with Coordinator(desk) as coordinator:
            ticket = coordinator.ticket(GATE)
            connection = socket.create_connection((ticket.host, ticket.port), 10.0)
            line = Coordination(call(connection, ticket.number, ticket.key))
            yield Scene(desk=desk, coordinator=coordinator, ticket=ticket, line=line)
            line.close()


def test_events_go_there_and_come_back_the_same(scene: Scene) -> None:
    """What a worker reads is what the coordinator has, page by page, both ways."""
    count = PAGE_EVENTS + 30
    written = [
        scene.journal.append(Noted(text=f"note {number}"), gate=GATE) for number in range(count)
    ]
    scene.desk.journal.append(Noted(text="not this worker's"), gate=OTHER)
    assert list(scene.desk.journal.events(gate=GATE)) == written
    assert list(scene.journal.events(gate=GATE)) == written
    assert list(scene.journal.events(gate=GATE, after=written[4].sequence)) == written[5:]
    assert list(scene.journal.events(gate=GATE, limit=3)) == written[:3]
    assert list(scene.journal.newest_first(gate=GATE)) == written[::-1]
    assert list(scene.journal.newest_first(gate=GATE, kinds=("run.started",))) == []
    assert scene.journal.head() == scene.desk.journal.head()
    assert scene.journal.lineage == scene.desk.journal.lineage


def test_events_that_come_meanwhile_are_not_told_twice(scene: Scene) -> None:
    """Whoever reads backwards gets each record once, whatever is written between two pages."""
    count = PAGE_EVENTS + 30
    written = [
        scene.desk.journal.append(Noted(text=f"note {number}"), gate=GATE)
        for number in range(count)
    ]
    backwards = scene.journal.newest_first(gate=GATE)
    got = [next(backwards)]
    scene.desk.journal.append(Noted(text="between two pages"), gate=GATE)
    got += backwards
    assert got == written[::-1]
    assert list(scene.journal.newest_first(gate=GATE, before=written[3].sequence)) == written[2::-1]


@dataclass(slots=True)
class GrowingJournal:
    """Gets a new record between any two looks at its head."""

    looks: int = 0

    def head(self) -> Head:
        """Give the head, and have it move on."""
        self.looks += 1
        return Head(sequence=self.looks, hash=f"the hash of {self.looks}", lineage="its own")


def test_the_head_is_of_one_record(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Place and hash belong together, also while others write."""
    monkeypatch.setattr(scene.desk.journal, "head", GrowingJournal().head)
    head = scene.journal.head()
    assert head.hash == f"the hash of {head.sequence}"


def test_events_of_looks_are_put_on_disk_together(scene: Scene) -> None:
    """They have the coordinator's time before they have a place there."""
    dated = [scene.journal.dated(Noted(text=f"look {number}"), gate=GATE) for number in range(3)]
    assert list(scene.desk.journal.events(gate=GATE)) == []
    assert scene.journal.put(dated) == list(scene.desk.journal.events(gate=GATE))
    assert [one.at for one in scene.desk.journal.events(gate=GATE)] == [one.at for one in dated]


def test_a_worker_of_this_machine_asks_nobody_what_time_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks are the same; one that reads others has the coordinator's time."""
    asked: list[str] = []
    ask = scene.line.ask

    def counted(what: str, **pairs: object) -> Any:
        asked.append(what)
        return ask(what, **pairs)

    monkeypatch.setattr(scene.line, "ask", counted)
    near = scene.journal.dated(Noted(text="here"), gate=GATE, run=RunId("r1"))
    assert asked == []
    there = scene.desk.journal.dated(Noted(text="here"), gate=GATE, run=RunId("r1"))
    assert (there.at - near.at).total_seconds() < 60
    assert replace(near, at=there.at, boot_time_ns=there.boot_time_ns) == there
    far = RemoteJournal(scene.line, HandClock())
    told = far.dated(Noted(text="elsewhere"), gate=GATE)
    assert asked == ["dated"]
    assert (told.boot_id, told.at > near.at) == (there.boot_id, True)


@pytest.mark.parametrize(
    ("boot_id", "boot_s", "wall_s", "same"),
    [
        ("boot-1", 1.0, 1.0, True),
        ("boot-2", 1.0, 1.0, False),
        ("boot-1", 60.0, 1.0, False),
        ("boot-1", 1.0, -60.0, False),
        ("unknown", 0.0, 0.0, False),
    ],
)
def test_clocks_are_the_same_only_if_both_agree_within_one_boot(
    boot_id: str, boot_s: float, wall_s: float, *, same: bool
) -> None:
    """A container has the boot's name, and perhaps another time."""
    known = "unknown" if boot_id == "unknown" else "boot-1"
    theirs = Moment(at=datetime(2026, 1, 18, tzinfo=UTC), boot_time_ns=10**12, boot_id=known)
    ours = Moment(
        at=theirs.at + timedelta(seconds=wall_s),
        boot_time_ns=theirs.boot_time_ns + int(boot_s * 1e9),
        boot_id=boot_id,
    )
    assert _is_same_clock(theirs, ours) is same


def test_a_fence_stands_over_there(scene: Scene) -> None:
    """Each kind is judged in the coordinator's own transaction."""
    token = scene.journal.leases.take(GATE, holder="x", host="elsewhere", pid=1)
    for fence in (LeaseCounts(gate=GATE, token=token), LeaseUntaken(gate=GATE, token=token)):
        scene.journal.append(Noted(text=fence.kind), gate=GATE, require=fence)
    scene.journal.leases.release(GATE, token)
    late = LeaseCounts(gate=GATE, token=token)
    with pytest.raises(LeaseLost):
        scene.journal.append(Noted(text="too late"), gate=GATE, require=late)
    left = LeftAlone(run=RunId("r1"), since=0)
    scene.journal.append(Noted(text=left.kind), gate=GATE, require=left)
    kinds = ["lease-counts", "lease-untaken", "left-alone"]
    assert [getattr(one.event, "text", "") for one in scene.journal.events(gate=GATE)] == kinds


def test_a_worker_sees_and_touches_its_own_gate_alone(scene: Scene) -> None:
    """Whatever it asks about another one is refused before it is asked."""
    with pytest.raises(Refused, match="gate-001"):
        scene.journal.append(Noted(text="x"), gate=OTHER)
    with pytest.raises(Refused, match="gate-001"):
        list(scene.journal.events(gate=OTHER))


def test_the_lease_is_the_coordinators_own(scene: Scene) -> None:
    """It is held in its name and process, renewed, required, and lost with LeaseLost."""
    leases = scene.journal.leases
    token = leases.take(GATE, holder="x", host="elsewhere", pid=1, step="close-acl")
    lease = scene.desk.journal.leases.show(GATE)
    assert lease is not None
    assert lease.host == socket.gethostname()
    assert lease.holder.startswith("operator, by process ")
    shown = leases.show(GATE)
    assert shown is not None
    assert (shown.token, shown.holder, shown.alive) == (token, lease.holder, True)
    leases.renew(GATE, token)
    leases.require(GATE, token)
    with pytest.raises(GateBusy):
        leases.take(GATE, holder="x", host="elsewhere", pid=1)
    leases.release(GATE, token)
    with pytest.raises(LeaseLost):
        leases.require(GATE, token)
    assert leases.show(GATE) is None
    again = leases.take(GATE, holder="x", host="elsewhere", pid=1)
    leases.break_(GATE, again, reason="the test wants it")
    with pytest.raises(Refused):
        leases.break_(GATE, LeaseToken(again), reason="once more")


def test_evidence_is_kept_over_there(scene: Scene) -> None:
    """Bytes go and come as they are; what was never kept is damage."""
    evidence = RemoteEvidence(scene.line)
    kept = evidence.keep(b"\x00\xff ns.conf")
    assert scene.desk.evidence.read(kept) == b"\x00\xff ns.conf"
    assert evidence.read(kept) == b"\x00\xff ns.conf"
    with pytest.raises(JournalDamaged):
        evidence.read(type(kept)("0" * 64))


def test_whoever_stops_the_coordinator_stops_its_workers(scene: Scene) -> None:
    """Ctrl-C is heard in one place, and means the same everywhere."""
    stop = RemoteStop(scene.line)
    stop.check()
    assert isinstance(scene.desk.stop, SignalStop)
    scene.desk.stop._heard(15, None)
    with pytest.raises(Interrupted, match="SIGTERM"):
        stop.check()


def test_without_its_coordinator_a_worker_does_nothing_more(scene: Scene) -> None:
    """That is an end, and not a broken journal that a closing would go on without."""
    scene.coordinator.withdraw(scene.ticket)
    for what in (
        lambda: scene.journal.append(Noted(text="x"), gate=GATE),
        lambda: scene.journal.leases.require(GATE, LeaseToken(1)),
        lambda: RemoteStop(scene.line).check(),
    ):
        with pytest.raises(CoordinatorGone):
            what()


def test_another_version_of_gatectl_is_no_worker(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coordinator and workers must mean the same by a plan."""
    monkeypatch.setattr("gatectl.fleet.remote.__version__", "0.0.1")
    ticket = scene.coordinator.ticket(GATE)
    with socket.create_connection((ticket.host, ticket.port), 10.0) as connection:
        channel = call(connection, ticket.number, ticket.key)
        with pytest.raises(Refused, match=r"this worker 0\.0\.1"):
            Coordination(channel)

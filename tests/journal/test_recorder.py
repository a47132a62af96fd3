"""The journal as one run sees it, and the gate as one run holds it."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    Ending,
    Event,
    Noted,
    Recorded,
    RunEnded,
    RunId,
    RunResumed,
    ScannerRun,
)
from gatectl.core.plan import Digest, PlannedId
from gatectl.errors import GateBusy, JournalUnavailable, LeaseLost
from gatectl.journal.journal import Journal
from gatectl.journal.lease import LeaseToken
from gatectl.journal.recorder import Listener, RunRecorder, held, holder_gone, take_from_the_dead
from tests.builders import ALMELO, NS_A
from tests.shelves import Shelf

NOTE = Noted(text="x")
INTENT = ActIntended(step=PlannedId("saved"), node=NS_A, lines=("save ns config",))
ANSWER = ActAnswered(
    step=PlannedId("saved"),
    node=NS_A,
    line="save ns config",
    answer="done",
    text="",
    elapsed_s=0.1,
)
SCANNED = ScannerRun(
    step=PlannedId("scan"),
    node=NS_A,
    script="ioc.sh",
    sha256="ab" * 32,
    said="compromised",
    because="MATCH: /tmp/a",
    evidence=None,
)
NOBODY = 4_000_000
"""A process number beyond what Linux gives out."""


@pytest.fixture
def journal(shelf: Shelf) -> Iterator[Journal]:
    """Open a journal that is gone after the test."""
    with shelf.open() as new:
        yield new


def recorder(
    journal: Journal, lease: LeaseToken | None = None, *listeners: Listener
) -> RunRecorder:
    """Make the recorder of a run."""
    return RunRecorder(
        journal=journal, gate=ALMELO, run=RunId("r1"), lease=lease, listeners=listeners
    )


def events(journal: Journal) -> list[Event]:
    """List what is on record, without the notes that leases leave."""
    found = [record.event for record in journal.events(gate=ALMELO)]
    return [event for event in found if event in (NOTE, INTENT)]


def lease_of(journal: Journal, *, pid: int, host: str = "", ttl_s: float = 60) -> LeaseToken:
    """Take the gate for some process."""
    return journal.leases.take(
        ALMELO,
        holder="p.pieters",
        host=host or socket.gethostname(),
        pid=pid,
        step="close-acl",
        ttl_s=ttl_s,
    )


def test_an_event_is_on_disk_before_a_listener_hears_of_it(journal: Journal) -> None:
    """Who shows progress shows what is on record."""
    heard: list[int] = []

    def listen(recorded: Recorded) -> None:
        heard.append(recorded.sequence)
        assert recorded in list(journal.events(gate=ALMELO))

    recorded = recorder(journal, None, listen, listen).record(NOTE)
    assert heard == [recorded.sequence] * 2
    assert (recorded.gate, recorded.run) == (ALMELO, "r1")


def test_an_intent_is_recorded_while_the_gate_is_held(journal: Journal) -> None:
    """The lease of this run covers its acts."""
    with held(journal, ALMELO, "j.jansen", "patch") as token:
        recorder(journal, token).record(INTENT)
    assert events(journal) == [INTENT]


def test_an_intent_is_refused_once_the_lease_is_lost_and_nobody_hears_it(
    journal: Journal,
) -> None:
    """Somebody else took the gate: nothing that writes is sent, and no look is told any more."""
    heard: list[Recorded] = []
    token = lease_of(journal, pid=os.getpid())
    journal.leases.break_(ALMELO, token, reason="close comes first")
    lease_of(journal, pid=os.getpid())
    mine = recorder(journal, token, heard.append)
    with pytest.raises(GateBusy):
        mine.record(INTENT)
    with pytest.raises(LeaseLost):
        mine.record(NOTE)
    assert heard == []
    assert events(journal) == []


@pytest.mark.parametrize("heard", [ANSWER, SCANNED], ids=["answer", "scanner"])
def test_what_a_device_answered_is_recorded_whoever_holds_the_gate(
    journal: Journal, heard: Event
) -> None:
    """The line had left while the gate was still held: that is not lost."""
    token = lease_of(journal, pid=os.getpid())
    journal.leases.break_(ALMELO, token, reason="the lid is shut")
    recorded = recorder(journal, token).record(heard)
    assert recorded.event == heard


def ends(journal: Journal) -> list[str]:
    """List the ends of runs on record."""
    events = journal.events(gate=ALMELO, kinds=("run.ended",))
    return [one.event.because for one in events if isinstance(one.event, RunEnded)]


def test_a_run_that_lost_its_gate_ends_once_and_says_why(journal: Journal) -> None:
    """Its own end needs no lease, and there is never a second one."""
    token = lease_of(journal, pid=os.getpid())
    mine = replace(recorder(journal, token), begun=journal.head().sequence)
    journal.leases.break_(ALMELO, token, reason="the lid is shut")
    mine.end_without_lease("stopped: the lease was lost")
    mine.end_without_lease("stopped: the lease was lost")
    assert ends(journal) == ["stopped: the lease was lost"]


@pytest.mark.parametrize(
    "taken_on",
    [
        RunResumed(digest=Digest("d")),
        RunEnded(ending=Ending.PROVEN, because="all steps hold"),
    ],
    ids=["resumed", "ended"],
)
def test_a_run_that_somebody_has_gone_on_with_is_not_ended_by_its_first_process(
    journal: Journal, taken_on: Event
) -> None:
    """The first one leaves a note instead, which is no part of the run."""
    token = lease_of(journal, pid=os.getpid())
    mine = replace(recorder(journal, token), begun=journal.head().sequence)
    journal.leases.break_(ALMELO, token, reason="the lid is shut")
    journal.append(taken_on, gate=ALMELO, run=RunId("r1"))
    before = ends(journal)
    mine.end_without_lease("stopped: the lease was lost")
    assert ends(journal) == before
    *_, last = journal.events(gate=ALMELO)
    assert last.run is None
    assert isinstance(last.event, Noted)
    assert "has left run r1 to whoever went on with it" in last.event.text


@pytest.mark.parametrize(("how", "told"), [("ran out", True), ("broken", False), ("taken", False)])
def test_doubt_is_told_by_a_late_holder_only_where_nobody_has_taken_over(
    journal: Journal, how: str, told: bool
) -> None:
    """Whoever broke the lease or took the gate tells its state from there on."""
    token = lease_of(journal, pid=os.getpid(), ttl_s=-1)
    if how != "ran out":
        journal.leases.break_(ALMELO, token, reason="the lid is shut")
    if how == "taken":
        lease_of(journal, pid=os.getpid())
    recorder(journal, token).record_if_untaken(NOTE)
    assert events(journal) == ([NOTE] if told else [])


def test_a_gate_that_somebody_holds_is_not_taken(journal: Journal) -> None:
    """The sentence says who has it."""
    with held(journal, ALMELO, "j.jansen", "patch"), pytest.raises(GateBusy, match=r"j\.jansen"):  # noqa: SIM117 - the inner one must not begin
        with held(journal, ALMELO, "p.pieters", "close-acl"):
            pytest.fail("two hold the gate at once")


def test_a_gate_is_let_go_whatever_happened(journal: Journal) -> None:
    """An error in the block does not leave the gate taken."""
    with pytest.raises(ZeroDivisionError), held(journal, ALMELO, "j.jansen", "patch"):
        raise ZeroDivisionError
    lease = journal.leases.show(ALMELO)
    assert lease is None or not lease.alive


def test_a_lease_of_a_process_that_is_gone_is_taken_from_it(journal: Journal) -> None:
    """After a crash nobody has to wait for the lease to run out."""
    lease_of(journal, pid=NOBODY)
    with held(journal, ALMELO, "j.jansen", "resume") as token:
        lease = journal.leases.show(ALMELO)
        assert lease is not None
        assert (lease.holder, lease.token) == ("j.jansen", token)


@pytest.mark.parametrize(
    ("pid", "host", "gone"),
    [
        (os.getpid(), socket.gethostname(), False),
        (NOBODY, socket.gethostname(), True),
        (NOBODY, "another-machine", False),
        (1, socket.gethostname(), False),
    ],
    ids=["this-process", "nobody", "another-machine", "the-first-process"],
)
def test_only_a_process_of_this_machine_can_be_seen_to_be_gone(
    journal: Journal, pid: int, host: str, gone: bool
) -> None:
    """Of another machine's processes nothing is known, so its lease stands."""
    lease_of(journal, pid=pid, host=host)
    lease = journal.leases.show(ALMELO)
    assert lease is not None
    assert holder_gone(lease) is gone
    take_from_the_dead(journal, ALMELO)
    after = journal.leases.show(ALMELO)
    assert (after is not None and after.alive) is not gone


def test_a_journal_that_is_away_for_a_moment_costs_nobody_the_gate(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is renewed again and again while the run lasts, and not only until one failure."""
    monkeypatch.setattr("gatectl.journal.recorder._RENEW_S", 0.01)
    renew = journal.leases.renew
    failures = [JournalUnavailable("away"), JournalUnavailable("still away")]
    renewed = threading.Event()

    def renew_after_failures(*args: Any, **words: Any) -> None:
        if failures:
            raise failures.pop()
        renew(*args, **words)
        renewed.set()

    monkeypatch.setattr(journal.leases, "renew", renew_after_failures)
    with held(journal, ALMELO, "j.jansen", "patch"):
        assert renewed.wait(20)


def test_whoever_listens_hears_of_one_event_at_a_time(journal: Journal) -> None:
    """Two lanes record at the same time; a display or an emergency record is told in turn."""
    at_once = threading.Lock()
    overlaps: list[Recorded] = []
    heard: list[int] = []

    def listen(recorded: Recorded) -> None:
        if not at_once.acquire(blocking=False):
            overlaps.append(recorded)
            return
        time.sleep(0.002)
        heard.append(recorded.sequence)
        at_once.release()

    recording = recorder(journal, None, listen)
    both = threading.Barrier(2)

    def lane() -> None:
        both.wait(20)
        for _ in range(20):
            recording.record(NOTE)

    lanes = [threading.Thread(target=lane) for _ in range(2)]
    for one in lanes:
        one.start()
    for one in lanes:
        one.join(20)
    assert not overlaps
    assert sorted(heard) == list(range(1, 41))

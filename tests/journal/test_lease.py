import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Noted, RunId
from gatectl.core.gate import GateName
from gatectl.core.moment import UNKNOWN_BOOT
from gatectl.errors import GateBusy, Refused
from gatectl.journal.journal import Journal
from gatectl.journal.lease import (
    Fence,
    LeaseCounts,
    Leases,
    LeaseToken,
    LeaseUntaken,
    LeftAlone,
    fence_from,
)
from tests.shelves import Shelf

GATE = GateName("almelo")


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that is moved by hand."""
    return HandClock()


@pytest.fixture
def journal(shelf: Shelf, clock: HandClock) -> Iterator[Journal]:
    """Give a journal with that clock."""
    with shelf.open(clock=clock) as new:
        yield new


@pytest.fixture
def leases(journal: Journal) -> Leases:
    """Give the journal's leases."""
    return journal.leases


@pytest.fixture
def alone(clock: HandClock) -> Leases:
    """Give the leases of a machine that shares its journal with no other."""
    return Journal.in_memory(clock=clock, actor="alice", origin="desk-7").leases


def take(leases: Leases, *, holder: str = "alice", host: str = "desk-7") -> LeaseToken:
    """Take the gate as somebody."""
    return leases.take(GATE, holder=holder, host=host, pid=42, step="install")


def notes(journal: Journal) -> list[str]:
    """Give what was noted about leases."""
    return [one.event.text for one in journal.events() if isinstance(one.event, Noted)]


def test_a_held_gate_tells_who_has_it(leases: Leases, clock: HandClock) -> None:
    """Holder, machine, process, step, since when and for how long: all that a phone call needs."""
    take(leases)
    clock.sleep(30)
    with pytest.raises(GateBusy) as caught:
        take(leases, holder="bob", host="desk-8")
    for word in ("alice", "desk-7", "42", "install", "2026-01-18T20:00:00", "30 s"):
        assert word in caught.value.sentence
    assert "--token 1" in caught.value.hint


def test_tokens_grow_with_every_grant(leases: Leases, clock: HandClock) -> None:
    """After a release and after an end alike, and each gate counts for itself."""
    first = take(leases)
    leases.release(GATE, first)
    second = take(leases)
    clock.sleep(61)
    third = take(leases)
    assert (first, second, third) == (1, 2, 3)
    assert leases.take(GateName("borne"), holder="alice", host="desk-7", pid=1) == 1


def test_a_lease_ends_by_the_boot_time_clock_alone(leases: Leases, clock: HandClock) -> None:
    """A wall clock that jumps a day ahead ends nothing."""
    take(leases)
    clock.step_wall(86_400)
    with pytest.raises(GateBusy):
        take(leases, holder="bob")
    clock.sleep(60)
    assert take(leases, holder="bob") == 2


def test_a_renewed_lease_lasts(leases: Leases, clock: HandClock) -> None:
    """Renewing moves the end, and the step with it if it is told."""
    token = take(leases)
    for step in ("reboot", None, None):
        clock.sleep(50)
        leases.renew(GATE, token, step=step)
    shown = leases.show(GATE, host="desk-7")
    assert shown is not None
    assert (shown.alive, shown.step, shown.age_s) == (True, "reboot", 150.0)


def test_a_holder_that_wakes_up_too_late_has_lost_the_gate(
    leases: Leases, clock: HandClock
) -> None:
    """It can neither renew nor end what is somebody else's now."""
    old = take(leases)
    clock.sleep(61)
    with pytest.raises(GateBusy, match="ended before"):
        leases.renew(GATE, old)
    new = take(leases, holder="bob")
    with pytest.raises(GateBusy, match="lost"):
        leases.renew(GATE, old)
    leases.release(GATE, old)
    shown = leases.show(GATE)
    assert shown is not None
    assert (shown.token, shown.holder) == (new, "bob")


def test_a_lease_of_an_earlier_boot_of_this_host_is_dead(alone: Leases, clock: HandClock) -> None:
    """Whoever held it did not live through the reboot."""
    take(alone)
    clock.reboot("boot-2")
    shown = alone.show(GATE, host="desk-7")
    assert shown is not None
    assert (shown.alive, shown.age_s) == (False, None)
    assert take(alone) == 2


def test_a_lease_of_another_host_counts_until_it_is_broken(alone: Leases, clock: HandClock) -> None:
    """Its clock cannot be compared with ours, and not known is not free."""
    take(alone, host="desk-8")
    clock.reboot("boot-2")
    clock.sleep(86_400)
    with pytest.raises(GateBusy):
        take(alone)
    alone.break_(GATE, LeaseToken(1), reason="bob is on the phone: desk-8 is off")
    assert take(alone) == 2


def test_an_unknown_boot_is_no_other_boot(leases: Leases, clock: HandClock) -> None:
    """A machine that does not tell its boots keeps its leases to their end."""
    clock.reboot(UNKNOWN_BOOT)
    take(leases)
    with pytest.raises(GateBusy):
        take(leases, holder="bob")


def test_what_a_dead_run_left_behind_is_shown_and_put_on_record(
    leases: Leases, clock: HandClock, journal: Journal
) -> None:
    """The next holder's grant tells whose lease was left."""
    take(leases)
    clock.sleep(600)
    shown = leases.show(GATE, host="desk-7")
    assert shown is not None
    assert (shown.alive, shown.holder, shown.pid, shown.age_s) == (False, "alice", 42, 600.0)
    take(leases, holder="bob")
    assert "left behind" in notes(journal)[0]
    assert "alice" in notes(journal)[0]


def test_a_released_gate_has_no_holder(leases: Leases, journal: Journal) -> None:
    """An ordinary end leaves nothing to show and nothing to note."""
    leases.release(GATE, take(leases))
    assert leases.show(GATE) is None
    take(leases, holder="bob")
    assert notes(journal) == []


def test_a_lease_is_broken_only_by_its_token_and_for_a_reason(
    leases: Leases, journal: Journal
) -> None:
    """What was read a while ago may be another's by now; the reason is on record."""
    token = take(leases)
    with pytest.raises(Refused, match="token 7"):
        leases.break_(GATE, LeaseToken(7), reason="in the way")
    with pytest.raises(Refused, match="reason"):
        leases.break_(GATE, token, reason=" ")
    assert leases.show(GATE) is not None
    leases.break_(GATE, token, reason="laptop stolen")
    assert leases.show(GATE) is None
    assert "laptop stolen" in notes(journal)[0]
    with pytest.raises(GateBusy):
        leases.renew(GATE, token)


_RACE = """
import os
import sys
import time
from gatectl.clock import SystemClock
from gatectl.core.gate import GateName
from gatectl.core.moment import UNKNOWN_BOOT
from gatectl.errors import GateBusy, JournalUnavailable
from gatectl.journal.journal import Journal

def race():
    exec(sys.argv[1], globals())
    for number in range(100):
        try:
            token = journal.leases.take(GateName("almelo"), holder="racer", host="h", pid=number)
            os.write(1, b"%d\\n" % token)
            journal.leases.release(GateName("almelo"), token)
        except (GateBusy, JournalUnavailable):
            # Nothing was granted, or the file was busy for too long: both are no double grant.
            time.sleep(0.01)

children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        try:
            race()
        except JournalUnavailable:
            # On a busy machine not everybody gets to open the file within its five seconds.
            pass
        os._exit(0)
    children.append(child)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def test_eight_processes_never_get_the_same_token(shelf: Shelf) -> None:
    """800 attempts at once: each grant has a token of its own."""
    race = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-c", _RACE, shelf.script()],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    tokens = race.stdout.split()
    assert len(tokens) == len(set(tokens))
    assert len(tokens) >= 8


@pytest.mark.parametrize(
    "fence",
    [
        LeaseCounts(gate=GATE, token=LeaseToken(7)),
        LeaseUntaken(gate=GATE, token=LeaseToken(7)),
        LeftAlone(run=RunId("r-1"), since=3),
    ],
    ids=lambda fence: fence.kind,
)
def test_a_fence_comes_back_as_it_was_sent(fence: Fence) -> None:
    """A worker in another process names one, and the coordinator puts it up."""
    assert fence_from(asdict(fence), GATE) == fence


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "lease-counts", "gate": "another", "token": 7},
        {"kind": "lease-counts", "gate": GATE, "token": "7"},
        {"kind": "open-sesame"},
        {},
    ],
    ids=["another-gate", "no-number", "unknown", "empty"],
)
def test_what_is_no_fence_of_the_gate_is_refused(fields: dict[str, object]) -> None:
    """Nothing is written without the condition that somebody meant to set."""
    with pytest.raises(Refused):
        fence_from(fields, GATE)

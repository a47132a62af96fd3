"""What a journal promises, wherever it lies: each test runs on a file and on a server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import ActIntended, Noted, Recorded, RunId, SidesSeen
from gatectl.core.gate import GateName, NodeName
from gatectl.core.plan import PlannedId
from gatectl.errors import GateBusy, JournalDamaged, JournalUnavailable
from gatectl.journal.chain import Head
from gatectl.journal.journal import Journal
from gatectl.journal.lease import LeaseCounts, LeaseToken
from tests.shelves import GATE, Shelf, fill

OTHER = GateName("borne")
INTENT = ActIntended(
    step=PlannedId("deny-outside"), node=NodeName("ns1"), lines=("add ns acl X DENY",)
)


@pytest.fixture
def journal(shelf: Shelf) -> Iterator[Journal]:
    """Give a new journal."""
    with shelf.open() as new:
        yield new


def found(shelf: Shelf, anchor: Head | None = None) -> list[tuple[int, str]]:
    """Verify a journal that may be damaged, and give what was found."""
    with shelf.open(read_only=True, verified=False) as journal:
        return [(one.sequence, one.sentence) for one in journal.verify(anchor).problems]


def test_an_event_comes_back_as_it_was_recorded(journal: Journal) -> None:
    """Who, where, when and what are read back the same."""
    recorded = journal.append(INTENT, gate=GATE, run=RunId("r1"))
    assert list(journal.events()) == [recorded]
    assert (recorded.sequence, recorded.actor, recorded.origin) == (1, "alice", "desk-7")
    assert recorded.boot_id == "boot-1"


def test_events_are_found_by_gate_run_kind_and_place(journal: Journal) -> None:
    """Each filter leaves out what it names, alone and together with others."""
    for number, (gate, run) in enumerate([(GATE, "a"), (OTHER, "b"), (GATE, "b"), (GATE, "a")]):
        event = INTENT if number == 3 else Noted(text=str(number))
        journal.append(event, gate=gate, run=RunId(run))

    def places(events: Iterator[Recorded]) -> list[int]:
        return [one.sequence for one in events]

    assert places(journal.events(gate=GATE)) == [1, 3, 4]
    assert places(journal.events(run=RunId("b"))) == [2, 3]
    assert places(journal.events(gate=GATE, run=RunId("a"), kinds=["act.intended"])) == [4]
    assert places(journal.events(kinds=["note", "act.intended"], after=1, limit=2)) == [2, 3]
    assert places(journal.events(limit=0)) == []


def test_events_are_read_in_pages_without_a_gap() -> None:
    """More events than one page holds come in order and once, also with a limit in mid-page."""
    journal = Journal.in_memory(clock=HandClock(), actor="alice", origin="desk-7")
    for number in range(1203):
        journal.append(Noted(text=str(number)), gate=GATE)
    assert [one.sequence for one in journal.events()] == list(range(1, 1204))
    assert [one.sequence for one in journal.events(limit=777)] == list(range(1, 778))


def test_a_slow_reader_does_not_keep_a_writer_waiting(shelf: Shelf) -> None:
    """Between two events of a reader another connection can write."""
    fill(shelf, 3)
    with shelf.open() as writer, shelf.open(read_only=True) as reader:
        events = reader.events()
        next(events)
        assert writer.append(Noted(text="in between"), gate=GATE).sequence == 4


def test_runs_are_listed_newest_first(shelf: Shelf) -> None:
    """Only runs that were started count, and each gate has its own."""
    fill(shelf, 1)
    # The list needs the kind alone, so these rows do without a plan.
    rows = ", ".join(
        f"({place}, '{gate}', '{run}', 'run.started', '', '', '')"
        for place, gate, run in [(2, GATE, "a"), (3, OTHER, "b"), (4, GATE, "c")]
    )
    shelf.tamper(f"INSERT INTO event VALUES {rows}")  # noqa: S608 - the rows above
    with shelf.open(read_only=True, verified=False) as journal:
        assert journal.runs() == ["c", "b", "a"]
        assert journal.runs(gate=GATE) == ["c", "a"]
        assert journal.runs(limit=1) == ["c"]


def test_a_journal_of_a_newer_version_is_read_and_not_written(shelf: Shelf) -> None:
    """An older gatectl does not write by rules that it does not know."""
    fill(shelf, 1)
    shelf.outgrow()
    with shelf.open() as journal:
        assert journal.read_only
        assert len(list(journal.events())) == 1
        with pytest.raises(JournalUnavailable):
            journal.append(Noted(text="x"), gate=GATE)


def test_a_step_of_the_wall_clock_is_on_record_before_the_event() -> None:
    """Forwards and backwards, and only when it is more than two seconds."""
    clock = HandClock()
    journal = Journal.in_memory(clock=clock, actor="alice", origin="desk-7")
    journal.append(Noted(text="first"), gate=GATE)
    clock.sleep(3600)
    clock.step_wall(1.5)
    journal.append(Noted(text="drift"), gate=GATE)
    clock.step_wall(-3600)
    journal.append(Noted(text="after the step"), gate=GATE)
    texts = [one.event.text for one in journal.events() if isinstance(one.event, Noted)]
    assert texts[:2] == ["first", "drift"]
    assert "-3600.0 s" in texts[2]
    assert texts[3] == "after the step"
    assert journal.verify().problems == ()


def test_an_intent_needs_its_lease_in_the_same_transaction(journal: Journal) -> None:
    """Without a living lease nothing is written at all."""
    token = journal.leases.take(GATE, holder="alice", host="h", pid=1)

    def counting(gate: GateName, token: LeaseToken) -> LeaseCounts:
        return LeaseCounts(gate=gate, token=token)

    assert journal.append(INTENT, gate=GATE, require=counting(GATE, token)).sequence == 1
    with pytest.raises(GateBusy):
        journal.append(INTENT, gate=GATE, require=counting(GATE, LeaseToken(token + 1)))
    with pytest.raises(GateBusy):
        journal.append(INTENT, gate=OTHER, require=counting(OTHER, token))
    journal.leases.release(GATE, token)
    with pytest.raises(GateBusy):
        journal.append(INTENT, gate=GATE, require=counting(GATE, token))
    assert journal.head().sequence == 1


def test_an_untouched_journal_verifies_with_its_anchor(shelf: Shelf) -> None:
    """No change, no problem: also when it has grown since the anchor."""
    anchor = fill(shelf, 5)
    fill(shelf, 3)
    assert found(shelf, anchor) == []


def test_a_changed_record_is_found_where_it_is(shelf: Shelf) -> None:
    """The number of the changed record is told, and no other."""
    fill(shelf, 5)
    shelf.tamper("UPDATE event SET body = replace(body, 'note 2', 'note 9') WHERE sequence = 3")
    assert found(shelf) == [(3, "its content was changed")]
    with pytest.raises(JournalDamaged, match="record 3"):
        shelf.open()
    with (
        shelf.open(read_only=True, verified=False) as journal,
        pytest.raises(JournalDamaged, match="record 3"),
    ):
        list(journal.events())


def test_a_record_filed_elsewhere_is_found(shelf: Shelf) -> None:
    """Hiding a record from its gate, without a change of its content, is noticed."""
    fill(shelf, 5)
    shelf.tamper("UPDATE event SET gate = 'borne' WHERE sequence = 2")
    assert [place for place, _ in found(shelf)] == [2]


def test_deleted_records_are_found_where_they_were(shelf: Shelf) -> None:
    """A hole is told, and also one that was closed by new numbers."""
    fill(shelf, 6)
    shelf.tamper("DELETE FROM event WHERE sequence IN (3, 4)")
    assert found(shelf) == [(3, "records 3 to 4 are missing")]
    shelf.tamper("UPDATE event SET sequence = sequence - 2 WHERE sequence > 4")
    assert 3 in [place for place, _ in found(shelf)]


def test_swapped_records_are_found(shelf: Shelf) -> None:
    """Two records that changed places fit nowhere."""
    fill(shelf, 6)
    shelf.tamper(
        "UPDATE event SET sequence = 100 WHERE sequence = 2",
        "UPDATE event SET sequence = 2 WHERE sequence = 5",
        "UPDATE event SET sequence = 5 WHERE sequence = 100",
    )
    assert {2, 5} <= {place for place, _ in found(shelf)}


def test_an_inserted_record_is_found(shelf: Shelf) -> None:
    """A copy of a record put in between breaks the chain there."""
    fill(shelf, 4)
    shelf.tamper(
        "UPDATE event SET sequence = -sequence WHERE sequence > 2",
        "UPDATE event SET sequence = 1 - sequence WHERE sequence < 0",
        "INSERT INTO event SELECT 3, gate, run, kind, body, previous, hash FROM event"
        " WHERE sequence = 2",
    )
    assert 3 in [place for place, _ in found(shelf)]


def test_a_cut_off_end_is_found_with_the_anchor_alone(shelf: Shelf) -> None:
    """Without an anchor a shorter journal is just shorter, and the test says so."""
    anchor = fill(shelf, 5)
    shelf.tamper("DELETE FROM event WHERE sequence > 3")
    assert found(shelf) == []
    assert found(shelf, anchor) == [
        (4, "the end was cut off: records 4 to 5 are missing that the anchor has seen")
    ]


def test_a_past_that_was_rewritten_as_a_whole_is_found_with_the_anchor(shelf: Shelf) -> None:
    """Somebody with the code can make a chain that holds, but not the one of the anchor."""
    anchor = fill(shelf, 5)
    lineage = anchor.lineage
    shelf.tamper("DELETE FROM event")
    with shelf.open() as journal:
        for _ in range(6):
            journal.append(Noted(text="nothing happened"), gate=GATE)
        assert journal.lineage == lineage
    assert found(shelf) == []
    assert [place for place, _ in found(shelf, anchor)] == [5]


def test_another_journal_in_its_place_is_found_with_the_anchor(shelf: Shelf) -> None:
    """A replaced file has another lineage, and one that claims the old lineage does not fit."""
    anchor = fill(shelf, 5)
    shelf.clear()
    fill(shelf, 5)
    assert "another journal" in found(shelf, anchor)[0][1]
    shelf.tamper(f"UPDATE meta SET value = '{anchor.lineage}' WHERE key = 'lineage'")  # noqa: S608 - our own id
    assert [place for place, _ in found(shelf, anchor)] == [1, 5]


def test_a_missing_guard_is_found(shelf: Shelf) -> None:
    """A trigger that was taken away is told, for somebody had a reason."""
    fill(shelf, 1)
    shelf.drop_guard("event_no_delete", "event")
    assert "event_no_delete" in found(shelf)[0][1]


_WRITER = """
import sys
from gatectl.clock import SystemClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.journal.journal import Journal
{opening}
for number in range(100_000):
    recorded = journal.append(Noted(text="x" * (number % 700)), gate=GateName("almelo"))
    print(recorded.sequence, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(shelf: Shelf) -> None:
    """SIGKILL at any moment leaves every acknowledged event, and a chain that holds."""
    acknowledged = 0
    for round_ in range(4):
        writer = subprocess.Popen(  # noqa: S603 - the script above
            [sys.executable, "-c", _WRITER.format(opening=shelf.script())],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(20 + round_ * 7):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        writer.wait(timeout=10)
        writer.stdout.close()
        with shelf.open(read_only=True) as journal:
            verdict = journal.verify()
        assert verdict.problems == ()
        assert acknowledged <= verdict.events <= acknowledged + 1


def test_several_threads_and_programs_can_append_at_once(shelf: Shelf) -> None:
    """Two nodes are closed at once, by two programs: nobody fails, each event has its place."""
    with shelf.open() as one, shelf.open() as other, ThreadPoolExecutor(4) as pool:
        writers = [one, one, other, other]
        work = [
            pool.submit(lambda journal: [journal.append(INTENT, gate=GATE) for _ in range(25)], to)
            for to in writers
        ]
        places = [recorded.sequence for done in work for recorded in done.result(timeout=30)]
    assert sorted(places) == list(range(1, 101))
    assert found(shelf) == []


def test_hostile_text_is_kept_as_it_came(journal: Journal) -> None:
    """Broken Unicode, escapes and NUL change neither the record nor its neighbours."""
    text = "\x1b[2J\x00\udc80\u202e Done\r\n> \U0001f510"
    event = SidesSeen(outside="shut", inside="open", because=text, looks=({"answer": text},))
    journal.append(event, gate=GATE)
    assert next(journal.events()).event == event
    assert journal.verify().problems == ()

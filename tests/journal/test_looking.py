"""What a run that only looks puts on record: in order, together, and soon."""

import time
from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Ending, Event, Recorded, RunEnded, RunId, StepStarted
from gatectl.core.plan import PlannedId
from gatectl.errors import GatectlError, JournalUnavailable, JournalUnreachable
from gatectl.journal.journal import Journal
from gatectl.journal.looking import LookingRecord
from tests.builders import ALMELO

PATIENCE_S = 10.0
FIRST, SECOND = (
    StepStarted(step=PlannedId(name), title=name, node=None) for name in ("first", "second")
)
END = RunEnded(ending=Ending.PROVEN, because="all hold")


class Moody:
    """A journal that counts what it is handed at once, and refuses it while there is trouble."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.trouble: GatectlError | None = None
        self.handed: list[int] = []

    def dated(self, event: Event, *, gate: str, run: RunId | None) -> Recorded:
        """Give an event its time."""
        del gate
        return self.journal.dated(event, gate=ALMELO, run=run)

    def put(self, dated: Sequence[Recorded]) -> list[Recorded]:
        """Put events down, or not."""
        if self.trouble is not None:
            raise self.trouble
        self.handed.append(len(dated))
        return self.journal.put(dated)

    def events(self) -> list[Event]:
        """List what is on disk."""
        return [one.event for one in self.journal.events(gate=ALMELO)]


@pytest.fixture
def moody() -> Iterator[Moody]:
    """Open a journal that ends with the test."""
    with Journal.in_memory(clock=HandClock(), actor="operator", origin="test") as journal:
        yield Moody(journal)


def record_on(moody: Moody, heard: list[Recorded]) -> LookingRecord:
    """Make the record of a run, and a listener."""

    def told(recorded: Recorded) -> Recorded:
        assert recorded.event in moody.events()
        heard.append(recorded)
        return recorded

    return LookingRecord(cast("Journal", moody), gate=ALMELO, run=RunId("r1"), told=told)


def test_looks_wait_for_what_does_not_wait_and_go_on_disk_with_it(moody: Moody) -> None:
    """One commit for all, in their order, and only then does anybody hear of them."""
    heard: list[Recorded] = []
    record = record_on(moody, heard)
    assert record.put(FIRST).sequence == 0
    record.put(SECOND)
    assert record.put(END).sequence == 3
    assert moody.handed == [3]
    assert moody.events() == [FIRST, SECOND, END]
    assert [one.sequence for one in heard] == [1, 2, 3]


def test_what_waits_is_on_disk_after_a_moment(moody: Moody) -> None:
    """A look that hangs is seen to have begun, and is on record if the process dies."""
    record_on(moody, []).put(FIRST)
    deadline = time.monotonic() + PATIENCE_S
    while not moody.events() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert moody.events() == [FIRST]


def test_what_could_not_be_written_is_written_first_of_all_later(moody: Moody) -> None:
    """The run learns of the trouble at its next event, and nothing is lost or told twice."""
    heard: list[Recorded] = []
    record = record_on(moody, heard)
    moody.trouble = JournalUnavailable("the disk is full")
    record.put(FIRST)
    with pytest.raises(JournalUnavailable):
        record.settle()
    moody.trouble = None
    record.put(SECOND)
    record.settle()
    assert moody.events() == [FIRST, SECOND]
    assert [one.event for one in heard] == [FIRST, SECOND]
    record.settle()
    assert len(heard) == 2


def test_what_a_server_may_have_kept_is_not_written_once_more(moody: Moody) -> None:
    """Nobody knows what it did before it went away: the run hears of it and goes no further."""
    record = record_on(moody, [])
    moody.trouble = JournalUnreachable("the server went away")
    record.put(FIRST)
    with pytest.raises(JournalUnreachable):
        record.settle()
    moody.trouble = None
    for event in (SECOND, END):
        with pytest.raises(JournalUnreachable):
            record.put(event)
    assert moody.events() == []


def test_a_time_is_that_of_the_event_and_not_of_the_commit() -> None:
    """A look that waited is told at the moment at which it was made."""
    clock = HandClock()
    journal = Journal.in_memory(clock=clock, actor="operator", origin="test")
    record = record_on(Moody(journal), [])
    dated = record.put(FIRST)
    clock.sleep(5.0)
    record.settle()
    (written,) = journal.events(gate=ALMELO)
    assert written.at == dated.at
    journal.close()


def test_many_looks_do_not_wait_for_ever(moody: Moody) -> None:
    """However quick they come, never as many as a hundred wait."""
    record = record_on(moody, [])
    for _ in range(250):
        record.put(FIRST)
    assert len(moody.events()) > 150

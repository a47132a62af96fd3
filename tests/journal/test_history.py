"""One gate's past, read once: what is asked of the journal afterwards is only what is new."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from gatectl.clock import HandClock
from gatectl.core.checkpoint import StandingKept
from gatectl.core.event import Noted, Recorded, SidesSeen, Signalled
from gatectl.core.fold import KEEP_AFTER
from gatectl.core.gate import GateName, GateState, Signal
from gatectl.core.standing import Standing
from gatectl.journal.history import GateHistory
from gatectl.journal.journal import Journal
from tests.shelves import Shelf

GATE = GateName("almelo")
LOOK = SidesSeen(outside="open", inside="open", because="both answer", looks=())


class CountingJournal(Journal):
    """A journal that counts what is read of it."""

    read = 0

    def events(self, **words: Any) -> Iterator[Recorded]:
        """Count each event that is given."""
        for recorded in super().events(**words):
            self.read += 1
            yield recorded


@pytest.fixture
def journal() -> CountingJournal:
    """Give an empty journal."""
    return CountingJournal.in_memory(clock=HandClock(), actor="anna", origin="desk")


@pytest.fixture
def kept(shelf: Shelf) -> Iterator[CountingJournal]:
    """Give an empty journal that lasts, of each kind in turn."""
    clock = HandClock()
    with CountingJournal.on(shelf.engine(clock), clock=clock, actor="anna", origin="desk") as new:
        yield new


def kinds(journal: Journal, wanted: Collection[str] = ("standing.kept",)) -> list[int]:
    """Tell where events of a kind stand."""
    return [one.sequence for one in journal.events(kinds=wanted)]


def test_the_standing_is_that_of_all_events(kept: CountingJournal) -> None:
    """Another gate's events do not count."""
    kept.append(LOOK, gate=GATE)
    kept.append(Noted(text="elsewhere"), gate=GateName("borne"))
    expected = Standing.from_events(GATE, kept.events(gate=GATE))
    assert GateHistory(kept, GATE).standing() == expected
    assert expected.sides is not None


def test_only_what_is_new_is_read_again(kept: CountingJournal) -> None:
    """The second question costs no more than what has happened since the first."""
    for _ in range(20):
        kept.append(LOOK, gate=GATE)
    history = GateHistory(kept, GATE)
    history.standing()
    kept.read = 0
    kept.append(LOOK, gate=GATE)
    history.standing()
    assert kept.read == 1


def test_a_long_past_is_kept_once_and_read_no_more(journal: CountingJournal) -> None:
    """After so many events the standing goes on record, and the next start begins there."""
    for _ in range(KEEP_AFTER):
        journal.append(LOOK, gate=GATE)
    history = GateHistory(journal, GATE)
    standing = history.standing()
    history.keep()
    history.keep()
    assert kinds(journal) == [KEEP_AFTER + 1]
    journal.append(LOOK, gate=GATE)
    journal.read = 0
    again = GateHistory(journal, GATE)
    assert again.standing().sides is not None
    assert again.standing().state == standing.state
    assert journal.read == 1


def test_a_standing_that_was_kept_by_other_rules_is_kept_anew_at_once(
    journal: CountingJournal,
) -> None:
    """After a new version the long past is folded once more, and not at every start."""
    for _ in range(KEEP_AFTER):
        journal.append(LOOK, gate=GATE)
    journal.append(StandingKept(rules="0-of-another-version", document="{}"), gate=GATE)
    history = GateHistory(journal, GATE)
    history.standing()
    history.keep()
    assert kinds(journal) == [KEEP_AFTER + 1, KEEP_AFTER + 2]


def test_a_short_past_is_not_kept(journal: CountingJournal) -> None:
    """One event fewer than needed writes nothing."""
    for _ in range(KEEP_AFTER - 1):
        journal.append(LOOK, gate=GATE)
    GateHistory(journal, GATE).keep()
    assert kinds(journal) == []


def test_a_journal_that_is_only_read_stays_as_it_is(journal: CountingJournal) -> None:
    """An auditor's look keeps nothing."""
    for _ in range(KEEP_AFTER):
        journal.append(LOOK, gate=GATE)
    journal.read_only = True
    GateHistory(journal, GATE).keep()
    assert kinds(journal) == []


def test_evidence_counts_from_the_last_confirmed_reopening_on(kept: CountingJournal) -> None:
    """What is older belongs to an incident that is over."""
    confirmed = Signalled(
        signal=Signal.CONFIRMED,
        before=GateState.REOPENING,
        after=GateState.OPEN,
        because="confirmed",
    )
    history = GateHistory(kept, GATE)
    kept.append(LOOK, gate=GATE)
    assert [one.sequence for one in history.since_confirmed()] == [1]
    kept.append(confirmed, gate=GATE)
    kept.append(LOOK, gate=GATE)
    kept.append(confirmed, gate=GATE)
    kept.append(LOOK, gate=GATE)
    assert [one.sequence for one in history.since_confirmed()] == [4, 5]


def test_the_newest_events_come_in_their_order_and_no_more_than_needed(
    journal: CountingJournal,
) -> None:
    """A look back ends where there is enough, and says whether there was more."""
    for _ in range(1200):
        journal.append(LOOK, gate=GATE)
    history = GateHistory(journal, GATE)
    found, complete = history.newest(lambda events: len(events) > 600)
    assert [one.sequence for one in found] == list(range(201, 1201))
    assert not complete
    found, complete = history.newest(lambda _events: False)
    assert [one.sequence for one in found] == list(range(1, 1201))
    assert complete


def test_a_look_back_ends_somewhere(
    journal: CountingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million looks that all saw the same do not keep anybody waiting."""
    monkeypatch.setattr("gatectl.journal.history.NEWEST_EVENTS_MAX", 600)
    for _ in range(1200):
        journal.append(LOOK, gate=GATE)
    found, complete = GateHistory(journal, GATE).newest(lambda _events: False)
    assert (len(found), complete) == (1000, False)

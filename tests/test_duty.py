"""What is due in a gate's open case, and that whoever listens hears of it once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from gatectl.clock import HandClock
from gatectl.core.casework import Says
from gatectl.core.deadline import Pressure
from gatectl.core.event import Event, Recorded, RunId
from gatectl.core.notice import Occasion, notice_of
from gatectl.core.playbook import Purpose
from gatectl.desk import Desk
from gatectl.duty import due_now, tell_overdue
from gatectl.journal.journal import Journal
from gatectl.journal.recorder import Listener
from tests.builders import ALMELO, make_gate
from tests.casefile import CaseFile, advice, at, closing


@dataclass
class QuietDesk:
    """The part of a desk that deadlines need, and what its listeners heard."""

    journal: Journal
    clock: HandClock
    heard: list[Recorded] = field(default_factory=list)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Listen."""
        return (self.heard.append,)

    def put(self, event: Event, run: str | None = None) -> None:
        """Put an event on record."""
        self.journal.append(event, gate=ALMELO, run=RunId(run) if run else None)

    def tell(self) -> list[str]:
        """Tell what is overdue as a round does; give what the messages were about."""
        before = len(self.heard)
        tell_overdue(cast("Desk", self), make_gate())
        notices = [notice_of(one) for one in self.heard[before:]]
        assert all(one is not None and one.occasion is Occasion.OVERDUE for one in notices)
        return [one.because for one in notices if one is not None]


@pytest.fixture(name="desk")
def _desk() -> Iterator[QuietDesk]:
    """Put a case with advice that asks for a measure within a week on record."""
    clock = HandClock(at(1))
    with Journal.in_memory(clock=clock, actor="operator", origin="test") as journal:
        desk = QuietDesk(journal=journal, clock=clock)
        file = CaseFile()
        file.add(advice("1", at(3), Says.MITIGATE), run=None)
        for recorded in file.records:
            desk.put(recorded.event)
        yield desk


def test_each_deadline_is_told_once_and_not_at_each_round(desk: QuietDesk) -> None:
    """Nothing while it runs; one message when it is over; silence after that."""
    assert desk.tell() == []
    desk.clock.sleep(10 * 86_400)
    (told,) = desk.tell()
    assert "measure" in told
    assert "2020-01-10" in told
    assert desk.tell() == []
    assert len(list(desk.journal.events(kinds=("deadline.passed",)))) == 1


def test_what_is_due_is_found_from_the_few_events_that_matter(desk: QuietDesk) -> None:
    """A measure that was proven meets it, as in a fold of the whole case."""
    file = CaseFile()
    file.run_for(Purpose.MITIGATE)
    for recorded in file.records[1:]:
        desk.put(recorded.event, run=recorded.run)
    (one,) = due_now(desk.journal, make_gate(), at(20))
    assert one.pressure is Pressure.MET
    desk.clock.sleep(20 * 86_400)
    assert desk.tell() == []


def test_a_closed_case_and_a_gate_without_one_ask_for_nothing(desk: QuietDesk) -> None:
    """What is over has no clock."""
    desk.put(closing())
    desk.clock.sleep(10 * 86_400)
    assert due_now(desk.journal, make_gate(), desk.clock.now()) == ()
    assert desk.tell() == []

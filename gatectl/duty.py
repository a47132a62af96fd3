"""What is due in the open case of a gate, and what is late put on record, once."""

from datetime import datetime

from gatectl.core.case import Case, open_case
from gatectl.core.deadline import KINDS, Deadline, deadlines, untold
from gatectl.core.gate import Gate
from gatectl.core.upkeep import DeadlinePassed
from gatectl.desk import Desk
from gatectl.journal.recorder import RunRecorder
from gatectl.ports import GateJournal


def case_of(journal: GateJournal, gate: Gate) -> Case | None:
    """Fold the open case from what its deadlines rest on; a gate without any reads nothing else."""
    opened = next(journal.newest_first(gate=gate.name, kinds=("case.opened",)), None)
    if opened is None:
        return None
    return open_case(journal.events(gate=gate.name, kinds=KINDS, after=opened.sequence - 1))


def due_now(journal: GateJournal, gate: Gate, now: datetime) -> tuple[Deadline, ...]:
    """Give every deadline of the gate's open case, the most pressing first."""
    case = case_of(journal, gate)
    return () if case is None else deadlines(case, now, measure_days=gate.measure_days)


def tell_overdue(desk: Desk, gate: Gate) -> tuple[DeadlinePassed, ...]:
    """Put on record what is overdue and was not yet, so that whoever listens hears of it once."""
    case = case_of(desk.journal, gate)
    if case is None:
        return ()
    found = deadlines(case, desk.clock.now(), measure_days=gate.measure_days)
    told = (
        recorded.event
        for recorded in desk.journal.events(gate=gate.name, kinds=("deadline.passed",))
        if isinstance(recorded.event, DeadlinePassed)
    )
    news = untold(case, found, told)
    recorder = RunRecorder(
        journal=desk.journal, gate=gate.name, run=None, lease=None, listeners=desk.listeners
    )
    for one in news:
        recorder.record(one)
    return news

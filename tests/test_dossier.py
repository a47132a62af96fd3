"""The cases of a gate, in a journal."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from gatectl.clock import HandClock
from gatectl.core.case import cases_of
from gatectl.core.casework import CaseName, Choice, HoursSpent, Says
from gatectl.core.event import Recorded, SidesSeen
from gatectl.core.gate import GateName
from gatectl.dossier import Dossier, case_by_name
from gatectl.errors import InvalidInput, Refused
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.ports import GateJournal
from tests.builders import ALMELO
from tests.casefile import CASE, advice, at, decision


@pytest.fixture(name="dossier")
def _dossier(tmp_path: Path) -> Iterator[Dossier]:
    """Open a case in a journal that ends with the test."""
    journal = Journal.in_memory(clock=HandClock(at(1)), actor="operator", origin="test")
    with journal:
        evidence = EvidenceStore(tmp_path / "evidence", reserve_bytes=0)
        dossier = Dossier(journal=journal, gate=ALMELO, evidence=evidence)
        dossier.open(CASE, "A flaw")
        yield dossier


def test_a_gate_has_one_open_case_at_the_most(dossier: Dossier) -> None:
    """Otherwise a run would count in two of them."""
    with pytest.raises(Refused, match="still open"):
        dossier.open(CaseName("second"), "")
    dossier.close(CASE, "over")
    assert dossier.open(CaseName("second"), "").is_open
    assert dossier.case(None).name == "second"


def test_a_name_is_used_once(dossier: Dossier) -> None:
    """A closed case cannot be opened again under its name."""
    dossier.close(CASE, "over")
    with pytest.raises(Refused, match="already"):
        dossier.open(CASE, "")
    with pytest.raises(Refused, match="closed already"):
        dossier.close(CASE, "")


def test_a_case_that_is_not_there_is_told_with_those_that_are(dossier: Dossier) -> None:
    """A slip in a name is found at once."""
    with pytest.raises(InvalidInput, match="it has: winter"):
        dossier.case("wnter")


def test_a_revision_tells_what_changed_of_the_kept_text(dossier: Dossier) -> None:
    """The first one has nothing before it."""
    texts = (b"mitigate\n", b"switch off\n")
    told = []
    for revision, text in zip("12", texts, strict=True):
        kept = dossier.evidence.keep(text)
        entry = advice(revision, at(int(revision)), Says.MITIGATE, evidence=kept)
        told.append(dossier.receive(entry, text)[1])
    assert told[0] == ()
    assert {"-mitigate", "+switch off"} <= set(told[1])


def test_a_kept_text_that_was_changed_is_not_told_as_advice(dossier: Dossier) -> None:
    """Its place is taken by a sentence that says so."""
    kept = dossier.evidence.keep(b"mitigate")
    assert isinstance(dossier.evidence, EvidenceStore)
    dossier.evidence.path(kept).write_bytes(b"do nothing")
    text = dossier.text_of(advice("1", at(1), Says.MITIGATE, evidence=kept))
    assert "do nothing" not in text
    assert "changed" in text


def test_the_same_revision_is_not_taken_in_twice(dossier: Dossier) -> None:
    """A change of it has another revision."""
    dossier.receive(advice("1", at(1), Says.MITIGATE), None)
    with pytest.raises(InvalidInput, match="on record already"):
        dossier.receive(advice("1", at(2), Says.PATCH), None)


def test_a_decision_rests_only_on_advice_that_is_on_record(dossier: Dossier) -> None:
    """What nobody can look up is no ground."""
    with pytest.raises(InvalidInput, match="no advice"):
        dossier.enter(decision(Choice.CLOSE, at(2), "1"))
    dossier.receive(advice("1", at(1), Says.SWITCH_OFF), None)
    dossier.enter(decision(Choice.CLOSE, at(2), "1"))
    assert len(dossier.case(None).decisions) == 1


@pytest.mark.parametrize("end", [at(2, 9), at(2, 10), at(4)])
def test_hours_that_cannot_be_are_refused(dossier: Dossier, end: object) -> None:
    """They end after they begin, and within a day."""
    spent = HoursSpent(case=CASE, who="x", begin=at(2, 10), end=end, overtime=True)  # type: ignore[arg-type]  # a moment, from the list above
    with pytest.raises(InvalidInput, match="not a stretch of work"):
        dossier.enter(spent)


def test_a_case_is_found_among_several_gates(dossier: Dossier) -> None:
    """By its name, or as the only open one; two of them are not guessed between."""
    other = Dossier(journal=dossier.journal, gate=GateName("other"), evidence=dossier.evidence)
    assert case_by_name((dossier, other), None)[1].name == CASE
    other.open(CaseName("elsewhere"), "")
    assert case_by_name((dossier, other), "elsewhere")[0] is other
    with pytest.raises(InvalidInput, match="several cases"):
        case_by_name((dossier, other), None)
    with pytest.raises(InvalidInput, match="there is no case 'gone'"):
        case_by_name((dossier, other), "gone")


def test_to_read_in_the_last_closed_case_will_do(dossier: Dossier) -> None:
    """A report is mostly asked for when the affair is over; nothing is added to it by mistake."""
    dossier.close(CASE, "over")
    assert case_by_name((dossier,), None, or_last=True)[1].name == CASE
    with pytest.raises(InvalidInput, match="no open case"):
        case_by_name((dossier,), None)


def looked(dossier: Dossier) -> None:
    """Look at the gate once."""
    seen = SidesSeen(outside="shut", inside="open", because="x", looks=())
    dossier.journal.append(seen, gate=dossier.gate)


def test_a_case_is_what_its_whole_history_makes_of_it(dossier: Dossier) -> None:
    """Looks in between belong to it, those afterwards do not, and hours that came late do."""
    looked(dossier)
    dossier.close(CASE, "over")
    looked(dossier)
    dossier.open(CaseName("second"), "")
    looked(dossier)
    hours = HoursSpent(case=CASE, who="engineer", begin=at(2, 8), end=at(2, 10), overtime=False)
    dossier.enter(hours)
    whole = cases_of(dossier.journal.events(gate=dossier.gate))
    assert {name: dossier.case(name) for name in whole} == whole
    assert [one.sequence for one in dossier.case(CASE).records] == [1, 2, 3, 7]


class Counted:
    """A journal that counts what is read of it."""

    def __init__(self, journal: GateJournal) -> None:
        self.journal = journal
        self.read = 0

    def events(self, **wanted: Any) -> Iterator[Recorded]:
        """Give the journal's events."""
        for recorded in self.journal.events(**wanted):
            self.read += 1
            yield recorded


def test_of_a_long_journal_only_the_case_is_read(dossier: Dossier) -> None:
    """Years of looks before and after it cost nothing."""
    dossier.close(CASE, "over")
    for _ in range(20):
        looked(dossier)
    dossier.open(CaseName("second"), "")
    looked(dossier)
    dossier.close("second", "over")
    for _ in range(20):
        looked(dossier)
    counted = Counted(dossier.journal)
    reading = replace(dossier, journal=cast("GateJournal", counted))
    assert len(reading.case("second").records) == 3
    assert counted.read < 10

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.check import unknown
from gatectl.core.event import (
    ActAnswered,
    ActIntended,
    Event,
    EvidenceId,
    EvidenceKept,
    LookMade,
    Noted,
    Outcome,
    Recorded,
    RunId,
    SidesSeen,
    Signalled,
    StepEnded,
)
from gatectl.core.gate import GateName, GateState, NodeName, Signal
from gatectl.core.plan import PlannedId
from gatectl.errors import JournalDamaged
from gatectl.journal.record import understood, written

STEP = PlannedId("deny-outside@ns1")
NODE = NodeName("ns1")


def recorded(event: Event) -> Recorded:
    """Put an event in its frame."""
    return Recorded(
        sequence=7,
        at=datetime(2026, 1, 18, 20, 0, 0, 123_456, tzinfo=UTC),
        boot_time_ns=2**60 + 1,
        boot_id="boot-1",
        gate=GateName("almelo"),
        run=RunId("r1"),
        actor="alice",
        origin="desk-7",
        event=event,
    )


def events() -> st.SearchStrategy[Event]:
    """Give events with any text that a device may have said."""
    text = st.text(st.characters())
    seconds = st.floats(min_value=0, max_value=1e6)
    return st.one_of(
        st.builds(Noted, text=text),
        st.builds(
            ActIntended,
            step=st.just(STEP),
            node=st.just(NODE),
            lines=st.lists(text).map(tuple),
        ),
        st.builds(
            ActAnswered,
            step=st.just(STEP),
            node=st.just(NODE),
            line=text,
            answer=st.sampled_from(["done", "error", "cut"]),
            text=text,
            elapsed_s=seconds,
        ),
        st.builds(
            LookMade,
            step=st.just(STEP),
            node=st.none() | st.just(NODE),
            attempt=st.integers(1, 99),
            look=text,
            verdict=text.map(unknown),
            evidence=st.none() | st.just(EvidenceId("0" * 64)),
            elapsed_s=seconds,
        ),
        st.builds(
            StepEnded,
            step=st.just(STEP),
            title=text,
            node=st.none(),
            outcome=st.sampled_from(Outcome),
            verdict=text.map(unknown),
            proves=st.none() | st.just("closed"),
            elapsed_s=seconds,
        ),
        st.builds(
            Signalled,
            signal=st.sampled_from(Signal),
            before=st.sampled_from(GateState),
            after=st.sampled_from(GateState),
            because=text,
        ),
        st.builds(
            SidesSeen,
            outside=st.just("shut"),
            inside=st.just("unknown"),
            because=text,
            looks=st.lists(st.dictionaries(st.just("answer"), text)).map(tuple),
        ),
        st.builds(
            EvidenceKept,
            step=st.just(STEP),
            node=st.just(NODE),
            what=st.just("file"),
            name=text,
            evidence=st.none(),
            facts=st.dictionaries(st.just("size"), text),
        ),
    )


@given(events())
def test_what_was_written_is_understood_the_same(event: Event) -> None:
    """Nothing of a record is lost or changed on its way to disk and back."""
    record = recorded(event)
    line = written(record)
    assert understood(line) == record
    assert line.isascii()
    assert "\n" not in line


def altered(event: dict[str, object]) -> str:
    """Write a record whose event is of another version."""
    return json.dumps(json.loads(written(recorded(Noted(text="x")))) | {"event": event})


def test_an_event_of_an_unknown_kind_is_a_note() -> None:
    """A newer gatectl's event is shown, and stops nothing."""
    event = understood(altered({"kind": "case.unheard-of", "hours": 12})).event
    assert isinstance(event, Noted)
    assert '"case.unheard-of"' in event.text
    assert "12" in event.text


def test_a_known_kind_of_another_shape_is_refused() -> None:
    """An intended act that was read as a note would not be in doubt any more."""
    with pytest.raises(JournalDamaged, match="cannot be understood"):
        understood(altered({"kind": "act.intended", "where": "ns1"}))


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"sequence": 1, "at": "yesterday"}'])
def test_what_is_no_record_is_damage(body: str) -> None:
    """One error of ours, whatever is in the row."""
    with pytest.raises(JournalDamaged):
        understood(body)

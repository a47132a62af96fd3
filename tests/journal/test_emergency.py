"""Closing needs no journal, and what it did without one is taken in later."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import EvidenceId, Noted, Recorded, Signalled
from gatectl.core.gate import GateName, GateState, Signal, advance
from gatectl.core.standing import Standing
from gatectl.errors import ExitCode, JournalDamaged, JournalUnavailable
from gatectl.journal.emergency import EmergencyRecord, LostEvidence, take_in
from gatectl.journal.journal import Journal
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from tests.cli.keyboard import Keyboard
from tests.shelves import Shelf

Spoil = Callable[[Path], object]


@dataclass
class Spoilt:
    """What keeps a journal unusable until it is let go."""

    connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let the journal go."""
        if self.connection is not None:
            self.connection.close()


def locked(path: Path) -> Spoilt:
    """Hold the journal as a hanging process would."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return Spoilt(connection)


def flipped(path: Path) -> Spoilt:
    """Change one letter of a record."""
    content = bytearray(path.read_bytes())
    content[content.find(b"sides.seen")] ^= 1
    path.write_bytes(content)
    return Spoilt()


def cut_short(path: Path) -> Spoilt:
    """Leave half of the file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return Spoilt()


def replaced_by_text(path: Path) -> Spoilt:
    """Put something else in its place."""
    path.write_text("not a database at all\n" * 100)
    return Spoilt()


@pytest.fixture(name="keyboard")
def _keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    with SimulatedSite(speed=240.0) as site:
        keyboard = Keyboard.at(site, tmp_path)
        assert keyboard.type("status").code == 0
        yield keyboard


@pytest.mark.parametrize("spoil", [locked, flipped, cut_short, replaced_by_text])
def test_close_works_whatever_is_wrong_with_the_journal(
    keyboard: Keyboard, tmp_path: Path, spoil: Spoil
) -> None:
    """The gate is shut, saved and proven; stderr says loudly that there is no journal."""
    journal = next(tmp_path.rglob("journal.db"))
    spoilt = spoil(journal)
    shown = keyboard.type("close")
    assert isinstance(spoilt, Spoilt)
    spoilt.close()
    assert shown.code == 0, shown.err
    assert keyboard.visits() == (False, True)
    assert "without the journal" in shown.err
    records = list(tmp_path.rglob("emergency-*.jsonl"))
    assert len(records) == 1
    assert stat.S_IMODE(records[0].stat().st_mode) == 0o600


def test_emergency_record_is_taken_in_by_the_next_start(keyboard: Keyboard, tmp_path: Path) -> None:
    """After the lock is gone, the journal knows that the gate was closed, and by which method."""
    journal = next(tmp_path.rglob("journal.db"))
    spoilt = locked(journal)
    assert keyboard.type("close").code == 0
    spoilt.close()
    shown = keyboard.type("status", "--json")
    assert shown.code == 0, shown.err
    assert shown.document["gates"][0]["state"] == "closed"
    assert shown.document["gates"][0]["closed_by"] == ["close-acl"]
    assert not list(tmp_path.rglob("emergency-*.jsonl"))
    assert list(tmp_path.rglob("emergency-*.jsonl.taken-in"))


def test_record_with_a_torn_last_line_is_taken_in_up_to_it(tmp_path: Path) -> None:
    """A machine that died in mid-write loses that event and no other."""
    clock = HandClock()
    state = tmp_path / "state"
    record = EmergencyRecord((state,), clock.now())
    source = Journal.in_memory(clock=clock, actor="anna", origin="there")
    for text in ("first", "second"):
        record(source.append(Noted(text=text), gate=GateName(GATE)))
    record.close()
    assert record.path is not None
    with record.path.open("ab") as file:
        file.write(b'{"sequence": 3, "at": "2026-')
    journal = Journal.in_memory(clock=clock, actor="ben", origin="here")
    assert take_in(journal, state) == 2
    notes = [one.event.text for one in journal.events() if isinstance(one.event, Noted)]
    assert notes[1::2] == ["first", "second"]
    assert take_in(journal, state) == 0


def put_down(state: Path, *texts: str) -> EmergencyRecord:
    """Record some notes without a journal, and go on holding the file."""
    clock = HandClock()
    record = EmergencyRecord((state,), clock.now())
    source = Journal.in_memory(clock=clock, actor="anna", origin="there")
    for text in texts:
        record(source.append(Noted(text=text), gate=GateName(GATE)))
    return record


def notes_of(journal: Journal) -> list[str]:
    """Give what was taken in, without the words on where it comes from."""
    texts = [one.event.text for one in journal.events() if isinstance(one.event, Noted)]
    return [text for text in texts if not text.startswith("taken in from ")]


class OtherStart:
    """A journal into which another start takes the same record first."""

    def __init__(self, journal: Journal, state: Path) -> None:
        self._journal = journal
        self._state = state

    def __getattr__(self, name: str) -> Any:
        if name == "append_decided":
            take_in(self._journal, self._state)
        return getattr(self._journal, name)


def test_two_starts_that_come_together_take_a_record_in_once(tmp_path: Path, shelf: Shelf) -> None:
    """The second finds in the journal what the first has put there, and no file to put aside."""
    state = tmp_path / "record"
    put_down(state, "first", "second").close()
    with shelf.open() as journal:
        assert take_in(cast("Journal", OtherStart(journal, state)), state) == 0
        assert notes_of(journal) == ["first", "second"]
    assert [path.suffix for path in state.iterdir()] == [".taken-in"]


def test_a_start_that_died_before_it_put_the_record_aside_harms_nothing(
    tmp_path: Path, shelf: Shelf
) -> None:
    """What is on record already is known by its note, and the file is put aside then."""
    state = tmp_path / "record"
    record = put_down(state, "first", 'a "second" one')
    record.close()
    assert record.path is not None
    with shelf.open() as journal:
        assert take_in(journal, state) == 2
        record.path.with_name(f"{record.path.name}.taken-in").rename(record.path)
        assert take_in(journal, state) == 0
        assert notes_of(journal) == ["first", 'a "second" one']
    assert not record.path.exists()


def test_a_record_that_is_still_written_is_taken_in_as_it_grows(
    tmp_path: Path, shelf: Shelf
) -> None:
    """Who looks meanwhile knows of the closing, and nothing that follows is lost or told twice."""
    state = tmp_path / "record"
    record = put_down(state, "first")
    source = Journal.in_memory(clock=HandClock(), actor="anna", origin="there")
    with shelf.open() as journal:
        assert take_in(journal, state) == 1
        record(source.append(Noted(text="second"), gate=GateName(GATE)))
        record.close()
        assert take_in(journal, state) == 1
        assert notes_of(journal) == ["first", "second"]
    assert not list(state.glob("*.jsonl"))


SPOILT_LINES = {
    "no text": b'{"sequence": "\xff"}\n',
    "no JSON": b"{\n",
    "a list": b"[]\n",
    "nested without end": b"[" * 100_000 + b"\n",
    "no gate": b"GATE:[]",
    "a gate that no database takes": b'GATE:"\\ud800"',
    "a time without its zone": b"+00:00",
}


@pytest.mark.parametrize("what", SPOILT_LINES)
def test_a_record_that_cannot_be_read_keeps_no_other_from_being_taken_in(
    tmp_path: Path, what: str
) -> None:
    """It is told with its name, is left as it is, and ends in no other exception."""
    spoilt = SPOILT_LINES[what]
    record = put_down(tmp_path, "first")
    record.close()
    assert record.path is not None
    line = record.path.read_bytes()
    gate = b'"gate":"' + GATE.encode() + b'"'
    if spoilt.startswith(b"GATE:"):
        line = line.replace(gate, b'"gate":' + spoilt.removeprefix(b"GATE:"))
    elif spoilt == b"+00:00":
        line = line.replace(spoilt, b"")
    else:
        line += spoilt
    bad = tmp_path / "emergency-2026.jsonl"
    bad.write_bytes(line)
    journal = Journal.in_memory(clock=HandClock(), actor="ben", origin="here")
    with pytest.raises(JournalDamaged, match=r"emergency-2026\.jsonl cannot be taken in"):
        take_in(journal, tmp_path)
    assert notes_of(journal) == ["first"]
    assert bad.read_bytes() == line


def test_a_record_that_cannot_be_read_keeps_nothing_open(
    keyboard: Keyboard, tmp_path: Path
) -> None:
    """The gate is shut with the journal in use; a verb that could open something stops."""
    state = next(tmp_path.rglob("journal.db")).parent
    bad = state / "emergency-2026.jsonl"
    bad.write_bytes(b"\xff\n")
    shown = keyboard.type("close")
    assert shown.code == 0, shown.err
    assert keyboard.visits() == (False, True)
    assert bad.name in shown.err
    assert "without the journal" not in shown.err
    refused = keyboard.type("reopen", "--confirm", GATE)
    assert refused.code == ExitCode.TAMPERED
    assert bad.name in refused.one_sentence_and_a_hint()
    bad.unlink()
    assert keyboard.type("status", "--json").gate["closed_by"] == ["close-acl"]


def test_a_journal_that_takes_no_record_in_is_let_go(keyboard: Keyboard, tmp_path: Path) -> None:
    """Closing goes on without it, and holds nothing open that others may wait for."""
    path = next(tmp_path.rglob("journal.db"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    put_down(path.parent, "first").close()
    shown = keyboard.type("close")
    assert shown.code == 0, shown.err
    assert "without the journal" in shown.err
    held = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [link for link in held if os.path.realpath(link) == str(path.resolve())]


def test_record_that_another_machine_has_overtaken_leaves_the_gate_in_doubt(
    tmp_path: Path, shelf: Shelf
) -> None:
    """What is taken in last did not happen last: the state is unknown until somebody looks."""
    clock = HandClock()
    state = tmp_path / "record"
    gate = GateName(GATE)
    source = Journal.in_memory(clock=clock, actor="anna", origin="there")
    moved = (Signal.CLOSE_STARTED, Signal.CLOSE_PROVEN)
    with shelf.open(clock=clock) as journal:
        for overtaken in (False, True):
            record = EmergencyRecord((state,), clock.now())
            before = GateState.UNKNOWN
            for signal in moved:
                after = advance(before, signal)
                record(
                    source.append(
                        Signalled(signal=signal, before=before, after=after, because="shut"),
                        gate=gate,
                    )
                )
                before = after
            record.close()
            clock.sleep(60)
            if overtaken:
                journal.append(Noted(text="done by another machine"), gate=gate)
            clock.sleep(60)
            assert take_in(journal, state) == 2
            found = Standing.from_events(gate, journal.events()).state
            assert found is (GateState.UNKNOWN if overtaken else GateState.CLOSED)


def test_record_is_taken_in_whole_or_not_at_all(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails half-way is not on record twice after the next start."""
    clock = HandClock()
    state = tmp_path / "record"
    record = EmergencyRecord((state,), clock.now())
    source = Journal.in_memory(clock=clock, actor="anna", origin="there")
    for text in ("first", "second"):
        record(source.append(Noted(text=text), gate=GateName(GATE)))
    record.close()
    with shelf.open(clock=clock) as journal:
        insert = journal._insert
        left = [3]

        def failing(*args: Any, **words: Any) -> Recorded:
            left[0] -= 1
            if left[0] <= 0:
                raise JournalUnavailable("the disk is full")
            return insert(*args, **words)

        monkeypatch.setattr(journal, "_insert", failing)
        with pytest.raises(JournalUnavailable):
            take_in(journal, state)
        monkeypatch.undo()
        assert journal.head().sequence == 0
        assert take_in(journal, state) == 2
        assert journal.head().sequence == 4


def test_record_without_any_folder_goes_to_stderr(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Where no folder takes it, each event is a line on stderr."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    clock = HandClock()
    record = EmergencyRecord((blocked / "folder",), clock.now())
    source = Journal.in_memory(clock=clock, actor="anna", origin="there")
    record(source.append(Noted(text="canary-event"), gate=GateName(GATE)))
    assert record.path is None
    assert b"canary-event" in capsysbinary.readouterr().err


def test_foreign_file_in_a_shared_folder_is_no_record(tmp_path: Path) -> None:
    """A link that somebody laid there is not followed."""
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "elsewhere").write_text('{"sequence": 1}\n')
    (state / "emergency-20260101T000000-1.jsonl").symlink_to(tmp_path / "elsewhere")
    journal = Journal.in_memory(clock=HandClock(), actor="anna", origin="here")
    assert take_in(journal, state) == 0
    standing = Standing.from_events(GateName(GATE), journal.events())
    assert standing.state is GateState.UNKNOWN


def test_evidence_that_was_not_kept_cannot_be_read() -> None:
    """Its name is right, and reading it says that it was never there."""
    store = LostEvidence()
    name = store.keep(b"answer")
    assert len(name) == 64
    with pytest.raises(JournalDamaged, match="was not kept"):
        store.read(EvidenceId(name))

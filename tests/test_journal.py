import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatectl.chain import Head
from gatectl.clock import HandClock
from gatectl.core.event import ActIntended, Noted, Recorded, RunId, SidesSeen
from gatectl.core.gate import GateName, NodeName
from gatectl.core.plan import PlannedId
from gatectl.errors import GateBusy, JournalDamaged, JournalUnavailable
from gatectl.journal import Journal
from gatectl.lease import LeaseToken
from gatectl.schema import SCHEMA_VERSION

GATE = GateName("almelo")
OTHER = GateName("borne")
INTENT = ActIntended(
    step=PlannedId("deny-outside"), node=NodeName("ns1"), lines=("add ns acl X DENY",)
)


def opened(path: Path, *, read_only: bool = False, verified: bool = True) -> Journal:
    """Open a journal wherever the tests' files are, memory included."""
    return Journal.open(
        path,
        clock=HandClock(),
        actor="alice",
        origin="desk-7",
        read_only=read_only,
        verified=verified,
        unsafe_any_file_system=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a place for a journal."""
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    """Give a new journal in a file."""
    with opened(path) as new:
        yield new


def pragma(journal: Journal, text: str) -> int | str:
    """Ask, or tell, SQLite something on the journal's own connection."""
    with journal._engine.reading() as rows:
        value: int | str = rows.execute(f"PRAGMA {text}").fetchone()[0]
        return value


def fill(path: Path, count: int) -> Head:
    """Write some notes and give the head."""
    with opened(path) as journal:
        for number in range(count):
            journal.append(Noted(text=f"note {number}"), gate=GATE, run=RunId("r1"))
        return journal.head()


def tamper(path: Path, *statements: str) -> None:
    """Change the file behind the journal's back, as somebody with all rights would."""
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    kept = triggers.fetchall()
    for name, _ in kept:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in kept:
        connection.execute(sql)
    connection.commit()
    connection.close()


def found(path: Path, anchor: Head | None = None) -> list[tuple[int, str]]:
    """Verify a journal that may be damaged, and give what was found."""
    with opened(path, read_only=True, verified=False) as journal:
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


def test_a_slow_reader_does_not_keep_a_writer_waiting(path: Path) -> None:
    """Between two events of a reader another connection can write."""
    fill(path, 3)
    with opened(path) as writer, opened(path, read_only=True) as reader:
        events = reader.events()
        next(events)
        assert writer.append(Noted(text="in between"), gate=GATE).sequence == 4


def test_runs_are_listed_newest_first(path: Path) -> None:
    """Only runs that were started count, and each gate has its own."""
    fill(path, 1)
    # The list needs the kind alone, so these rows do without a plan.
    rows = ", ".join(
        f"({place}, '{gate}', '{run}', 'run.started', '', '', '')"
        for place, gate, run in [(2, GATE, "a"), (3, OTHER, "b"), (4, GATE, "c")]
    )
    tamper(path, f"INSERT INTO event VALUES {rows}")  # noqa: S608 - the rows above
    with opened(path, read_only=True, verified=False) as journal:
        assert journal.runs() == ["c", "b", "a"]
        assert journal.runs(gate=GATE) == ["c", "a"]
        assert journal.runs(limit=1) == ["c"]


def test_rows_cannot_be_changed_or_deleted_by_a_slip(journal: Journal, path: Path) -> None:
    """The file itself refuses UPDATE and DELETE, whichever program tries."""
    journal.append(Noted(text="first"), gate=GATE)
    connection = sqlite3.connect(path)
    for statement in (
        "UPDATE event SET gate = 'x'",
        "DELETE FROM event",
        "UPDATE meta SET value = 'x'",
        "DELETE FROM meta",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()


def test_the_file_is_for_its_owner_alone(journal: Journal, path: Path) -> None:
    """A new journal has mode 0600 in a folder of mode 0700, whatever the umask is."""
    journal.append(Noted(text="x"), gate=GATE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_connection_that_writes_has_the_durable_settings(journal: Journal) -> None:
    """The settings that a power cut needs are in force, not only asked for."""
    settings = {
        name: pragma(journal, name)
        for name in ("journal_mode", "synchronous", "trusted_schema", "cell_size_check")
    }
    assert settings == {
        "journal_mode": "delete",
        "synchronous": 3,
        "trusted_schema": 0,
        "cell_size_check": 1,
    }


def test_a_link_in_place_of_the_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Somebody who plants a link gets nothing written elsewhere."""
    fill(tmp_path / "real" / "journal.db", 1)
    path.parent.mkdir(mode=0o700)
    path.symlink_to(tmp_path / "real" / "journal.db")
    with pytest.raises(JournalUnavailable, match="not a plain file"):
        opened(path)


def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    """A journal that was opened up to others is not written on."""
    fill(path, 1)
    path.chmod(0o640)
    with pytest.raises(JournalUnavailable, match="other users"):
        opened(path)


def test_a_file_that_is_no_journal_is_told_apart(path: Path) -> None:
    """Garbage, and another program's database, are damage and not an empty journal."""
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"not a database at all" * 100)
    path.chmod(0o600)
    with pytest.raises(JournalDamaged):
        opened(path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cake (slice TEXT)")
    connection.close()
    path.chmod(0o600)
    with pytest.raises(JournalDamaged, match="not a journal"):
        opened(path)


def test_a_missing_journal_is_not_made_by_a_reader(path: Path) -> None:
    """Looking at nothing leaves nothing behind."""
    with pytest.raises(JournalUnavailable):
        opened(path, read_only=True)
    assert not path.parent.exists()


def test_a_reader_cannot_append(path: Path) -> None:
    """A journal that was opened to be read stays as it is, byte for byte."""
    fill(path, 2)
    before = path.read_bytes()
    with opened(path, read_only=True) as journal:
        with pytest.raises(JournalUnavailable, match="reading only"):
            journal.append(Noted(text="x"), gate=GATE)
        assert journal.verify().events == 2
    assert path.read_bytes() == before


def test_a_journal_of_a_newer_version_is_read_and_not_written(path: Path) -> None:
    """An older gatectl does not write by rules that it does not know."""
    fill(path, 1)
    tamper(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with opened(path) as journal:
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
    counting = journal.leases.counting
    assert journal.append(INTENT, gate=GATE, require=counting(GATE, token)).sequence == 1
    with pytest.raises(GateBusy):
        journal.append(INTENT, gate=GATE, require=counting(GATE, LeaseToken(token + 1)))
    with pytest.raises(GateBusy):
        journal.append(INTENT, gate=OTHER, require=counting(OTHER, token))
    journal.leases.release(GATE, token)
    with pytest.raises(GateBusy):
        journal.append(INTENT, gate=GATE, require=counting(GATE, token))
    assert journal.head().sequence == 1


def test_a_full_disk_is_told_and_loses_nothing(path: Path) -> None:
    """What was acknowledged stays, and writing goes on when there is room again."""
    with opened(path) as journal:
        pages = int(pragma(journal, "page_count"))
        pragma(journal, f"max_page_count = {pages + 4}")
        with pytest.raises(JournalUnavailable, match="disk is full"):
            deque((journal.append(note, gate=GATE) for note in [Noted(text="x" * 1000)] * 100), 0)
        written = len(list(journal.events()))
        assert 0 < written < 100
        assert journal.verify().problems == ()
        assert journal.head().sequence == written
        pragma(journal, f"max_page_count = {pages + 100}")
        assert journal.append(Noted(text="again"), gate=GATE).sequence == written + 1


def test_a_lock_of_another_program_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a lock has an end, and the sentence says what it was."""
    monkeypatch.setattr("gatectl.sqlitefile.BUSY_TIMEOUT_MS", 50)
    with opened(path) as journal:
        pragma(journal, "busy_timeout = 50")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalUnavailable, match="locked"):
            journal.append(Noted(text="x"), gate=GATE)
        other.execute("ROLLBACK")
        other.close()
        assert journal.append(Noted(text="x"), gate=GATE).sequence == 1


def test_a_journal_that_is_swapped_while_open_is_not_written(path: Path, tmp_path: Path) -> None:
    """A record in a file without a name would be lost with the process."""
    fill(tmp_path / "other" / "journal.db", 1)
    with opened(path) as journal:
        journal.append(Noted(text="x"), gate=GATE)
        path.unlink()
        with pytest.raises(JournalDamaged, match="replaced or removed"):
            journal.append(Noted(text="x"), gate=GATE)
        shutil.copy(tmp_path / "other" / "journal.db", path)
        with pytest.raises(JournalDamaged, match="replaced or removed"):
            journal.append(Noted(text="x"), gate=GATE)


def test_an_untouched_journal_verifies_with_its_anchor(path: Path) -> None:
    """No change, no problem: also when it has grown since the anchor."""
    anchor = fill(path, 5)
    fill(path, 3)
    assert found(path, anchor) == []


def test_a_changed_record_is_found_where_it_is(path: Path) -> None:
    """The number of the changed record is told, and no other."""
    fill(path, 5)
    tamper(path, "UPDATE event SET body = replace(body, 'note 2', 'note 9') WHERE sequence = 3")
    assert found(path) == [(3, "its content was changed")]
    with pytest.raises(JournalDamaged, match="record 3"):
        opened(path)
    with (
        opened(path, read_only=True, verified=False) as journal,
        pytest.raises(JournalDamaged, match="record 3"),
    ):
        list(journal.events())


def test_a_record_filed_elsewhere_is_found(path: Path) -> None:
    """Hiding a record from its gate, without a change of its content, is noticed."""
    fill(path, 5)
    tamper(path, "UPDATE event SET gate = 'borne' WHERE sequence = 2")
    assert [place for place, _ in found(path)] == [2]


def test_deleted_records_are_found_where_they_were(path: Path) -> None:
    """A hole is told, and also one that was closed by new numbers."""
    fill(path, 6)
    tamper(path, "DELETE FROM event WHERE sequence IN (3, 4)")
    assert found(path) == [(3, "records 3 to 4 are missing")]
    tamper(path, "UPDATE event SET sequence = sequence - 2 WHERE sequence > 4")
    assert 3 in [place for place, _ in found(path)]


def test_swapped_records_are_found(path: Path) -> None:
    """Two records that changed places fit nowhere."""
    fill(path, 6)
    tamper(
        path,
        "UPDATE event SET sequence = 100 WHERE sequence = 2",
        "UPDATE event SET sequence = 2 WHERE sequence = 5",
        "UPDATE event SET sequence = 5 WHERE sequence = 100",
    )
    assert {2, 5} <= {place for place, _ in found(path)}


def test_an_inserted_record_is_found(path: Path) -> None:
    """A copy of a record put in between breaks the chain there."""
    fill(path, 4)
    tamper(
        path,
        "UPDATE event SET sequence = -sequence WHERE sequence > 2",
        "UPDATE event SET sequence = 1 - sequence WHERE sequence < 0",
        "INSERT INTO event SELECT 3, gate, run, kind, body, previous, hash FROM event"
        " WHERE sequence = 2",
    )
    assert 3 in [place for place, _ in found(path)]


def test_a_cut_off_end_is_found_with_the_anchor_alone(path: Path) -> None:
    """Without an anchor a shorter journal is just shorter, and the test says so."""
    anchor = fill(path, 5)
    tamper(path, "DELETE FROM event WHERE sequence > 3")
    assert found(path) == []
    assert found(path, anchor) == [
        (4, "the end was cut off: records 4 to 5 are missing that the anchor has seen")
    ]


def test_a_past_that_was_rewritten_as_a_whole_is_found_with_the_anchor(path: Path) -> None:
    """Somebody with the code can make a chain that holds, but not the one of the anchor."""
    anchor = fill(path, 5)
    lineage = anchor.lineage
    tamper(path, "DELETE FROM event")
    with opened(path) as journal:
        for _ in range(6):
            journal.append(Noted(text="nothing happened"), gate=GATE)
        assert journal.lineage == lineage
    assert found(path) == []
    assert [place for place, _ in found(path, anchor)] == [5]


def test_another_journal_in_its_place_is_found_with_the_anchor(path: Path) -> None:
    """A replaced file has another lineage, and one that claims the old lineage does not fit."""
    anchor = fill(path, 5)
    path.unlink()
    fill(path, 5)
    assert "another journal" in found(path, anchor)[0][1]
    tamper(path, f"UPDATE meta SET value = '{anchor.lineage}' WHERE key = 'lineage'")  # noqa: S608 - our own id
    assert [place for place, _ in found(path, anchor)] == [1, 5]


def test_a_missing_guard_is_found(path: Path) -> None:
    """A trigger that was taken away is told, for somebody had a reason."""
    fill(path, 1)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_no_delete")
    connection.commit()
    connection.close()
    assert "event_no_delete" in found(path)[0][1]


def test_flipped_bits_are_found_or_change_nothing(path: Path) -> None:
    """A bit is noticed wherever it changes what is told; unused bytes tell nothing."""
    anchor = fill(path, 150)
    original = path.read_bytes()
    with opened(path) as journal:
        told = list(journal.events())
    seed = 20200118
    chance = random.Random(seed)  # noqa: S311 - it must be the same each time
    noticed = 0
    for _ in range(200):
        place = chance.randrange(len(original) * 8)
        flipped = bytearray(original)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        try:
            with opened(path, read_only=True, verified=False) as journal:
                if journal.verify(anchor).problems:
                    noticed += 1
                    continue
                assert list(journal.events()) == told, f"seed {seed}, bit {place}"
        except JournalDamaged:
            noticed += 1
    assert noticed > 120


_WRITER = """
import sys
from pathlib import Path
from gatectl.clock import SystemClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.journal import Journal
journal = Journal.open(Path(sys.argv[1]), clock=SystemClock(), actor="writer", origin="test",
                       unsafe_any_file_system=True)
for number in range(100_000):
    recorded = journal.append(Noted(text="x" * (number % 700)), gate=GateName("almelo"))
    print(recorded.sequence, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_acknowledged(path: Path) -> None:
    """SIGKILL at any moment leaves every acknowledged event, and a chain that holds."""
    acknowledged = 0
    for round_ in range(4):
        writer = subprocess.Popen(  # noqa: S603 - the script above
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(20 + round_ * 7):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        writer.wait(timeout=10)
        writer.stdout.close()
        with opened(path, read_only=True) as journal:
            verdict = journal.verify()
        assert verdict.problems == ()
        assert acknowledged <= verdict.events <= acknowledged + 1


def test_a_reader_takes_back_what_a_killed_writer_left_half_done(
    path: Path, tmp_path: Path
) -> None:
    """A status after a crash sees the last acknowledged state, although it only reads."""
    fill(path, 3)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("BEGIN IMMEDIATE")
    for number in range(4, 300):
        writer.execute(
            "INSERT INTO event VALUES (?, 'g', 'r', 'k', ?, 'p', 'h')", (number, "x" * 3000)
        )
    crashed = tmp_path / "crashed"
    crashed.mkdir(mode=0o700)
    shutil.copy(path, crashed)
    shutil.copy(f"{path}-journal", crashed)
    writer.execute("ROLLBACK")
    writer.close()
    with opened(crashed / path.name, read_only=True) as journal:
        assert journal.verify().events == 3


def test_several_threads_and_programs_can_append_at_once(path: Path) -> None:
    """Two nodes are closed at once, by two programs: nobody fails, each event has its place."""
    with opened(path) as one, opened(path) as other, ThreadPoolExecutor(4) as pool:
        writers = [one, one, other, other]
        work = [
            pool.submit(lambda journal: [journal.append(INTENT, gate=GATE) for _ in range(25)], to)
            for to in writers
        ]
        places = [recorded.sequence for done in work for recorded in done.result(timeout=30)]
    assert sorted(places) == list(range(1, 101))
    assert found(path) == []


def test_hostile_text_is_kept_as_it_came(journal: Journal) -> None:
    """Broken Unicode, escapes and NUL change neither the record nor its neighbours."""
    text = "\x1b[2J\x00\udc80\u202e Done\r\n> \U0001f510"
    event = SidesSeen(outside="shut", inside="open", because=text, looks=({"answer": text},))
    journal.append(event, gate=GATE)
    assert next(journal.events()).event == event
    assert journal.verify().problems == ()

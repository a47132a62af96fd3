"""Ballast: room that is kept, given up when the disk is full, and laid again."""

import contextlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import Ending, Noted, RunEnded
from gatectl.errors import JournalFull, JournalUnavailable
from gatectl.journal.ballast import SIZE_BYTES, Ballast, with_room
from gatectl.journal.emergency import EmergencyRecord, take_in
from gatectl.journal.journal import Journal
from gatectl.journal.sqlitefile import SqliteFile
from tests.builders import ALMELO

ROOT = Path(__file__).resolve().parents[2]
FULL = JournalFull("the disk is full")
NOTE = Noted(text="x")
ENDED = RunEnded(ending=Ending.UNKNOWN, because="the disk is full")


def opened(path: Path, *, read_only: bool = False) -> Journal:
    """Open a journal in a folder of the tests."""
    return Journal.open(
        path,
        clock=HandClock(),
        actor="anna",
        origin="here",
        read_only=read_only,
        unsafe_any_file_system=True,
    )


def fill(folder: Path) -> Path:
    """Leave no byte free; gives the file that did it."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 1024, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    return filler


def room_is_found_in_the_ballast(folder: Path) -> None:
    """Go through a full disk; run where the folder is a small file system of its own."""
    with opened(folder / "state" / "journal.db") as journal:
        ballast = Ballast(folder / "state")
        assert ballast.there()
        journal.append(NOTE, gate=ALMELO, begins=True)
        filler = fill(folder)
        with pytest.raises(JournalFull, match="full"):
            journal.append(Noted(text="y" * 20_000), gate=ALMELO, begins=True)
        assert not ballast.there()
        journal.append(ENDED, gate=ALMELO)
        with pytest.raises(JournalFull, match="full"):
            journal.append(NOTE, gate=ALMELO, begins=True)
        filler.unlink()
        journal.append(NOTE, gate=ALMELO, begins=True)
        assert ballast.there()
        fill(folder)
        # What only tells what was done is written at the first call.
        journal.append(Noted(text="y" * 20_000), gate=ALMELO)
        assert not ballast.there()
        assert journal.verify().problems == ()
        assert [one.event for one in journal.events()][:3] == [NOTE, ENDED, NOTE]


def emergency_is_told_in_the_ballast(folder: Path) -> None:
    """Write an emergency record on a full disk; whole lines, and no others."""
    state = folder / "state"
    state.mkdir(mode=0o700)
    assert Ballast(state).lay()
    fill(folder)
    clock = HandClock()
    source = Journal.in_memory(clock=clock, actor="anna", origin="there")
    record = EmergencyRecord((state,), clock.now())
    assert record.path is not None
    long = Noted(text="z" * 10_000)
    for _ in range(200):
        record(source.append(long, gate=ALMELO))
    record.close()
    lines = record.path.read_bytes().splitlines(keepends=True)
    assert 50 < len(lines) < 200
    assert all(line.endswith(b"\n") for line in lines)
    journal = Journal.in_memory(clock=clock, actor="ben", origin="here")
    assert take_in(journal, state) == len(lines)


SCENES = {
    "a journal": room_is_found_in_the_ballast,
    "an emergency record": emergency_is_told_in_the_ballast,
}
MOUNTED = 'mount -t tmpfs -o size=3m none "$1" && exec "$2" -m tests.journal.test_ballast "$3" "$1"'


@pytest.mark.parametrize("scene", SCENES)
def test_a_disk_without_a_free_byte_leaves_room_for_the_last_word(
    tmp_path: Path, scene: str
) -> None:
    """On a small file system in memory: no beginning, every end, and laid again afterwards."""
    words = ("unshare", "-m", "sh", "-c", MOUNTED, "sh", str(tmp_path), sys.executable, scene)
    done = subprocess.run(  # noqa: S603 - fixed programs
        words, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    if done.stderr.startswith(("unshare: ", "mount: ")):
        pytest.skip("only root can make a small disk of its own; the other tests stand in for it")
    assert (done.returncode, done.stdout) == (0, "told to the end\n"), done.stderr[-3000:]


def test_a_journal_lays_its_ballast_and_a_reader_lays_none(tmp_path: Path) -> None:
    """It is its owner's alone, and there before anything is written."""
    ballast = Ballast(tmp_path)
    assert not ballast.there()
    opened(tmp_path / "journal.db").close()
    assert ballast.there()
    status = (tmp_path / "ballast").lstat()
    assert (status.st_size, stat.S_IMODE(status.st_mode)) == (SIZE_BYTES, 0o600)
    assert status.st_blocks * 512 >= SIZE_BYTES
    ballast.give_up()
    opened(tmp_path / "journal.db", read_only=True).close()
    assert not ballast.there()


def test_a_full_disk_takes_the_ballast_and_room_brings_it_back(tmp_path: Path) -> None:
    """A limit on the database's pages stands in for the disk: the record is tried twice."""
    clock = HandClock()
    engine = SqliteFile.open(
        tmp_path / "journal.db", created=clock.now(), unsafe_any_file_system=True
    )
    with Journal.on(engine, clock=clock, actor="anna", origin="here") as journal:
        pages = engine._connection.execute("PRAGMA page_count").fetchone()[0]
        engine._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(JournalFull, match="disk is full"):
            journal.append(Noted(text="y" * 20_000), gate=ALMELO)
        assert not Ballast(tmp_path).there()
        engine._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
        journal.append(NOTE, gate=ALMELO)
        assert not Ballast(tmp_path).there()
        journal.append(NOTE, gate=ALMELO, begins=True)
        assert Ballast(tmp_path).there()


def test_nothing_begins_where_no_ballast_can_be_laid(tmp_path: Path) -> None:
    """There would be no room to tell how it ended; what happened is told all the same."""
    (tmp_path / "ballast").mkdir()
    with opened(tmp_path / "journal.db") as journal:
        with pytest.raises(JournalFull, match="disk is full"):
            journal.append(NOTE, gate=ALMELO, begins=True)
        journal.append(ENDED, gate=ALMELO)
        assert [one.event for one in journal.events()] == [ENDED]


def test_half_a_ballast_is_none_and_a_link_is_not_followed(tmp_path: Path) -> None:
    """A crash may have left half of it, and somebody may have laid a link in its place."""
    ballast = Ballast(tmp_path)
    (tmp_path / "ballast").write_bytes(b"half")
    assert not ballast.there()
    assert ballast.lay()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"precious")
    ballast.give_up()
    (tmp_path / "ballast").symlink_to(elsewhere)
    ballast.lay()
    assert elsewhere.read_bytes() == b"precious"


def test_a_write_is_tried_again_once_when_the_disk_is_full() -> None:
    """The second time is the last one, and any other error is told at once."""
    tries: list[str] = []

    def write(word: str, error: Exception) -> None:
        tries.append(word)
        if len(tries) != 2:
            raise error

    with_room(write)("a", FULL)
    assert tries == ["a", "a"]
    with pytest.raises(JournalFull):
        with_room(write)("b", FULL)
    with pytest.raises(JournalUnavailable):
        with_room(write)("c", JournalUnavailable("locked"))
    assert tries == ["a", "a", "b", "b", "c"]


if __name__ == "__main__":
    SCENES[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write("told to the end\n")

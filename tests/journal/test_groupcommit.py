"""Writers that come together share a transaction; what goes wrong for one harms no other."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from gatectl.errors import GateBusy, JournalFull, JournalUnavailable, JournalUnreachable
from gatectl.journal.groupcommit import GROUP_MAX, GroupCommit

PATIENCE_S = 20.0


@dataclass
class SlowDisk:
    """Keeps what is committed; a commit waits until the test lets it through."""

    committed: list[list[str]] = field(default_factory=list)
    syncs: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    beginning: threading.Event = field(default_factory=threading.Event)
    broken: bool = False
    interrupted: bool = False

    @contextmanager
    def transaction(self) -> Iterator[list[str]]:
        """Give what is written; it counts when the block has ended and the disk is synced."""
        self.beginning.set()
        written: list[str] = []
        yield written
        assert self.syncs.acquire(timeout=PATIENCE_S)
        if self.broken:
            raise JournalUnavailable("the disk is full")
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt
        self.committed.append(written)


def put(text: str) -> Callable[[list[str]], str]:
    """Write a text, and give it back in capitals."""

    def work(rows: list[str]) -> str:
        rows.append(text)
        return text.upper()

    return work


def refuse(rows: list[str]) -> str:
    """Write half of something, and find that it may not be."""
    rows.append("half")
    raise GateBusy("the lease was lost")


def in_line(group: GroupCommit[list[str]], count: int) -> None:
    """Come back when so many writers wait behind the one that commits."""
    deadline = time.monotonic() + PATIENCE_S
    while len(group._waiting) < count and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(group._waiting) == count


def test_those_who_come_during_a_commit_share_the_next_one() -> None:
    """Nine writers, two commits, and each has the answer to its own work."""
    disk = SlowDisk()
    group = GroupCommit(disk.transaction)
    names = [f"w{number}" for number in range(8)]
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(group.do, put("first"))
        assert disk.beginning.wait(PATIENCE_S)
        others = [pool.submit(group.do, put(name)) for name in names]
        in_line(group, 8)
        assert not any(other.done() for other in others)
        disk.syncs.release(2)
        assert first.result(PATIENCE_S) == "FIRST"
        assert [other.result(PATIENCE_S) for other in others] == [n.upper() for n in names]
    assert [len(written) for written in disk.committed] == [1, 8]


def test_what_is_refused_to_one_harms_none_of_the_others() -> None:
    """The whole group is taken back and done one by one; of the refused one nothing stays."""
    disk = SlowDisk()
    group = GroupCommit(disk.transaction)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.do, put("first"))
        assert disk.beginning.wait(PATIENCE_S)
        good = [pool.submit(group.do, put(name)) for name in ("a", "b")]
        bad = pool.submit(group.do, refuse)
        in_line(group, 3)
        disk.syncs.release(4)
        assert first.result(PATIENCE_S) == "FIRST"
        assert [one.result(PATIENCE_S) for one in good] == ["A", "B"]
        with pytest.raises(GateBusy):
            bad.result(PATIENCE_S)
    assert sorted(disk.committed) == [["a"], ["b"], ["first"]]


def test_nobody_is_told_that_something_is_on_disk_when_it_is_not() -> None:
    """A disk that is full fails every writer of the group."""
    disk = SlowDisk(broken=True)
    group = GroupCommit(disk.transaction)
    disk.syncs.release(20)
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(group.do, put(str(number))) for number in range(4)]
        for writer in writers:
            with pytest.raises(JournalUnavailable):
                writer.result(PATIENCE_S)
    assert disk.committed == []


def test_an_interrupted_leader_leaves_nobody_waiting() -> None:
    """Ctrl-C strikes in the thread that commits for all: only its own work is left undone."""
    disk = SlowDisk()
    group = GroupCommit(disk.transaction)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.do, put("first"))
        assert disk.beginning.wait(PATIENCE_S)
        others = [pool.submit(group.do, put(name)) for name in ("a", "b", "c")]
        in_line(group, 3)
        disk.syncs.release(1)
        assert first.result(PATIENCE_S) == "FIRST"
        disk.interrupted = True
        disk.syncs.release(2)
        struck = [isinstance(other.exception(PATIENCE_S), KeyboardInterrupt) for other in others]
    assert sorted(struck) == [False, False, True]
    assert [len(written) for written in disk.committed] == [1, 2]


def test_a_server_that_goes_away_in_a_commit_is_not_asked_twice() -> None:
    """It may have kept what it could not acknowledge: each writer hears of it, nobody repeats."""
    begun: list[list[str]] = []

    @contextmanager
    def lost() -> Iterator[list[str]]:
        written: list[str] = []
        begun.append(written)
        yield written
        raise JournalUnreachable("no answer")

    group = GroupCommit(lost)
    with pytest.raises(JournalUnreachable):
        group.do(put("once"))
    assert begun == [["once"]]


@pytest.mark.parametrize("phase", ["begun", "ended"])
def test_a_lock_keeps_the_last_of_several_writers_no_longer_than_the_first(phase: str) -> None:
    """Where a transaction cannot be begun or ended, its whole group hears of that at once."""
    waits: list[list[str]] = []
    waiting = threading.Event()
    given_up = threading.Event()

    @contextmanager
    def locked() -> Iterator[list[str]]:
        written: list[str] = []
        waits.append(written)
        if phase == "ended":
            yield written
        waiting.set()
        assert given_up.wait(PATIENCE_S)
        raise JournalUnavailable("another program has had it locked for too long")

    group = GroupCommit(locked)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(group.do, put("first"))
        assert waiting.wait(PATIENCE_S)
        others = [pool.submit(group.do, put(str(number))) for number in range(8)]
        in_line(group, 8)
        given_up.set()
        for writer in (first, *others):
            assert isinstance(writer.exception(PATIENCE_S), JournalUnavailable)
    assert [len(written) for written in waits] == ([1, 8] if phase == "ended" else [0, 0])


def test_a_group_has_a_limit() -> None:
    """What does not fit into one transaction goes into the next, and nobody is forgotten."""
    disk = SlowDisk()
    group = GroupCommit(disk.transaction)
    with ThreadPoolExecutor(GROUP_MAX + 11) as pool:
        first = pool.submit(group.do, put("first"))
        assert disk.beginning.wait(PATIENCE_S)
        others = [pool.submit(group.do, put(str(number))) for number in range(GROUP_MAX + 10)]
        in_line(group, GROUP_MAX + 10)
        disk.syncs.release(3)
        assert first.result(PATIENCE_S) == "FIRST"
        found = [other.result(PATIENCE_S) for other in others]
    assert found == [str(number) for number in range(GROUP_MAX + 10)]
    assert [len(written) for written in disk.committed] == [1, GROUP_MAX, 10]


def test_a_disk_that_was_full_is_tried_once_more() -> None:
    """Whoever found it full has given its ballast up: what is written next finds room."""
    kept: list[list[str]] = []
    room = [True, False]

    @contextmanager
    def with_ballast() -> Iterator[list[str]]:
        written: list[str] = []
        yield written
        if not room.pop():
            raise JournalFull("the disk is full")
        kept.append(written)

    assert GroupCommit(with_ballast).do(put("once")) == "ONCE"
    assert kept == [["once"]]

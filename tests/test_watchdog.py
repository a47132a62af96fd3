import threading
import time

from gatectl.watchdog import Watchdog, boot_clock


class SettableClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Read it."""
        return self.now_s


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    """A deadline that is kept cuts nothing, then or later."""
    cuts: list[int] = []
    with Watchdog().guard(0.2, lambda: cuts.append(1)) as guard:
        pass
    time.sleep(0.4)
    assert cuts == []
    assert not guard.expired


def test_a_block_that_takes_too_long_is_cut_once_and_marked_first() -> None:
    """Whoever wakes up from the cut must already find the mark."""
    marks: list[bool] = []
    freed = threading.Event()

    def cut() -> None:
        marks.append(guard.expired)
        freed.set()

    guard = Watchdog().guard(0.2, cut)
    begin = time.monotonic()
    with guard:
        assert freed.wait(3)
    assert 0.15 < time.monotonic() - begin < 1.2
    assert marks == [True]


def test_a_deadline_passes_while_the_machine_sleeps() -> None:
    """The clock that counts is the one that runs on; a step of it is seen at once."""
    clock = SettableClock()
    freed = threading.Event()
    with Watchdog(clock).guard(3600, freed.set) as guard:
        assert not freed.wait(0.4)
        clock.now_s += 3601
        assert freed.wait(2)
    assert guard.expired
    assert guard.left_s() == 0


def test_a_guard_that_is_renewed_starts_again() -> None:
    """What still moves is not cut."""
    clock = SettableClock()
    freed = threading.Event()
    with Watchdog(clock).guard(10, freed.set) as guard:
        for _ in range(3):
            clock.now_s += 9
            guard.renew()
            assert not freed.wait(0.3)
        assert guard.left_s() == 10


def test_a_short_guard_is_cut_on_time_beside_a_long_one() -> None:
    """Whoever watches a long deadline already is woken for one that is due sooner."""
    watchdog = Watchdog()
    freed = threading.Event()
    with watchdog.guard(30, lambda: None) as long:
        time.sleep(0.05)
        begin = time.monotonic()
        with watchdog.guard(0.05, freed.set):
            assert freed.wait(3)
        assert time.monotonic() - begin < 0.2
    assert not long.expired


def test_one_thread_watches_many_and_goes_when_there_is_none() -> None:
    """Guards of different lengths are each cut on time, by one thread that does not stay."""
    watchdog = Watchdog()
    others = set(threading.enumerate())

    def watching() -> int:
        # Whatever earlier tests left running may end meanwhile.
        return sum(one.name == "watchdog" for one in set(threading.enumerate()) - others)

    freed = [threading.Event() for _ in range(20)]
    guards = [watchdog.guard(0.1 + i / 50, event.set) for i, event in enumerate(freed)]
    for guard in guards:
        guard.__enter__()
    assert watching() == 1
    assert all(event.wait(3) for event in freed)
    for _ in range(100):
        if watching() == 0:
            break
        time.sleep(0.05)
    assert watching() == 0
    late = threading.Event()
    with watchdog.guard(0.1, late.set):
        assert late.wait(3)


def test_the_clock_of_the_system_runs() -> None:
    """Boot time is seconds, and never goes back."""
    first = boot_clock()
    assert boot_clock() >= first > 0

import threading

from gatectl.simulator.scheduler import Scheduler


def test_actions_run_in_the_order_of_their_times() -> None:
    """What is due earlier runs earlier, whatever was asked for first."""
    scheduler = Scheduler()
    found: list[str] = []
    done = threading.Event()
    scheduler.after(0.06, done.set)
    scheduler.after(0.03, lambda: found.append("second"))
    scheduler.after(0.0, lambda: found.append("first"))
    assert done.wait(5)
    scheduler.close()
    assert found == ["first", "second"]


def test_nothing_runs_after_close() -> None:
    """What is still due at the close is forgotten."""
    scheduler = Scheduler()
    ran = threading.Event()
    scheduler.after(0.05, ran.set)
    scheduler.close()
    assert not ran.wait(0.15)

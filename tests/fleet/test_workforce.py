"""Processes with threads each: all have work, and one that dies takes only its own work along."""

import os
import signal
import threading
import time
from concurrent.futures import as_completed

import pytest

from gatectl.errors import LoginRefused
from gatectl.fleet.workforce import WorkerLost, Workforce

PATIENCE_S = 60.0


def rest(seconds: float) -> tuple[int, int]:
    """Wait, and tell in which process and thread that was."""
    time.sleep(seconds)
    return os.getpid(), threading.get_ident()


def refuse() -> None:
    """Fail with an error of ours."""
    raise LoginRefused("the credential is not accepted", hint="Check it.")


def end() -> None:
    """Die at once, as by the kernel's hand."""
    os.kill(os.getpid(), signal.SIGKILL)


def make_lock() -> object:
    """Give what cannot be sent."""
    return threading.Lock()


def ignores() -> bool:
    """Tell whether Ctrl-C at the terminal is left to the coordinator."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_work_is_spread_and_its_answers_and_errors_come_back() -> None:
    """Both processes are at work, several threads each, and an error is the same error here."""
    with Workforce(2, 4) as workforce:
        assert len(workforce.processes) == 2
        places = [one.result(PATIENCE_S) for one in [workforce.submit(rest, 0.3) for _ in range(8)]]
        assert {process for process, _ in places} == set(workforce.processes)
        assert len(set(places)) > 2
        error = workforce.submit(refuse).exception(PATIENCE_S)
        assert isinstance(error, LoginRefused)
        assert (error.sentence, error.hint) == ("the credential is not accepted", "Check it.")
        assert workforce.submit(ignores).result(PATIENCE_S)


def test_a_process_that_dies_takes_only_its_own_work_along() -> None:
    """What it was at is told as lost, the other goes on, and gets all that comes later."""
    with Workforce(2, 4) as workforce:
        for one in [workforce.submit(rest, 0.0) for _ in range(2)]:
            one.result(PATIENCE_S)
        futures = [workforce.submit(rest, 2.0) for _ in range(6)]
        lost_process = workforce.processes[0]
        os.kill(lost_process, signal.SIGKILL)
        errors = [one.exception(PATIENCE_S) for one in as_completed(futures)]
        assert sum(isinstance(error, WorkerLost) for error in errors) == 3
        assert lost_process not in workforce.processes
        assert workforce.submit(rest, 0.0).result(PATIENCE_S)[0] == workforce.processes[0]


def test_without_any_process_left_all_is_lost() -> None:
    """Nobody waits for what cannot come."""
    with Workforce(1, 1) as workforce:
        with pytest.raises(WorkerLost):
            workforce.submit(end).result(PATIENCE_S)
        with pytest.raises(WorkerLost, match="every worker process has ended"):
            workforce.submit(rest, 0.0).result(PATIENCE_S)


def test_what_cannot_travel_is_told_and_blocks_nobody() -> None:
    """Neither a work nor an answer that cannot be sent leaves somebody waiting."""
    with Workforce(1, 1) as workforce:
        with pytest.raises(TypeError):
            workforce.submit(rest, threading.Lock()).result(PATIENCE_S)  # type: ignore[arg-type]  # on purpose
        with pytest.raises(WorkerLost, match="cannot be told"):
            workforce.submit(make_lock).result(PATIENCE_S)
        assert workforce.submit(rest, 0.0).result(PATIENCE_S)

"""Processes with threads each: all have work, and one that dies takes only its own work along."""

import errno
import os
import signal
import threading
import time
from concurrent.futures import as_completed
from multiprocessing.connection import Connection
from typing import NoReturn

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


class NotPutTogetherAgain(Exception):
    """Takes two words, and is put together again with one."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


def fail_strangely() -> None:
    """Fail with an error that arrives nowhere else."""
    raise NotPutTogetherAgain("the disk", "it is full")


class ResetLine(Connection):
    """Fails to send as a line does whose other end was reset."""

    def send(self, obj: object) -> NoReturn:
        """Fail."""
        del obj
        raise ConnectionResetError(errno.ECONNRESET, "reset by the other end")


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


def test_an_error_that_cannot_be_read_here_is_told_and_blocks_nobody() -> None:
    """That work is told as lost, and whatever else the process is at goes on."""
    with Workforce(1, 2) as workforce:
        beside = workforce.submit(rest, 0.5)
        error = workforce.submit(fail_strangely).exception(PATIENCE_S)
        assert isinstance(error, WorkerLost)
        assert str(error).startswith("what came of it cannot be read: ")
        assert beside.result(PATIENCE_S)
        assert workforce.submit(rest, 0.0).result(PATIENCE_S)


def test_whatever_ends_a_reader_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that no reader expects ends it; what its process was at is told as lost."""
    heard: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", heard.append)
    with Workforce(1, 2) as workforce:
        (member,) = workforce._members
        waits = workforce.submit(rest, 0.5)
        member.at_work[4711] = member.at_work.pop(0)
        assert isinstance(waits.exception(PATIENCE_S), WorkerLost)
        assert workforce.processes == ()
        with pytest.raises(WorkerLost, match="every worker process has ended"):
            workforce.submit(rest, 0.0).result(PATIENCE_S)
    assert [one.exc_type for one in heard] == [KeyError]


def test_a_line_that_is_reset_loses_the_work_and_raises_nothing() -> None:
    """Whatever the error of a broken line is called, the future is told by the line's reader."""
    with Workforce(1, 1) as workforce:
        assert workforce.submit(rest, 0.0).result(PATIENCE_S)
        (member,) = workforce._members
        kept = member.line
        try:
            with ResetLine(os.dup(kept.fileno())) as member.line:
                future = workforce.submit(rest, 0.0)
        finally:
            member.line = kept
        os.kill(workforce.processes[0], signal.SIGKILL)
        assert isinstance(future.exception(PATIENCE_S), WorkerLost)

"""Processes on this machine that each do several things at a time, behind the usual Executor.

Python's own process pool does one thing a process, and gives up as a whole when one process dies.
Here the others go on: only what the dead one was at is told as lost.
"""

import itertools
import multiprocessing
import pickle
import signal
import struct
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_JOIN_S = 10.0
_LEFT_TO_US = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The coordinator hears these, and says to each worker what is to be stopped."""
_CANNOT_TRAVEL = (pickle.PicklingError, AttributeError, TypeError)
"""What is raised for a value that cannot be sent to another process."""
_CANNOT_BE_READ = (
    *(pickle.UnpicklingError, AttributeError, EOFError, ImportError),
    *(LookupError, TypeError, ValueError),
)
"""What is raised for one that was sent and cannot be put together again."""
_NUMBER = struct.Struct("!Q")


class WorkerLost(BrokenExecutor):
    """A process ended before it said what came of its work."""


class _Member:
    """One process, and what it is at."""

    def __init__(self, number: int, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.at_work: dict[int, Future[Any]] = {}
        self.lost = False
        self.process = context.Process(
            target=serve, args=(theirs, threads), name=f"worker-{number}", daemon=True
        )
        self.process.start()
        theirs.close()


class Workforce(Executor):
    """So many processes, with so many threads each."""

    def __init__(self, processes: int, threads: int) -> None:
        self._numbers = itertools.count()
        self._guarding = threading.Lock()
        # A signal to the whole terminal reaches the new ones only when they can ignore it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT_TO_US)
        try:
            self._members = [_Member(number, threads) for number in range(processes)]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._readers = [
            threading.Thread(target=self._read, args=(member,), daemon=True)
            for member in self._members
        ]
        for reader in self._readers:
            reader.start()

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that live."""
        return tuple(one.process.pid or 0 for one in self._members if not one.lost)

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> "Future[_T]":
        """Give a piece of work to the process that has the least to do."""
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()
        with self._guarding:
            living = [member for member in self._members if not member.lost]
            if not living:
                future.set_exception(WorkerLost("every worker process has ended"))
                return future
            member = min(living, key=lambda one: len(one.at_work))
            number = next(self._numbers)
            member.at_work[number] = future
            try:
                # A process that has just ended is found out by its reader.
                with suppress(OSError):
                    member.line.send((number, fn, args, kwargs))
            except _CANNOT_TRAVEL as exc:
                del member.at_work[number]
                future.set_exception(exc)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Tell the processes to end when they are through."""
        del cancel_futures
        for member in self._members:
            with suppress(OSError), self._guarding:
                member.line.send(None)
        if wait:
            for member, reader in zip(self._members, self._readers, strict=True):
                reader.join()
                member.process.join(_JOIN_S)

    def _read(self, member: _Member) -> None:
        """Take answers from one process until it ends; whatever ends this, nobody waits for it."""
        try:
            with suppress(EOFError, OSError):
                while True:
                    told = member.line.recv_bytes()
                    (number,) = _NUMBER.unpack_from(told)
                    with self._guarding:
                        future = member.at_work.pop(number)
                    _answered(future, told[_NUMBER.size :])
        finally:
            with self._guarding:
                member.lost = True
                left, member.at_work = member.at_work, {}
                # A process that nobody hears any more gets nothing further to do.
                member.line.close()
            for future in left.values():
                future.set_exception(WorkerLost(f"process {member.process.pid} ended"))


def _answered(future: "Future[Any]", told: bytes) -> None:
    """Give an answer, or an error, to whoever waits for it."""
    try:
        answer, error = pickle.loads(told)  # noqa: S301 - from a process of our own
    except _CANNOT_BE_READ as exc:
        answer, error = None, WorkerLost(f"what came of it cannot be read: {exc}")
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)


def serve(line: Connection, threads: int) -> None:
    """Do what comes over the line, in a process of its own; when to stop is decided there."""
    for number in _LEFT_TO_US:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEFT_TO_US)
    answering = threading.Lock()

    def answer(number: int, future: "Future[Any]") -> None:
        error = future.exception()
        try:
            told = ForkingPickler.dumps((None if error else future.result(), error))
        except _CANNOT_TRAVEL as exc:
            lost = WorkerLost(f"what came of it cannot be told: {exc}")
            told = ForkingPickler.dumps((None, lost))
        # Whoever wanted to know may be gone.
        with answering, suppress(OSError):
            line.send_bytes(_NUMBER.pack(number) + bytes(told))

    with ThreadPoolExecutor(threads, "errand") as pool, suppress(EOFError, OSError):
        while (work := line.recv()) is not None:
            number, fn, args, kwargs = work
            future = pool.submit(fn, *args, **kwargs)
            future.add_done_callback(partial(answer, number))

"""Writers that come at the same time share one commit: the disk's sync is what takes the time."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from gatectl.errors import GatectlError, JournalFull, JournalUnreachable

_Rows = TypeVar("_Rows")
_T = TypeVar("_T")

GROUP_MAX = 32
"""So many at once: a server has one time limit for a whole transaction, however far away it is."""


@dataclass(slots=True, kw_only=True)
class _Turn(Generic[_Rows, _T]):
    """What one writer wants to be done, and what came of it."""

    work: Callable[[_Rows], _T]
    done: bool = False
    answer: _T | None = None
    error: GatectlError | None = None


class GroupCommit(Generic[_Rows]):
    """Does the work of all writers that wait in one transaction; each returns when it is on disk.

    While one writer commits, the next ones line up, and the first of them takes many along. If
    anything goes wrong in a group, all of it is taken back, and each work is done by itself. But
    where no work is at fault, since the transaction could not be begun or ended, each writer hears
    of that: to wait for a lock once more, one after the other, would keep gates open.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[_Rows]]) -> None:
        self._transaction = transaction
        self._waiting: list[_Turn[_Rows, object]] = []
        self._lining_up = threading.Lock()
        self._leading = threading.Lock()

    def do(self, work: Callable[[_Rows], _T]) -> _T:
        """Do a piece of work within a transaction, and give its answer once that is committed."""
        turn: _Turn[_Rows, object] = _Turn(work=work)
        with self._lining_up:
            self._waiting.append(turn)
        with self._leading:
            if not turn.done:
                self._lead(turn)
        if turn.error is not None:
            raise turn.error
        return turn.answer  # type: ignore[return-value]  # the answer of this very work

    def _lead(self, own: _Turn[_Rows, object]) -> None:
        with self._lining_up:
            others = [turn for turn in self._waiting if turn is not own]
            group, self._waiting = [own, *others[: GROUP_MAX - 1]], others[GROUP_MAX - 1 :]
        try:
            self._all_at_once(group)
        finally:
            # After an interruption of this thread, the others lead themselves.
            with self._lining_up:
                self._waiting[:0] = [turn for turn in group if not turn.done and turn is not own]

    def _all_at_once(self, group: list[_Turn[_Rows, object]]) -> None:
        answers: list[object] = []
        at_work = False
        try:
            with self._transaction() as rows:
                at_work = True
                answers.extend(turn.work(rows) for turn in group)
                at_work = False
        except GatectlError as exc:
            # Nobody knows whether a server that went away has kept it: to do it once more could
            # put all of it on record twice. A full disk has room again once the ballast is gone.
            again = at_work or isinstance(exc, JournalFull)
            if again and not isinstance(exc, JournalUnreachable):
                for turn in group:
                    self._alone(turn)
                return
            for turn in group:
                turn.error, turn.done = exc, True
            return
        for turn, answer in zip(group, answers, strict=True):
            turn.answer, turn.done = answer, True

    def _alone(self, turn: _Turn[_Rows, object]) -> None:
        try:
            with self._transaction() as rows:
                turn.answer = turn.work(rows)
        except GatectlError as exc:
            turn.error = exc
        turn.done = True

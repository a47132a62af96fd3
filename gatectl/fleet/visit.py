"""One worker's visit: what it may ask for, all of it for its own gate alone."""

import base64
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType, NoneType
from typing import Any, ClassVar, Literal

from gatectl import __version__
from gatectl.core.event import Event, EvidenceId, Noted, Recorded, RunId, event_from
from gatectl.core.gate import GateName
from gatectl.desk import Desk
from gatectl.errors import GatectlError, Refused
from gatectl.fleet.channel import Message
from gatectl.journal.lease import LeaseToken, fence_from
from gatectl.journal.record import understood, written
from gatectl.journal.recorder import take_from_the_dead

PAGE_EVENTS = 200
_WORKER_LETTERS_MAX = 200

Attendance = Literal["awaited", "queued", "here", "gone"]
"""Whether a worker is there; queued is a gate that waits while workers are at others."""


class Visit:
    """What a ticket was given out for, what its worker asks, and what came of it."""

    def __init__(self, desk: Desk, gate: GateName, key: bytes) -> None:
        self._desk = desk
        self._gate = gate
        self.key = key
        self.used = False
        self.worker = "a worker that has not come yet"
        self.lease: LeaseToken | None = None
        self.line: socket.socket | None = None
        self.over = threading.Event()

    @property
    def attendance(self) -> Attendance:
        """Whether the worker is there."""
        if self.line is None:
            return "awaited"
        return "gone" if self.over.is_set() else "here"

    def answer(self, question: Message) -> Message:
        """Do what a worker asks for, or tell why not."""
        try:
            asked = self._QUESTIONS.get(_given(question, "ask", str))
            if asked is None:
                raise _not_understood(f"{question['ask']!r} is nothing that a worker may ask for")
            return {"answer": asked(self, question)}
        except GatectlError as exc:
            kind = type(exc).__name__
            return {"error": [kind, exc.sentence, exc.hint]}

    def end_lease(self) -> None:
        """End the lease of a worker that did not give it back."""
        token, self.lease = self.lease, None
        if token is not None:
            reason = f"{self.worker} left without giving the gate back"
            with contextlib.suppress(GatectlError):
                self._desk.journal.leases.break_(self._gate, token, reason=reason)

    def _hello(self, question: Message) -> Message:
        self.worker = _given(question, "worker", str)[:_WORKER_LETTERS_MAX]
        return {
            "version": __version__,
            "gate": self._gate,
            "lineage": self._desk.journal.lineage,
            "read_only": self._desk.journal.read_only,
            "now": written(self._desk.journal.dated(Noted(text="hello"), gate=self._gate)),
        }

    def _stop(self, _question: Message) -> None:
        self._desk.stop.check()

    def _append(self, question: Message) -> list[str]:
        run = _run(question)
        fence = _given(question, "fence", dict, NoneType)
        events = [_event(fields) for fields in _several(question, "events", dict)]
        recorded = self._desk.journal.append_all(
            [(event, self._gate, run) for event in events],
            require=None if fence is None else fence_from(fence, self._gate),
            begins=_given(question, "begins", bool),
        )
        self._tell(recorded)
        return _bodies(recorded)

    def _dated(self, question: Message) -> str:
        event = _event(_given(question, "event", dict))
        return written(self._desk.journal.dated(event, gate=self._gate, run=_run(question)))

    def _put(self, question: Message) -> list[int]:
        bodies = _several(question, "dated", str)
        dated = [replace(understood(body), gate=self._gate) for body in bodies]
        recorded = self._desk.journal.put(dated)
        self._tell(recorded)
        return [one.sequence for one in recorded]

    def _tell(self, recorded: Sequence[Recorded]) -> None:
        for one in recorded:
            for listener in self._desk.listeners:
                listener(one)

    def _events(self, question: Message) -> list[str]:
        return _bodies(
            self._desk.journal.events(
                gate=self._gate,
                run=_run(question),
                kinds=_several(question, "kinds", str),
                after=_given(question, "after", int),
                limit=PAGE_EVENTS,
            )
        )

    def _newest_first(self, question: Message) -> list[str]:
        found = self._desk.journal.newest_first(
            gate=self._gate,
            run=_run(question),
            kinds=_several(question, "kinds", str),
            before=_given(question, "before", int, NoneType),
        )
        return _bodies(islice(found, PAGE_EVENTS))

    def _head(self, _question: Message) -> tuple[int, str]:
        # Of one record: another writer may be between two looks.
        head = self._desk.journal.head()
        return head.sequence, head.hash

    def _keep(self, question: Message) -> EvidenceId:
        try:
            content = base64.b64decode(_given(question, "content", str))
        except ValueError as exc:
            raise _not_understood(f"the content of a piece of evidence is spoilt: {exc}") from exc
        return self._desk.evidence.keep(content)

    def _read(self, question: Message) -> str:
        content = self._desk.evidence.read(EvidenceId(_given(question, "evidence", str)))
        return base64.b64encode(content).decode()

    def _take(self, question: Message) -> LeaseToken:
        step, ttl_s = _given(question, "step", str), _given(question, "ttl_s", int, float)
        take_from_the_dead(self._desk.journal, self._gate)
        # The lease is this process's: whoever finds it later asks whether we still run.
        self.lease = self._desk.journal.leases.take(
            self._gate,
            holder=f"{self._desk.actor}, by {self.worker}",
            host=socket.gethostname(),
            pid=os.getpid(),
            step=step,
            ttl_s=ttl_s,
        )
        return self.lease

    def _release(self, question: Message) -> None:
        self._desk.journal.leases.release(self._gate, _token(question))
        self.lease = None

    def _renew(self, question: Message) -> None:
        ttl_s = _given(question, "ttl_s", int, float)
        self._desk.journal.leases.renew(self._gate, _token(question), ttl_s=ttl_s)

    def _show(self, _question: Message) -> Message | None:
        lease = self._desk.journal.leases.show(self._gate)
        if lease is None:
            return None
        names = ("holder", "host", "pid", "step", "token", "age_s", "alive")
        return {name: getattr(lease, name) for name in names} | {"since": lease.since.isoformat()}

    def _break(self, question: Message) -> None:
        reason = _given(question, "reason", str)
        self._desk.journal.leases.break_(self._gate, _token(question), reason=reason)

    def _require(self, question: Message) -> None:
        self._desk.journal.leases.require(self._gate, _token(question))

    _QUESTIONS: ClassVar[Mapping[str, Callable[["Visit", Message], object]]] = MappingProxyType(
        {
            "hello": _hello,
            "stop": _stop,
            "append": _append,
            "dated": _dated,
            "put": _put,
            "events": _events,
            "newest_first": _newest_first,
            "head": _head,
            "keep": _keep,
            "read": _read,
            "take": _take,
            "release": _release,
            "renew": _renew,
            "show": _show,
            "break": _break,
            "require": _require,
        }
    )


def _given(question: Message, name: str, *kinds: type) -> Any:
    """Read a field of a question; nothing is done for one that lacks it or has something else."""
    if name not in question or not isinstance(question[name], kinds):
        raise _not_understood(f"a worker's question has no {name} that can be used")
    return question[name]


def _several(question: Message, name: str, kind: type) -> list[Any]:
    values: list[Any] = _given(question, name, list)
    return [_given({name: value}, name, kind) for value in values]


def _run(question: Message) -> RunId | None:
    run = _given(question, "run", str, NoneType)
    return None if run is None else RunId(run)


def _token(question: Message) -> LeaseToken:
    return LeaseToken(_given(question, "token", int))


def _event(fields: Mapping[str, Any]) -> Event:
    try:
        return event_from(fields)
    except (LookupError, TypeError, ValueError) as exc:
        raise _not_understood(f"an event of a worker cannot be understood: {exc}") from exc


def _not_understood(sentence: str) -> Refused:
    return Refused(sentence, hint="Install the same gatectl on both.")


def _bodies(recorded: Iterable[Recorded]) -> list[str]:
    return [written(one) for one in recorded]

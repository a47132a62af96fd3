"""What workers in other processes come back for: the journal, the leases and the evidence.

Only the coordinator writes. A worker's intent is on disk here before the worker gets its answer,
and so before the first byte of the act leaves. A ticket is for one gate and for one call: a task
that somebody begins a second time finds its ticket used, and does nothing. When a worker leaves
without giving its gate back, the lease that it had is ended, and the run is in doubt like after
any crash.
"""

import base64
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal, Self

from gatectl import __version__
from gatectl.core.event import EvidenceId, Recorded, RunId, event_from
from gatectl.core.gate import GateName
from gatectl.desk import Desk
from gatectl.errors import GatectlError
from gatectl.fleet.channel import Channel, ChannelBroken, Message, answer, new_ticket, read_ticket
from gatectl.journal.lease import LeaseToken, fence_from
from gatectl.journal.record import understood, written
from gatectl.journal.recorder import take_from_the_dead

PAGE_EVENTS = 200
_HELLO_S = 20.0
_SILENCE_S_MAX = 3600.0
"""A worker that asks nothing for so long is gone; one that holds its gate asks all the time."""
_BACKLOG = 128
_JOIN_S = 5.0

Attendance = Literal["awaited", "here", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a worker needs to come back for one gate; its key is good for one call."""

    host: str
    port: int
    number: bytes
    key: bytes
    tls: bool = False


@dataclass(slots=True, kw_only=True)
class _Visit:
    """What a ticket was given out for, and what came of it."""

    gate: GateName
    key: bytes
    used: bool = False
    worker: str = "a worker that has not come yet"
    lease: LeaseToken | None = None
    line: socket.socket | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Coordinator:
    """Listens for workers while the `with` block runs."""

    def __init__(
        self, desk: Desk, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self._desk = desk
        self._tls = tls
        self._visits: dict[bytes, _Visit] = {}
        self._guarding = threading.Lock()
        self._listener = socket.create_server((host, 0), backlog=_BACKLOG)
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name="coordinator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_JOIN_S)
        self._listener.close()

    def ticket(self, gate: GateName) -> Ticket:
        """Give out a ticket for one gate."""
        number, key = new_ticket()
        with self._guarding:
            self._visits[number] = _Visit(gate=gate, key=key)
        host, port = self._listener.getsockname()[:2]
        return Ticket(host=host, port=port, number=number, key=key, tls=self._tls is not None)

    def attendance(self, ticket: Ticket) -> Attendance:
        """Say whether somebody is there with a ticket."""
        with self._guarding:
            visit = self._visits[ticket.number]
            if visit.line is None:
                return "awaited"
            return "gone" if visit.over.is_set() else "here"

    def withdraw(self, ticket: Ticket) -> str:
        """End a ticket: nobody comes with it any more. Gives the worker that had it."""
        with self._guarding:
            visit = self._visits[ticket.number]
            visit.used = True
            line = visit.line
        if line is not None:
            # A worker that only seemed to be lost hears no yes to anything from now on.
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            visit.over.wait(_JOIN_S)
            self._end_lease(visit)
        return visit.worker

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                continue  # whoever came has left, or we are closing
            threading.Thread(
                target=self._receive, args=(connection,), name="visit", daemon=True
            ).start()

    def _receive(self, plain: socket.socket) -> None:
        with contextlib.suppress(GatectlError, OSError), plain:
            plain.settimeout(_HELLO_S)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = plain
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
            number, theirs = read_ticket(connection)
            visit = self._visits.get(number)
            if visit is None:
                return
            channel = answer(connection, visit.key, theirs)
            with self._guarding:
                if visit.used:
                    return
                visit.used = True
                visit.line = connection
            connection.settimeout(_SILENCE_S_MAX)
            self._serve(visit, channel)

    def _serve(self, visit: _Visit, channel: Channel) -> None:
        try:
            while True:
                question = channel.receive()
                channel.send(self._answer(visit, question))
        except ChannelBroken:
            self._end_lease(visit)
        finally:
            visit.over.set()
            channel.close()

    def _end_lease(self, visit: _Visit) -> None:
        token, visit.lease = visit.lease, None
        if token is not None:
            reason = f"{visit.worker} left without giving the gate back"
            with contextlib.suppress(GatectlError):
                self._desk.journal.leases.break_(visit.gate, token, reason=reason)

    def _answer(self, visit: _Visit, question: Message) -> Message:
        try:
            wanted = self._wanted(visit)[question.pop("ask")]
            return {"answer": wanted(question)}
        except GatectlError as exc:
            kind = type(exc).__name__
            return {"error": [kind, exc.sentence, exc.hint]}

    def _wanted(self, visit: _Visit) -> dict[str, Callable[[Message], Any]]:
        """Name everything that a worker may ask for, all of it for its own gate alone."""
        desk, gate = self._desk, visit.gate
        leases = desk.journal.leases

        def hello(question: Message) -> Message:
            visit.worker = str(question["worker"])[:200]
            return {
                "version": __version__,
                "gate": gate,
                "lineage": desk.journal.lineage,
                "read_only": desk.journal.read_only,
            }

        def head(_question: Message) -> tuple[int, str]:
            # Of one record: another writer may be between two looks.
            last = desk.journal.head()
            return last.sequence, last.hash

        def take(question: Message) -> int:
            take_from_the_dead(desk.journal, gate)
            # The lease is this process's: whoever finds it later asks whether we still run.
            visit.lease = leases.take(
                gate,
                holder=f"{desk.actor}, by {visit.worker}",
                host=socket.gethostname(),
                pid=os.getpid(),
                step=question["step"],
                ttl_s=question["ttl_s"],
            )
            return visit.lease

        def release(question: Message) -> None:
            leases.release(gate, LeaseToken(question["token"]))
            visit.lease = None

        def renew(question: Message) -> None:
            leases.renew(gate, LeaseToken(question["token"]), ttl_s=question["ttl_s"])

        def show(_question: Message) -> Message | None:
            lease = leases.show(gate)
            if lease is None:
                return None
            names = ("holder", "host", "pid", "step", "token", "age_s", "alive")
            return {name: getattr(lease, name) for name in names} | {
                "since": lease.since.isoformat()
            }

        def break_(question: Message) -> None:
            leases.break_(gate, LeaseToken(question["token"]), reason=question["reason"])

        def require(question: Message) -> None:
            leases.require(gate, LeaseToken(question["token"]))

        return {
            "hello": hello,
            "stop": lambda _question: desk.stop.check(),
            "append": lambda question: [written(one) for one in self._append(gate, question)],
            "dated": lambda question: written(self._dated(gate, question)),
            "put": lambda question: [written(one) for one in self._put(gate, question)],
            "events": lambda question: self._events(gate, question),
            "newest_first": lambda question: self._newest_first(gate, question),
            "head": head,
            "keep": lambda question: desk.evidence.keep(base64.b64decode(question["content"])),
            "read": lambda question: base64.b64encode(
                desk.evidence.read(EvidenceId(question["evidence"]))
            ).decode(),
            "take": take,
            "release": release,
            "renew": renew,
            "show": show,
            "break": break_,
            "require": require,
        }

    def _append(self, gate: GateName, question: Message) -> tuple[Recorded, ...]:
        entries = [(event_from(fields), gate, _run(question)) for fields in question["events"]]
        fence = question["fence"]
        recorded = self._desk.journal.append_all(
            entries,
            require=None if fence is None else fence_from(fence, gate),
            begins=bool(question["begins"]),
        )
        self._tell(recorded)
        return recorded

    def _dated(self, gate: GateName, question: Message) -> Recorded:
        event = event_from(question["event"])
        return self._desk.journal.dated(event, gate=gate, run=_run(question))

    def _put(self, gate: GateName, question: Message) -> list[Recorded]:
        dated = [replace(understood(body), gate=gate) for body in question["dated"]]
        recorded = self._desk.journal.put(dated)
        self._tell(recorded)
        return recorded

    def _tell(self, recorded: Iterable[Recorded]) -> None:
        for one in recorded:
            for listener in self._desk.listeners:
                listener(one)

    def _events(self, gate: GateName, question: Message) -> list[str]:
        found = self._desk.journal.events(
            gate=gate,
            run=_run(question),
            kinds=tuple(question["kinds"]),
            after=question["after"],
            limit=PAGE_EVENTS,
        )
        return [written(recorded) for recorded in found]

    def _newest_first(self, gate: GateName, question: Message) -> list[str]:
        found = self._desk.journal.newest_first(
            gate=gate,
            run=_run(question),
            kinds=tuple(question["kinds"]),
            before=question["before"],
        )
        return [written(recorded) for recorded in islice(found, PAGE_EVENTS)]


def _run(question: Message) -> RunId | None:
    return None if question["run"] is None else RunId(question["run"])

"""What workers in other processes come back for: the journal, the leases and the evidence.

Only the coordinator writes. A worker's intent is on disk here before the worker gets its answer,
and so before the first byte of the act leaves. A ticket is for one gate and for one call: a task
that somebody begins a second time finds its ticket used, and does nothing. When a worker leaves
without giving its gate back, the lease that it had is ended, and the run is in doubt like after
any crash.
"""

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Self

from gatectl.core.gate import GateName
from gatectl.desk import Desk
from gatectl.errors import GatectlError
from gatectl.fleet.channel import Channel, ChannelBroken, answer, new_ticket, read_ticket
from gatectl.fleet.visit import Attendance, Visit

_HELLO_S = 20.0
_SILENCE_S_MAX = 3600.0
"""A worker that asks nothing for so long is gone; one that holds its gate asks all the time."""
_BACKLOG = 128
_JOIN_S = 5.0
_PAUSE_S = 0.1
"""Before somebody is let in again after that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a worker needs to come back for one gate; its key is good for one call."""

    host: str
    port: int
    number: bytes
    key: bytes
    tls: bool = False


class Coordinator:
    """Listens for workers while the `with` block runs."""

    def __init__(
        self, desk: Desk, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self._desk = desk
        self._tls = tls
        self._visits: dict[bytes, Visit] = {}
        self._here = 0
        self._guarding = threading.Lock()
        self._listener = socket.create_server((host, 0), backlog=_BACKLOG)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="coordinator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_JOIN_S)
        self._listener.close()

    def ticket(self, gate: GateName) -> Ticket:
        """Give out a ticket for one gate."""
        number, key = new_ticket()
        with self._guarding:
            self._visits[number] = Visit(self._desk, gate, key)
        host, port = self._listener.getsockname()[:2]
        return Ticket(host=host, port=port, number=number, key=key, tls=self._tls is not None)

    def attendance(self, ticket: Ticket) -> Attendance:
        """Say whether somebody is there with a ticket."""
        with self._guarding:
            found = self._visits[ticket.number].attendance
            return "queued" if found == "awaited" and self._here else found

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
            visit.end_lease()
        return visit.worker

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # Whoever came has left, or we are closing, or there is no descriptor to be had.
                self._closing.wait(_PAUSE_S)
                continue
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

    def _serve(self, visit: Visit, channel: Channel) -> None:
        with self._guarding:
            self._here += 1
        try:
            with contextlib.suppress(ChannelBroken):
                while True:
                    channel.send(visit.answer(channel.receive()))
        finally:
            # Whatever the line ended by, nobody is there any more who could act.
            visit.end_lease()
            visit.over.set()
            with self._guarding:
                self._here -= 1
            channel.close()

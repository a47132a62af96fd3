"""Messages to people who do not watch, sent beside the run: what fails here fails nothing else."""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gatectl.config.upkeep import MessageWay
from gatectl.core.event import Recorded
from gatectl.core.notice import Notice, notice_of
from gatectl.core.visible import visible
from gatectl.errors import GatectlError
from gatectl.hook import call_hook
from gatectl.secret import Secret, resolve, scrub

_WAITING_MAX: Final = 100
_LAST_WAIT_S: Final = 20.0
"""How long a process waits at its end for messages that are still on their way."""
_BECAUSE_CHARACTERS: Final = 500
_ADDRESSES_MAX: Final = 20

Tell = Callable[[str], None]
"""Tells the trouble of a message to whoever runs gatectl."""


class Messenger:
    """Listens to all events, and sends what somebody wants to be told, in a thread of its own."""

    def __init__(self, ways: Sequence[MessageWay], tell: Tell) -> None:
        self._ways = tuple(ways)
        self._tell = tell
        self._waiting: queue.Queue[Notice | None] = queue.Queue(maxsize=_WAITING_MAX)
        self._sender: threading.Thread | None = None

    def __call__(self, recorded: Recorded) -> None:
        """Take an event in; nobody waits here, and least of all a closing."""
        if not self._ways:
            return
        notice = notice_of(recorded)
        if notice is None or not any(True for _ in self._concerned(notice)):
            return
        if self._sender is None:
            self._sender = threading.Thread(target=self._send_all, name="messages", daemon=True)
            self._sender.start()
        try:
            self._waiting.put_nowait(notice)
        except queue.Full:
            self._tell(f"{notice.title}: not sent, too many messages are waiting")

    def close(self) -> None:
        """Let what is on its way arrive, but not wait for it for ever."""
        if self._sender is None:
            return
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._sender.join(timeout=_LAST_WAIT_S)
        if self._sender.is_alive():
            self._tell("some messages were still on their way when gatectl ended")

    def _concerned(self, notice: Notice) -> "filter[MessageWay]":
        return filter(
            lambda way: notice.occasion in way.events and notice.gate in way.gates, self._ways
        )

    def _send_all(self) -> None:
        while (notice := self._waiting.get()) is not None:
            for way in self._concerned(notice):
                trouble = send(way, notice)
                if trouble:
                    self._tell(f"{notice.title}: {visible(trouble)}")


def send(way: MessageWay, notice: Notice) -> str:
    """Send one message; give its trouble, or nothing. No address and no secret is in the words."""
    because = visible(notice.because, limit=_BECAUSE_CHARACTERS)
    if way.command:
        told = {
            "event": notice.occasion.value,
            "gate": notice.gate,
            "state": notice.state,
            "title": notice.title,
            "because": because,
        }
        return call_hook(way.command, told)
    if way.addresses is None:
        return "it has neither a command nor addresses"
    try:
        found = resolve(way.addresses, ask=None)
    except GatectlError as exc:
        return exc.sentence
    if not isinstance(found, Secret):
        return "its addresses are not text"
    return _send_by_apprise(found, notice, because)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    title: str
    body: str


def _send_by_apprise(addresses: Secret, notice: Notice, because: str) -> str:
    try:
        import apprise  # noqa: PLC0415 - an optional library, and slow to import
    except ImportError:
        return "messages need the library apprise: pip install 'gatectl[messages]' brings it"
    postman = apprise.Apprise()
    lines = [line.strip() for line in addresses.reveal().splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")][:_ADDRESSES_MAX]
    bad = sum(1 for line in wanted if not postman.add(line))
    words = _Words(title=f"gatectl {notice.title}", body=f"{because}\n{notice.at.isoformat()}")
    try:
        arrived = bool(wanted) and bool(postman.notify(title=words.title, body=words.body))
    except Exception as exc:  # noqa: BLE001 - a service's own trouble must not end the thread
        # Its words may hold the address.
        return f"{type(exc).__name__}: {scrub(str(exc), [Secret(line) for line in wanted])}"
    if bad or not wanted:
        return f"{bad or 'all'} of its addresses cannot be used"
    return "" if arrived else "at least one of its addresses was not reached"

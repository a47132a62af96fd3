"""Somebody who is signed in at the gateway."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Literal

SessionKind = Literal["ica", "aaa", "rdp", "pcoip"]
EndCallback = Callable[["UserSession"], None]

_numbers = itertools.count(1)


class UserSession:
    """A live session through the gateway; ends once, and tells who asked to know."""

    def __init__(
        self,
        *,
        user: str,
        kind: SessionKind,
        client_address: str,
        client_port: int,
        vserver: str,
        entry_address: str,
        entry_port: int,
        server_address: str,
        server_port: int,
    ) -> None:
        self.id = next(_numbers)
        self.user = user
        self.kind = kind
        self.client_address = client_address
        self.client_port = client_port
        self.vserver = vserver
        self.entry_address = entry_address
        """The VIP that the client came in through: what an ACL calls the destination."""
        self.entry_port = entry_port
        self.server_address = server_address
        """The desktop or application server behind the gateway."""
        self.server_port = server_port
        self.started = time.time()
        self.end_reason = ""
        self._ended = False
        self._callbacks: list[EndCallback] = []
        self._lock = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether the session still stands."""
        return not self._ended

    def on_end(self, callback: EndCallback) -> None:
        """Call back once when the session ends; at once if it has ended already."""
        with self._lock:
            if not self._ended:
                self._callbacks.append(callback)
                return
        callback(self)

    def end(self, reason: str) -> None:
        """End the session; a second call does nothing."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self.end_reason = reason
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

"""Something that always answers: a vantage that reaches it may be believed about the gate."""

import socket
import threading
from typing import Final

_ACCEPT_S: Final = 0.2
_JOIN_S: Final = 5.0


class ControlTarget:
    """A TCP port on loopback that accepts every connection and closes it politely."""

    def __init__(self) -> None:
        self._listener: Final = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_ACCEPT_S)
        self._closing: Final = threading.Event()
        self._thread: Final = threading.Thread(
            target=self._serve, name="control-target", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Host and port, as a configuration names them."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        """Stop answering."""
        self._closing.set()
        self._thread.join(_JOIN_S)
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                continue  # nobody came, or whoever came has left
            connection.close()

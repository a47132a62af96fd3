"""Something that always answers: a vantage that reaches it may be believed about the gate."""

import socket
import threading
from typing import Final

_JOIN_S: Final = 5.0


class ControlTarget:
    """A TCP port on loopback that accepts every connection and closes it politely."""

    def __init__(self) -> None:
        self._listener: Final = socket.create_server(("127.0.0.1", 0))
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
        # Unlike close alone, shutdown wakes the thread that waits for the next visitor.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_JOIN_S)
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                continue  # whoever came has left, or we are closing
            connection.close()

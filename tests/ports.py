"""Ports of loopback that a test keeps for as long as it needs them, whoever runs beside it."""

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator

ADDRESS = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below the range that the system gives away, so that nobody gets one of them over UDP either."""
_TRIES = 200

HoldPort = Callable[[], int]
"""Gives one port after the other; all of them are kept until the test ends."""


@contextlib.contextmanager
def shut_port() -> Iterator[int]:
    """Keep a port on which nobody listens, and nobody can: it refuses."""
    with _kept() as kept:
        yield kept.getsockname()[1]


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a port for a listener that is still to come, or to come again; until then it refuses.

    Over TCP the listener must set SO_REUSEADDR, as our own and OpenSSH's do.
    """
    with _kept() as kept:
        # Bound without the option, it met everybody else's; with it, the listener may join.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield kept.getsockname()[1]


def _kept() -> socket.socket:
    kept = socket.socket()
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            kept.bind((ADDRESS, secrets.choice(_PORTS)))
            return kept
    kept.close()
    raise OSError("no port is free for the test")

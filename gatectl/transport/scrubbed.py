"""A transport whose answers never hold a secret: whatever a device repeats of one is taken out.

This stands before anything is cut into lines, judged or kept, so that a password that a device
echoes reaches neither journal nor evidence. Files are fetched as they are, for they are evidence:
only gatectl's own secrets are hidden in them, and the file says then in how many places. What was
there before is told by no hash, since from that a password could be guessed.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import BinaryIO, cast

from gatectl.core.netscaler import Reply
from gatectl.errors import GatectlError
from gatectl.secret import HidingSink, Secret, scrub
from gatectl.transport.contract import Progress, RemoteFile, Transport
from gatectl.transport.forwarding import Forwarding, T


class Scrubbed(Forwarding):
    """Stands in front of another transport and clears what comes back."""

    def __init__(self, transport: Transport, secrets: Callable[[], Collection[Secret]]) -> None:
        super().__init__(transport)
        self._secrets = secrets

    def around(self, ask: Callable[[], T]) -> T:
        """Clear the words of an error, too: they may quote the device."""
        try:
            return ask()
        except GatectlError as exc:
            exc.sentence = scrub(exc.sentence, self._secrets())
            exc.args = (exc.sentence,)
            raise

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Send a command and clear its answer."""
        return self._reply(super().send(command, timeout_s=timeout_s))

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Send a command that ends the session, and clear what still came."""
        reply = super().send_expecting_disconnect(command, timeout_s=timeout_s)
        return None if reply is None else self._reply(reply)

    def get(
        self, path: str, sink: BinaryIO, *, limit: int, progress: Progress | None = None
    ) -> RemoteFile:
        """Fetch a file, and hide what secrets are in it."""
        hiding = HidingSink(sink, self._secrets())
        # It is written to and nothing else.
        into = cast("BinaryIO", hiding)
        found = super().get(path, into, limit=limit, progress=progress)
        hiding.finish()
        if not hiding.hidden:
            return found
        return replace(found, sha256=hiding.sha256, hidden=hiding.hidden)

    def _reply(self, reply: Reply) -> Reply:
        known = self._secrets()
        return replace(
            reply,
            text=scrub(reply.text, known),
            error=None if reply.error is None else scrub(reply.error, known),
            warnings=tuple(scrub(warning, known) for warning in reply.warnings),
        )

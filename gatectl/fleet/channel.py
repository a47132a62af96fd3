"""A line between two of our own processes: framed messages, each bound to a key and to its place.

Whoever connects shows which ticket he holds, and both sides prove that they know its key before
anything is said. Every message carries a code over key, direction, number and text, so that none
can be made up, changed, repeated or left out. What is said is JSON: nothing that arrives is ever
run. The line hides nothing; where it leaves this machine, TLS goes around it.
"""

import hmac
import json
import secrets
import socket
import struct
from hashlib import sha256
from typing import Any, Literal

from gatectl.errors import JournalUnavailable

MESSAGE_BYTES_MAX = 64 * 2**20
_LENGTH = struct.Struct("!I")
_CODE_BYTES = 32
_NONCE_BYTES = 32
_TICKET_BYTES = 16

Message = dict[str, Any]
Party = Literal["worker", "coordinator"]


class ChannelBroken(JournalUnavailable):
    """The line ended, or what came over it is not the other side's."""

    default_hint = "`gatectl status` tells where the gate stands, `gatectl resume` goes on."


class Channel:
    """One end of a line whose other end has proven itself."""

    def __init__(self, connection: socket.socket, key: bytes, party: Party) -> None:
        self._connection = connection
        self._key = key
        self._sends = party.encode()
        self._receives = b"worker" if party == "coordinator" else b"coordinator"
        self._sent = self._received = 0

    def send(self, message: Message) -> None:
        """Send one message; raises ChannelBroken."""
        body = json.dumps(message, ensure_ascii=True).encode()
        if len(body) > MESSAGE_BYTES_MAX:
            raise ChannelBroken(f"a message of {len(body)} bytes is too long for the line")
        code = self._code(self._sends, self._sent, body)
        self._sent += 1
        try:
            self._connection.sendall(_LENGTH.pack(len(body)) + code + body)
        except OSError as exc:
            raise ChannelBroken(f"the line is cut: {exc.strerror or exc}") from exc

    def receive(self) -> Message:
        """Wait for one message; raises ChannelBroken."""
        (length,) = _LENGTH.unpack(_exactly(self._connection, _LENGTH.size))
        if length > MESSAGE_BYTES_MAX:
            raise ChannelBroken(f"a message of {length} bytes is too long for the line")
        code = _exactly(self._connection, _CODE_BYTES)
        body = _exactly(self._connection, length)
        if not hmac.compare_digest(code, self._code(self._receives, self._received, body)):
            raise ChannelBroken("what came over the line is not the other side's")
        self._received += 1
        message: Message = json.loads(body)
        return message

    def close(self) -> None:
        """End the line."""
        self._connection.close()

    def _code(self, direction: bytes, number: int, body: bytes) -> bytes:
        text = direction + b"\0" + number.to_bytes(8, "big") + body
        return hmac.digest(self._key, text, sha256)


def call(connection: socket.socket, ticket: bytes, key: bytes) -> Channel:
    """Prove that we hold a ticket, and have the coordinator prove that it gave it out."""
    ours = secrets.token_bytes(_NONCE_BYTES)
    try:
        connection.sendall(ticket + ours)
    except OSError as exc:
        raise ChannelBroken(f"the line is cut: {exc.strerror or exc}") from exc
    theirs = _exactly(connection, _NONCE_BYTES)
    channel = Channel(connection, _session_key(key, ours, theirs), "worker")
    if channel.receive() != {"welcome": True}:
        raise ChannelBroken("the coordinator does not know the ticket")
    channel.send({"thanks": True})
    return channel


def read_ticket(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read which ticket a caller says that he holds, and the number that he threw."""
    return _exactly(connection, _TICKET_BYTES), _exactly(connection, _NONCE_BYTES)


def answer(connection: socket.socket, key: bytes, theirs: bytes) -> Channel:
    """Prove that we gave a ticket out, and have the caller prove that he knows its key."""
    ours = secrets.token_bytes(_NONCE_BYTES)
    connection.sendall(ours)
    channel = Channel(connection, _session_key(key, theirs, ours), "coordinator")
    channel.send({"welcome": True})
    if channel.receive() != {"thanks": True}:
        raise ChannelBroken("the caller does not know what to say")
    return channel


def new_ticket() -> tuple[bytes, bytes]:
    """Make a ticket and its key."""
    return secrets.token_bytes(_TICKET_BYTES), secrets.token_bytes(_CODE_BYTES)


def _session_key(key: bytes, worker: bytes, coordinator: bytes) -> bytes:
    return hmac.digest(key, b"gatectl line\0" + worker + coordinator, sha256)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            part = connection.recv(min(count - len(parts), 2**20))
        except OSError as exc:
            raise ChannelBroken(f"the line is cut: {exc.strerror or exc}") from exc
        if not part:
            raise ChannelBroken("the other side has left")
        parts += part
    return bytes(parts)

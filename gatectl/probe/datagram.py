"""A look at the gate over UDP: one DTLS greeting, and whether anything answers it."""

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gatectl.core.gate import Vantage
from gatectl.core.reach import Look, LookKind
from gatectl.core.visible import visible
from gatectl.probe.exchange import LOOK_TIMEOUT_S, blank_look, kind_of_refusal
from gatectl.probe.stream import Deadline, Target, addresses_of

_RESENT_AFTER_S: Final = (0.5, 1.0)
"""A lost datagram must not look like a dropped one."""
_DATAGRAM_BYTES_MAX: Final = 4096
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_DTLS_1_0: Final = 0xFEFF
_DTLS_1_2: Final = 0xFEFD
_DTLS_RECORD_TYPES: Final = range(20, 26)
_DTLS_MAJOR_VERSION: Final = 0xFE
_CIPHER_SUITES: Final = (
    0xC02B,  # ECDHE-ECDSA-AES128-GCM-SHA256
    0xC02F,  # ECDHE-RSA-AES128-GCM-SHA256
    0xC030,  # ECDHE-RSA-AES256-GCM-SHA384
    0xC013,  # ECDHE-RSA-AES128-SHA
    0x009C,  # AES128-GCM-SHA256
    0x002F,  # AES128-SHA
    0x0035,  # AES256-SHA
    0x000A,  # DES-CBC3-SHA, the only one that the oldest builds have
)
_MESSAGES: Final = {2: "ServerHello", 3: "HelloVerifyRequest"}
_ALERT: Final = 21


def look_dtls(vantage: Vantage, *, target: Target, timeout_s: float = LOOK_TIMEOUT_S) -> Look:
    """Greet over UDP from this machine; silence is the usual answer of a gate without DTLS."""
    blank = blank_look(vantage, target, "dtls")
    try:
        answer = _greet(vantage, target, Deadline.after(timeout_s))
    except OSError as exc:
        detail = visible(exc.strerror or str(exc) or "no answer")
        return replace(blank, kind=kind_of_refusal(exc), detail=detail)
    if not speaks_dtls(answer):
        return replace(blank, kind=LookKind.NOT_TLS, detail="the answer is not DTLS")
    return replace(blank, kind=LookKind.ANSWERED, detail=_name_of(answer))


def speaks_dtls(datagram: bytes) -> bool:
    """Tell whether a datagram begins as a DTLS record does."""
    return (
        len(datagram) > 1
        and datagram[0] in _DTLS_RECORD_TYPES
        and datagram[1] == _DTLS_MAJOR_VERSION
    )


def client_hello(random: bytes) -> bytes:
    """Write the first flight of DTLS 1.2, which also a server of DTLS 1.0 answers."""
    suites = b"".join(struct.pack("!H", suite) for suite in _CIPHER_SUITES)
    extensions = b"".join(
        (
            _extension(10, _vector(struct.pack("!3H", 23, 24, 29))),  # supported groups
            _extension(11, b"\x01\x00"),  # uncompressed points
            _extension(13, _vector(struct.pack("!6H", 0x0403, 0x0804, 0x0401, 0x0501, 3, 0x0201))),
        )
    )
    body = (
        struct.pack("!H", _DTLS_1_2)
        + random
        + b"\x00"  # no session
        + b"\x00"  # no cookie yet
        + _vector(suites)
        + b"\x01\x00"  # no compression
        + _vector(extensions)
    )
    length = len(body).to_bytes(3, "big")
    # Type, length, message number 0, then the one fragment: from 0, of the whole length.
    message = bytes([_CLIENT_HELLO]) + length + b"\0\0" + b"\0\0\0" + length + body
    return struct.pack("!BHQH", _HANDSHAKE, _DTLS_1_0, 0, len(message)) + message


def _greet(vantage: Vantage, target: Target, deadline: Deadline) -> bytes:
    host, port = target
    within_s = deadline.left_s()
    found = addresses_of(host, port, socket.AF_UNSPEC, socket.SOCK_DGRAM, within_s=within_s)
    family, *_, address = found[0]
    hello = client_hello(os.urandom(32))
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        if vantage.source is not None:
            connection.bind((str(vantage.source), 0))
        # A connected UDP socket is told of ICMP's port unreachable.
        connection.connect(address)
        for wait_s in _waits_s(deadline):
            connection.send(hello)
            connection.settimeout(wait_s)
            try:
                return connection.recv(_DATAGRAM_BYTES_MAX)
            except TimeoutError:
                continue
    raise TimeoutError("no datagram came back")


def _waits_s(deadline: Deadline) -> Iterator[float]:
    for wait_s in _RESENT_AFTER_S:
        yield min(wait_s, deadline.left_s())
    yield deadline.left_s()


def _name_of(datagram: bytes) -> str:
    if datagram[0] == _ALERT:
        return "alert"
    header_bytes = 13
    if datagram[0] == _HANDSHAKE and len(datagram) > header_bytes:
        return _MESSAGES.get(datagram[header_bytes], "handshake")
    return "record"


def _vector(content: bytes) -> bytes:
    return struct.pack("!H", len(content)) + content


def _extension(number: int, content: bytes) -> bytes:
    return struct.pack("!H", number) + _vector(content)

"""The gateway's DTLS face: just enough to be recognised, the cookie exchange of a handshake."""

import hashlib
import struct
from typing import Final

_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_HELLO_VERIFY_REQUEST: Final = 3
_DTLS_1_0: Final = b"\xfe\xff"
_VERSIONS: Final = frozenset({b"\xfe\xff", b"\xfe\xfd"})
_RECORD_HEADER: Final = 13
_HANDSHAKE_HEADER: Final = 12
_COOKIE_BYTES: Final = 20


def hello_verify_request(datagram: bytes, *, client: tuple[str, int], secret: bytes) -> bytes:
    """Answer a ClientHello with a HelloVerifyRequest record, anything else with nothing (`b""`).

    The cookie depends on the client's address and a secret only, as RFC 6347 asks for, so the
    answer keeps no state. A ClientHello that brings its cookie back gets the same answer again:
    the simulated gateway carries no data over DTLS.
    """
    if len(datagram) < _RECORD_HEADER + _HANDSHAKE_HEADER:
        return b""
    if datagram[0] != _HANDSHAKE or datagram[1:3] not in _VERSIONS:
        return b""
    if datagram[_RECORD_HEADER] != _CLIENT_HELLO:
        return b""
    sequence = datagram[3:11]
    cookie = hashlib.sha256(secret + f"{client[0]}:{client[1]}".encode()).digest()[:_COOKIE_BYTES]
    body = _DTLS_1_0 + bytes([len(cookie)]) + cookie
    length = len(body).to_bytes(3, "big")
    # Message sequence 0, fragment offset 0, and one fragment that is the whole message.
    message = bytes([_HELLO_VERIFY_REQUEST]) + length + b"\0\0" + b"\0\0\0" + length + body
    record = bytes([_HANDSHAKE]) + _DTLS_1_0 + sequence
    return record + struct.pack("!H", len(message)) + message

"""What is read in a certificate: how long it is good, and which key it is about.

A certificate is nested boxes, each with a tag, a length and its content (DER). What is wanted lies
at a fixed place, so the boxes before it are passed over unread.
"""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from typing import Final

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_LENGTH_BYTES_MAX: Final = 3
_LONG_FORM: Final = 0x80
_FIELDS_BEFORE_VALIDITY: Final = 3
"""Serial number, signature algorithm and issuer."""


class CertificateUnreadable(Exception):
    """What was given is not a certificate of the usual form."""


def good_until(der: bytes) -> datetime:
    """Give the last moment at which a certificate is good; raises CertificateUnreadable."""
    validity, _ = _box(_from_validity_on(der), expected=_SEQUENCE)
    _, after = _box(validity)
    text, _ = _box(after)
    return _time(after[0], text)


def public_key_pin(der: bytes) -> str:
    """Give the pin of its public key as `curl --pinnedpubkey` takes it; it outlives a renewal.

    Raises CertificateUnreadable.
    """
    _, subject = _box(_from_validity_on(der), expected=_SEQUENCE)
    _, key = _box(subject, expected=_SEQUENCE)
    _, behind = _box(key, expected=_SEQUENCE)
    digest = hashlib.sha256(key[: len(key) - len(behind)]).digest()
    return f"sha256//{b64encode(digest).decode('ascii')}"


def _from_validity_on(der: bytes) -> bytes:
    certificate, _ = _box(der, expected=_SEQUENCE)
    fields, _ = _box(certificate, expected=_SEQUENCE)
    if fields[:1] == bytes([_VERSION]):
        _, fields = _box(fields)
    for _ in range(_FIELDS_BEFORE_VALIDITY):
        _, fields = _box(fields)
    return fields


def _box(data: bytes, *, expected: int | None = None) -> tuple[bytes, bytes]:
    """Give the content of the first box, and what stands behind it."""
    head = 2
    if len(data) < head or (expected is not None and data[0] != expected):
        raise CertificateUnreadable("it is not built as certificates are")
    length = data[1]
    if length & _LONG_FORM:
        count = length & ~_LONG_FORM
        if not 1 <= count <= _LENGTH_BYTES_MAX:
            raise CertificateUnreadable("a part of it has no length that can be")
        head += count
        length = int.from_bytes(data[2:head])
    if len(data) < head + length:
        raise CertificateUnreadable("it ends too early")
    return data[head : head + length], data[head + length :]


def _time(tag: int, text: bytes) -> datetime:
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}.get(tag)
    if form is None:
        raise CertificateUnreadable("its end is not written as a time")
    try:
        found = datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)
    except ValueError as exc:
        raise CertificateUnreadable("its end is not a time") from exc
    if tag == _UTC_TIME and found.year >= _CENTURY_TURNS:
        # Two digits stand for 1950 to 2049 in a certificate, and for 1969 to 2068 in Python.
        return found.replace(year=found.year - 100)
    return found


_CENTURY_TURNS: Final = 2050

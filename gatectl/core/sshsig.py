"""An SSH signature as a value: what it says it is for, and which key made it.

This reads a signature, and proves nothing about it: that is `ssh-keygen`'s work. But the purpose
for which it was made is read here as well, so that no other program's habit decides over it.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
END: Final = "-----END SSH SIGNATURE-----"
SIGNATURE_CHARACTERS_MAX: Final = 32_768
"""The largest RSA keys stay far below; more is something else."""

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_LENGTH_BYTES: Final = 4


class NotASignature(ValueError):
    """A text that is no SSH signature; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSignature:
    """The parts of a signature that others do not need to be asked for."""

    namespace: str
    """The purpose that it was made for."""
    fingerprint: str
    """Of the key that made it, `SHA256:...` as OpenSSH prints it."""
    armour: str
    """The signature in the form in which it is handed on."""


def read_signature(text: str) -> SshSignature:
    """Read an armoured signature; raises NotASignature."""
    if len(text) > SIGNATURE_CHARACTERS_MAX:
        raise NotASignature("it is longer than any signature")
    lines = text.replace("\r\n", "\n").strip().split("\n")
    if lines[0] != BEGIN or lines[-1] != END:
        raise NotASignature(f"it does not begin with {BEGIN} and end as it should")
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise NotASignature("between its first and last line is no base64") from exc
    if not blob.startswith(_MAGIC):
        raise NotASignature("it is not of the kind that `ssh-keygen -Y sign` makes")
    version = blob[len(_MAGIC) : len(_MAGIC) + _LENGTH_BYTES]
    if int.from_bytes(version) != _VERSION:
        raise NotASignature("it is of a version that is not known here")
    key, rest = _string(blob[len(_MAGIC) + _LENGTH_BYTES :])
    namespace, rest = _string(rest)
    for _ in ("reserved", "hash", "signature"):
        _, rest = _string(rest)
    if rest:
        raise NotASignature("something follows behind its end")
    try:
        purpose = namespace.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise NotASignature("its namespace is no text") from exc
    armour = "\n".join(lines) + "\n"
    return SshSignature(namespace=purpose, fingerprint=fingerprint_of(key), armour=armour)


def fingerprint_of(key: bytes) -> str:
    """Give the fingerprint of a public key's blob, as OpenSSH prints it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")
    return f"SHA256:{digest.rstrip('=')}"


def _string(data: bytes) -> tuple[bytes, bytes]:
    """Take one string off the front."""
    length = int.from_bytes(data[:_LENGTH_BYTES])
    end = _LENGTH_BYTES + length
    if len(data) < _LENGTH_BYTES or len(data) < end:
        raise NotASignature("it is cut off")
    return data[_LENGTH_BYTES:end], data[end:]

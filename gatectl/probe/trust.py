"""Whose certificate a gate may show: pinned keys, authorities, or anybody's."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatectl.core.certificate import CertificateUnreadable, public_key_pin
from gatectl.core.gate import Vserver
from gatectl.errors import InvalidInput

_LEGACY_SERVER_CONNECT: Final = 0x4
"""OpenSSL's SSL_OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on."""
_FILE_BYTES_MAX: Final = 2_000_000
"""All authorities of a system fit in; so does no device that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose certificate is accepted; with nothing given, any is, and only recorded."""

    pins: frozenset[str] = frozenset()
    """SHA-256 of accepted public keys, `sha256//...` as curl takes them."""
    authorities_pem: str = ""
    """Certificates of authorities, of which one must have signed; the name is checked too."""
    unreadable: str = ""
    """Why the authorities could not be read; no certificate is accepted then."""

    @property
    def accepts_any(self) -> bool:
        """Whether nothing is asked of a certificate."""
        return not (self.pins or self.authorities_pem or self.unreadable)

    def refusal(self, certificate: bytes) -> str:
        """Say why this certificate, in DER, is not accepted, or nothing.

        The signature of an authority is judged by the TLS settings, and not here.
        """
        if self.unreadable:
            return self.unreadable
        if not self.pins:
            return ""
        try:
            pin = public_key_pin(certificate)
        except CertificateUnreadable as exc:
            return f"the certificate cannot be read: {exc}"
        return "" if pin in self.pins else f"{key_words(pin)}, which is not pinned"

    def context(self) -> ssl.SSLContext:
        """Make the TLS settings: strict with authorities, else as tolerant as OpenSSL allows.

        Each call makes new ones, so that no session of an earlier look is ever taken up again.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.authorities_pem:
            try:
                context.load_verify_locations(cadata=self.authorities_pem)
            except (ssl.SSLError, ValueError) as exc:
                raise InvalidInput("the gate's authorities are not PEM certificates") from exc
            return context
        # An old gateway speaks old TLS with short keys; a look must still see that it answers.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.options |= _LEGACY_SERVER_CONNECT
        return context


def key_words(pin: str) -> str:
    """Name the key that was seen."""
    return f"its key is {pin}"


def trust_for(vserver: Vserver) -> Trust:
    """Take what the configuration says of a gate's certificate.

    A file that cannot be read does not stop a look, for a gate that gives no answer can be seen to
    be shut without it; but an answer is then nobody's that we know.
    """
    pins = frozenset(vserver.certificate_pins)
    if not vserver.certificate_authorities:
        return Trust(pins=pins)
    path = Path(vserver.certificate_authorities)
    try:
        trust = Trust(pins=pins, authorities_pem=_text_of(path) or "nothing")
        trust.context()
    except OSError as exc:
        because = f"the authorities in {path} cannot be read: {exc.strerror}"
        return Trust(pins=pins, unreadable=because)
    except InvalidInput:
        return Trust(pins=pins, unreadable=f"{path} holds no certificates (PEM) of authorities")
    return trust


def _text_of(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(0, "it is not there, or no file")
    with path.open("rb") as file:
        content = file.read(_FILE_BYTES_MAX + 1)
    if len(content) > _FILE_BYTES_MAX:
        raise OSError(0, f"it is larger than {_FILE_BYTES_MAX} bytes")
    # What stands between the certificates is for people, in whatever letters.
    return content.decode("ascii", "ignore")

"""The SSH host keys of a simulated appliance."""

import base64
import hashlib
import io
from dataclasses import dataclass

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKeys:
    """One key of each kind."""

    ed25519: paramiko.PKey
    rsa: paramiko.PKey

    @property
    def ed25519_sha256(self) -> str:
        """The fingerprint as OpenSSH writes it."""
        return fingerprint(self.ed25519)

    @property
    def rsa_sha256(self) -> str:
        """The fingerprint as OpenSSH writes it."""
        return fingerprint(self.rsa)


def fingerprint(key: paramiko.PKey) -> str:
    """Write a key's SHA-256 fingerprint as OpenSSH does."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def make_host_keys() -> HostKeys:
    """Make new keys."""
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    return HostKeys(
        ed25519=paramiko.Ed25519Key.from_private_key(io.StringIO(private.decode())),
        rsa=paramiko.RSAKey.generate(RSA_BITS),
    )

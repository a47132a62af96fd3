"""The gateway's server certificate: a small authority and the leaf that it signed."""

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME: Final = dt.timedelta(days=30)
_BACKDATED: Final = dt.timedelta(days=1)
"""A verifier whose clock runs behind must still accept the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate:
    """A leaf certificate for one address, with its key and the authority beside it."""

    certificate_path: Path
    """PEM, the leaf first and the authority after it, as a server presents them."""
    key_path: Path
    authority_path: Path
    fingerprint: str
    """SHA-256 of the leaf's DER form, lower-case hexadecimal."""


def make_certificate(folder: Path, *, host_name: str, address: str) -> ServerCertificate:
    """Make an authority and a leaf for a name and an address, and write them as 0600 PEM files."""
    now = dt.datetime.now(tz=dt.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, now)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf = _leaf(leaf_key, authority, authority_key, now, host_name=host_name, address=address)
    pem = serialization.Encoding.PEM
    paths = ServerCertificate(
        certificate_path=folder / "gateway.pem",
        key_path=folder / "gateway.key",
        authority_path=folder / "authority.pem",
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
    )
    _write_private(paths.certificate_path, leaf.public_bytes(pem) + authority.public_bytes(pem))
    _write_private(paths.authority_path, authority.public_bytes(pem))
    _write_private(
        paths.key_path,
        leaf_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    return paths


def _authority(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = _name("Simulated Gateway Authority")
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    public = key.public_key()
    return (
        _builder(name, name, public, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    *,
    host_name: str,
    address: str,
) -> x509.Certificate:
    names = x509.SubjectAlternativeName(
        [x509.DNSName(host_name), x509.IPAddress(ipaddress.ip_address(address))]
    )
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    server_auth = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        _builder(_name(host_name), authority.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .add_extension(server_auth, critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write_private(path: Path, content: bytes) -> None:
    # O_EXCL: the file is private from its first byte, and nobody else's file is overwritten.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)

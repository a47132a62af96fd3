"""The end of a certificate, out of certificates that another library made."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gatectl.core.certificate import CertificateUnreadable, good_until, public_key_pin
from tests.probe_servers import pin_of

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gw.example")])


def certificate(until: dt.datetime, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Make a certificate with this end, in DER."""
    made = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "until",
    [
        dt.datetime(2026, 11, 23, 17, 0, 59, tzinfo=dt.UTC),
        # Times up to 2049 are written with two digits, later ones with four.
        dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        dt.datetime(2050, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2099, 6, 1, 12, 30, tzinfo=dt.UTC),
    ],
)
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_the_end_is_read_to_the_second(until: dt.datetime, kind: str) -> None:
    """Short and long certificates, this century and the next."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(65537, 2048)
    )
    assert good_until(certificate(until, key)) == until


def test_two_digits_of_a_year_are_never_beyond_2049() -> None:
    """In a certificate 55 is 1955: it has ended long ago, and is not good for decades."""
    times = b"\x17\x0d500101000000Z" + b"\x17\x0d551231235959Z"
    before = b"\x02\x01\x01" + b"\x30\x00" + b"\x30\x00"
    fields = before + bytes([0x30, len(times)]) + times
    inner = bytes([0x30, len(fields)]) + fields
    der = bytes([0x30, len(inner)]) + inner
    assert good_until(der) == dt.datetime(1955, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_the_pin_is_that_of_the_key_and_outlives_a_renewal(kind: str) -> None:
    """Another certificate for the same key has the same pin, another key has not."""
    keys = [
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(65537, 2048)
        for _ in range(2)
    ]
    ends = [dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2030, 2060)]
    for key in keys:
        assert {public_key_pin(certificate(end, key)) for end in ends} == {pin_of(key)}
    assert pin_of(keys[0]) != pin_of(keys[1])


def test_what_is_cut_or_is_no_certificate_is_told_and_not_guessed() -> None:
    """Every beginning of a certificate that lacks the end of its dates is refused."""
    whole = certificate(
        dt.datetime(2030, 1, 1, tzinfo=dt.UTC), ec.generate_private_key(ec.SECP256R1())
    )
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(CertificateUnreadable):
            good_until(whole[:length])
        with pytest.raises(CertificateUnreadable):
            public_key_pin(whole[:length])
    for other in (b"\x30\x00", b"-----BEGIN CERTIFICATE-----", b"\x30\x80" + b"\0" * 40):
        with pytest.raises(CertificateUnreadable):
            good_until(other)
        with pytest.raises(CertificateUnreadable):
            public_key_pin(other)

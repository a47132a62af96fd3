"""A signature read without help: its purpose and its key, or the reason why it is none."""

import base64
from pathlib import Path

import pytest

from gatectl.core.sshsig import (
    BEGIN,
    END,
    SIGNATURE_CHARACTERS_MAX,
    NotASignature,
    fingerprint_of,
    read_signature,
)
from tests.signing import KINDS, fingerprint, make_key, public, sign_with


def string(text: bytes) -> bytes:
    """Write one string of the SSH wire format."""
    return len(text).to_bytes(4) + text


def armoured(blob: bytes) -> str:
    """Put a blob between the lines."""
    return f"{BEGIN}\n{base64.b64encode(blob).decode()}\n{END}\n"


HEAD = b"SSHSIG" + (1).to_bytes(4)
PARTS = b"".join(string(part) for part in (b"key", b"purpose", b"", b"sha512", b"signature"))


@pytest.mark.parametrize("kind", KINDS)
def test_purpose_and_key_of_a_real_signature_are_read(kind: str, tmp_path: Path) -> None:
    """They are what ssh-keygen itself says, for each kind of key."""
    key = make_key(tmp_path / kind, kind)
    armour = sign_with(key, b"a text", "some-purpose@somewhere")
    signature = read_signature(armour)
    assert signature.namespace == "some-purpose@somewhere"
    assert signature.fingerprint == fingerprint(key)
    assert signature.armour == armour
    assert fingerprint_of(base64.b64decode(public(key).split()[1])) == fingerprint(key)


def test_line_ends_of_a_mail_do_no_harm() -> None:
    """A signature that came through a mail program is the same signature."""
    plain = armoured(HEAD + PARTS)
    assert read_signature(plain.replace("\n", "\r\n") + "\r\n") == read_signature(plain)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "does not begin"),
        (BEGIN, "does not begin"),
        (f"{BEGIN}\n!!!\n{END}\n", "no base64"),
        (armoured(b"OPENSSH-KEY"), "not of the kind"),
        (armoured(b"SSHSIG" + (2).to_bytes(4) + PARTS), "version"),
        (armoured(HEAD + PARTS[:-1]), "cut off"),
        (armoured(HEAD + b"\xff\xff\xff\xff"), "cut off"),
        (armoured(HEAD + PARTS + b"x"), "follows behind"),
        (armoured(HEAD + PARTS.replace(b"purpose", b"\xff\xff\xff\xff\xff\xff\xff")), "no text"),
        ("x" * (SIGNATURE_CHARACTERS_MAX + 1), "longer than any"),
    ],
)
def test_what_is_no_signature_is_refused_with_its_reason(text: str, because: str) -> None:
    """Nothing half understood goes on to be judged."""
    with pytest.raises(NotASignature, match=because):
        read_signature(text)

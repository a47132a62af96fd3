"""Hashes and signatures beside a document."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import InvalidInput
from gatectl.signature import checks_of

CONTENT = b'{"document": {}}'


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Write a document with nothing beside it."""
    path = tmp_path / "x.json"
    path.write_bytes(CONTENT)
    return path


def beside(document: Path, suffix: str, text: str) -> Path:
    """Write a file beside the document."""
    path = document.with_name(f"{document.name}.{suffix}")
    path.write_text(text)
    return path


def said(document: Path) -> str:
    """Give all that is said of a document."""
    return "\n".join(checks_of(document, document.read_bytes()))


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
def test_right_hash_is_told(document: Path, kind: str) -> None:
    """Hash and name, as the usual programs write them, in either case of letters."""
    digest = hashlib.new(kind, CONTENT).hexdigest()
    beside(document, kind, f"{digest.upper()}  x.json\n")
    assert f"The {kind} beside the record is right: {digest}" in said(document)


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
def test_wrong_hash_is_refused(document: Path, kind: str) -> None:
    """A document that was changed on the way is not imported."""
    digest = hashlib.new(kind, b"another").hexdigest()
    beside(document, kind, f"{digest}  x.json\n")
    with pytest.raises(InvalidInput, match="does not have the hash"):
        said(document)


@pytest.mark.parametrize("text", ["", "no hash here", "ab" * 20, ("0" * 64 + " ") * 2])
def test_hash_file_without_one_hash_is_refused(document: Path, text: str) -> None:
    """A check that cannot be made is not a check that passed."""
    beside(document, "sha256", text)
    with pytest.raises(InvalidInput, match="does not hold one"):
        said(document)


def test_absence_of_a_hash_is_told(document: Path) -> None:
    """Whoever reads the draft knows that nothing was checked."""
    assert said(document) == "No hash lies beside the record."


def test_signature_is_told_as_unchecked_without_gpg(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, and nobody looked at it."""
    beside(document, "asc", "x")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "NOT CHECKED, for want of gpg" in said(document)


gpg_needed = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make an empty keyring, and leave no agent behind."""
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    yield home
    gpgconf = shutil.which("gpgconf")
    if gpgconf is not None:
        subprocess.run(  # noqa: S603 - ends the agent of this test's own keyring
            [gpgconf, "--homedir", str(home), "--kill", "all"], timeout=20, check=False
        )


def gpg(*words: str) -> None:
    """Run gpg without questions."""
    subprocess.run(  # noqa: S603 - the system's gpg, on files of this test
        [shutil.which("gpg") or "gpg", "--batch", "--quiet", "--passphrase", "", *words],
        check=True,
        timeout=60,
        env={**os.environ},
        capture_output=True,
    )


@gpg_needed
def test_signature_by_a_key_that_is_not_known_is_unchecked(document: Path, keyring: Path) -> None:
    """No key is fetched from anywhere; a person must have it."""
    assert keyring.is_dir()
    beside(document, "asc", "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n")
    assert "NOT CHECKED" in said(document)


@gpg_needed
def test_good_signature_is_told_and_a_changed_document_is_refused(
    document: Path, keyring: Path
) -> None:
    """With the publisher's key at hand, the signature decides."""
    assert keyring.is_dir()
    gpg("--quick-generate-key", "cert@example.invalid", "ed25519", "sign", "never")
    gpg("--armor", "--detach-sign", str(document))
    assert "The signature is good, by the key " in said(document)
    document.write_bytes(CONTENT + b" ")
    with pytest.raises(InvalidInput, match="is not that of"):
        said(document)

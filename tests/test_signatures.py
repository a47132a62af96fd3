"""What a signature is worth, asked of the real `ssh-keygen`: for one text, purpose and day."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatectl.core.approval import SignatureFacts
from gatectl.core.approvalrequest import NAMESPACE
from gatectl.errors import InvalidInput, Refused
from gatectl.signatures import SignerList, look_at, openssh_version, read_signer_list, sign
from tests.signing import KINDS, fingerprint, make_key, sign_with, signer_line

NOW = datetime(2026, 1, 18, 20, 0, tzinfo=UTC)
TEXT = b"a request\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make a key of each kind."""
    folder = tmp_path_factory.mktemp("keys")
    return {kind: make_key(folder / kind, kind) for kind in KINDS}


def signers(tmp_path: Path, *lines: str) -> SignerList:
    """Write a list and read it."""
    path = tmp_path / "signers"
    path.write_text("".join(lines), encoding="ascii")
    return read_signer_list(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_by_each_kind_of_key_is_genuine(
    keys: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """Signed here or elsewhere, it is of the one person whose key it is."""
    known = signers(tmp_path, signer_line("anna@example", keys[kind]))
    for armour in (sign(TEXT, keys[kind], NAMESPACE), sign_with(keys[kind], TEXT)):
        assert look_at(TEXT, armour, known, NAMESPACE, NOW) == SignatureFacts(
            namespace=NAMESPACE,
            fingerprint=fingerprint(keys[kind]),
            principal="anna@example",
            genuine=True,
            revoked=False,
            because="",
        )


def test_a_signature_of_another_text_or_purpose_is_not_genuine(
    keys: dict[str, Path], tmp_path: Path
) -> None:
    """The purpose is told as it stands in the signature."""
    key = keys["ed25519"]
    known = signers(tmp_path, signer_line("anna@example", key))
    other = look_at(b"another\n", sign_with(key, TEXT), known, NAMESPACE, NOW)
    assert not other.genuine
    assert other.because.startswith("it is not of this text")
    purpose = look_at(TEXT, sign_with(key, TEXT, "git"), known, NAMESPACE, NOW)
    assert (purpose.genuine, purpose.namespace) == (False, "git")


def test_a_key_that_nobody_or_more_than_one_has_proves_nothing(
    keys: dict[str, Path], tmp_path: Path
) -> None:
    """Neither is told to be anybody's."""
    armour = sign_with(keys["ed25519"], TEXT)
    stranger = signers(tmp_path, signer_line("bert@example", keys["ecdsa"]))
    facts = look_at(TEXT, armour, stranger, NAMESPACE, NOW)
    assert (facts.principal, facts.genuine, facts.because) == ("", False, "its key is unknown")
    lines = [signer_line(name, keys["ed25519"]) for name in ("anna@example", "bert@example")]
    facts = look_at(TEXT, armour, signers(tmp_path, *lines), NAMESPACE, NOW)
    assert (facts.principal, facts.genuine) == ("", False)
    assert "several names" in facts.because


@pytest.mark.parametrize(
    ("validity", "genuine"),
    [
        ('valid-before="20260101Z"', False),
        ('valid-after="20260201Z"', False),
        ('valid-after="20260101Z",valid-before="20260201Z"', True),
    ],
)
def test_a_key_counts_for_its_time_alone(
    keys: dict[str, Path], tmp_path: Path, validity: str, genuine: bool
) -> None:
    """The time of the judgement decides, and not that of this machine."""
    options = f'namespaces="{NAMESPACE}",{validity}'
    known = signers(tmp_path, signer_line("anna@example", keys["ed25519"], options))
    facts = look_at(TEXT, sign_with(keys["ed25519"], TEXT), known, NAMESPACE, NOW)
    assert facts.genuine is genuine
    assert genuine or "does not count today" in facts.because


def test_a_revoked_key_is_told_to_be_revoked(keys: dict[str, Path], tmp_path: Path) -> None:
    """The other keys of the list still count."""
    lines = [signer_line(f"{kind}@example", keys[kind]) for kind in KINDS]
    public = keys["rsa"].with_suffix(".pub").read_bytes()
    known = replace(signers(tmp_path, *lines), revoked=public)
    facts = look_at(TEXT, sign_with(keys["rsa"], TEXT), known, NAMESPACE, NOW)
    assert (facts.revoked, facts.genuine) == (True, False)
    facts = look_at(TEXT, sign_with(keys["ecdsa"], TEXT), known, NAMESPACE, NOW)
    assert (facts.revoked, facts.genuine) == (False, True)


def test_a_list_of_revoked_keys_that_cannot_be_read_lets_nobody_pass(
    keys: dict[str, Path], tmp_path: Path
) -> None:
    """A broken list must not turn into an empty one."""
    known = signers(tmp_path, signer_line("anna@example", keys["ed25519"]))
    broken = replace(known, revoked=b"this is neither a key nor a revocation list\n")
    assert not look_at(TEXT, sign_with(keys["ed25519"], TEXT), broken, NAMESPACE, NOW).genuine


def test_what_is_no_signature_is_not_genuine(keys: dict[str, Path], tmp_path: Path) -> None:
    """Nothing is asked of ssh-keygen about it."""
    known = signers(tmp_path, signer_line("anna@example", keys["ed25519"]))
    facts = look_at(TEXT, "hello", known, NAMESPACE, NOW)
    assert (facts.genuine, facts.principal, facts.namespace) == (False, "", "")
    assert facts.because.startswith("it is no signature")


def test_a_generous_list_is_refused_with_its_line(keys: dict[str, Path], tmp_path: Path) -> None:
    """A key that may sign anything would turn a signed commit into an approval."""
    with pytest.raises(InvalidInput, match="line 1: anna@example may sign anything"):
        signers(tmp_path, signer_line("anna@example", keys["ed25519"], ""))
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_signer_list(tmp_path / "missing")


def test_a_key_that_cannot_sign_is_told(tmp_path: Path) -> None:
    """The hint gives the line with which to try the key alone."""
    with pytest.raises(InvalidInput, match="there is no key"):
        sign(TEXT, tmp_path / "missing", NAMESPACE)
    broken = tmp_path / "broken"
    broken.write_text("this is no key\n", encoding="ascii")
    broken.chmod(0o600)
    with pytest.raises(Refused, match="did not sign") as caught:
        sign(TEXT, broken, NAMESPACE)
    assert f"-n {NAMESPACE}" in caught.value.hint


def test_without_openssh_it_is_said_what_is_missing(
    keys: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without it verifies nothing, and claims nothing."""
    known = signers(tmp_path, signer_line("anna@example", keys["ed25519"]))
    armour = sign_with(keys["ed25519"], TEXT)
    assert "OpenSSH" in openssh_version()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="cannot be started"):
        look_at(TEXT, armour, known, NAMESPACE, NOW)

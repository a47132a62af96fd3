"""Anchors: written elsewhere once, signed for one purpose, and compared by word."""

import json
import shutil
import socket
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatectl.core.words import words_of
from gatectl.errors import InvalidInput, JournalDamaged, Refused, Unreachable
from gatectl.journal.anchor import (
    NAMESPACE,
    Anchor,
    PaperAnchor,
    check_signature,
    read_anchor,
    send_to_syslog,
    sign,
    signed_text,
    write_anchor,
)
from gatectl.journal.chain import Head

HEAD = Head(sequence=17, hash="0a" * 32, lineage="6f0c5d0e-7d40-4f7d-9f3b-1f6f1c0f7c11")
ANCHOR = Anchor(head=HEAD, taken=datetime(2026, 1, 18, 20, 0, tzinfo=UTC))
NOW = datetime(2026, 1, 19, 8, 0, tzinfo=UTC)
KEYGEN = shutil.which("ssh-keygen") or "ssh-keygen"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give the folder that the journal would be in."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Make an SSH key."""
    return make_key(tmp_path / "key")


def make_key(path: Path) -> Path:
    """Make an SSH key without a passphrase."""
    words = [KEYGEN, "-q", "-t", "ed25519", "-N", "", "-C", "auditor", "-f", str(path)]
    subprocess.run(words, check=True, timeout=30)  # noqa: S603 - a fixed program
    return path


def signers(key: Path, options: str = f'namespaces="{NAMESPACE}"') -> Path:
    """Write a list with one allowed signer."""
    path = key.parent / "allowed_signers"
    public = key.with_suffix(".pub").read_text(encoding="ascii")
    path.write_text(f"# who may anchor\nauditor@example {options} {public}", encoding="ascii")
    return path


def test_an_anchor_comes_back_as_it_was_written(tmp_path: Path, state: Path) -> None:
    """A folder as the target gets a file named for the journal and the record."""
    path = write_anchor(ANCHOR, tmp_path, not_in=state)
    assert path.name == "anchor-6f0c5d0e-17.json"
    assert read_anchor(path) == ANCHOR


def test_an_anchor_beside_its_journal_is_refused(state: Path) -> None:
    """Whoever rewrites the journal would rewrite the anchor with it."""
    with pytest.raises(Refused, match="beside the journal"):
        write_anchor(ANCHOR, state / "deeper" / "anchor.json", not_in=state)


def test_an_older_anchor_is_never_overwritten(tmp_path: Path, state: Path) -> None:
    """The older one proves more."""
    target = tmp_path / "anchor.json"
    write_anchor(ANCHOR, target, not_in=state)
    with pytest.raises(Refused, match="cannot be written"):
        write_anchor(replace(ANCHOR, head=replace(HEAD, sequence=99)), target, not_in=state)
    assert read_anchor(target) == ANCHOR


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "zz" * 32},
        {"hash": "0a" * 31},
        {"sequence": "many"},
        {"version": 2},
        {"taken": "yesterday"},
    ],
    ids=str,
)
def test_a_file_that_is_no_anchor_is_told(
    change: dict[str, object], tmp_path: Path, state: Path
) -> None:
    """It is not taken for an anchor that agrees."""
    path = write_anchor(ANCHOR, tmp_path, not_in=state)
    document = json.loads(path.read_text(encoding="ascii"))
    path.write_text(json.dumps({**document, **change}), encoding="ascii")
    with pytest.raises(InvalidInput, match="is not an anchor"):
        read_anchor(path)


def test_any_other_file_is_no_anchor_either(tmp_path: Path) -> None:
    """Neither a list, nor bytes, nor nothing at all."""
    for content in (b"[]", b"\xff\xfe", b"", b"{}"):
        path = tmp_path / "strange"
        path.write_bytes(content)
        with pytest.raises(InvalidInput):
            read_anchor(path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_anchor(tmp_path / "missing")


def test_a_signature_names_its_signer(key: Path) -> None:
    """Signed by the key, and found again in the list of allowed signers."""
    signed = replace(ANCHOR, signature=sign(ANCHOR, key))
    assert check_signature(signed, signers(key), NOW) == "auditor@example"


def test_a_signature_of_another_head_is_refused(key: Path) -> None:
    """A signature that was moved to a rewritten journal does not fit."""
    moved = replace(ANCHOR, head=replace(HEAD, hash="0b" * 32), signature=sign(ANCHOR, key))
    with pytest.raises(JournalDamaged, match="not for this anchor"):
        check_signature(moved, signers(key), NOW)


def test_a_stranger_s_signature_is_refused(key: Path, tmp_path: Path) -> None:
    """Anybody can sign; only the listed ones count."""
    stranger = make_key(tmp_path / "stranger")
    signed = replace(ANCHOR, signature=sign(ANCHOR, stranger))
    with pytest.raises(JournalDamaged, match="none of the allowed signers"):
        check_signature(signed, signers(key), NOW)


def test_a_signature_for_another_purpose_is_refused(key: Path) -> None:
    """The same key's signature of the same bytes for git is none of an anchor."""
    words = [KEYGEN, "-Y", "sign", "-n", "git", "-f", str(key)]
    done = subprocess.run(  # noqa: S603 - a fixed program
        words, input=signed_text(ANCHOR), capture_output=True, check=True, timeout=30
    )
    for_git = replace(ANCHOR, signature=done.stdout.decode("ascii"))
    with pytest.raises(JournalDamaged):
        check_signature(for_git, signers(key), NOW)


def test_a_signer_for_anything_is_refused(key: Path) -> None:
    """A list without namespaces would let a signature for another purpose count."""
    signed = replace(ANCHOR, signature=sign(ANCHOR, key))
    with pytest.raises(InvalidInput, match="may sign anything"):
        check_signature(signed, signers(key, options=""), NOW)


def test_an_unsigned_anchor_does_not_pass_for_a_signed_one(key: Path) -> None:
    """Where signers are asked for, silence is not enough."""
    with pytest.raises(JournalDamaged, match="not signed"):
        check_signature(ANCHOR, signers(key), NOW)


def test_a_key_that_cannot_sign_is_told(tmp_path: Path) -> None:
    """The anchor is then not written as if it were signed."""
    with pytest.raises(InvalidInput, match="there is no key"):
        sign(ANCHOR, tmp_path / "no-key")
    broken = tmp_path / "broken"
    broken.write_text("no key at all", encoding="ascii")
    with pytest.raises(Refused, match="did not sign"):
        sign(ANCHOR, broken)


def test_a_key_whose_time_is_over_counts_no_more(key: Path) -> None:
    """The list says until when each key may sign."""
    signed = replace(ANCHOR, signature=sign(ANCHOR, key))
    over = signers(key, options=f'namespaces="{NAMESPACE}",valid-before="20260101Z"')
    with pytest.raises(JournalDamaged, match="does not count"):
        check_signature(signed, over, NOW)


def test_the_system_log_gets_one_line_with_everything(tmp_path: Path) -> None:
    """A notice of the audit facility."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(5.0)
        send_to_syslog(ANCHOR, tmp_path / "log")
        got = log.recv(4096).decode("ascii")
    assert got.startswith("<109>gatectl anchor: ")
    assert HEAD.hash in got
    assert "record=17" in got


def test_a_missing_system_log_is_told(tmp_path: Path) -> None:
    """An anchor that went nowhere must not look as if it were kept."""
    with pytest.raises(Unreachable, match="took no anchor"):
        send_to_syslog(ANCHOR, tmp_path / "no-log")


def test_paper_is_read_as_it_was_written() -> None:
    """Number and words, with half of the words at the least."""
    paper = PaperAnchor.read(f" {ANCHOR.words()} ")
    assert (paper.sequence, paper.digits) == (17, HEAD.hash[:32])
    assert PaperAnchor.read(f"17 {words_of(HEAD.hash, 8)}").digits == HEAD.hash[:16]


@pytest.mark.parametrize("text", ["", "17", "acid acid", "17 acid", "17 nonsense", "x acid"])
def test_paper_that_says_too_little_is_refused(text: str) -> None:
    """A few words would fit many hashes."""
    with pytest.raises(InvalidInput):
        PaperAnchor.read(text)

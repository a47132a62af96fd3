"""Change one byte anywhere in a bundle, and it is found, and said where."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.bundle import Piece
from gatectl.bundlecheck import check_bundle
from gatectl.core.manifest import BLOCK_BYTES, Entry, archive_size, manifest_bytes
from gatectl.errors import InvalidInput
from tests.bundling import Archive
from tests.signing import make_key, signer_line


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Write a journal of two gates."""
    made = Archive.at(tmp_path)
    with made.journal:
        yield made


def places(archive: Archive) -> list[tuple[int, str]]:
    """List where each file of a bundle ends, in their order."""
    bundle = archive.bundle()
    digest, manifest = 80, len(manifest_bytes(bundle.manifest))
    entries = (
        Entry(name="MANIFEST.sha256", size=digest, sha256=""),
        Entry(name="MANIFEST.json", size=manifest, sha256=""),
        *bundle.manifest.entries,
    )
    ends: list[tuple[int, str]] = []
    for entry in entries:
        ends.append(((ends[-1][0] if ends else 0) + archive_size([entry]), entry.name))
    return [*ends, (ends[-1][0] + 2 * BLOCK_BYTES, "the end")]


def flip_and_check(archive: Archive, step: int) -> int:
    """Flip a bit of every step-th byte, one at a time; each must be found at its place."""
    path = archive.written()
    good = path.read_bytes()
    ends = places(archive)
    assert ends[-1][0] == len(good)
    changed = archive.folder / "changed.tar"
    for position in range(0, len(good), step):
        data = bytearray(good)
        data[position] ^= 1 << (position % 8)
        changed.write_bytes(data)
        problems = check_bundle(changed).problems
        assert problems, f"byte {position} was changed unseen"
        there = next(name for end, name in ends if position < end)
        if there == "MANIFEST.sha256":
            # Which of the two was changed, the line or what it is about, cannot be told.
            assert {one.where for one in problems} & {there, "MANIFEST.json"}
        else:
            assert any(one.where.startswith(there) for one in problems), (position, problems)
        assert all(one.offset <= len(good) for one in problems)
    return len(range(0, len(good), step))


def test_every_97th_byte_is_found_when_it_is_changed(archive: Archive) -> None:
    """Header, padding, manifest, record, signature, evidence or end: no byte is left out."""
    assert flip_and_check(archive, 97) > 100


@pytest.mark.long
def test_every_single_byte_is_found_when_it_is_changed(archive: Archive) -> None:
    """The same without a gap."""
    flip_and_check(archive, 1)


def test_a_bundle_that_holds_says_what_it_proves_and_what_it_does_not(archive: Archive) -> None:
    """The chain, the evidence and the signature are proven; whose key it is rests on a word."""
    verdict = check_bundle(archive.written())
    assert verdict.problems == ()
    proven, word = "\n".join(verdict.proven), "\n".join(verdict.on_word)
    assert "8 records of almelo follow each other unbroken, from 2 to 10, and 1 of other" in proven
    assert "1 pieces of evidence are what the records name" in proven
    assert "anna@example (ciso) signed request" in proven
    assert "whose keys these are" in word
    assert archive.journal.head().hash in word
    assert "certificates-rotated, on the word of anna" in word
    assert verdict.digest == archive.bundle().digest


def test_evidence_that_is_only_named_is_told_to_be_so(archive: Archive) -> None:
    """Nobody is to think that it was looked at."""
    verdict = check_bundle(archive.written(wanted=archive.wanted(with_evidence=False)))
    assert verdict.problems == ()
    assert any("content of 1 pieces of evidence" in one for one in verdict.on_word)


@pytest.mark.parametrize("size", [0, 100, 600, 1500, 5000, -1, -600])
def test_a_bundle_that_was_cut_off_is_found(archive: Archive, size: int) -> None:
    """Wherever it ends, it is told where."""
    path = archive.written()
    path.write_bytes(path.read_bytes()[:size])
    assert check_bundle(path).problems


def test_something_behind_the_end_is_found(archive: Archive) -> None:
    """Not even zeros, which a tar reader would pass over."""
    path = archive.written()
    path.write_bytes(path.read_bytes() + bytes(BLOCK_BYTES))
    (problem,) = check_bundle(path).problems
    assert problem.where == "the end"


def rewritten(archive: Archive, name: str, content: bytes) -> Path:
    """Make a bundle anew around one file with another content, with hashes that fit."""
    bundle = archive.bundle()
    entry = Entry(name=name, size=len(content), sha256=sha256(content))
    piece = Piece(entry=entry, parts=lambda: iter((content,)))
    pieces = sorted(
        (*(one for one in bundle.pieces if one.entry.name != name), piece),
        key=lambda one: one.entry.name,
    )
    manifest = replace(bundle.manifest, entries=tuple(one.entry for one in pieces))
    forged = replace(bundle, manifest=manifest, pieces=tuple(pieces))
    path = archive.folder / "forged.tar"
    path.write_bytes(b"".join(forged.parts()))
    return path


def sha256(content: bytes) -> str:
    """Hash as the manifest does."""
    import hashlib  # noqa: PLC0415 - only a forger needs it

    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("evidence.jsonl", b"", "evidence.jsonl"),
        ("approvals/001-request.json", b"{}", "approvals/001-request.json"),
        ("approvals/007-7.sig", b"-----BEGIN", "approvals/007-7.sig"),
        ("evidence/" + "0f" * 32, b"x", "evidence/" + "0f" * 32),
        ("records.jsonl", b"", "records.jsonl"),
    ],
)
def test_a_file_that_does_not_fit_the_records_is_found_though_its_hash_fits(
    archive: Archive, name: str, content: bytes, where: str
) -> None:
    """The records are what everything else in a bundle is held against."""
    problems = check_bundle(rewritten(archive, name, content)).problems
    assert any(one.where == where for one in problems), problems


def test_a_record_that_was_rewritten_is_found_by_its_number(archive: Archive) -> None:
    """A new hash of the file does not mend the chain inside."""
    (records,) = (p for p in archive.bundle().pieces if p.entry.name == "records.jsonl")
    content = b"".join(records.parts()).replace(b"the first of almelo", b"the fourth of almelo")
    (problem, *_) = check_bundle(rewritten(archive, "records.jsonl", content)).problems
    assert problem.where == "records.jsonl, record 2"


def test_a_list_of_signers_with_another_key_refutes_the_signature(archive: Archive) -> None:
    """A signature is held against the list that came with it."""
    other = signer_line("anna@example", make_key(archive.folder / "other"))
    verdict = check_bundle(rewritten(archive, "approvals/allowed_signers", other.encode()))
    (problem,) = verdict.problems
    assert problem.where == "the approval of anna@example (ciso)"
    assert "does not hold" in problem.sentence


def test_what_is_no_bundle_at_all_is_told(tmp_path: Path) -> None:
    """A file of another kind is not read any further; one that is not there is an invalid call."""
    path = tmp_path / "x.tar"
    path.write_text(json.dumps({"not": "a bundle"}), encoding="ascii")
    assert check_bundle(path).problems
    with pytest.raises(InvalidInput, match="cannot be read"):
        check_bundle(tmp_path / "missing.tar")

"""A bundle holds what it says, in the same bytes each time, and nothing of other gates."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.bundle import Bundle, write_bundle
from gatectl.core.event import Noted
from gatectl.errors import InvalidInput, JournalDamaged
from tests.bundling import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Write a journal of two gates."""
    made = Archive.at(tmp_path)
    with made.journal:
        yield made


def unpacked(bundle: Bundle) -> dict[str, bytes]:
    """Unpack a bundle as any tar reader does."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(bundle.parts()))) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            files[member.name] = file.read()
    return files


def test_the_same_records_give_the_same_bytes(archive: Archive) -> None:
    """Whoever makes it and whenever: a bundle can be compared with another by its hash."""
    one = b"".join(archive.bundle().parts())
    archive.clock.sleep(86_400)
    assert b"".join(archive.bundle().parts()) == one
    archive.record(Noted(text="one more"))
    assert b"".join(archive.bundle().parts()) != one


def test_a_bundle_holds_each_thing_by_its_name(archive: Archive) -> None:
    """Records, the list of evidence and evidence, request, signature, signers, VEX and report."""
    files = unpacked(archive.bundle())
    kept = hashlib.sha256(b"a log\n").hexdigest()
    assert list(files) == [
        "MANIFEST.sha256",
        "MANIFEST.json",
        "README.txt",
        "approvals/001-9.sig",
        "approvals/001-request.json",
        "approvals/allowed_signers",
        "evidence.jsonl",
        f"evidence/{kept}",
        "records.jsonl",
        "report/report.nl.md",
        "vex.json",
    ]
    manifest = json.loads(files["MANIFEST.json"])
    digest = hashlib.sha256(files["MANIFEST.json"]).hexdigest()
    assert files["MANIFEST.sha256"] == f"{digest}  MANIFEST.json\n".encode()
    assert {one["name"] for one in manifest["files"]} == set(files) - {
        "MANIFEST.json",
        "MANIFEST.sha256",
    }
    for one in manifest["files"]:
        assert hashlib.sha256(files[one["name"]]).hexdigest() == one["sha256"]
    assert files[f"evidence/{kept}"] == b"a log\n"
    assert (manifest["first"], manifest["last"]) == (2, 10)
    assert b"a secret of another gate" not in b"".join(files.values())
    assert json.loads(files["vex.json"])["statements"][0]["status"] == "affected"


def test_without_its_content_evidence_is_named_only(archive: Archive) -> None:
    """The list tells what there is, and where it came from."""
    files = unpacked(archive.bundle(archive.wanted(with_evidence=False)))
    assert not any(name.startswith("evidence/") for name in files)
    line = json.loads(files["evidence.jsonl"])
    assert (line["node"], line["what"]) == ("ns-a", "/x")


def test_a_case_holds_its_own_records_and_no_others(archive: Archive) -> None:
    """What came before and behind it is left out; what lies between stands there by its hash."""
    files = unpacked(archive.bundle(archive.wanted(sequences=frozenset({3, 4, 6}))))
    found = [json.loads(line) for line in files["records.jsonl"].splitlines()]
    assert [("body" in one, one["sequence"]) for one in found] == [
        (True, 3),
        (True, 4),
        (False, 5),
        (True, 6),
    ]
    assert json.loads(files["MANIFEST.json"])["case"] == "almelo-2026"


def test_evidence_that_is_gone_is_named_and_evidence_that_was_changed_is_refused(
    archive: Archive,
) -> None:
    """A hole is told; a forgery goes no further."""
    kept = archive.evidence.keep(b"a log\n")
    path = archive.evidence.path(kept)
    path.chmod(0o600)
    path.write_bytes(b"another log\n")
    with pytest.raises(JournalDamaged, match="was changed"):
        archive.bundle()
    path.unlink()
    assert archive.bundle().missing == (kept,)


def test_a_bundle_of_nothing_is_refused(archive: Archive) -> None:
    """Somebody who gets a bundle can count on something being in it."""
    with pytest.raises(InvalidInput, match="nothing is on record"):
        archive.bundle(archive.wanted(sequences=frozenset({99})))


def test_a_report_with_a_strange_name_is_refused(archive: Archive) -> None:
    """What is unpacked must not land elsewhere."""
    wanted = replace(archive.wanted(), reports={"../report.md": b"x"})
    with pytest.raises(InvalidInput, match="no name for a file"):
        archive.bundle(wanted)


def test_a_file_that_is_there_is_not_overwritten(archive: Archive, tmp_path: Path) -> None:
    """An older bundle may be the one that somebody has the hash of."""
    target = tmp_path / "bundle.tar"
    write_bundle(archive.bundle(), target)
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_bundle(archive.bundle(), target)


def test_half_a_bundle_is_not_left_behind(archive: Archive, tmp_path: Path) -> None:
    """Whoever finds a file finds a whole one."""
    bundle = archive.bundle()

    def broken() -> Iterator[bytes]:
        yield b"half of it"
        raise JournalDamaged("gone")

    pieces = (*bundle.pieces[:-1], replace(bundle.pieces[-1], parts=broken))
    target = tmp_path / "bundle.tar"
    with pytest.raises(JournalDamaged):
        write_bundle(replace(bundle, pieces=pieces), target)
    assert not target.exists()

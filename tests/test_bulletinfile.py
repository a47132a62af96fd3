"""Public records as files."""

import json
import os
from pathlib import Path

import pytest

from gatectl.bulletinfile import BYTES_MAX, RecordRefused, import_bulletin
from gatectl.errors import ExitCode, InvalidInput
from tests import records
from tests.records import Json, csaf, tree, vulnerability

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Records as they were published, where the machine has them."""

EXPECTED = {
    "CVE-2019-19781": None,
    "CVE-2020-8193": None,
    "CVE-2023-3519": "13.1-49.13 13.0-91.13 13.1-37.159 12.1-55.297",
    "CVE-2023-6548": "14.1-12.35 13.1-51.15 13.0-92.21 13.1-37.176 12.1-55.302",
    "CVE-2024-5492": "14.1-25.53 13.1-53.17 13.1-37.183 12.1-55.304",
    "CVE-2025-5777": "14.1-43.56 13.1-58.32",
}


def written(folder: Path, record: Json | bytes | str) -> Path:
    """Write a record to a file."""
    path = folder / "record.json"
    match record:
        case bytes():
            path.write_bytes(record)
        case str():
            path.write_text(record, encoding="utf-8")
        case _:
            path.write_text(json.dumps(record), encoding="utf-8")
    return path


@pytest.mark.parametrize("cve", EXPECTED)
def test_published_record_gives_the_right_builds_or_is_refused(cve: str) -> None:
    """Records as the CVE programme publishes them: no build is wrong."""
    path = PUBLISHED / "cve" / f"{cve}.json"
    if not path.exists():
        pytest.skip("this machine does not have the published records")
    builds = EXPECTED[cve]
    if builds is None:
        with pytest.raises(RecordRefused):
            import_bulletin(path)
        return
    fixed = import_bulletin(path).draft.advisory.fixed
    assert sorted(fixed.values()) == sorted(builds.split())


@pytest.mark.parametrize("name", ["bsi-2022-0001", "icsa-23-320-09"])
def test_published_document_of_another_product_is_refused(name: str) -> None:
    """One speaks of another vendor, and one names this vendor in its prose only."""
    path = PUBLISHED / "csaf" / f"{name}.json"
    if not path.exists():
        pytest.skip("this machine does not have the published documents")
    with pytest.raises(RecordRefused, match="names no NetScaler"):
        import_bulletin(path)


def test_record_and_document_are_told_apart_by_what_they_are(tmp_path: Path) -> None:
    """The name of the file says nothing."""
    assert import_bulletin(written(tmp_path, records.HALVES)).draft.advisory.cves
    ranges = tree("Citrix", "NetScaler ADC", a="<14.1-43.56")
    document = csaf(vulnerability(known_affected=["a"]), tree=(ranges,))
    assert import_bulletin(written(tmp_path, document)).draft.advisory.id == "CERT-2099-7"


def test_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    """Some publishers write one."""
    content = b"\xef\xbb\xbf" + json.dumps(records.HALVES).encode()
    assert import_bulletin(written(tmp_path, content)).draft.advisory.cves


def test_refusal_lists_its_reasons_and_is_the_callers_to_mend(tmp_path: Path) -> None:
    """What stood in the way is named, and the exit code is that of bad input."""
    with pytest.raises(RecordRefused) as caught:
        import_bulletin(written(tmp_path, records.FIXES_CALLED_AFFECTED))
    assert caught.value.exit_code is ExitCode.INVALID
    assert "13.0-58.30" in caught.value.sentence
    assert caught.value.left_out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"dataType": "CVE_RECORD"}',
        b'{"document": 1}',
        b'{"document": {"csaf_version": "2.0"}}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 200_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        json.dumps({**records.HALVES, "containers": []}).encode(),
        json.dumps({**records.HALVES, "dataVersion": 5.1}).encode(),
    ],
    ids=range(13),
)
def test_file_that_is_no_record_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    """Cut, foreign or hostile: nothing of it ends in anything but a refusal."""
    path = written(tmp_path, content)
    with pytest.raises(InvalidInput) as caught:
        import_bulletin(path)
    assert str(path) in caught.value.sentence


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe and nothing at all."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(InvalidInput):
            import_bulletin(path)


def test_file_of_monstrous_size_is_refused(tmp_path: Path) -> None:
    """Nobody's record is that large, so only so much is read."""
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    with pytest.raises(InvalidInput, match="larger than"):
        import_bulletin(path)


def test_hash_beside_the_file_is_checked(tmp_path: Path) -> None:
    """A wrong one stops the import before the record is read."""
    path = written(tmp_path, records.HALVES)
    (tmp_path / "record.json.sha256").write_text("0" * 64)
    with pytest.raises(InvalidInput, match="does not have the hash"):
        import_bulletin(path)

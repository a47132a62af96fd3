"""The layout of a bundle is what every tar reader expects, and there is one way to write it."""

import io
import tarfile

import pytest

from gatectl.core.manifest import (
    BLOCK_BYTES,
    END,
    Entry,
    Manifest,
    NotAManifest,
    archive_size,
    header,
    manifest_bytes,
    padding,
    read_manifest,
    size_in,
)

ENTRY = Entry(name="report/report.nl.md", size=3, sha256="0f" * 32)
MANIFEST = Manifest(
    gate="almelo",
    case="",
    lineage="6f0c5d0e",
    first=1,
    before="00" * 32,
    last=9,
    head="ff" * 32,
    entries=(ENTRY,),
)


def test_a_tar_reader_finds_name_size_and_content() -> None:
    """Nobody needs gatectl to get at what is inside."""
    content = b"abc"
    data = header(ENTRY.name, 3) + content + padding(3) + END
    assert len(data) == archive_size([ENTRY]) + len(END)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (member,) = archive.getmembers()
        assert (member.name, member.size, member.mode, member.mtime) == (ENTRY.name, 3, 0o644, 0)
        file = archive.extractfile(member)
        assert file is not None
        assert file.read() == content


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 8**11 - 1])
def test_a_header_is_one_block_from_which_the_size_is_read_back(size: int) -> None:
    """What fills the last block never makes another one."""
    block = header("a", size)
    assert len(block) == BLOCK_BYTES
    assert size_in(block) == size
    assert len(padding(size)) < BLOCK_BYTES
    assert (size + len(padding(size))) % BLOCK_BYTES == 0


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", ".hidden", "a b", "a\n", "a" * 101, "é", "a/b/"],
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    """Unpacking a bundle writes nothing outside of its folder."""
    with pytest.raises(NotAManifest, match="no name"):
        header(name, 1)


def test_a_manifest_comes_back_as_it_was_written() -> None:
    """Text and value are the same thing."""
    assert read_manifest(manifest_bytes(MANIFEST)) == MANIFEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"gatectl bundle 1", b"gatectl bundle 2"),
        (b" ", b"  "),
        (b'"gate"', b'"gates"'),
        (b'"size": 3', b'"size": -3'),
        (b'"size": 3', b'"size": 3.0'),
        (b"0f0f", b"0F0F"),
        (b"report/", b"../"),
        (b"{", b"["),
        (b"almelo", "almélo".encode()),
    ],
)
def test_a_manifest_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    """A manifest that could be read in two ways proves nothing."""
    with pytest.raises(NotAManifest):
        read_manifest(manifest_bytes(MANIFEST).replace(old, new, 1))


def test_a_file_that_is_named_twice_is_refused() -> None:
    """Which of the two was meant would be for the reader to choose."""
    twice = Manifest(
        gate="almelo",
        case="",
        lineage="x",
        first=1,
        before="00" * 32,
        last=9,
        head="ff" * 32,
        entries=(ENTRY, ENTRY),
    )
    with pytest.raises(NotAManifest, match="twice"):
        read_manifest(manifest_bytes(twice))

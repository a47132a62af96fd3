import hashlib
import stat
from pathlib import Path

import pytest

from gatectl.core.event import EvidenceId
from gatectl.errors import JournalDamaged, JournalUnavailable
from gatectl.journal.evidence import EvidenceStore


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    """Give a store that does not mind a small disk."""
    return EvidenceStore(tmp_path / "evidence", reserve_bytes=0)


def files(store_folder: Path) -> list[Path]:
    """List all that lies in a store."""
    return sorted(one for one in store_folder.rglob("*") if one.is_file())


def test_a_piece_comes_back_under_its_hash(store: EvidenceStore) -> None:
    """The name is the SHA-256 of the content, as any other tool would have it."""
    content = b"-rwxr-xr-x nobody /netscaler/portal/templates/x.xml\x00\xff"
    evidence = store.keep(content)
    assert evidence == hashlib.sha256(content).hexdigest()
    assert store.read(evidence) == content
    assert store.check(evidence) == len(content)


def test_a_piece_that_comes_in_parts_is_one_piece(store: EvidenceStore) -> None:
    """A download needs no memory for the whole, and has the same name in the end."""
    with store.writer() as writer:
        for _ in range(5):
            writer.write(b"x" * 700_000)
    assert writer.id == hashlib.sha256(b"x" * 3_500_000).hexdigest()
    assert writer.size_bytes == store.check(writer.id) == 3_500_000


def test_evidence_is_for_its_owner_alone(store: EvidenceStore, tmp_path: Path) -> None:
    """Files have mode 0600 and folders 0700: they may hold what an attacker left."""
    store.keep(b"x")
    for one in (tmp_path / "evidence").rglob("*"):
        wanted = 0o600 if one.is_file() else 0o700
        assert stat.S_IMODE(one.stat().st_mode) == wanted


def test_the_same_content_is_kept_once(store: EvidenceStore, tmp_path: Path) -> None:
    """A second copy leaves the first as it lies."""
    first = store.keep(b"core dump")
    before = store.path(first).stat()
    assert store.keep(b"core dump") == first
    assert store.path(first).stat().st_mtime_ns == before.st_mtime_ns
    assert store.path(first).stat().st_ino == before.st_ino
    assert files(tmp_path / "evidence") == [store.path(first)]


def test_a_changed_piece_is_not_given_out(store: EvidenceStore) -> None:
    """Content that does not fit its name is told, and so is a piece that is gone."""
    evidence = store.keep(b"core dump")
    store.path(evidence).write_bytes(b"core dunp")
    with pytest.raises(JournalDamaged, match="changed"):
        store.read(evidence)
    store.path(evidence).unlink()
    with pytest.raises(JournalDamaged, match="cannot be read"):
        store.read(evidence)


def test_a_changed_piece_is_not_mended_by_keeping_it_again(store: EvidenceStore) -> None:
    """What somebody did to evidence must stay to be seen."""
    evidence = store.keep(b"core dump")
    store.path(evidence).write_bytes(b"changed")
    with pytest.raises(JournalDamaged):
        store.keep(b"core dump")
    assert store.path(evidence).read_bytes() == b"changed"


def test_a_link_in_place_of_a_piece_is_not_followed(store: EvidenceStore, tmp_path: Path) -> None:
    """Nobody can make the store read, or write, another file."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"core dump")
    evidence = EvidenceId(hashlib.sha256(b"core dump").hexdigest())
    store.keep(b"something else")
    store.path(evidence).parent.mkdir(mode=0o700)
    store.path(evidence).symlink_to(elsewhere)
    with pytest.raises(JournalDamaged):
        store.read(evidence)
    with pytest.raises(JournalDamaged):
        store.keep(b"core dump")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_cannot_lead_out_of_the_store(store: EvidenceStore, name: str) -> None:
    """Only sixty-four small hex digits are a name."""
    with pytest.raises(JournalDamaged, match="not the name"):
        store.read(EvidenceId(name))


class TransferCut(Exception):
    """A download that ends before its time."""


def cut_off(store: EvidenceStore) -> None:
    """Begin a piece and break off."""
    with store.writer() as writer:
        writer.write(b"half of it")
        raise TransferCut


def test_a_transfer_that_breaks_off_leaves_nothing(store: EvidenceStore, tmp_path: Path) -> None:
    """Half a file is no evidence, and has no name."""
    with pytest.raises(TransferCut):
        cut_off(store)
    assert files(tmp_path / "evidence") == []


def test_a_piece_has_no_name_before_its_end(store: EvidenceStore) -> None:
    """Nothing can refer to what is not on disk yet."""
    with store.writer() as writer, pytest.raises(ValueError, match="not kept yet"):
        _ = writer.id


def test_evidence_leaves_room_for_the_journal(tmp_path: Path) -> None:
    """A record is worth more than a file: the last of the disk is not for evidence."""
    store = EvidenceStore(tmp_path / "evidence", reserve_bytes=2**60)
    with pytest.raises(JournalUnavailable, match="nearly full"):
        store.keep(b"x")
    assert files(tmp_path / "evidence") == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in the place of the folder is an error with a sentence."""
    (tmp_path / "evidence").write_text("in the way", encoding="ascii")
    with pytest.raises(JournalUnavailable):
        EvidenceStore(tmp_path / "evidence").keep(b"x")

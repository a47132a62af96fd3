"""The layout of a bundle: which bytes stand where, so that each of them is accounted for.

A bundle is a plain tar file that any tar reads. It is written here in one way only: fixed order,
owner and time, so that the same content gives the same bytes, and a byte that is not as it must be
is found wherever it stands.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

BLOCK_BYTES: Final = 512
END: Final = bytes(2 * BLOCK_BYTES)
MANIFEST: Final = "MANIFEST.json"
DIGEST: Final = "MANIFEST.sha256"
FORMAT: Final = "gatectl bundle 1"
MANIFEST_BYTES_MAX: Final = 64 * 2**20

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*(/[A-Za-z0-9_][A-Za-z0-9_.@+-]*){0,3}")
_NAME_BYTES_MAX: Final = 100
_SIZE_MAX: Final = 8**11 - 1
_SUM_AT: Final = (148, 156)
_SIZE_AT: Final = (124, 135)
_HEX: Final = re.compile(r"[0-9a-f]{64}")


class NotAManifest(ValueError):
    """A text that does not say what a bundle holds; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file in a bundle."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle says that it holds, file by file, in their order."""

    gate: str
    case: str
    """Empty for a bundle of all that is on record of a gate."""
    lineage: str
    first: int
    """The first record that is in the bundle; those before it are left out."""
    before: str
    """The hash that the first record follows."""
    last: int
    head: str
    """The hash of the last record."""
    entries: tuple[Entry, ...]


def manifest_bytes(manifest: Manifest) -> bytes:
    """Write a manifest in its one form."""
    document = {
        "format": FORMAT,
        "gate": manifest.gate,
        "case": manifest.case,
        "lineage": manifest.lineage,
        "first": manifest.first,
        "before": manifest.before,
        "last": manifest.last,
        "head": manifest.head,
        "files": [
            {"name": entry.name, "size": entry.size, "sha256": entry.sha256}
            for entry in manifest.entries
        ],
    }
    return (json.dumps(document, sort_keys=True, indent=1) + "\n").encode("ascii")


def read_manifest(content: bytes) -> Manifest:
    """Read a manifest; one that could be read in two ways is none."""
    try:
        manifest = _understood(json.loads(content.decode("ascii")))
    except (ValueError, KeyError, TypeError) as exc:
        raise NotAManifest(f"it cannot be understood: {exc}") from exc
    if manifest_bytes(manifest) != content:
        raise NotAManifest("it is not in the form in which gatectl writes manifests")
    return manifest


def digest_line(content: bytes) -> bytes:
    """Write the line that stands before a manifest, as sha256sum does."""
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode("ascii")


def header(name: str, size: int) -> bytes:
    """Write the one header that a file of this name and size has."""
    if not _NAME.fullmatch(name) or len(name) > _NAME_BYTES_MAX:
        raise NotAManifest(f"{name[:100]!r} is no name for a file in a bundle")
    if not 0 <= size <= _SIZE_MAX:
        raise NotAManifest(f"{name} is too large for a bundle")
    block = bytearray(BLOCK_BYTES)
    for at, field in (
        (0, name.encode("ascii")),
        (100, b"0000644\0"),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, b"%011o\0" % size),
        (136, b"00000000000\0"),
        (148, b" " * 8),
        (156, b"0"),
        (257, b"ustar\x0000"),
        (329, b"0000000\0"),
        (337, b"0000000\0"),
    ):
        block[at : at + len(field)] = field
    block[_SUM_AT[0] : _SUM_AT[1]] = b"%06o\0 " % sum(block)
    return bytes(block)


def size_in(block: bytes) -> int | None:
    """Read the size from a header, where nothing else tells it yet."""
    digits = block[slice(*_SIZE_AT)]
    return int(digits, 8) if re.fullmatch(rb"[0-7]{11}", digits) else None


def padding(size: int) -> bytes:
    """Give what fills the last block of a file."""
    return bytes(-size % BLOCK_BYTES)


def archive_size(entries: Iterable[Entry]) -> int:
    """Tell how many bytes these files take, with their headers."""
    return sum(BLOCK_BYTES + entry.size + len(padding(entry.size)) for entry in entries)


def _understood(found: Mapping[str, Any]) -> Manifest:
    if found["format"] != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT!r}")
    entries = tuple(
        Entry(name=str(one["name"]), size=int(one["size"]), sha256=str(one["sha256"]))
        for one in found["files"]
    )
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise ValueError("it names a file twice")
    for entry in entries:
        header(entry.name, entry.size)
        if not _HEX.fullmatch(entry.sha256):
            raise ValueError(f"{entry.name} has no SHA-256")
    return Manifest(
        gate=str(found["gate"]),
        case=str(found["case"]),
        lineage=str(found["lineage"]),
        first=int(found["first"]),
        before=str(found["before"]),
        last=int(found["last"]),
        head=str(found["head"]),
        entries=entries,
    )

"""A bundle: all that is on record of a gate or a case, as one file that proves itself.

The same records give the same bytes, whoever makes the bundle and when.
"""

import hashlib
import json
import re
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gatectl.core.advisory import Advisory
from gatectl.core.agreement import ApprovalGiven, ApprovalRequested
from gatectl.core.event import EvidenceId, Recorded
from gatectl.core.gate import AdvisoryId, Gate
from gatectl.core.manifest import (
    DIGEST,
    END,
    MANIFEST,
    Entry,
    Manifest,
    NotAManifest,
    digest_line,
    header,
    manifest_bytes,
    padding,
)
from gatectl.core.planning import in_force
from gatectl.core.vex import builds_seen, vex_document
from gatectl.errors import InvalidInput, JournalDamaged, JournalUnavailable
from gatectl.journal.chain import Link, canonical
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.journal.recordlines import lines_of

RECORDS: Final = "records.jsonl"
EVIDENCE: Final = "evidence.jsonl"
SIGNERS: Final = "approvals/allowed_signers"
VEX: Final = "vex.json"

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_README: Final = """\
This is a bundle of gatectl's: what is on record of one gateway, and what shows that nothing of it
was changed. `gatectl bundle verify FILE` checks it without configuration, keys or network.

Without gatectl:
  sha256sum -c MANIFEST.sha256          the manifest is as it was written
  MANIFEST.json                         names every file with its size and SHA-256
  records.jsonl                         a line a record; hash = SHA-256 of "gatectl/event/1", the
                                        hash before it (32 bytes) and the SHA-256 of its body
  ssh-keygen -Y verify -f approvals/allowed_signers -I NAME -n gatectl-approve@gatectl \\
      -s approvals/...sig < approvals/...-request.json
  vex.json                              what is fixed, as OpenVEX
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of a bundle: what the manifest says of it, and its bytes when they are asked for."""

    entry: Entry
    parts: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that is ready to be written."""

    manifest: Manifest
    pieces: tuple[Piece, ...]
    missing: tuple[EvidenceId, ...] = ()
    """Evidence that was asked for and is not there."""

    @property
    def digest(self) -> str:
        """Stands for all that is in the bundle; worth being kept elsewhere."""
        return hashlib.sha256(manifest_bytes(self.manifest)).hexdigest()

    def parts(self) -> Iterator[bytes]:
        """Give the file's bytes, in their order."""
        content = manifest_bytes(self.manifest)
        for name, text in ((DIGEST, digest_line(content)), (MANIFEST, content)):
            yield header(name, len(text)) + text + padding(len(text))
        for piece in self.pieces:
            yield header(piece.entry.name, piece.entry.size)
            yield from piece.parts()
            yield padding(piece.entry.size)
        yield END


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What goes into a bundle."""

    gate: Gate
    case: str = ""
    sequences: frozenset[int] | None = None
    """The records that are meant; none for all of the gate."""
    signers: str = ""
    """The text of the list of allowed signers; empty for none."""
    reports: Mapping[str, bytes]
    advisories: Mapping[AdvisoryId, Advisory]
    with_evidence: bool = False


def make_bundle(journal: Journal, evidence: EvidenceStore, wanted: Wanted) -> Bundle:
    """Put a bundle together; a journal or a piece of evidence that was changed is refused."""
    meant = tuple(_meant(journal, wanted))
    links = _links(journal, wanted, meant)
    # What was added meanwhile is left to the next bundle.
    records = tuple(one for one in meant if one.sequence <= int(str(links[-1].sequence)))
    whole = {recorded.sequence for recorded in records}
    told = [json.loads(str(link.body)) for link in links if link.sequence in whole]
    files: dict[str, bytes] = {
        "README.txt": _README.encode("ascii"),
        RECORDS: "".join(f"{line}\n" for line in lines_of(links, whole)).encode("ascii"),
        EVIDENCE: evidence_list(told),
        **approval_files(records),
        **{f"report/{name}": content for name, content in wanted.reports.items()},
    }
    if wanted.signers:
        files[SIGNERS] = wanted.signers.encode("utf-8", "replace")
    vex = _vex(journal, wanted, records)
    if vex is not None:
        files[VEX] = vex
    pieces = [_piece(name, content) for name, content in files.items()]
    missing: list[EvidenceId] = []
    if wanted.with_evidence:
        for one in sorted(evidence_of(told)):
            kept = _kept(evidence, one)
            if kept is None:
                missing.append(one)
            else:
                pieces.append(kept)
    pieces.sort(key=lambda piece: piece.entry.name)
    manifest = Manifest(
        gate=wanted.gate.name,
        case=wanted.case,
        lineage=journal.lineage,
        first=int(str(links[0].sequence)),
        before=str(links[0].previous),
        last=int(str(links[-1].sequence)),
        head=str(links[-1].hash),
        entries=tuple(piece.entry for piece in pieces),
    )
    return Bundle(manifest=manifest, pieces=tuple(pieces), missing=tuple(missing))


def write_bundle(bundle: Bundle, path: Path) -> None:
    """Write a bundle into a new file; what could not be written whole is taken away again."""
    try:
        file = path.open("xb")
    except OSError as exc:
        raise InvalidInput(
            f"the bundle cannot be written to {path}: {exc.strerror}",
            hint="Name a file that is not there yet, in a folder that you may write.",
        ) from exc
    try:
        with file:
            for part in bundle.parts():
                file.write(part)
    except BaseException as exc:
        with suppress(OSError):
            path.unlink()
        if isinstance(exc, OSError):
            raise JournalUnavailable(f"the bundle cannot be written: {exc.strerror}") from exc
        raise


def evidence_of(told: Iterable[Mapping[str, Any]]) -> frozenset[EvidenceId]:
    """Name all evidence that records refer to."""
    return frozenset(EvidenceId(line["evidence"]) for line in _evidence_lines(told))


def evidence_list(told: Iterable[Mapping[str, Any]]) -> bytes:
    """List the evidence that records refer to, a line each, in the records' order.

    The records are taken as they were written: what a newer gatectl wrote is listed as well.
    """
    return "".join(f"{canonical(line)}\n" for line in _evidence_lines(told)).encode("ascii")


def approval_files(records: Iterable[Recorded]) -> dict[str, bytes]:
    """Give requests and signatures as files, so that other programs can verify them."""
    files: dict[str, bytes] = {}
    numbers: dict[str, int] = {}
    for recorded in records:
        match recorded.event:
            case ApprovalRequested(nonce=nonce, request=request) if nonce not in numbers:
                numbers[nonce] = len(numbers) + 1
                files[f"approvals/{numbers[nonce]:03}-request.json"] = request.encode()
            case ApprovalGiven(nonce=nonce, signature=signature) if nonce in numbers:
                name = f"approvals/{numbers[nonce]:03}-{recorded.sequence}.sig"
                files[name] = signature.encode()
            case _:
                pass
    return files


def _evidence_lines(told: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for record in told:
        fields = record["event"]
        for name in ("evidence", "sha256"):
            value = fields.get(name)
            if isinstance(value, str) and _HASH.fullmatch(value):
                yield {
                    "sequence": record["sequence"],
                    "kind": fields.get("kind"),
                    "node": fields.get("node"),
                    "what": fields.get("name") or fields.get("look") or "",
                    "facts": fields.get("facts") or {},
                    "evidence": value,
                }


def _links(journal: Journal, wanted: Wanted, meant: tuple[Recorded, ...]) -> tuple[Link, ...]:
    """Give the stretch of the chain that the bundle proves."""
    if not meant:
        raise InvalidInput(f"nothing is on record of {wanted.case or wanted.gate.name}")
    first = meant[0].sequence
    last = journal.head().sequence if wanted.sequences is None else meant[-1].sequence
    return tuple(journal.links(after=first - 1, limit=last - first + 1))


def _meant(journal: Journal, wanted: Wanted) -> Iterator[Recorded]:
    chosen = wanted.sequences
    first, last = (1, sys.maxsize) if not chosen else (min(chosen), max(chosen))
    for recorded in journal.events(gate=wanted.gate.name, after=first - 1):
        if recorded.sequence > last:
            return
        if chosen is None or recorded.sequence in chosen:
            yield recorded


def _vex(journal: Journal, wanted: Wanted, records: tuple[Recorded, ...]) -> bytes | None:
    gate = wanted.gate
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{journal.lineage}/{gate.name}/{records[-1].sequence}")
    document = vex_document(
        gate,
        builds_seen(records),
        in_force(gate, wanted.advisories),
        name=f"urn:uuid:{name}",
    )
    if document is None:
        return None
    return (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _piece(name: str, content: bytes) -> Piece:
    try:
        header(name, len(content))
    except NotAManifest as exc:
        raise InvalidInput(
            f"{exc}", hint="Plain letters, digits and . _ - make a name that every system reads."
        ) from exc
    digest = hashlib.sha256(content).hexdigest()
    entry = Entry(name=name, size=len(content), sha256=digest)
    return Piece(entry=entry, parts=lambda: iter((content,)))


def _kept(store: EvidenceStore, evidence: EvidenceId) -> Piece | None:
    """Give a kept piece; none if it is gone, and JournalDamaged if it is another one now."""
    try:
        size = store.check(evidence)
    except JournalDamaged:
        if store.path(evidence).exists():
            raise
        return None
    entry = Entry(name=f"evidence/{evidence}", size=size, sha256=evidence)
    return Piece(entry=entry, parts=lambda: store.parts(evidence))

"""Whether a bundle is what was written: every byte of it, and what that proves and does not.

Nothing but the file is needed. A change by accident or by somebody who does not make all of the
bundle anew is always found; one who does make it anew is found by what was kept elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gatectl.bundle import EVIDENCE, RECORDS, SIGNERS, approval_files, evidence_list, evidence_of
from gatectl.core.agreement import ApprovalGiven, ApprovalRequested, AttestationGiven
from gatectl.core.approvalrequest import NAMESPACE
from gatectl.core.event import Recorded
from gatectl.core.manifest import (
    BLOCK_BYTES,
    DIGEST,
    END,
    MANIFEST,
    MANIFEST_BYTES_MAX,
    Entry,
    Manifest,
    NotAManifest,
    digest_line,
    header,
    padding,
    read_manifest,
    size_in,
)
from gatectl.core.words import words_of
from gatectl.errors import GatectlError, InvalidInput
from gatectl.journal.recordlines import Walked, walk
from gatectl.signatures import SignerList, look_at, understood

_CHUNK_BYTES = 2**20
_IN_MEMORY_MAX = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleProblem:
    """One place where a bundle is not what was written."""

    offset: int
    """The byte of the file at which it was noticed."""
    where: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleVerdict:
    """What a bundle proves, what rests on somebody's word, and what is wrong with it."""

    manifest: Manifest | None
    digest: str = ""
    problems: tuple[BundleProblem, ...] = ()
    proven: tuple[str, ...] = ()
    on_word: tuple[str, ...] = ()


class _Broken(Exception):
    """The rest cannot be found any more: this problem ends the reading."""

    def __init__(self, problem: BundleProblem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A bundle that is read from its first byte to its last."""

    file: BinaryIO
    offset: int = 0
    problems: list[BundleProblem] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    """Files that are looked into afterwards."""
    offsets: dict[str, int] = field(default_factory=dict)

    def tell(self, where: str, sentence: str, offset: int | None = None) -> None:
        at = self.offset if offset is None else offset
        self.problems.append(BundleProblem(offset=at, where=where, sentence=sentence))

    def exactly(self, wanted: bytes, where: str, what: str) -> None:
        """Read bytes that can only be these, and name the first that is another."""
        found = self.file.read(len(wanted))
        if found != wanted:
            differs = (n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b)
            first = next(differs, len(found))
            ends = "the file ends here" if first == len(found) else "this byte is another one"
            self.tell(where, f"{what}: {ends}", self.offset + first)
        self.offset += len(wanted)

    def take(self, size: int, where: str) -> Iterator[bytes]:
        """Read a file's content part by part."""
        left = size
        while left:
            part = self.file.read(min(left, _CHUNK_BYTES))
            if not part:
                self.tell(where, "the file ends here")
                raise _Broken(self.problems.pop())
            yield part
            left -= len(part)
            self.offset += len(part)


def check_bundle(path: Path) -> BundleVerdict:
    """Read a bundle through; what is wrong with it is told, and never raised."""
    try:
        file = path.open("rb")
    except OSError as exc:
        raise InvalidInput(f"the bundle {path} cannot be read: {exc.strerror}") from exc
    with file:
        reading = _Reading(file=file)
        try:
            manifest, digest = _manifest(reading)
            for entry in manifest.entries:
                _entry(reading, entry)
            reading.exactly(END, "the end", "there must be nothing but zeros")
            if file.read(1):
                reading.tell("the end", "something follows behind it")
        except _Broken as broken:
            problems = (*reading.problems, broken.problem)
            return BundleVerdict(manifest=None, problems=problems)
    return _judged(reading, manifest, digest)


def _manifest(reading: _Reading) -> tuple[Manifest, str]:
    line = b"".join(_small(reading, DIGEST, len(digest_line(b""))))
    begin = reading.offset
    block = reading.file.read(BLOCK_BYTES)
    size = size_in(block) if len(block) == BLOCK_BYTES else None
    if size is None or size > MANIFEST_BYTES_MAX or block != header(MANIFEST, size):
        raise _Broken(_problem(_odd(block, size, begin), MANIFEST, "its header is another one"))
    reading.offset += BLOCK_BYTES
    content = b"".join(reading.take(size, MANIFEST))
    if digest_line(content) != line:
        sentence = f"it is not what {DIGEST} says: one of the two was changed"
        raise _Broken(_problem(begin, MANIFEST, sentence))
    reading.exactly(padding(size), MANIFEST, "behind it must be zeros")
    try:
        return read_manifest(content), hashlib.sha256(content).hexdigest()
    except NotAManifest as exc:
        raise _Broken(_problem(begin, MANIFEST, str(exc))) from exc


def _odd(block: bytes, size: int | None, begin: int) -> int:
    """Tell which byte of a manifest's header cannot be right."""
    wanted = header(MANIFEST, size or 0) if (size or 0) <= MANIFEST_BYTES_MAX else b""
    pairs = enumerate(zip(block, wanted, strict=False))
    return begin + next((n for n, (a, b) in pairs if a != b), 0)


def _small(reading: _Reading, name: str, size: int) -> Iterator[bytes]:
    reading.exactly(header(name, size), name, "its header")
    if reading.problems:
        raise _Broken(reading.problems.pop())
    yield from reading.take(size, name)
    reading.exactly(padding(size), name, "behind it must be zeros")


def _problem(offset: int, where: str, sentence: str) -> BundleProblem:
    return BundleProblem(offset=offset, where=where, sentence=sentence)


def _entry(reading: _Reading, entry: Entry) -> None:
    reading.exactly(header(entry.name, entry.size), entry.name, "its header")
    begin = reading.offset
    reading.offsets[entry.name] = begin
    digest = hashlib.sha256()
    looked_into = not entry.name.startswith(("evidence/", "report/"))
    parts: list[bytes] = []
    for part in reading.take(entry.size, entry.name):
        digest.update(part)
        if looked_into and entry.size <= _IN_MEMORY_MAX:
            parts.append(part)
    reading.contents[entry.name] = b"".join(parts)
    if digest.hexdigest() != entry.sha256:
        sentence = f"its content was changed (bytes {begin} to {begin + entry.size - 1})"
        reading.tell(entry.name, sentence, begin)
    elif entry.name.startswith("evidence/") and entry.name != f"evidence/{entry.sha256}":
        reading.tell(entry.name, "it is kept under another hash than its own", begin)
    reading.exactly(padding(entry.size), entry.name, "behind it must be zeros")


def _judged(reading: _Reading, manifest: Manifest, digest: str) -> BundleVerdict:
    """Look into the files: each may be as the manifest says, and still not fit the others."""
    walked = _walked(reading, manifest)
    if not reading.problems:
        _compare(reading, walked)
    if reading.problems:
        return BundleVerdict(manifest=manifest, digest=digest, problems=tuple(reading.problems))
    signed, doubted = _signatures(reading, walked.records)
    return BundleVerdict(
        manifest=manifest,
        digest=digest,
        problems=tuple(reading.problems),
        proven=(*_proven(manifest, walked), *signed),
        on_word=(*doubted, *_on_word(manifest, walked, digest)),
    )


def _walked(reading: _Reading, manifest: Manifest) -> Walked:
    text = reading.contents.get(RECORDS, b"").decode("ascii", "replace")
    lines = text.split("\n")[:-1]
    walked = walk(lines, gate=manifest.gate, first=manifest.first, before=manifest.before)
    begin = reading.offsets.get(RECORDS, 0)
    for one in walked.problems:
        behind = sum(len(line) + 1 for line in lines[: one.sequence - manifest.first])
        reading.tell(f"{RECORDS}, record {one.sequence}", one.sentence, begin + behind)
    whole = manifest.first + len(lines) - 1 == manifest.last and text.endswith("\n")
    if not walked.problems and (walked.head != manifest.head or not whole):
        reading.tell(RECORDS, "it does not end with the record that the manifest names", begin)
    return walked


def _compare(reading: _Reading, walked: Walked) -> None:
    """Hold what was taken from the records against the records."""
    wanted = {EVIDENCE: evidence_list(walked.told), **approval_files(walked.records)}
    for name, content in wanted.items():
        if reading.contents.get(name) != content:
            begin = reading.offsets.get(name, 0)
            reading.tell(name, "it is missing, or says something else than the records", begin)
    for name in reading.contents:
        if name.startswith("approvals/") and name not in wanted and name != SIGNERS:
            reading.tell(name, "no record tells of this", reading.offsets[name])
    named = {line.rsplit(b'"evidence":"', 1)[-1][:64] for line in wanted[EVIDENCE].splitlines()}
    for name, begin in reading.offsets.items():
        if name.startswith("evidence/") and name[9:].encode() not in named:
            reading.tell(name, "no record tells of this", begin)


def _proven(manifest: Manifest, walked: Walked) -> Iterator[str]:
    yield f"every byte is as it was written: {len(manifest.entries)} files"
    others = f", and {walked.others} of other gates, by their hash" if walked.others else ""
    yield (
        f"{len(walked.records)} records of {manifest.gate} follow each other unbroken, "
        f"from {manifest.first} to {manifest.last}{others}"
    )
    pieces = sum(1 for entry in manifest.entries if entry.name.startswith("evidence/"))
    if pieces:
        yield f"{pieces} pieces of evidence are what the records name"


def _on_word(manifest: Manifest, walked: Walked, digest: str) -> Iterator[str]:
    yield (
        f"that record {manifest.last} is the one that was written then: compare its hash with an "
        f"anchor ({manifest.head}; on paper: {words_of(manifest.head)})"
    )
    yield f"that nobody has made another bundle since: compare the manifest's SHA-256 ({digest})"
    yield "times: they are those of the operator's machine"
    yield "what appliances say about themselves; looks from outside were made by gatectl"
    named = evidence_of(walked.told)
    if named and not any(one.name.startswith("evidence/") for one in manifest.entries):
        yield f"the content of {len(named)} pieces of evidence: they are named, and not in here"
    if any(entry.name.startswith(("report/", "vex")) for entry in manifest.entries):
        yield "the report and vex.json: they were made from these records by whoever made this"
    for recorded in walked.records:
        if isinstance(recorded.event, AttestationGiven):
            yield f"{recorded.event.name}, on the word of {recorded.event.by}"


def _signatures(
    reading: _Reading, records: tuple[Recorded, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Verify every approval by the list that came with it, as of the time when it was given."""
    text = reading.contents.get(SIGNERS)
    requests = {
        recorded.event.nonce: recorded.event.request
        for recorded in reversed(records)
        if isinstance(recorded.event, ApprovalRequested)
    }
    signed: list[str] = []
    doubted: list[str] = []
    for recorded in records:
        given = recorded.event
        if not isinstance(given, ApprovalGiven):
            continue
        who = f"{given.principal} ({given.role or 'without a role'})"
        if text is None or given.nonce not in requests:
            doubted.append(f"the approval of {who}: its request or the signers are not in here")
            continue
        refuted = _refuted(requests[given.nonce], given, text.decode(), recorded.at)
        if refuted is None:
            signed.append(f"{who} signed request {given.nonce}, by the list of signers in here")
        elif refuted:
            name = f"the approval of {who}"
            reading.tell(name, f"its signature does not hold: {refuted}", 0)
        else:
            doubted.append(f"the approval of {who}: there is no ssh-keygen here to verify it")
    if signed:
        doubted.append("whose keys these are: the list of signers was put in by whoever made this")
    return tuple(signed), tuple(doubted)


def _refuted(request: str, given: ApprovalGiven, signers: str, at: datetime) -> str | None:
    """Say what speaks against a signature; none if it holds, and nothing if nobody can tell."""
    try:
        known = SignerList(text=signers, signers=understood(signers, SIGNERS))
        facts = look_at(request.encode(), given.signature, known, NAMESPACE, at)
    except InvalidInput as exc:
        return exc.sentence
    except GatectlError:
        return ""
    if facts.namespace != NAMESPACE:
        return f"it was made for {facts.namespace!r}"
    if not facts.genuine:
        return facts.because
    if facts.principal != given.principal:
        return f"it is of {facts.principal}"
    return None

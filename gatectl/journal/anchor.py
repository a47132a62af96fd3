"""Anchors: a journal's head kept elsewhere, so that a past that was rewritten as a whole shows.

Whoever can change a journal can make a new chain that holds. The head on another machine, signed,
in a system log or on paper is out of his reach.
"""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gatectl import signatures
from gatectl.core.words import WORDS_OF_A_HEAD, digits_of, words_of
from gatectl.errors import InvalidInput, JournalDamaged, Refused, Unreachable
from gatectl.journal.chain import Head, canonical

NAMESPACE = "gatectl-anchor"
"""A signature for anything else, by the same key, is no signature of an anchor."""

SYSLOG = Path("/dev/log")

_VERSION = 1
_FILE_BYTES_MAX = 65_536
_SYSLOG_NOTICE = 13 * 8 + 5
"""Facility 13 (audit), severity 5 (notice)."""
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A head as it was at one moment, with the signature of whoever took it."""

    head: Head
    taken: datetime
    signature: str = ""
    """Armoured SSH signature of `signed_text`; empty if nobody signed."""

    def words(self) -> str:
        """Give what is written on paper: where, and the words of its hash."""
        return f"{self.head.sequence} {words_of(self.head.hash)}"

    def line(self) -> str:
        """Give one line for a system log."""
        head = self.head
        return (
            f"gatectl anchor: journal={head.lineage} record={head.sequence} hash={head.hash} "
            f"taken={self.taken.isoformat()}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperAnchor:
    """What somebody reads from paper: a record's number, and the beginning of its hash."""

    sequence: int
    digits: str

    @classmethod
    def read(cls, text: str) -> "PaperAnchor":
        """Understand the number and at least half of the words."""
        number, _, words = text.strip().partition(" ")
        try:
            paper = cls(sequence=int(number), digits=digits_of(words))
        except ValueError as exc:
            raise InvalidInput(
                f"this is not what an anchor on paper looks like: {exc}",
                hint="Give the record's number and its words, in quotes: --paper '17 acid acorn …'",
            ) from exc
        if len(paper.digits) < WORDS_OF_A_HEAD:
            raise InvalidInput(f"{WORDS_OF_A_HEAD // 2} words are needed to tell hashes apart")
        return paper


def signed_text(anchor: Anchor) -> bytes:
    """Give the bytes that are signed: which journal, which record, which hash and when."""
    return canonical(
        {
            "what": NAMESPACE,
            "lineage": anchor.head.lineage,
            "sequence": anchor.head.sequence,
            "hash": anchor.head.hash,
            "taken": anchor.taken.isoformat(),
        }
    ).encode("ascii")


def write_anchor(anchor: Anchor, target: Path, *, not_in: Path) -> Path:
    """Write the anchor into a new file, or into a folder under a name of its own.

    The journal's own folder is refused: whoever changes the journal there changes the anchor too.
    """
    path = target / _name(anchor) if target.is_dir() else target
    if path.resolve().is_relative_to(not_in.resolve()):
        raise Refused(
            f"{path} lies beside the journal that it is to guard",
            hint="Name a file on another machine, on a stick or in a folder that others keep.",
        )
    document = {
        "version": _VERSION,
        "lineage": anchor.head.lineage,
        "sequence": anchor.head.sequence,
        "hash": anchor.head.hash,
        "words": words_of(anchor.head.hash),
        "taken": anchor.taken.isoformat(),
        "signature": anchor.signature,
    }
    try:
        # An anchor that is there already is worth more than a newer one in its place.
        with path.open("x", encoding="ascii") as file:
            file.write(json.dumps(document, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise Refused(
            f"the anchor cannot be written to {path}: {exc.strerror}",
            hint="Name a file that is not there yet, in a folder that you may write.",
        ) from exc
    return path


def read_anchor(path: Path) -> Anchor:
    """Read an anchor; one that cannot be understood is told, and never taken for none."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_FILE_BYTES_MAX))
        return _understood(found)
    except OSError as exc:
        raise InvalidInput(f"the anchor {path} cannot be read: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InvalidInput(f"{path} is not an anchor: {exc}") from exc


def _understood(found: Mapping[str, Any]) -> Anchor:
    digest = str(found["hash"])
    if found["version"] != _VERSION or len(bytes.fromhex(digest)) != _DIGEST_BYTES:
        raise ValueError("it has another version or another hash than this gatectl writes")
    return Anchor(
        head=Head(sequence=int(found["sequence"]), hash=digest, lineage=str(found["lineage"])),
        taken=datetime.fromisoformat(found["taken"]),
        signature=str(found.get("signature", "")),
    )


def sign(anchor: Anchor, key: Path) -> str:
    """Sign an anchor with an SSH key; a public key's file makes the agent sign."""
    return signatures.sign(signed_text(anchor), key, NAMESPACE)


def check_signature(anchor: Anchor, signers: Path, at: datetime) -> str:
    """Tell who signed an anchor; JournalDamaged if it was none of the allowed signers."""
    allowed = signatures.read_signer_list(signers)
    if not anchor.signature:
        raise JournalDamaged("the anchor is not signed", hint="Compare it with another anchor.")
    facts = signatures.look_at(signed_text(anchor), anchor.signature, allowed, NAMESPACE, at)
    if not facts.principal:
        raise JournalDamaged(
            f"the anchor is signed by none of the allowed signers: {facts.because}"
        )
    if not facts.genuine:
        raise JournalDamaged(
            f"the signature of {facts.principal} is not for this anchor: {facts.because}"
        )
    return facts.principal


def send_to_syslog(anchor: Anchor, address: Path = SYSLOG) -> None:
    """Send an anchor to the system log; a log that is not there is told."""
    message = f"<{_SYSLOG_NOTICE}>{anchor.line()}".encode("ascii")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.settimeout(5.0)
        try:
            log.connect(str(address))
            log.send(message)
        except OSError as exc:
            raise Unreachable(
                f"the system log at {address} took no anchor: {exc.strerror}",
                hint="Is a system log running here? Write the words on paper meanwhile.",
            ) from exc


def _name(anchor: Anchor) -> str:
    return f"anchor-{anchor.head.lineage[:8]}-{anchor.head.sequence}.json"

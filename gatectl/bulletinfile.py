"""A public record as a file: read within bounds, its hash checked, and made a draft."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatectl.config.records import csaf_document, cve_record
from gatectl.core.csaf import draft_of_csaf
from gatectl.core.cverecord import draft_of_cve
from gatectl.core.draft import Draft, NothingCertain
from gatectl.errors import InvalidInput
from gatectl.signature import checks_of

BYTES_MAX = 32 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A draft, and what was found out about the file that it was made from."""

    draft: Draft
    checks: tuple[str, ...]


class RecordRefused(InvalidInput):
    """A record from which nothing can be taken for certain; the reasons are listed."""

    default_hint = "Write the bulletin by hand, from the vendor's own page."

    def __init__(self, sentence: str, *, left_out: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join([sentence, *(f"  {reason}" for reason in left_out)]))
        self.left_out = left_out


def import_bulletin(path: Path) -> Imported:
    """Make a draft of a CVE record or a CSAF document; raises InvalidInput or RecordRefused."""
    content = _read(path)
    checks = tuple(checks_of(path, content))
    data = _parse(path, content)
    try:
        return Imported(draft=_draft(path, data), checks=checks)
    except NothingCertain as exc:
        raise RecordRefused(f"{path}: {exc.sentence}", left_out=exc.left_out) from exc


def _draft(path: Path, data: Mapping[str, Any]) -> Draft:
    if data.get("dataType") == "CVE_RECORD":
        return draft_of_cve(cve_record(path, data))
    head = data.get("document")
    if isinstance(head, dict) and "csaf_version" in head:
        return draft_of_csaf(csaf_document(path, data))
    raise InvalidInput(
        f"{path} is neither a CVE record (JSON 5.x) nor a CSAF document",
        hint="Fetch the JSON from the CVE programme, or from the CERT that publishes it.",
    )


def _parse(path: Path, content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{path} is not UTF-8") from exc
    except RecursionError as exc:
        raise InvalidInput(f"{path} is nested far too deep") from exc
    except ValueError as exc:
        # JSONDecodeError is one; so is a whole number with thousands of digits.
        raise InvalidInput(f"{path} is not JSON: {str(exc)[:200]}") from exc
    if not isinstance(data, dict):
        raise InvalidInput(f"{path} holds no JSON object")
    return data


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InvalidInput(f"{path} is not a file but a folder, a pipe or a device")
            content = file.read(BYTES_MAX + 1)
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}") from exc
    if len(content) > BYTES_MAX:
        raise InvalidInput(f"{path} is larger than {BYTES_MAX} bytes")
    return content

"""Pinning: the accepted host keys of a node are replaced in the file, and nothing else is."""

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gatectl.config.document import Document, Key, Span, key_spans, parse_document, read_document
from gatectl.errors import ConfigInvalid, InvalidInput

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def pin_host_keys(path: Path, gate: str, node: str, fingerprints: Sequence[str]) -> None:
    """Write the accepted host keys of a node, or of a vantage's SSH host, into the file.

    Comments and layout stay. The new file is written aside and takes the old one's place at once.
    """
    strange = [one for one in fingerprints if _FINGERPRINT.fullmatch(one) is None]
    if strange or not fingerprints:
        raise InvalidInput(
            f"not a fingerprint: {strange[0][:80]!r}" if strange else "no fingerprint was given"
        )
    document = read_document(path)
    login = _login(document, gate, node)
    text = _replaced(document, login, list(fingerprints))
    wanted = _with_host_keys(document.data, login, list(fingerprints))
    # The text was cut at places that our own walk found: read it as a reader would, and compare.
    if parse_document(path, text).data != wanted:
        raise ConfigInvalid(
            f"{path} is laid out in a way that host_keys of {gate}/{node} cannot be replaced in",
            hint="Write the fingerprints into the file by hand; it was not changed.",
        )
    _write(path, text)


def _login(document: Document, gate: str, name: str) -> Key:
    gates = document.data.get("gates", {})
    written = gates.get(gate, {}) if isinstance(gates, dict) else {}
    for listed, inner in (("nodes", ()), ("vantages", ("via",))):
        entries = written.get(listed, []) if isinstance(written, dict) else []
        for position, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and entry.get("name") == name and {*inner} <= {*entry}:
                return ("gates", gate, listed, position, *inner)
    raise InvalidInput(f"{document.path} has no node or SSH host called {name!r} in gate {gate!r}")


def _replaced(document: Document, login: Key, fingerprints: list[str]) -> str:
    text, spans = document.text, key_spans(document.text)
    array = "[" + ", ".join(f'"{one}"' for one in fingerprints) + "]"
    key = (*login, "host_keys")
    if key in spans:
        return text[: spans[key].start] + array + text[spans[key].end :]
    place = _behind_last_key(text, login, spans)
    newline = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:place]}{newline}host_keys = {array}{text[place:]}"


def _behind_last_key(text: str, login: Key, spans: Mapping[Key, Span]) -> int:
    ends = [span.end for key, span in spans.items() if key[:-1] == login and span.end > span.start]
    last = max([*ends, spans[login].end]) if login in spans else 0
    line_end = text.find("\n", last)
    line_end = len(text) if line_end < 0 else line_end
    return line_end - 1 if text[line_end - 1 : line_end] == "\r" else line_end


def _with_host_keys(data: Any, login: Key, fingerprints: list[str]) -> Any:
    if not login:
        return {**data, "host_keys": fingerprints}
    first, rest = login[0], login[1:]
    changed = _with_host_keys(data[first], rest, fingerprints)
    if isinstance(data, list):
        return [changed if place == first else one for place, one in enumerate(data)]
    return {**data, first: changed}


def _write(path: Path, text: str) -> None:
    target = path.resolve()
    try:
        status = target.stat()
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be changed: {exc.strerror}") from exc
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fchmod(file.fileno(), status.st_mode & 0o777)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as exc:
        with suppress(OSError):
            aside.unlink()
        raise InvalidInput(f"{path} cannot be changed: {exc.strerror}") from exc

"""Pinning: the accepted keys of a node or a gate are replaced in the file, and nothing else is."""

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
_KEY_PIN = re.compile(r"sha256//[A-Za-z0-9+/]{43}=")


def pin_host_keys(path: Path, gate: str, node: str, fingerprints: Sequence[str]) -> None:
    """Write the accepted host keys of a node, or of a vantage's SSH host, into the file.

    Comments and layout stay. The new file is written aside and takes the old one's place at once.
    """
    _check(fingerprints, _FINGERPRINT)
    document = read_document(path)
    place = (*_login(document, gate, node), "host_keys")
    _replace(document, place, fingerprints, f"host_keys of {gate}/{node}")


def pin_certificate(path: Path, gate: str, pins: Sequence[str]) -> None:
    """Write the accepted public keys of a gate's certificate into the file, in the same way."""
    _check(pins, _KEY_PIN)
    document = read_document(path)
    place: Key = ("gates", gate, "vserver")
    if not isinstance(_found(document.data, place), dict):
        raise InvalidInput(f"{path} has no vserver in gate {gate!r}")
    _replace(document, (*place, "certificate_pins"), pins, f"certificate_pins of {gate}")


def _found(data: Any, key: Key) -> Any:
    for part in key:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _check(pins: Sequence[str], form: re.Pattern[str]) -> None:
    strange = [one for one in pins if form.fullmatch(one) is None]
    if strange or not pins:
        raise InvalidInput(
            f"not a fingerprint: {strange[0][:80]!r}" if strange else "no fingerprint was given"
        )


def _replace(document: Document, key: Key, pins: Sequence[str], what: str) -> None:
    text = _replaced(document, key, pins)
    wanted = _with(document.data, key, list(pins))
    # The text was cut at places that our own walk found: read it as a reader would, and compare.
    if parse_document(document.path, text).data != wanted:
        raise ConfigInvalid(
            f"{document.path} is laid out in a way that {what} cannot be replaced in",
            hint="Write the fingerprints into the file by hand; it was not changed.",
        )
    _write(document.path, text)


def _login(document: Document, gate: str, name: str) -> Key:
    gates = document.data.get("gates", {})
    written = gates.get(gate, {}) if isinstance(gates, dict) else {}
    for listed, inner in (("nodes", ()), ("vantages", ("via",))):
        entries = written.get(listed, []) if isinstance(written, dict) else []
        for position, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and entry.get("name") == name and {*inner} <= {*entry}:
                return ("gates", gate, listed, position, *inner)
    raise InvalidInput(f"{document.path} has no node or SSH host called {name!r} in gate {gate!r}")


def _replaced(document: Document, key: Key, pins: Sequence[str]) -> str:
    text, spans = document.text, key_spans(document.text)
    array = "[" + ", ".join(f'"{one}"' for one in pins) + "]"
    if key in spans:
        return text[: spans[key].start] + array + text[spans[key].end :]
    place = _behind_last_key(text, key[:-1], spans)
    newline = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:place]}{newline}{key[-1]} = {array}{text[place:]}"


def _behind_last_key(text: str, table: Key, spans: Mapping[Key, Span]) -> int:
    ends = [span.end for key, span in spans.items() if key[:-1] == table and span.end > span.start]
    last = max([*ends, spans[table].end]) if table in spans else 0
    line_end = text.find("\n", last)
    line_end = len(text) if line_end < 0 else line_end
    return line_end - 1 if text[line_end - 1 : line_end] == "\r" else line_end


def _with(data: Any, key: Key, pins: list[str]) -> Any:
    first, rest = key[0], key[1:]
    if not rest:
        return {**data, first: pins}
    changed = _with(data[first], rest, pins)
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

"""One TOML file: its text, its values, and the line on which each key stands."""

import os
import re
import stat
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatectl.errors import ConfigInvalid, InvalidInput

Key = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and positions in lists."""

SIZE_LIMIT = 1_000_000
"""Bytes that a file may have; a playbook or configuration is a hundredth of it."""

_WHERE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where the value of a key stands in the text."""

    line: int
    """Line of the key, or of the value for one in a list; the first line is 1."""
    start: int
    """Offset of the value's first character; for a table, of the character behind its header."""
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that was read, whatever it is about."""

    path: Path
    text: str
    data: dict[str, Any]


def read_toml(path: Path) -> dict[str, Any]:
    """Read the values of a TOML file; raises ConfigInvalid with one sentence."""
    return read_document(path).data


def read_document(path: Path, *, error: type[InvalidInput] = ConfigInvalid) -> Document:
    """Read a TOML file; raises `error` with one sentence that names the file and the place."""
    return parse_document(path, read_text(path, error=error), error=error)


def read_text(path: Path, *, error: type[InvalidInput] = ConfigInvalid) -> str:
    """Read a file's text, whatever it says; raises `error` with one sentence."""
    return _decode(path, _read_bytes(path, error), error)


def parse_document(path: Path, text: str, *, error: type[InvalidInput] = ConfigInvalid) -> Document:
    """Read TOML that is at hand already; the path is only for the words."""
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise error(f"{path}: tables or lists are nested far too deep") from None
    except ValueError as exc:
        # TOMLDecodeError is one; so is a whole number with thousands of digits.
        raise error(_broken(path, text, str(exc))) from exc
    return Document(path=path, text=text, data=data)


def _read_bytes(path: Path, error: type[InvalidInput]) -> bytes:
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise error(f"{path} does not exist") from None
    except (OSError, ValueError) as exc:
        raise error(f"{path} cannot be read: {_reason(exc)}") from exc
    try:
        _check_status(path, os.fstat(descriptor), error)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as exc:
        raise error(f"{path} cannot be read: {_reason(exc)}") from exc
    finally:
        os.close(descriptor)
    if len(content) > SIZE_LIMIT:
        raise error(f"{path} is larger than {SIZE_LIMIT} bytes; this cannot be the right file")
    return content


def _check_status(path: Path, status: os.stat_result, error: type[InvalidInput]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise error(f"{path} is not a file but a folder, a pipe or a device")
    if status.st_mode & stat.S_IWOTH:
        raise error(
            f"{path} can be changed by every user of this machine",
            hint=f"Look for changes that are not yours, then: chmod o-w {path}",
        )


def _reason(exc: Exception) -> str:
    return (isinstance(exc, OSError) and exc.strerror) or str(exc)


def _decode(path: Path, content: bytes, error: type[InvalidInput]) -> str:
    if content.startswith(_UTF8_MARK):
        raise error(
            f"{path}:1:1: the file begins with a byte order mark, which TOML does not allow",
            hint="Save it again as UTF-8 without BOM.",
        )
    if content.startswith(_UTF16):
        raise error(f"{path}:1:1: the file is UTF-16", hint="Save it again as UTF-8 without BOM.")
    if b"\0" in content:
        before = content[: content.index(b"\0")]
        raise error(f"{path}:{_place(before)}: the file has a NUL byte, so it is not a text file")
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        place = _place(content[: exc.start])
        raise error(
            f"{path}:{place}: the byte 0x{content[exc.start]:02x} is not UTF-8",
            hint="Save the file again as UTF-8.",
        ) from exc


def _place(before: bytes) -> str:
    line = before.count(b"\n") + 1
    column = len(before) - before.rfind(b"\n")
    return f"{line}:{column}"


def _broken(path: Path, text: str, message: str) -> str:
    found = _WHERE.search(message)
    what = message[: found.start()] if found else message
    if found is not None and found["line"]:
        place = f"{found['line']}:{found['column']}"
    else:
        place = f"{text.count(chr(10)) + 1}:1"
    return f"{path}:{place}: this is not TOML: {what[:1].lower()}{what[1:200]}"


_SKIPPED = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_STRINGS = tuple(
    re.compile(pattern)
    for pattern in (
        r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}',
        r"'''(?:[^']|'{1,2}(?!'))*'{3,5}",
        r'"(?:[^"\\\n]|\\.)*"',
        r"'[^'\n]*'",
    )
)


def line_of(key: Key, spans: Mapping[Key, Span]) -> int:
    """Give the line of a key, or of the nearest table around it when the key is not there."""
    while key:
        if key in spans:
            return spans[key].line
        key = key[:-1]
    return 1


class _LostError(Exception):
    """The text is not as expected; what was found up to here stays good."""


def key_spans(text: str) -> Mapping[Key, Span]:
    """Find the place of each key in a text that is known to be TOML.

    tomllib keeps no positions. This walk judges nothing: where it loses its way it stops, and
    the keys behind have the line of what stands around them.
    """
    walk = _Walk(text)
    try:
        walk.statements()
    except (_LostError, RecursionError):
        return walk.spans
    return walk.spans


class _Walk:
    """One pass over a text, with the place reached and the tables counted so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: dict[Key, Span] = {}
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._counts: dict[Key, int] = {}

    def statements(self) -> None:
        table: Key = ()
        while self._skip():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Key:
        begin = self.at
        in_list = self.text.startswith("[[", self.at)
        self.at += 2 if in_list else 1
        names = self._names()
        self._expect("]]" if in_list else "]")
        table = self._table(names, in_list=in_list)
        if in_list:
            self._note(table[:-1], begin, self.at)
        self._note(table, begin, self.at)
        return table

    def _table(self, names: Key, *, in_list: bool) -> Key:
        table: Key = ()
        for position, name in enumerate(names, start=1):
            table = (*table, name)
            if in_list and position == len(names):
                self._counts[table] = self._counts.get(table, 0) + 1
            if table in self._counts:
                # A header speaks of the newest entry of a list of tables.
                table = (*table, self._counts[table] - 1)
        return table

    def _pair(self, table: Key) -> None:
        begin = self.at
        key = (*table, *self._names())
        self._expect("=")
        self._skip()
        start = self.at
        self._value(key)
        self._note(key, begin, start)

    def _names(self) -> Key:
        names: list[str] = []
        while True:
            self._skip()
            names.append(self._name())
            self._skip()
            if self.text[self.at : self.at + 1] != ".":
                return tuple(names)
            self.at += 1

    def _name(self) -> str:
        bare = _BARE_KEY.match(self.text, self.at)
        if bare is not None:
            self.at = bare.end()
            return bare[0]
        quoted = self._string()
        if not quoted:
            raise _LostError
        return str(tomllib.loads(f"key = {quoted}")["key"])

    def _string(self) -> str:
        for pattern in _STRINGS:
            found = pattern.match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return found[0]
        return ""

    def _value(self, key: Key) -> None:
        match self.text[self.at : self.at + 1]:
            case "[":
                self._entries(key, end="]")
            case "{":
                self._entries(key, end="}")
            case '"' | "'":
                if not self._string():
                    raise _LostError
            case _:
                found = _BARE_VALUE.match(self.text, self.at)
                if found is None:
                    raise _LostError
                self.at += len(found[0].rstrip())

    def _entries(self, key: Key, *, end: str) -> None:
        self.at += 1
        position = 0
        while self._skip() and self.text[self.at] != end:
            if end == "}":
                self._pair(key)
            else:
                start = self.at
                self._value((*key, position))
                self._note((*key, position), start, start)
            position += 1
            self._skip()
            if self.text.startswith(",", self.at):
                self.at += 1
        self._expect(end)

    def _note(self, key: Key, begin: int, start: int) -> None:
        line = bisect_right(self._line_starts, begin)
        self.spans.setdefault(key, Span(line=line, start=start, end=self.at))

    def _skip(self) -> bool:
        found = _SKIPPED.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at < len(self.text)

    def _expect(self, sign: str) -> None:
        if not self.text.startswith(sign, self.at):
            raise _LostError
        self.at += len(sign)

"""How the appliance lays out what it shows: numbered blocks of labels and values, and tables."""

import re
from collections.abc import Iterator, Mapping

from gatectl.core.check import Record


class NotUnderstood(Exception):
    """The text is not what this command is known to print."""


_NEXT = re.compile(r"[ ]*\t[ \t]*| {2,}(?=[A-Za-z0-9][A-Za-z0-9 ]*[:=])")
"""Where a value ends and a label begins that is not known here."""
_NUMBER = re.compile(r"[ \t]*\d+\)[ \t]*")


def bare(line: str) -> str:
    """Take a line without its indentation and its number in a list."""
    return _NUMBER.sub("", line, count=1).strip() if _NUMBER.match(line) else line.strip()


class Labels:
    """Finds known labels in a line, several in one line too, and the value behind each."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = {label.casefold(): field for label, field in fields.items()}
        names = "|".join(re.escape(label) for label in sorted(self._fields, key=len, reverse=True))
        # A label is followed by its sign, or, where it has no value, by a gap or the line's end.
        self._pattern = re.compile(
            rf"(?:^|[ \t]{{2,}}|\t)({names})(?=[ \t]*(?:!=|[:=])|[ \t]{{2,}}|\t|$)"
            r"(?:[ \t]*(!=|[:=]))?",
            re.IGNORECASE,
        )

    def read(self, line: str) -> dict[str, str]:
        """Return the fields of one line; a label without a value gives no field."""
        text = bare(line)
        found = list(self._pattern.finditer(text))
        # Each value goes to the next label, the last one to the line's end.
        ends = [match.start() for match in found[1:]] + [len(text)]
        values: dict[str, str] = {}
        for match, end in zip(found, ends, strict=False):
            value = _NEXT.split(text[match.end() : end].strip(), maxsplit=1)[0]
            if value:
                field = self._fields[match[1].casefold()]
                values.setdefault(field, f"!= {value}" if match[2] == "!=" else value)
        return values

    def records(
        self, lines: list[str], *, first: str, needs: tuple[str, ...]
    ) -> tuple[dict[str, str], ...]:
        """Split an answer where the first field stands; refuse text in front of it."""
        records: list[dict[str, str]] = []
        for line in lines:
            values = self.read(line)
            if first in values:
                records.append(values)
            elif records:
                records[-1] = {**values, **records[-1]}
            else:
                raise NotUnderstood(f"{line.strip()!r} stands before the first {first}")
        for record in records:
            need(record, needs)
        return tuple(records)


def need(record: Record, needs: tuple[str, ...]) -> None:
    """Refuse a record that lacks a field which the device always shows."""
    missing = [field for field in needs if field not in record]
    if missing:
        raise NotUnderstood(f"{next(iter(record.values()), 'it')} has no {', '.join(missing)}")


def read_one(lines: list[str], labels: Labels, needs: tuple[str, ...]) -> dict[str, str]:
    """Read an answer that is all about one thing."""
    record: dict[str, str] = {}
    for line in lines:
        record = {**labels.read(line), **record}
    need(record, needs)
    return record


def read_lines(lines: list[str]) -> tuple[Record, ...]:
    """Keep an answer as it is, a record a line."""
    return tuple({"line": line.strip()} for line in lines)


def table(lines: list[str], *, first: str) -> Iterator[dict[str, str]]:
    """Read a table by its header: columns are parted by two blanks or a tab."""
    header: list[str] | None = None
    for line in lines:
        cells = re.split(r"[ \t]{2,}|\t", bare(line))
        if header is None:
            if cells[0].casefold() != first:
                raise NotUnderstood(f"{line.strip()!r} stands before the table")
            header = [cell.casefold() for cell in cells]
        elif not re.fullmatch(r"[- \t]+", line):
            if len(cells) != len(header):
                raise NotUnderstood(f"{line.strip()!r} does not fit the columns")
            yield dict(zip(header, cells, strict=True))

"""A NetScaler's log files, read as lines with times and commands, whatever bytes they hold."""

import re
import zlib
from datetime import UTC, datetime, timedelta

UNPACKED_BYTES_MAX = 64 * 1024 * 1024
"""How much one file may unpack to; a gzip bomb among the evidence must not end the judgement."""

_GZIP = b"\x1f\x8b"
_OTHER_PACKERS = (b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = rb"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH = rb"(?P<month>" + "|".join(_MONTHS).encode() + rb")"
_SYSLOG = re.compile(rb"\A" + _MONTH + rb" +(?P<day>\d{1,2}) " + _CLOCK)
_WEB_ACCESS = re.compile(
    rb"\[(?P<day>\d\d)/" + _MONTH + rb"/(?P<year>\d{4}):" + _CLOCK + rb" (?P<zone>[+-]\d{4})\]"
)
_WEB_ERROR = re.compile(
    rb"\A\[\w{3} " + _MONTH + rb" +(?P<day>\d{1,2}) " + _CLOCK + rb"(?:\.\d+)? (?P<year>\d{4})\]"
)
_COMMANDS = (
    re.compile(rb'shell_command="(.*)"\s*\Z', re.DOTALL),
    re.compile(rb'Command "(.*)" - Status ', re.DOTALL),
    re.compile(rb'"((?:GET|HEAD|POST|PUT|DELETE|OPTIONS) \S+) HTTP/[\d.]+"'),
)


class LogUnreadable(ValueError):
    """A file whose content could not be unpacked as a whole."""


def unpack(content: bytes) -> bytes:
    """Give the plain bytes of a plain or gzip file; raises LogUnreadable for anything else."""
    if content.startswith(_OTHER_PACKERS):
        raise LogUnreadable("packed in a way that is not read here (bzip2, xz or zstd)")
    if not content.startswith(_GZIP):
        return content
    parts: list[bytes] = []
    room = UNPACKED_BYTES_MAX
    while content.startswith(_GZIP):
        # newsyslog and an attacker's tools both write files of several gzip members.
        part, content = _unpack_member(content, room)
        room -= len(part)
        parts.append(part)
    return b"".join(parts)


def _unpack_member(content: bytes, room: int) -> tuple[bytes, bytes]:
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        part = member.decompress(content, room + 1)
    except zlib.error as exc:
        raise LogUnreadable(f"damaged gzip file ({exc})") from exc
    if len(part) > room:
        raise LogUnreadable(f"unpacks to more than {UNPACKED_BYTES_MAX} bytes")
    if not member.eof:
        raise LogUnreadable("gzip file that ends too early")
    return part, member.unused_data


def time_of(line: bytes, *, written: datetime) -> datetime | None:
    """Read a line's time; `written` (the file's mtime) tells the year that syslog leaves out.

    Syslog names no time zone: UTC is taken, as the appliance's default.
    """
    for form in (_SYSLOG, _WEB_ERROR, _WEB_ACCESS):
        found = form.search(line)
        if found is not None:
            return _time_from(found, written)
    return None


def _time_from(found: re.Match[bytes], written: datetime) -> datetime | None:
    fields = {name: value.decode() for name, value in found.groupdict().items()}
    latest = written + timedelta(days=1)
    years = [int(fields["year"])] if "year" in fields else [latest.year, latest.year - 1]
    for year in years:
        try:
            time = datetime(
                year,
                _MONTHS.index(fields["month"]) + 1,
                int(fields["day"]),
                int(fields["hour"]),
                int(fields["minute"]),
                int(fields["second"]),
                tzinfo=UTC,
            )
        except ValueError:
            # 29 February of another year, or an hour 24 as some builds write it.
            continue
        time -= _offset(fields.get("zone", "+0000"))
        if "year" in fields or time <= latest:
            return time
    return None


def _offset(zone: str) -> timedelta:
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
    return -size if zone.startswith("-") else size


def commands_in(line: bytes) -> frozenset[str]:
    """Name what a line records: a shell command, a CLI command, or a web request's first words."""
    found = (form.search(line) for form in _COMMANDS)
    return frozenset(
        match[1].decode("utf-8", "backslashreplace").strip() for match in found if match is not None
    )

"""Parsers of what the appliance's own shell prints: hashes, free space, boot time and kernel."""

import re

from gatectl.core.check import Record
from gatectl.core.layout import NotUnderstood, read_lines

_SHA256 = re.compile(r"SHA256 ?\((?P<path>.+)\) ?= ?(?P<sha256>[0-9a-fA-F]{64})")


def read_sha256(lines: list[str]) -> tuple[Record, ...]:
    """Read the hash of each file."""
    records: list[Record] = []
    for line in lines:
        match = _SHA256.fullmatch(line.strip())
        if match is None:
            raise NotUnderstood(f"{line.strip()!r} is not a hash")
        records.append({"path": match["path"], "sha256": match["sha256"].lower()})
    if not records:
        raise NotUnderstood("there is no hash")
    return tuple(records)


_BLOCKS = re.compile(r"(\d+)([KMG]?)(?:-blocks)?")
_UNIT_BYTES = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(-?\d+(?:\.\d+)?)([BKMGT]?)i?")


def read_df(lines: list[str]) -> tuple[Record, ...]:
    """Read what is free on each file system, in whole megabytes rounded down."""
    if not lines or lines[0].split()[:1] != ["Filesystem"]:
        raise NotUnderstood("there is no header")
    block_bytes = _block_bytes(lines[0].split()[1])
    records: list[Record] = []
    for line in lines[1:]:
        cells = line.split()
        if len(cells) < 6 or not cells[4].endswith("%"):  # noqa: PLR2004 - df's six columns
            raise NotUnderstood(f"{line.strip()!r} does not fit the columns")
        available = _size_bytes(cells[3], block_bytes)
        megabytes = str(max(0, available) // (1 << 20))
        mount = " ".join(cells[5:])
        records.append({"mount": mount, "available_mb": megabytes, "capacity": cells[4]})
    return tuple(records)


def _block_bytes(heading: str) -> int | None:
    if heading == "Size":
        return None
    match = _BLOCKS.fullmatch(heading)
    if match is None:
        raise NotUnderstood(f"{heading!r} is no unit")
    return int(match[1]) * _UNIT_BYTES[match[2]]


def _size_bytes(text: str, block_bytes: int | None) -> int:
    match = _SIZE.fullmatch(text)
    if match is None or (bool(match[2]) != (block_bytes is None) and text != "0"):
        raise NotUnderstood(f"{text!r} is no size")
    unit = _UNIT_BYTES[match[2]] if block_bytes is None else block_bytes
    return int(float(match[1]) * unit)


_BOOT_TIME = re.compile(r"\{ ?sec = (\d+), usec = \d+ ?\}.*")


def read_sysctl(lines: list[str]) -> tuple[Record, ...]:
    """Read the boot time where that was asked for; any other value stays a line."""
    if len(lines) == 1 and (match := _BOOT_TIME.fullmatch(lines[0].strip())):
        return ({"boot_time": match[1]},)
    return read_lines(lines)


def read_date(lines: list[str]) -> tuple[Record, ...]:
    """Read the device's clock where it was asked for in seconds; else it stays a line."""
    if len(lines) == 1 and re.fullmatch(r"\d{6,12}", lines[0].strip()):
        return ({"unix_time": lines[0].strip()},)
    return read_lines(lines)


_KERNEL = re.compile(r"\s*kernel\s*=\s*[\"']?/?(?P<kernel>ns-[^\"'\s]+?)(?:\.gz)?[\"']?\s*")


def read_grep(lines: list[str]) -> tuple[Record, ...]:
    """Keep the lines, and read the kernel that will be booted where one of them names it."""
    kernels = {match["kernel"] for line in lines if (match := _KERNEL.fullmatch(line))}
    if len(kernels) > 1:
        raise NotUnderstood(f"it names several kernels: {', '.join(sorted(kernels))}")
    kernel = dict.fromkeys(("kernel",), next(iter(kernels))) if kernels else {}
    return tuple({**record, **kernel} for record in read_lines(lines))

"""Build names such as 12.1-55.13, and what a device says of its own."""

import re
import time
import zlib

_NAME = re.compile(r"(\d+)\.(\d+)-(\d+)\.(\d+)")

BUILD_TIMES = {
    "11.0-63.16": 1443948949,
    "12.1-50.28": 1543395386,
    "12.1-50.31": 1547833294,
    "12.1-51.16": 1551259802,
    "12.1-55.13": 1572931127,
    "12.1-55.18": 1579524387,
    "12.1-57.18": 1591729615,
    "13.0-47.22": 1574967982,
    "13.0-47.24": 1579525745,
    "13.0-58.30": 1590994121,
    "13.0-71.44": 1608982274,
    "13.0-91.13": 1688743976,
    "13.1-48.47": 1685777750,
    "13.1-49.13": 1689014191,
    "13.1-49.15": 1695277021,
    "13.1-51.15": 1702625218,
    "13.1-58.32": 1749588747,
    "13.1-59.22": 1755693886,
    "13.1-60.32": 1761935980,
    "14.1-4.42": 1690503901,
    "14.1-8.50": 1694760036,
    "14.1-43.56": 1749552827,
    "14.1-47.46": 1749304395,
    "14.1-47.48": 1755692615,
}
"""When a build was made, in Unix seconds, where that was published."""

_FIRST_64_BIT = (12, 0)
_RELEASE_YEARS = {(10, 5): 2016, (11, 0): 2016, (11, 1): 2018, (12, 0): 2018, (12, 1): 2020}


def numbers(build: str) -> tuple[int, int, int, int]:
    """Split a build name into its four numbers."""
    found = _NAME.fullmatch(build)
    if found is None:
        raise ValueError(f"not a build: {build!r}")
    first, second, third, fourth = (int(part) for part in found.groups())
    return first, second, third, fourth


def release(build: str) -> tuple[int, int]:
    """Give the release that a build belongs to."""
    return numbers(build)[:2]


def build_time(build: str) -> int:
    """Give the build's published time, or a made-up one that is always the same."""
    if build in BUILD_TIMES:
        return BUILD_TIMES[build]
    year = _RELEASE_YEARS.get(release(build), 2024)
    return int((year - 1970) * 31_557_600 + zlib.crc32(build.encode()) % 31_000_000)


def version_line(build: str) -> str:
    """Write the line that `show ns version` prints."""
    first, second, third, fourth = numbers(build)
    made = time.gmtime(build_time(build))
    date = f"{time.strftime('%b', made)} {made.tm_mday:2d} {time.strftime('%Y, %H:%M:%S', made)}"
    bits = "   (64-bit)" if (first, second) >= _FIRST_64_BIT else ""
    return f"\tNetScaler NS{first}.{second}: Build {third}.{fourth}.nc, Date: {date}{bits}"


def header_line(build: str) -> str:
    """Write the first line of ns.conf."""
    first, second, third, fourth = numbers(build)
    return f"#NS{first}.{second} Build {third}.{fourth}"


def ignores_responder(build: str) -> bool:
    """Say whether the build skips responder policies on VPN vservers (12.1, early builds)."""
    first, second, third, fourth = numbers(build)
    if (first, second) != (12, 1):
        return False
    return (third, fourth) < (50, 31) or (51, 0) <= (third, fourth) < (51, 16)

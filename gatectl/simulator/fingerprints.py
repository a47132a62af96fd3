"""What a build shows of itself to a visitor without a login: stamps, hashes and file times.

The figures are published fingerprints of real gateways. A build that is not listed still gets a
stamp, made from its name, which stands in no published table: an observer must call it unknown.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

RDX_STAMPS: Final[Mapping[str, int]] = {
    "11.1-63.15": 1579181764,
    "12.1-50.28": 1543395386,
    "12.1-50.31": 1547833294,
    "12.1-51.16": 1551259802,
    "12.1-55.13": 1572931127,
    "12.1-55.18": 1579524387,
    "12.1-55.330": 1755692465,
    "12.1-57.18": 1591729615,
    "13.0-47.22": 1574967982,
    "13.0-47.24": 1579525745,
    "13.0-58.30": 1590994121,
    "13.0-91.13": 1688743976,
    "13.1-37.241": 1755693334,
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
"""Header time of the gzip file rdx_en.json.gz, in Unix seconds, by build."""

VERSION_HASHES: Final[Mapping[str, str]] = {
    "12.1-50.28": "26df0e65fba681faaeb333058a8b28bf",
    "12.1-50.31": "d3b5c691a4cfcc6769da8dc4e40f511d",
    "12.1-51.16": "995a76005c128f4e89474af12ac0de66",
    "12.1-55.13": "8c62b39f7068ea2f3d3f7d40860c0cd4",
    "12.1-55.18": "02d30141fd053d5c3448bf04fbedb8d6",
    "12.1-57.18": "4ecb5abf6e4b1655c07386a2c958597c",
    "13.0-47.22": "fedb4ba86b5edcbc86081f2893dc9fdf",
    "13.0-47.24": "fd96bc8977256003de05ed84270b90bb",
    "13.0-58.30": "fdf2235967556bad892fbf29ca69eefd",
}
"""The `?v=` value of the sign-on page's scripts, by build; later builds have none."""

_FILE_TIMES: Final[Mapping[str, int]] = {
    "13.0-47.22": 1574972362,
    "13.0-91.13": 1688744380,
    "13.1-49.13": 1689014174,
}
_PACKING_S: Final = 4380
"""Seconds between the gzip stamp and the file time of the one build where both were published."""

_OLDEST_STAMP: Final = 1420070400
_STAMP_RANGE_S: Final = 86400 * 365


def rdx_stamp(build: str) -> int:
    """Give the gzip header time of the language file of a build."""
    known = RDX_STAMPS.get(build)
    if known is not None:
        return known
    digest = hashlib.sha256(build.encode()).digest()
    # The year 2015 holds no published stamp, so a made-up one cannot be mistaken for a real build.
    return _OLDEST_STAMP + int.from_bytes(digest[:4], "big") % _STAMP_RANGE_S


def version_hash(build: str) -> str | None:
    """Give the `?v=` hash of a build where one is published."""
    return VERSION_HASHES.get(build)


def file_time(build: str) -> int:
    """Give the modification time of the files of a build, in Unix seconds."""
    return _FILE_TIMES.get(build, rdx_stamp(build) + _PACKING_S)

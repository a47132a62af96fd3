"""The build as a visitor without a login sees it: published fingerprints, and what they prove.

It is evidence from off the box. A fingerprint that is not published is unknown, never a guess.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from gatectl.core.advisory import Build, BuildError
from gatectl.core.check import Verdict, failed, passed, unknown
from gatectl.core.gate import NodeName, Role

STAMP_PATH: Final = "/vpn/js/rdx/core/lang/rdx_en.json.gz"
"""A packed language file; the time in its gzip header is that of the build."""
SIGN_ON_PATH: Final = "/vpn/index.html"
"""Its script addresses carry the build's hash, up to about 13.0-90 and 13.1-45."""

BUILD_BY_STAMP: Final[Mapping[int, str]] = {
    1543395386: "12.1-50.28",
    1547833294: "12.1-50.31",
    1551259802: "12.1-51.16",
    1572931127: "12.1-55.13",
    1574967982: "13.0-47.22",
    1579181764: "11.1-63.15",
    1579524387: "12.1-55.18",
    1579525745: "13.0-47.24",
    1590994121: "13.0-58.30",
    1591729615: "12.1-57.18",
    1685777750: "13.1-48.47",
    1688743976: "13.0-91.13",
    1689014191: "13.1-49.13",
    1690503901: "14.1-4.42",
    1694760036: "14.1-8.50",
    1695277021: "13.1-49.15",
    1702625218: "13.1-51.15",
    1749304395: "14.1-47.46",
    1749552827: "14.1-43.56",
    1749588747: "13.1-58.32",
    1755692465: "12.1-55.330",
    1755692615: "14.1-47.48",
    1755693334: "13.1-37.241",
    1755693886: "13.1-59.22",
    1756174950: "12.1-55.330",
    1761935980: "13.1-60.32",
}
"""Published stamps (Fox-IT), in Unix seconds; one build was packed twice."""

BUILD_BY_HASH: Final[Mapping[str, str]] = {
    "02d30141fd053d5c3448bf04fbedb8d6": "12.1-55.18",
    "26df0e65fba681faaeb333058a8b28bf": "12.1-50.28",
    "4ecb5abf6e4b1655c07386a2c958597c": "12.1-57.18",
    "8c62b39f7068ea2f3d3f7d40860c0cd4": "12.1-55.13",
    "995a76005c128f4e89474af12ac0de66": "12.1-51.16",
    "d3b5c691a4cfcc6769da8dc4e40f511d": "12.1-50.31",
    "fd96bc8977256003de05ed84270b90bb": "13.0-47.24",
    "fdf2235967556bad892fbf29ca69eefd": "13.0-58.30",
    "fedb4ba86b5edcbc86081f2893dc9fdf": "13.0-47.22",
}
"""Published `?v=` values of the sign-on page."""

_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP_HEADER_BYTES: Final = 10
_HASH: Final = re.compile(rb"\?v=([0-9a-fA-F]{32})(?![0-9a-fA-F])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A build that is known by what it shows."""

    build: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognised:
    """Nothing shown that tells the build."""

    because: str


Finding = Recognised | Unrecognised


def build_from_stamp(packed: bytes) -> Finding:
    """Read the stamp of the packed language file; its first ten bytes are enough."""
    if len(packed) < _GZIP_HEADER_BYTES or not packed.startswith(_GZIP_MAGIC):
        return Unrecognised(because="the language file is not a gzip file")
    (stamp,) = struct.unpack_from("<I", packed, 4)
    build = BUILD_BY_STAMP.get(stamp)
    if build is None:
        return Unrecognised(because=f"the gzip stamp {stamp} is not a published one")
    return Recognised(build=build, because=f"gzip stamp {stamp}")


def build_from_hash(page: bytes) -> Finding:
    """Read the hash in the script addresses of the sign-on page."""
    shown = sorted({found.decode().lower() for found in _HASH.findall(page)})
    if not shown:
        return Unrecognised(because="the sign-on page shows no hash")
    if len(shown) > 1:
        # One page belongs to one build: two hashes are a cache in between, or somebody's change.
        return Unrecognised(because=f"the sign-on page shows {len(shown)} hashes")
    build = BUILD_BY_HASH.get(shown[0])
    if build is None:
        return Unrecognised(because=f"the hash {shown[0]} is not a published one")
    return Recognised(build=build, because=f"hash {shown[0]}")


def join_findings(stamp: Finding, by_hash: Finding) -> Finding:
    """Join both; where they name two builds, neither is believed."""
    if stamp == by_hash:
        return stamp
    if isinstance(stamp, Unrecognised) and isinstance(by_hash, Unrecognised):
        return Unrecognised(because=f"{stamp.because}; {by_hash.because}")
    if isinstance(stamp, Unrecognised):
        return by_hash
    if isinstance(by_hash, Unrecognised):
        return stamp
    if stamp.build == by_hash.build:
        return Recognised(build=stamp.build, because=f"{stamp.because} and {by_hash.because}")
    return Unrecognised(
        because=f"{stamp.because} is {stamp.build}, but {by_hash.because} is {by_hash.build}"
    )


def compare_with_stated(finding: Finding, stated: Build) -> Verdict:
    """Compare with what the box says: agreement, disagreement or unknown."""
    match finding:
        case Unrecognised(because=because):
            return unknown(f"the box says {stated}; from outside: {because}")
        case Recognised(build=build, because=because):
            # By its text: which edition a gate runs stands in the configuration, not on the wire.
            if build == str(stated):
                return passed(f"the box says {stated}, and so does its {because}")
            return failed(f"the box says {stated}, but its {because} is that of {build}")
        case _ as never:
            assert_never(never)


def compare_with_pair(
    finding: Finding, roles: Mapping[NodeName, Role], builds: Mapping[NodeName, str]
) -> Verdict:
    """Compare with what the node says whose page it is, for the primary alone serves visitors."""
    primaries = [node for node, role in roles.items() if role is Role.PRIMARY]
    if len(primaries) != 1:
        return unknown(f"{len(primaries)} nodes say that they serve the page that was looked at")
    stated = builds.get(primaries[0], "")
    try:
        build = Build.parse(stated)
    except BuildError:
        return unknown(f"{primaries[0]} names no build that can be read")
    return compare_with_stated(finding, build)

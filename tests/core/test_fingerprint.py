"""The build as it is seen from outside."""

import gzip
import io
from typing import Any

import pytest

from gatectl.core.advisory import Build
from gatectl.core.check import Answer
from gatectl.core.fingerprint import (
    BUILD_BY_HASH,
    BUILD_BY_STAMP,
    Recognised,
    Unrecognised,
    build_from_hash,
    build_from_stamp,
    compare_with_pair,
    compare_with_stated,
    join_findings,
)
from gatectl.core.gate import Role
from tests.builders import NS_A, NS_B


def packed(stamp: int) -> bytes:
    """Pack a language file as a build of this stamp did."""
    buffer = io.BytesIO()
    with gzip.GzipFile("rdx_en.json", "wb", fileobj=buffer, mtime=stamp) as stream:
        stream.write(b"{}")
    return buffer.getvalue()


def build_of(packed_file: bytes) -> str:
    """Give the build of a file that must be recognised."""
    finding = build_from_stamp(packed_file)
    assert isinstance(finding, Recognised)
    return finding.build


@pytest.mark.parametrize(
    ("stamp", "build"),
    [
        (1574967982, "13.0-47.22"),
        (1689014191, "13.1-49.13"),
        (1755692465, "12.1-55.330"),
        (1756174950, "12.1-55.330"),
        (1761935980, "13.1-60.32"),
    ],
)
def test_a_published_stamp_names_its_build(stamp: int, build: str) -> None:
    """The time in the gzip header is the build's; ten bytes are enough."""
    assert build_of(packed(stamp)) == build
    assert build_of(packed(stamp)[:10]) == build


@pytest.mark.parametrize("near", [-1, 1])
def test_a_stamp_that_is_not_published_is_unknown(near: int) -> None:
    """A second off is another build, or none."""
    finding = build_from_stamp(packed(1689014191 + near))
    assert isinstance(finding, Unrecognised)
    assert "not a published one" in finding.because


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"<html>not found</html>", b"{}" * 20])
def test_a_file_that_is_not_gzip_is_unknown(content: bytes) -> None:
    """An error page in its place tells nothing."""
    assert isinstance(build_from_stamp(content), Unrecognised)


def test_a_published_hash_names_its_build() -> None:
    """The same hash stands behind each script of the page."""
    shown = b'<script src="/vpn/a.js?v=FEDB4ba86b5edcbc86081f2893dc9fdf"></script>' * 3
    assert build_from_hash(shown) == Recognised(
        build="13.0-47.22", because="hash fedb4ba86b5edcbc86081f2893dc9fdf"
    )


@pytest.mark.parametrize(
    "page",
    [
        b"<html></html>",
        b"a.js?v=" + b"0" * 32,
        b"a.js?v=fedb4ba86b5edcbc86081f2893dc9fdf00",
        b"a?v=fedb4ba86b5edcbc86081f2893dc9fdf b?v=fd96bc8977256003de05ed84270b90bb",
    ],
)
def test_a_page_without_one_published_hash_is_unknown(page: bytes) -> None:
    """No hash, a foreign one, a longer one and two at once prove no build."""
    assert isinstance(build_from_hash(page), Unrecognised)


def test_two_marks_of_two_builds_are_unknown() -> None:
    """A mixture is nobody's build, and both are named."""
    one = Recognised(build="13.0-47.22", because="gzip stamp 1")
    two = Recognised(build="13.0-47.24", because="hash 2")
    none = Unrecognised(because="no hash")
    joined = join_findings(one, two)
    assert isinstance(joined, Unrecognised)
    assert "13.0-47.22" in joined.because
    assert "13.0-47.24" in joined.because
    assert join_findings(one, none) == one
    assert join_findings(none, two) == two
    assert isinstance(join_findings(none, none), Unrecognised)
    same = Recognised(build="13.0-47.22", because="hash 1")
    assert join_findings(one, same) == Recognised(
        build="13.0-47.22", because="gzip stamp 1 and hash 1"
    )


def test_agreement_disagreement_and_unknown_are_three_findings() -> None:
    """What the box says stands beside what it shows."""
    stated = Build.parse("13.1-49.13")
    shown = build_from_stamp(packed(1689014191))
    other = build_from_stamp(packed(1685777750))
    nothing = build_from_stamp(packed(1))
    assert compare_with_stated(shown, stated).answer is Answer.PASS
    assert compare_with_stated(other, stated).answer is Answer.FAIL
    assert compare_with_stated(nothing, stated).answer is Answer.UNKNOWN


def test_a_fips_build_agrees_with_its_stamp_in_either_edition() -> None:
    """The edition stands in the configuration; the wire shows the numbers."""
    stated = Build.parse("13.0-91.13", fips=True)
    assert compare_with_stated(build_from_stamp(packed(1688743976)), stated).answer is Answer.PASS


def test_the_tables_hold_builds_only() -> None:
    """Each published value names a build that can be compared."""
    for build in (*BUILD_BY_STAMP.values(), *BUILD_BY_HASH.values()):
        assert str(Build.parse(build)) == build
    assert len(BUILD_BY_STAMP) == 26
    assert set(BUILD_BY_HASH.values()) <= set(BUILD_BY_STAMP.values())


PAIR = {NS_A: Role.SECONDARY, NS_B: Role.PRIMARY}


def test_the_page_is_compared_with_the_node_that_serves_it() -> None:
    """In the middle of a patch the nodes run two builds, and the page is the primary's."""
    shown = build_from_stamp(packed(1689014191))
    builds = {NS_A: "13.1-48.47", NS_B: "13.1-49.13"}
    assert compare_with_pair(shown, PAIR, builds).answer is Answer.PASS
    turned = {NS_A: Role.PRIMARY, NS_B: Role.SECONDARY}
    assert compare_with_pair(shown, turned, builds).answer is Answer.FAIL


@pytest.mark.parametrize(
    ("roles", "builds"),
    [
        ({}, {NS_A: "13.1-49.13"}),
        (dict.fromkeys(PAIR, Role.PRIMARY), dict.fromkeys(PAIR, "13.1-49.13")),
        (PAIR, {NS_A: "13.1-49.13"}),
        (PAIR, {NS_B: "new"}),
    ],
    ids=["no-role", "two-primaries", "primary-silent", "no-build"],
)
def test_a_page_that_is_nobodys_is_unknown(roles: Any, builds: Any) -> None:
    """Without one primary that names its build there is nothing to compare with."""
    shown = build_from_stamp(packed(1689014191))
    assert compare_with_pair(shown, roles, builds).answer is Answer.UNKNOWN


def test_two_equal_findings_are_told_once() -> None:
    """Both sides are usually shown the same."""
    one = Recognised(build="13.0-47.22", because="gzip stamp 1")
    assert join_findings(one, one) == one

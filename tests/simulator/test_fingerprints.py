import pytest

from gatectl.simulator.fingerprints import (
    RDX_STAMPS,
    VERSION_HASHES,
    file_time,
    rdx_stamp,
    version_hash,
)


def test_a_published_build_has_its_published_marks() -> None:
    """Stamp and hash of the build in the story are the ones that were published."""
    assert rdx_stamp("12.1-55.13") == 1572931127
    assert version_hash("12.1-55.13") == "8c62b39f7068ea2f3d3f7d40860c0cd4"


@pytest.mark.parametrize("build", ["12.1-99.99", "13.1-1.1", "14.1-73.46"])
def test_an_unpublished_build_has_a_stamp_that_no_table_knows(build: str) -> None:
    """A build that nobody published is not mistaken for another one."""
    assert rdx_stamp(build) not in RDX_STAMPS.values()
    assert rdx_stamp(build) == rdx_stamp(build)
    assert version_hash(build) is None


def test_marks_tell_builds_apart() -> None:
    """No two builds share a stamp or a hash."""
    assert len(set(RDX_STAMPS.values())) == len(RDX_STAMPS)
    assert len(set(VERSION_HASHES.values())) == len(VERSION_HASHES)


def test_file_time_is_not_the_stamp() -> None:
    """The file time of 13.0-47.22 is the published one, an hour and more after its stamp."""
    assert file_time("13.0-47.22") == 0x5986DD42B0680 // 1_000_000
    assert file_time("12.1-55.18") != rdx_stamp("12.1-55.18")

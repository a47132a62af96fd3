import pytest

from gatectl.simulator import builds


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ("12.1-50.28", True),
        ("12.1-50.31", False),
        ("12.1-51.15", True),
        ("12.1-51.16", False),
        ("12.1-55.13", False),
        ("13.0-47.22", False),
        ("11.1-50.10", False),
    ],
)
def test_only_some_builds_of_12_1_ignore_responder(build: str, *, expected: bool) -> None:
    """The defect ends with 50.31, and with 51.16 in the branch beside it."""
    assert builds.ignores_responder(build) is expected


def test_a_version_without_a_published_time_is_stable() -> None:
    """A made-up build time is the same each time, and another for another build."""
    assert builds.build_time("13.1-37.241") == builds.build_time("13.1-37.241")
    assert builds.build_time("13.1-37.241") != builds.build_time("13.1-37.242")


def test_what_is_no_build_is_refused() -> None:
    """A build has four numbers."""
    with pytest.raises(ValueError, match="not a build"):
        builds.numbers("12.1")

"""Builds in order inside their train, and what a bulletin means for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import (
    Advisory,
    Build,
    BuildError,
    Edition,
    Exposure,
    Train,
    exposure_of_build,
)
from tests.builders import BULLETIN

NUMBERS = st.tuples(st.integers(0, 9999), st.integers(0, 99999))
RELEASES = st.sampled_from(["10.5", "11.1", "12.0", "12.1", "13.0", "13.1", "14.1"])


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("12.1-50.28", "12.1-55.18"),
        ("13.1-9.60", "13.1-49.13"),
        ("13.1-49.9", "13.1-49.13"),
        ("13.1-37.9", "13.1-37.279"),
        ("12.1-55.289", "12.1-55.290"),
    ],
)
def test_builds_are_ordered_by_number_and_not_by_text(older: str, newer: str) -> None:
    """9 comes before 49 and 279 after 9, whatever a dictionary says."""
    assert Build.parse(older) < Build.parse(newer)
    assert Build.parse(newer) >= Build.parse(older)


@given(release=RELEASES, one=NUMBERS, other=NUMBERS)
def test_the_order_inside_a_train_is_that_of_the_two_numbers(
    release: str, one: tuple[int, int], other: tuple[int, int]
) -> None:
    """A train's builds compare as their pair of numbers does."""
    train = Train(release=release)
    left = Build(train=train, major=one[0], minor=one[1])
    right = Build(train=train, major=other[0], minor=other[1])
    assert (left < right) is (one < other)
    assert (left <= right) is (one <= other)
    assert (left == right) is (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("13.0-92.19", "13.1-4.43"),
        ("13.1-37.38", "13.1-49.13"),
        ("12.1-55.24", "12.1-55.297"),
    ],
)
def test_two_trains_have_no_order(one: str, other: str) -> None:
    """A larger number in another train says nothing."""
    with pytest.raises(BuildError, match="two trains"):
        _ = Build.parse(one) < Build.parse(other)
    assert Build.parse(one) != Build.parse(other)


@pytest.mark.parametrize("compare", ["__lt__", "__le__", "__gt__", "__ge__"])
def test_no_comparison_slips_past_the_train(compare: str) -> None:
    """Each of the four comparisons refuses, in both directions."""
    one, other = Build.parse("13.0-92.19"), Build.parse("13.1-4.43")
    for left, right in ((one, other), (other, one)):
        with pytest.raises(BuildError):
            getattr(left, compare)(right)


@pytest.mark.parametrize(
    ("text", "edition"),
    [
        ("13.1-37.38", Edition.FIPS),
        ("13.1-49.13", Edition.STANDARD),
        ("12.1-55.18", Edition.STANDARD),
        ("12.1-55.288", Edition.STANDARD),
        ("12.1-55.289", Edition.FIPS),
        ("14.1-73.37", Edition.STANDARD),
    ],
)
def test_fips_builds_are_known_by_their_numbers_where_these_tell(
    text: str, edition: Edition
) -> None:
    """13.1-37 and 12.1-55 from .289 on are FIPS, by their numbers alone."""
    assert Build.parse(text).train.edition is edition


def test_a_train_that_shares_its_numbers_is_fips_when_the_gate_says_so() -> None:
    """14.1-FIPS counts as 14.1 does, so only the configuration can tell."""
    assert str(Build.parse("14.1-73.37", fips=True).train) == "14.1-FIPS"
    assert str(Build.parse("14.1-73.37").train) == "14.1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13.1",
        "13.1-49",
        "13.1.49.13",
        "NS13.1-49.13",
        "13.1-49.13.nc",
        "13.1 -49.13",
        "v13.1-49.13",
        "13.1-49.13; reboot",
        "13,1-49,13",
        "13.1--49.13",
        "\u0661\u0663.1-49.13",
    ],
)
def test_a_text_that_is_no_build_is_refused(text: str) -> None:
    """Spelling errors are told with the right spelling, never guessed at."""
    with pytest.raises(BuildError, match=r"write it as 13\.1-49\.13"):
        Build.parse(text)


@given(release=RELEASES, numbers=NUMBERS)
def test_a_build_survives_being_written_and_read(release: str, numbers: tuple[int, int]) -> None:
    """What is printed can be read again, and is the same."""
    build = Build.parse(f"{release}-{numbers[0]}.{numbers[1]}")
    fips = build.train.edition is Edition.FIPS
    assert Build.parse(str(build), fips=fips) == build


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        ("12.1-55.17", Exposure.Kind.EXPOSED),
        ("12.1-55.18", Exposure.Kind.FIXED),
        ("12.1-55.19", Exposure.Kind.FIXED),
        ("13.1-37.37", Exposure.Kind.EXPOSED),
        ("13.1-37.38", Exposure.Kind.FIXED),
        ("14.1-4.42", Exposure.Kind.NOT_AFFECTED),
        ("13.1-49.13", Exposure.Kind.UNKNOWN),
        ("12.1-55.297", Exposure.Kind.UNKNOWN),
        ("11.0-99.99", Exposure.Kind.UNKNOWN),
    ],
)
def test_exposure_by_build(build: str, kind: Exposure.Kind) -> None:
    """Fixed from the first fixed build on; a train that is not listed is unknown, never fixed."""
    exposure = exposure_of_build(Build.parse(build), BULLETIN)
    assert exposure.kind is kind
    assert build in exposure.because or kind is Exposure.Kind.NOT_AFFECTED
    assert BULLETIN.id in exposure.because


def _shipped_first_fixed() -> list[tuple[Advisory, str, str]]:
    return [
        (advisory, train, first)
        for advisory in read_advisories().values()
        for train, first in advisory.fixed.items()
    ]


def test_every_shipped_bulletin_names_first_fixed_builds_of_the_train_they_stand_under() -> None:
    """A build under the wrong train would make a fixed gate exposed, or the other way round."""
    rows = _shipped_first_fixed()
    assert rows
    for advisory, train, first in rows:
        build = Build.parse(first, fips=train.endswith("-FIPS"))
        assert str(build.train) == train, advisory.id
        assert exposure_of_build(build, advisory).kind is Exposure.Kind.FIXED

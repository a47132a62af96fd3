"""Builds as public records write them."""

import pytest

from gatectl.core.writtenbuild import (
    NotCertain,
    builds_in,
    first_fixed,
    names_fips,
    one_build,
    plain,
    range_end,
)

READ = [
    ("13.1", "49.13", "13.1-49.13", "13.1"),
    ("13.0 ", "92.21", "13.0-92.21", "13.0"),
    (" 13.1-FIPS", "37.176", "13.1-37.176", "13.1-FIPS"),
    ("13.1 FIPS and NDcPP", "37.236", "13.1-37.236", "13.1-FIPS"),
    ("12.1-NDcPP", "55.297", "12.1-55.297", "12.1-FIPS"),
    ("14.1-FIPS", "73.37", "14.1-73.37", "14.1-FIPS"),
    ("13.1", "13.1-51.15", "13.1-51.15", "13.1"),
    ("0", "14.1-73.37", "14.1-73.37", "14.1"),
    ("*", "14.1 73.37", "14.1-73.37", "14.1"),
    ("unspecified", "14.1 Build 73.37", "14.1-73.37", "14.1"),
    ("0", "13.1.37.279 FIPS and NDcPP", "13.1-37.279", "13.1-FIPS"),
    ("0", "13.1-37.279-FIPS", "13.1-37.279", "13.1-FIPS"),
    ("14.1", "43.109", "14.1-43.109", "14.1"),
]

REFUSED = [
    ("13.1", "14.1-12.35", "begins in 13.1 and ends in 14.1"),
    ("0", "49.13", "nothing names its release"),
    ("13.0", "13.1", "not the end of a range"),
    ("13.1", "13.1", "not the end of a range"),
    ("13.1", "49", "not the end of a range"),
    ("13.1", "49.13.2", "not the end of a range"),
    ("13.1", "before 49.13", "not the end of a range"),
    ("13.1-4.43", "13.1-49.13", "begins inside a train"),
    ("thirteen", "49.13", "not a release"),
    ("13.1", "37.176", "numbers of a FIPS build"),
    ("12.1", "55.297", "numbers of a FIPS build"),
    ("13.1-FIPS", "49.13", "does not have such numbers"),
    ("12.1-FIPS", "65.21", "does not have such numbers"),
]


@pytest.mark.parametrize(("begin", "end", "build", "train"), READ)
def test_range_is_read_to_its_first_fixed_build(
    begin: str, end: str, build: str, train: str
) -> None:
    """Every spelling in use gives one build, in the train that the record means."""
    found = first_fixed(begin, end)
    assert (str(found), str(found.train)) == (build, train)


@pytest.mark.parametrize(("begin", "end", "words"), REFUSED)
def test_range_with_another_reading_is_refused(begin: str, end: str, words: str) -> None:
    """What could mean something else is not guessed at."""
    with pytest.raises(NotCertain, match=words):
        first_fixed(begin, end)


def test_edition_may_be_named_elsewhere_in_the_record() -> None:
    """A CPE name says fips where the version does not."""
    assert str(first_fixed("13.1", "13.1-37.176", fips=True).train) == "13.1-FIPS"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<13.1-49.13", ("", "13.1-49.13")),
        ("< 13.1-49.13", ("", " 13.1-49.13")),
        ("vers:generic/<14.1-43.56", ("", "14.1-43.56")),
        ("vers:generic/>=14.1|<14.1-43.56", ("14.1", "14.1-43.56")),
        (">=14.1, <14.1-43.56", ("14.1", "14.1-43.56")),
    ],
)
def test_range_of_a_document_is_split(text: str, expected: tuple[str, str]) -> None:
    """A range has at most one beginning and exactly one open end."""
    assert range_end(text) == expected


@pytest.mark.parametrize(
    "text",
    ["vers:all/*", "<=13.1-49.13", ">=13.1", "<1.1|<2.2", ">1.0|<2.0", "13.1", "<1.1|3.3", ""],
)
def test_range_without_one_open_end_is_refused(text: str) -> None:
    """The last affected build is not the first fixed one."""
    with pytest.raises(NotCertain):
        range_end(text)


def test_whole_build_is_read_and_half_a_build_is_refused() -> None:
    """A fixed build stands by itself, so nothing else can name its release."""
    assert str(one_build("13.1-49.13")) == "13.1-49.13"
    with pytest.raises(NotCertain):
        one_build("49.13")


def test_builds_in_prose_are_listed_for_a_person() -> None:
    """Each once, in their order, and no part of a longer number."""
    text = "before 13.0-58.30, 12.1-57.18, 13.0-58.30 and 1.13.0-5.6 or 11.0.3d"
    assert builds_in(text) == ("13.0-58.30", "12.1-57.18")


def test_odd_blanks_are_made_plain() -> None:
    """Narrow and fixed blanks are no part of a name."""
    assert plain(" NetScaler\u00a0ADC\u202f ") == "NetScaler ADC"
    assert names_fips("12.1-NDcPP")
    assert not names_fips("13.1")

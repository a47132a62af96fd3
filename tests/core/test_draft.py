"""What claims come to, before they are a bulletin."""

from datetime import date

from gatectl.core.advisory import Build
from gatectl.core.draft import (
    TRAINS_IN_USE,
    Claim,
    bulletin_in,
    day_of,
    settle,
    title_from,
    trains_not_named,
)


def claim(build: str, cve: str = "CVE-1", by: str = "A") -> Claim:
    """Make somebody's word for a build."""
    return Claim(build=Build.parse(build), cve=cve, said_by=by)


def test_claims_that_agree_are_one_build() -> None:
    """Two products, or two parties, that name the same build."""
    fixed, left_out = settle([claim("13.1-49.13"), claim("13.1-49.13", by="B")], ["CVE-1"])
    assert (fixed, left_out) == ({"13.1": "13.1-49.13"}, [])


def test_claims_that_disagree_are_no_build() -> None:
    """Neither the lower nor the higher is taken."""
    fixed, left_out = settle([claim("13.1-49.13"), claim("13.1-49.15", by="B")], ["CVE-1"])
    assert fixed == {}
    assert left_out == ["fixed.13.1: the sources disagree: 13.1-49.13 by A; 13.1-49.15 by B"]


def test_a_build_must_be_told_for_every_cve() -> None:
    """A build that fixes one of two does not fix the bulletin."""
    fixed, left_out = settle([claim("13.1-49.13")], ["CVE-1", "CVE-2"])
    assert fixed == {}
    assert "CVE-2" in left_out[0]


def test_trains_that_are_not_named_are_told() -> None:
    """Silence is unknown, and the reader is asked to find out."""
    assert "12.1" in trains_not_named({"13.1": "x"})
    assert trains_not_named(TRAINS_IN_USE) == ""


def test_small_things_are_read_or_not_there() -> None:
    """A number, a day and a title, each with its absence."""
    assert bulletin_in(["https://x/article?articleNumber=CTX693420"]) == "CTX693420"
    assert bulletin_in(["CTX693420 CTX693421"]) is None
    assert bulletin_in(["XCTX693420"]) is None
    assert day_of("2023-07-19T17:51:39.739Z") == date(2023, 7, 19)
    assert day_of("yesterday") is None
    assert title_from("", " \u00a0", "A fault") == "A fault"
    assert len(title_from("word " * 100)) < 170

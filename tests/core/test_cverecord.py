"""Records of the CVE programme, with the traps that real ones have."""

from pathlib import Path

import pytest

from gatectl.config.records import cve_record as typed_record
from gatectl.core.cverecord import draft_of_cve
from gatectl.core.draft import Draft, NothingCertain
from gatectl.errors import InvalidInput
from tests import records
from tests.records import Json, container, cve_record, kev, product, row


def draft(record: Json) -> Draft:
    """Make a draft of a record."""
    return draft_of_cve(typed_record(Path("record.json"), record))


def refusal(record: Json) -> NothingCertain:
    """Give the refusal that a record must get."""
    with pytest.raises(NothingCertain) as caught:
        draft(record)
    return caught.value


def left_out(found: Draft) -> str:
    """Give all that was left out as one text."""
    return "\n".join(found.left_out)


READ = {
    "HALVES": {
        "14.1": "14.1-8.50",
        "13.1": "13.1-49.15",
        "13.0": "13.0-92.19",
        "13.1-FIPS": "13.1-37.164",
        "12.1-FIPS": "12.1-55.300",
    },
    "STRAY_BLANKS": {"13.0": "13.0-92.21", "13.1-FIPS": "13.1-37.176"},
    "DISAGREEING": {"14.1": "14.1-25.53"},
    "NO_FIPS_ROWS": {"14.1": "14.1-43.56", "13.1": "13.1-58.32"},
    "BOTH_EDITIONS_IN_WORDS": {
        "14.1": "14.1-47.46",
        "13.1": "13.1-59.19",
        "13.1-FIPS": "13.1-37.236",
    },
    "BOTH_EDITIONS_IN_WORDS_TOO": {
        "14.1": "14.1-47.48",
        "13.1": "13.1-59.22",
        "13.1-FIPS": "13.1-37.241",
        "12.1-FIPS": "12.1-55.330",
    },
    "SWALLOWING": {
        "14.1": "14.1-73.37",
        "13.1": "13.1-64.23",
        "14.1-FIPS": "14.1-73.37",
        "13.1-FIPS": "13.1-37.279",
    },
}
REFUSED = {
    "BARE": "names no product",
    "FIXES_CALLED_AFFECTED": "13.0-58.30, 12.1-57.18",
    "OTHER_PRODUCTS": "another product",
}


@pytest.mark.parametrize("name", READ)
def test_record_gives_the_right_builds(name: str) -> None:
    """To the digit, and not one train more."""
    assert draft(getattr(records, name)).advisory.fixed == READ[name]


@pytest.mark.parametrize("name", REFUSED)
def test_record_that_could_mislead_is_refused(name: str) -> None:
    """No builds is better than builds that are the wrong way round."""
    error = refusal(getattr(records, name))
    assert REFUSED[name] in "\n".join(error.left_out)


def test_ten_kinds_of_records_are_covered() -> None:
    """Every habit in the table of known ones has its record here."""
    assert len(READ) + len(REFUSED) >= 10


def test_a_train_without_a_row_is_unknown_and_not_unaffected() -> None:
    """`unaffected` by default is what CVE-2025-5777 said of vulnerable FIPS builds."""
    found = draft(records.NO_FIPS_ROWS)
    assert found.advisory.unaffected == ()
    assert "13.1-FIPS" in found.left_out[-1]
    assert "`unaffected` for all that is not named; not taken over" in left_out(found)


def test_containers_that_disagree_are_both_named() -> None:
    """A person decides, and sees who says what."""
    (dispute,) = [one for one in draft(records.DISAGREEING).left_out if "disagree" in one]
    assert "13.0-92.13 by Citrix" in dispute
    assert "13.0-92.31 by CISA-ADP" in dispute


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"version": "13.1", "status": "affected", "lessThanOrEqual": "49.12"}], "last affected"),
        ([row("13.1-48.47")], "may be the fixed or the affected"),
        ([row("13.1")], "has no range"),
        ([row("13.1", "49.13", status="unaffected")], "its status is 'unaffected'"),
        ([row("13.1", "49.13", status="unknown")], "its status is 'unknown'"),
        ([row("13.1", "49.13", changes=[{"at": "48.1", "status": "unaffected"}])], "changes"),
        ([row("13.1", "14.1-1.1")], "begins in 13.1 and ends in 14.1"),
        ([row("14.1", "60.58"), row("14.1", "66.59")], "the sources disagree"),
        ([], "names no versions"),
    ],
)
def test_row_that_is_not_certain_is_left_out(rows: list[Json], words: str) -> None:
    """Each is listed with its reason, and the rest of the record is still read."""
    found = draft(cve_record(product(row("13.0", "91.13")), product(*rows, name="Gateway")))
    assert found.advisory.fixed == {"13.0": "13.0-91.13"}
    assert words in left_out(found)


def test_build_as_a_number_is_refused_as_a_whole() -> None:
    """49.10 as a number would be 49.1: whoever wrote that record wrote others, too."""
    with pytest.raises(InvalidInput, match="must be text in quotes"):
        draft(cve_record(product({"version": 13.1, "status": "affected", "lessThan": "49.13"})))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataVersion": "4.0"}, "version 4.0"),
        (
            {"cveMetadata": {"cveId": "CVE-2099-1001", "state": "REJECTED"}},
            "REJECTED",
        ),
    ],
)
def test_record_of_another_kind_is_refused(change: Json, words: str) -> None:
    """An older format and a rejected record say nothing that may be used."""
    assert words in refusal({**records.HALVES, **change}).sentence


def test_record_without_a_date_is_refused() -> None:
    """A bulletin without its day cannot be told from a later one."""
    record = {**records.HALVES, "cveMetadata": {"cveId": "CVE-2099-1001", "state": "PUBLISHED"}}
    assert "no date" in refusal(record).sentence


def test_bulletin_number_is_taken_if_there_is_exactly_one() -> None:
    """Two numbers are two bulletins, and none is chosen."""
    assert draft(records.HALVES).advisory.id == "CTX999999"
    pages = [{"url": "https://x/CTX111111"}, {"url": "https://x/CTX222222"}]
    found = draft(cve_record(product(row("13.1", "49.13")), references=pages))
    assert found.advisory.id == "CVE-2099-1001"
    assert "id: " in left_out(found)


def test_listing_by_cisa_is_the_first_known_day_of_exploitation() -> None:
    """It is an upper bound, and the draft says so."""
    advisory = draft(records.STRAY_BLANKS).advisory
    assert str(advisory.kev) == str(advisory.known_exploited) == "2024-01-17"
    assert advisory.exploited_cves == ("CVE-2023-6548",)
    assert "upper bound" in advisory.sources["known_exploited"]


def test_record_without_a_listing_has_no_exploitation() -> None:
    """Nothing is said, so nothing is known."""
    advisory = draft(records.HALVES).advisory
    assert (advisory.kev, advisory.known_exploited, advisory.exploited_cves) == (None, None, ())


def test_listing_without_a_readable_day_is_passed_over() -> None:
    """A day that is none is no day."""
    record = cve_record(product(row("13.1", "49.13")), adp=(kev("soon"), container(by="x")))
    assert draft(record).advisory.kev is None


def test_own_day_of_the_bulletin_comes_before_that_of_the_record() -> None:
    """The vendor's day is the bulletin's; the record's may be later."""
    record = cve_record(product(row("13.1", "49.13")), datePublic="2099-01-01T00:00:00Z")
    assert str(draft(record).advisory.published) == "2099-01-01"
    assert str(draft(records.HALVES).advisory.published) == "2099-01-02"
    assert "published: " in left_out(draft(records.HALVES))

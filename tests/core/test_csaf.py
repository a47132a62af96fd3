"""CSAF documents, as CERTs publish them."""

from pathlib import Path

import pytest

from gatectl.config.records import csaf_document
from gatectl.core.csaf import draft_of_csaf
from gatectl.core.draft import Draft, NothingCertain
from tests.records import Json, csaf, tree, vulnerability


def draft(document: Json) -> Draft:
    """Make a draft of a document."""
    return draft_of_csaf(csaf_document(Path("document.json"), document))


def refusal(document: Json) -> NothingCertain:
    """Give the refusal that a document must get."""
    with pytest.raises(NothingCertain) as caught:
        draft(document)
    return caught.value


RANGES = tree(
    "Citrix",
    "NetScaler ADC",
    a="<14.1-43.56",
    b="vers:generic/>=13.1|<13.1-58.32",
    c="<13.1-37.235 FIPS",
    d="vers:all/*",
    e="14.1-43.56",
    f="14.1-47.46",
    g="13.1-59.19",
    h="14.1-43.50",
)


def test_ranges_of_affected_products_give_the_first_fixed_builds() -> None:
    """The end of a range is the first build that is not affected."""
    found = draft(csaf(vulnerability(known_affected=["a", "b", "c"]), tree=(RANGES,)))
    assert found.advisory.fixed == {
        "14.1": "14.1-43.56",
        "13.1": "13.1-58.32",
        "13.1-FIPS": "13.1-37.235",
    }
    assert (found.advisory.id, str(found.advisory.published)) == ("CERT-2099-7", "2099-01-03")


def test_first_fixed_is_taken_as_it_is() -> None:
    """A document that names the first fixed build needs no range."""
    found = draft(csaf(vulnerability(first_fixed=["e"]), tree=(RANGES,)))
    assert found.advisory.fixed == {"14.1": "14.1-43.56"}


def test_fixed_builds_alone_are_left_out() -> None:
    """A build that has the fix need not be the first one."""
    error = refusal(csaf(vulnerability(fixed=["f", "g"]), tree=(RANGES,)))
    assert sum("perhaps not as the first" in one for one in error.left_out) == 2


def test_fixed_build_below_the_end_of_a_range_is_a_contradiction() -> None:
    """A build cannot be affected and have the fix; a later one is no contradiction."""
    agreed = draft(csaf(vulnerability(known_affected=["a"], fixed=["f"]), tree=(RANGES,)))
    assert agreed.advisory.fixed == {"14.1": "14.1-43.56"}
    disputed = csaf(vulnerability(known_affected=["a", "b"], fixed=["h"]), tree=(RANGES,))
    assert draft(disputed).advisory.fixed == {"13.1": "13.1-58.32"}


def test_all_versions_affected_names_no_fix() -> None:
    """`vers:all/*` says that there is no fix yet, or that nobody wrote one down."""
    error = refusal(csaf(vulnerability(known_affected=["d"]), tree=(RANGES,)))
    assert any("not a range" in one for one in error.left_out)


def test_every_cve_must_have_the_same_build() -> None:
    """One bulletin has one build a train; where its CVEs differ, a person decides."""
    document = csaf(
        vulnerability("CVE-2099-1001", known_affected=["a", "b"]),
        vulnerability("CVE-2099-1002", known_affected=["b"]),
        tree=(RANGES,),
    )
    found = draft(document)
    assert found.advisory.fixed == {"13.1": "13.1-58.32"}
    assert found.advisory.cves == ("CVE-2099-1001", "CVE-2099-1002")
    assert any("is not told for CVE-2099-1002" in one for one in found.left_out)


def test_product_that_is_only_in_the_prose_is_not_imported() -> None:
    """Another vendor's document that mentions the name says nothing of builds."""
    other = tree("Siemens", "COMOS", a="<10.4.4")
    document = csaf(vulnerability(known_affected=["a"]), tree=(other,))
    document["document"]["notes"] = [{"category": "general", "text": "Use Citrix NetScaler"}]
    assert "names no NetScaler" in refusal(document).sentence


def test_other_products_of_the_vendor_are_listed() -> None:
    """The numbers of Console look like those of the gateway."""
    other = tree("NetScaler", "Console", a="<14.1-25.53")
    error = refusal(csaf(vulnerability(known_affected=["a"]), tree=(other,)))
    assert any("another product" in one for one in error.left_out)


def test_said_not_to_be_affected_is_not_taken_over() -> None:
    """It is listed, for a person to write down as `unaffected`."""
    document = csaf(vulnerability(known_affected=["a"], known_not_affected=["g"]), tree=(RANGES,))
    found = draft(document)
    assert found.advisory.unaffected == ()
    assert any("said not to be affected" in one for one in found.left_out)


def test_another_version_of_the_format_is_refused() -> None:
    """What its fields mean is not known."""
    document = csaf(vulnerability(known_affected=["a"]), tree=(RANGES,), version="2.1")
    assert "2.1" in refusal(document).sentence


def test_an_interim_document_says_so_in_the_draft() -> None:
    """A later revision may name other builds."""
    document = csaf(vulnerability(known_affected=["a"]), tree=(RANGES,), status="interim")
    assert any("interim" in one for one in draft(document).left_out)


def test_one_id_for_two_products_is_refused() -> None:
    """Which of the two a status is about could only be guessed."""
    twice = tree("Citrix", "NetScaler ADC", a="<13.1-49.13")
    document = csaf(vulnerability(known_affected=["a"]), tree=(RANGES, twice))
    assert "two products" in refusal(document).sentence


def test_a_tree_without_an_end_is_refused() -> None:
    """Nesting is bounded, whoever wrote the file."""
    branch: Json = {"category": "product_name", "name": "NetScaler ADC"}
    for _ in range(60):
        branch = {"category": "product_family", "name": "x", "branches": [branch]}
    with pytest.raises(NothingCertain, match="too deep"):
        draft(csaf(vulnerability(known_affected=["a"]), tree=(branch,)))


def test_a_vulnerability_without_a_cve_is_listed() -> None:
    """A bulletin is told by its CVEs; without one nothing can be said."""
    document = csaf(vulnerability("", known_affected=["a"]), tree=(RANGES,))
    assert any("without a CVE" in one for one in refusal(document).left_out)

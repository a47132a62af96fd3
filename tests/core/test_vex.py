"""What is said to others about vulnerabilities rests on a verification, or is not said."""

from dataclasses import replace
from typing import Any

import pytest

from gatectl.core.advisory import Advisory
from gatectl.core.check import failed, passed
from gatectl.core.event import Mode
from gatectl.core.vex import BuildsSeen, builds_seen, vex_document
from tests.builders import (
    BULLETIN,
    NS_A,
    NS_B,
    START,
    Chronicle,
    ended,
    make_gate,
    plan_of,
    planned,
)

FIXED = planned("fixed", proves="nodes-fixed")


def seen(build: str, *, good: bool = True) -> BuildsSeen:
    """Say that a verification saw this build on both nodes."""
    nodes = (NS_A, NS_B)
    passing = frozenset(nodes) if good else frozenset()
    return BuildsSeen(at=START, builds=dict.fromkeys(nodes, build), passed=passing)


def statement(build: str, advisory: Advisory = BULLETIN, *, good: bool = True) -> dict[str, Any]:
    """Give the one statement about a build."""
    document = vex_document(make_gate(), seen(build, good=good), [advisory], name="urn:uuid:1")
    assert document is not None
    (found,) = document["statements"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("build", "good", "status"),
    [
        ("12.1-55.18", True, "fixed"),
        ("12.1-55.18", False, "under_investigation"),
        ("12.1-50.28", True, "affected"),
        ("14.1-73.46", True, "not_affected"),
        ("11.1-1.1", True, "under_investigation"),
    ],
)
def test_a_product_is_fixed_only_where_a_verification_passed(
    build: str, good: bool, status: str
) -> None:
    """A number that promises a fix is not one, and an unknown train is not affected by nobody."""
    found = statement(build, good=good)
    assert found["status"] == status
    assert found["vulnerability"] == {"name": "CVE-2019-19781"}
    assert found["products"] == [{"@id": f"pkg:generic/citrix/netscaler-adc@{build}"}]
    needs = {"not_affected": "justification", "affected": "action_statement"}
    assert needs.get(status, "status") in found


def test_a_bulletin_without_cves_is_named_itself() -> None:
    """There is a statement for it all the same."""
    found = statement("12.1-55.18", replace(BULLETIN, cves=()))
    assert found["vulnerability"] == {"name": "CTX267027"}


def test_nothing_is_said_where_nothing_was_verified() -> None:
    """No document is better than one that rests on nothing."""
    assert vex_document(make_gate(), None, [BULLETIN], name="urn:uuid:1") is None
    assert builds_seen([]) is None


def test_the_newest_verification_counts_and_a_node_needs_all_its_steps() -> None:
    """Of several steps on a node the worst counts; a dry run counts for nothing."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(FIXED), run="v1")
    on_a = replace(ended(FIXED), node=NS_A)
    chronicle.add(on_a, run="v1")
    chronicle.begin(plan_of(FIXED), run="v2")
    chronicle.add(on_a, run="v2")
    chronicle.add(replace(on_a, verdict=failed("a setting is missing")), run="v2")
    last = chronicle.add(replace(on_a, node=NS_B, verdict=passed("fixed")), run="v2")
    chronicle.begin(plan_of(FIXED), run="dry", mode=Mode.DRY)
    chronicle.add(on_a, run="dry")
    found = builds_seen(chronicle.records)
    assert found is not None
    assert found.passed == {NS_B}
    assert found.at == last.at

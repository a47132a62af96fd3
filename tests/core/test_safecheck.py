"""What answers to a pair of requests mean beside the builds."""

from dataclasses import replace

import pytest

from gatectl.core.advisory import SafeCheck
from gatectl.core.check import Observation, Seen, Unreadable
from gatectl.core.exposure import Applicability, NodeExposure
from gatectl.core.gate import AdvisoryId
from gatectl.core.safecheck import Behaviour, build_is_fixed, judge_safe_check
from tests.builders import BULLETIN, NS_A, NS_B

CHECK = SafeCheck(
    name="folder",
    path="/x",
    weight="proof",
    vulnerable="a page",
    vulnerable_when={"status": "^200$", "body": "global"},
)
SERVED = Seen(records=({"status": "200", "page": "sign-on"},))
BLOCKED = Seen(records=({"status": "403", "page": "empty"},))


@pytest.mark.parametrize(
    "passing",
    [Unreadable(because="cut"), Seen(records=()), BLOCKED],
    ids=["no-answer", "nothing", "another-page"],
)
@pytest.mark.parametrize("fixed", [True, False, None])
def test_nothing_is_known_of_a_gateway_that_serves_nobody(
    passing: Observation, fixed: bool | None
) -> None:
    """Whatever the other request got."""
    vulnerable = Seen(records=({"status": "200", "body": "[global]"},))
    for blocked in (BLOCKED, vulnerable, Unreadable(because="cut")):
        behaviour, because = judge_safe_check(CHECK, blocked, passing, fixed=fixed)
        assert behaviour is Behaviour.UNKNOWN
        assert "shut or broken" in because


def test_every_field_of_the_vulnerable_answer_must_be_there() -> None:
    """A 200 alone may be anybody's page."""
    half = Seen(records=({"status": "200", "body": "hello", "page": "other"},))
    assert judge_safe_check(CHECK, half, SERVED, fixed=False)[0] is Behaviour.UNKNOWN
    whole = Seen(records=({"status": "200", "body": "[global]", "page": "other"},))
    assert judge_safe_check(CHECK, whole, SERVED, fixed=True)[0] is Behaviour.VULNERABLE


def test_a_check_without_an_answer_to_compare_with_finds_nothing() -> None:
    """No pattern at all never matches."""
    marker = replace(CHECK, weight="marker", vulnerable_when={})
    assert judge_safe_check(marker, BLOCKED, SERVED, fixed=False)[0] is Behaviour.UNKNOWN
    assert judge_safe_check(CHECK, Seen(records=()), SERVED, fixed=True)[0] is Behaviour.UNKNOWN


@pytest.mark.parametrize(
    ("answers", "fixed"),
    [
        ((Applicability.FIXED, Applicability.NOT_AFFECTED), True),
        ((Applicability.APPLIES, Applicability.NOT_CONFIGURED), False),
        ((Applicability.FIXED, Applicability.APPLIES), None),
        ((Applicability.FIXED, Applicability.UNKNOWN), None),
        ((), None),
    ],
)
def test_a_build_counts_only_if_all_nodes_agree(
    answers: tuple[Applicability, ...], fixed: bool | None
) -> None:
    """In the middle of a patch nobody knows which of the two answered."""
    exposures = [
        NodeExposure(
            node=node,
            advisory=BULLETIN.id,
            build="",
            answer=answer,
            because="",
            cves=(),
            settings=(),
            avoid="",
        )
        for node, answer in zip((NS_A, NS_B), answers, strict=False)
    ]
    assert build_is_fixed(exposures, BULLETIN.id) is fixed
    assert build_is_fixed(exposures, AdvisoryId("CTX1")) is None

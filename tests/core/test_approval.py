"""The judgement of approvals, one objection at a time; real signatures are in test_consent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gatectl.core.approval import (
    Approval,
    Present,
    SignatureFacts,
    approved_request,
    judge_approval,
    judge_approvals,
    request_holds,
)
from gatectl.core.approvalrequest import NAMESPACE
from gatectl.core.gate import ApprovalPolicy, Approver, GateName
from tests.builders import ALMELO, NS_A, START
from tests.core.test_approvalrequest import REQUEST

POLICY = ApprovalPolicy(
    needed=2,
    people=(
        Approver(principal="anna", role="ciso"),
        Approver(principal="bert", role="operations"),
        Approver(principal="carl", role="operations"),
    ),
    roles=("ciso", "operations"),
    operator_keys=("SHA256:operator",),
)
NOW = START + timedelta(minutes=5)
PRESENT = Present(
    gate=ALMELO,
    lineage=REQUEST.lineage,
    run=REQUEST.run,
    plan=REQUEST.plan,
    evidence=REQUEST.evidence,
    evidence_sequence=10,
    evidence_at=START - timedelta(minutes=1),
    builds={NS_A: "12.1-55.18"},
    boots={},
    unproven=frozenset(),
    operator="j.jansen",
    used={},
)


def signed(who: str, **changes: Any) -> Approval:
    """Make a good approval of somebody's, or one with something else about its signature."""
    facts = SignatureFacts(
        namespace=NAMESPACE,
        fingerprint=f"SHA256:{who}",
        principal=who,
        genuine=True,
        revoked=False,
        because="",
    )
    return Approval(request=REQUEST, signature=replace(facts, **changes), sequence=11)


def test_enough_people_in_all_roles_are_named_in_the_verdict() -> None:
    """The verdict of a pass tells who agreed, and in which role."""
    approvals = (signed("anna"), signed("bert"))
    verdict = judge_approvals(POLICY, approvals, PRESENT, NOW)
    assert verdict.passed
    assert verdict.because == "approved by anna (ciso) and bert (operations)"
    nonce, people = approved_request(POLICY, approvals, PRESENT, NOW)
    assert (nonce, dict(people)) == (REQUEST.nonce, {"anna": "ciso", "bert": "operations"})


def test_two_people_of_one_role_leave_the_other_open() -> None:
    """Enough people are not enough roles."""
    verdict = judge_approvals(POLICY, (signed("carl"), signed("bert")), PRESENT, NOW)
    assert verdict.because == "nobody has approved as ciso"


def test_one_key_under_two_names_is_one_person() -> None:
    """Who has the key is who has agreed."""
    twice = (signed("anna"), signed("bert", fingerprint="SHA256:anna"))
    assert "bert has approved twice" in judge_approvals(POLICY, twice, PRESENT, NOW).because


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"namespace": "git"}, "anna signed for 'git'"),
        ({"revoked": True}, "is revoked"),
        ({"principal": ""}, "of none of the allowed signers"),
        ({"genuine": False, "because": "it is not of this text"}, "does not hold: it is not"),
        ({"fingerprint": "SHA256:operator"}, "operator's own key"),
        ({"principal": "j.jansen"}, "operator's own key"),
        ({"principal": "dora"}, "dora has no role"),
    ],
)
def test_each_objection_to_a_signature_stands_alone(changes: dict[str, Any], because: str) -> None:
    """Nothing else about the approval is wrong."""
    verdict = judge_approval(POLICY, signed("anna", **changes), PRESENT, NOW)
    assert not verdict.passed
    assert because in verdict.because


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"gate": GateName("utrecht")}, "the reopening of almelo, not of utrecht"),
        ({"lineage": "another"}, "another journal"),
        ({"run": "r2"}, "after run r1, and run r2 has changed it"),
        ({"evidence": "00" * 32}, "other evidence"),
        ({"evidence_sequence": 11}, "before the evidence was taken"),
        ({"evidence_at": START + timedelta(seconds=1)}, "before the evidence was taken"),
        ({"plan": "00" * 32}, "another plan"),
        ({"builds": {NS_A: "13.0-47.24"}}, "other nodes or builds"),
        ({"boots": {NS_A: "boot-2"}}, "before ns-a was restarted"),
        ({"unproven": frozenset({"nodes-fixed"})}, "not proven now: nodes-fixed"),
        ({"used": {REQUEST.nonce: START}}, "was used already, on 2026-01-18 20:00 UTC"),
    ],
)
def test_each_change_since_makes_an_approval_void(changes: dict[str, Any], because: str) -> None:
    """An approval is of one moment's facts, and of no others; the request is void as well."""
    present = replace(PRESENT, **changes)
    assert judge_approval(POLICY, signed("anna"), PRESENT, NOW).passed
    assert because in judge_approval(POLICY, signed("anna"), present, NOW).because
    assert not request_holds(POLICY, REQUEST, 11, present, now=NOW)


@pytest.mark.parametrize(
    ("minutes", "valid_s", "because"),
    [(60, 3600, "has expired"), (31, 1800, "has expired"), (-3, 3600, "a request of the future")],
)
def test_an_approval_counts_for_its_time_alone(minutes: int, valid_s: int, because: str) -> None:
    """Not after its end, not longer than the configuration allows, and not before it was asked."""
    policy = replace(POLICY, valid_s=valid_s)
    verdict = judge_approval(policy, signed("anna"), PRESENT, START + timedelta(minutes=minutes))
    assert because in verdict.because


def test_a_policy_that_asks_nobody_passes_and_says_so() -> None:
    """Without a table in the configuration there is nobody to wait for."""
    verdict = judge_approvals(ApprovalPolicy(), (), PRESENT, NOW)
    assert verdict.passed
    assert verdict.because == "the configuration asks nobody else"


def test_an_approval_that_does_not_count_is_nobodys_and_is_told() -> None:
    """It neither fills a place nor a role, and its reason stands behind what is missing."""
    bad = signed("bert", revoked=True)
    verdict = judge_approvals(POLICY, (signed("anna"), bad), PRESENT, NOW)
    assert verdict.because == (
        "1 of 2 approvals are there; nobody has approved as operations; "
        "the key SHA256:bert of bert is revoked"
    )


def test_the_number_of_people_counts_where_no_roles_are_asked_for() -> None:
    """One person is not two."""
    policy = replace(POLICY, roles=())
    verdict = judge_approvals(policy, (signed("anna"),), PRESENT, NOW)
    assert verdict.because == "1 of 2 approvals are there"
    assert judge_approvals(policy, (signed("carl"), signed("bert")), PRESENT, NOW).passed


def test_whoever_asked_cannot_agree() -> None:
    """A request is for others to answer."""
    own = replace(signed("anna"), request=replace(REQUEST, asked_by="anna"))
    verdict = judge_approval(POLICY, own, PRESENT, NOW)
    assert verdict.because == "anna has asked for this approval, and cannot give it as well"


def test_without_a_plan_its_part_is_left_for_later() -> None:
    """A signature is taken in without asking the appliances; the opening compares the plan."""
    present = replace(PRESENT, plan=None, builds={})
    assert judge_approval(POLICY, signed("anna"), present, NOW).passed

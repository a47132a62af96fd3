"""Whether a plan fits the gate: builds, methods, and the way that gatectl itself comes in by."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from gatectl.config.shipped import read_advisories
from gatectl.core.advisory import Advisory, Precondition, SafeCheck
from gatectl.core.check import Answer
from gatectl.core.gate import AdvisoryId, Gate, NodeName
from gatectl.core.plan import Plan
from gatectl.core.playbook import Purpose
from gatectl.core.readiness import (
    RELEASES,
    about_http,
    judge_coverage,
    judge_edition,
    judge_fit,
    judge_known_bad,
    judge_management_path,
    judge_own_connection,
    judge_release_step,
)
from tests.builders import (
    BULLETINS,
    NS_A,
    NS_B,
    device_task,
    make_facts,
    make_gate,
    plan_of,
    planned,
)

GATE = make_gate()
PASS, FAIL, UNKNOWN = Answer.PASS, Answer.FAIL, Answer.UNKNOWN


def patch_to(target: str, *installed: str) -> Plan:
    """Make a plan that installs a build on nodes that run others."""
    facts = make_facts(builds=dict(zip((NS_A, NS_B), installed, strict=False)))
    plan = plan_of(planned(), purpose=Purpose.PATCH)
    return replace(plan, parameters={"build": target}, facts=facts)


@pytest.mark.parametrize(
    ("installed", "target", "answer"),
    [
        ("13.0-47.22", "13.0-47.24", PASS),
        ("13.0-47.22", "13.1-49.15", PASS),
        ("13.0-47.22", "14.1-8.50", FAIL),
        ("13.1-49.13", "13.0-92.21", FAIL),
        ("13.1-49.13", "15.1-1.1", UNKNOWN),
    ],
)
def test_an_upgrade_takes_one_release_at_a_time(
    installed: str, target: str, answer: Answer
) -> None:
    """The vendor supports no leap; a release that is not known yet is no pass."""
    verdict = judge_release_step(patch_to(target, installed), GATE)
    assert verdict.answer is answer


def test_the_release_to_go_over_is_named() -> None:
    """The refusal says what to do instead."""
    assert "over 13.1 first" in judge_release_step(patch_to("14.1-8.50", "13.0-1.1"), GATE).because


def test_every_release_of_the_bulletins_has_its_place_in_the_order() -> None:
    """A bulletin about a new release must not meet an order that does not know it."""
    trains = {train for one in read_advisories().values() for train in one.fixed}
    assert {train.removesuffix("-FIPS") for train in trains} <= set(RELEASES)


@pytest.mark.parametrize(
    ("installed", "target", "answer"),
    [
        ("13.1-37.159", "13.1-37.164", PASS),
        ("13.1-37.159", "13.1-49.15", FAIL),
        ("13.1-49.13", "13.1-37.164", FAIL),
        ("13.1-49.13", "13.1-49.15", PASS),
        ("12.1-55.18", "12.1-55.302", FAIL),
    ],
)
def test_fips_appliances_stay_in_their_own_builds(
    installed: str, target: str, answer: Answer
) -> None:
    """A plain comparison of numbers would install an ordinary build on a certified appliance."""
    assert judge_edition(patch_to(target, installed), GATE).answer is answer


def test_a_build_that_a_bulletin_warns_of_is_refused_with_the_reason() -> None:
    """13.1-64.23 is fixed, and restarts over and over where `ns variable` is used."""
    advisories = read_advisories()
    verdict = judge_known_bad(patch_to("13.1-64.23", "13.1-60.32"), GATE, advisories)
    assert verdict.answer is FAIL
    assert "ns variable" in verdict.because
    assert judge_known_bad(patch_to("13.1-64.24", "13.1-60.32"), GATE, advisories).passed


def test_each_broken_build_of_each_bulletin_is_refused() -> None:
    """Read from the bulletins' data, whichever they are."""
    broken = [one.build for a in read_advisories().values() for one in a.avoid]
    assert broken
    for build in broken:
        plan = patch_to(build, build)
        assert judge_known_bad(plan, GATE, read_advisories()).answer is FAIL


@pytest.mark.parametrize("judge", [judge_release_step, judge_edition])
def test_a_playbook_that_installs_nothing_needs_no_build(judge: object) -> None:
    """Closing is not asked about firmware."""
    plan = plan_of(planned())
    assert callable(judge)
    assert judge(plan, GATE).passed
    assert judge_known_bad(plan, GATE, BULLETINS).passed


def test_a_playbook_that_does_not_fit_is_refused_with_all_reasons() -> None:
    """What the device would take and not do."""
    assert judge_fit(plan_of(planned())).passed
    unfit = replace(plan_of(planned()), unfit=("ns-a ignores it", "ns-b ignores it"))
    assert judge_fit(unfit).because == "ns-a ignores it; ns-b ignores it"


# --- a method that stops HTTP requests alone


def bulletin(*kinds: str, checks: tuple[SafeCheck, ...] = ()) -> Advisory:
    """Make a bulletin with these preconditions."""
    return Advisory(
        id=AdvisoryId("CTX1"),
        title="x",
        published=date(2026, 1, 1),
        cves=(),
        fixed={},
        preconditions=tuple(Precondition(kind=kind) for kind in kinds),  # type: ignore[arg-type] # parametrized
        safe_checks=checks,
    )


PROOF = SafeCheck(name="x", path="/x", weight="proof", vulnerable="200")
MARKER = replace(PROOF, weight="marker")


@pytest.mark.parametrize(
    ("advisory", "answer"),
    [
        (bulletin("gateway-or-aaa"), True),
        (bulletin("gateway", "saml-idp"), True),
        (bulletin("gateway", "dtls"), False),
        (bulletin("any"), False),
        (bulletin("any", checks=(PROOF,)), True),
        (bulletin("any", checks=(MARKER,)), False),
        (bulletin(), False),
    ],
)
def test_what_is_not_known_to_be_about_requests_is_not(advisory: Advisory, answer: bool) -> None:
    """A fault that a plain request proves is; one without any precondition may be anything."""
    assert about_http(advisory) is answer


def closing(methods: tuple[str, ...], stops: str, advisory: Advisory) -> Answer:
    """Judge close-responder on a gate with these methods and this bulletin in force."""
    gate = replace(GATE, close_methods=methods, advisories=(advisory.id,))
    plan = plan_of(planned(), purpose=Purpose.CLOSE, playbook="close-responder")
    plan = replace(plan, stops=stops)  # type: ignore[arg-type] # parametrized
    return judge_coverage(plan, gate, {advisory.id: advisory}).answer


@pytest.mark.parametrize(
    ("methods", "stops", "kind", "answer"),
    [
        (("close-responder",), "requests", "dtls", FAIL),
        (("close-responder",), "requests", "gateway", PASS),
        (("close-responder",), "packets", "dtls", PASS),
        (("close-acl", "close-responder"), "requests", "dtls", PASS),
    ],
)
def test_a_method_for_requests_alone_is_never_the_only_one_against_more(
    methods: tuple[str, ...], stops: str, kind: str, answer: Answer
) -> None:
    """Beside another method it is better than nothing."""
    assert closing(methods, stops, bulletin(kind)) is answer


# --- the own way in


def gate_at(address: str, port: int = 22) -> Gate:
    """Make a gate whose nodes are managed at this address and port."""
    nodes = tuple(
        replace(node, host=replace(node.host, address=address, port=port)) for node in GATE.nodes
    )
    return replace(GATE, nodes=nodes)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("add ns acl X DENY -destIP = 192.0.2.11 -priority 5", FAIL),
        ("add ns acl X DENY -destIP = 192.0.2.11 -destPort = 22 -protocol TCP", FAIL),
        ("add ns acl X DENY -destIP = 192.0.2.11 -destPort = 1-1023 -protocol TCP", FAIL),
        ("add ns acl X DENY -destIP = 192.0.2.11 -destPort = 443 -protocol TCP", PASS),
        ("add ns acl X DENY -destIP = 203.0.113.10 -destPort = 443 -protocol TCP", PASS),
        ("add ns acl X DENY", FAIL),
        ("disable ns ip 192.0.2.11", FAIL),
        ("clear ns acls", FAIL),
        ("save ns config", PASS),
    ],
)
def test_a_line_that_would_cut_gatectl_off_stops_the_plan(line: str, answer: Answer) -> None:
    """Found over all lines before the first is sent; a rule for other ports cuts nothing."""
    plan = plan_of(planned(), planned("second", device_task(act=(line,))))
    assert judge_management_path(plan, gate_at("192.0.2.11")).answer is answer


def test_a_node_that_is_known_by_name_alone_cannot_be_guarded() -> None:
    """A name says nothing about rules for addresses, and must not stop a closing."""
    plan = plan_of(planned("x", device_task(act=("add ns acl X DENY",))))
    assert judge_management_path(plan, gate_at("ns-a.example")).passed


@pytest.mark.parametrize(
    ("own", "purpose", "answer"),
    [
        ({NS_A: "10.99.0.7"}, Purpose.CLOSE, FAIL),
        ({NS_A: "10.98.0.7"}, Purpose.CLOSE, PASS),
        ({NS_A: "2001:db8::7"}, Purpose.CLOSE, PASS),
        ({NS_A: "10.99.0.7"}, Purpose.PATCH, PASS),
        ({}, Purpose.CLOSE, PASS),
    ],
)
def test_whoever_comes_in_through_the_gate_does_not_close_it(
    own: Mapping[NodeName, str], purpose: Purpose, answer: Answer
) -> None:
    """The address that gatectl has towards a node is one that the gate itself gives out."""
    gate = replace(GATE, pool_networks=(ip_network("10.99.0.0/16"),))
    facts = replace(make_facts(), own_addresses=own)
    plan = replace(plan_of(planned(), purpose=purpose), facts=facts)
    assert judge_own_connection(plan, gate).answer is answer


def test_a_vantage_in_the_pool_gives_the_own_connection_away() -> None:
    """This machine has an address of the pool, whatever way it takes to the nodes."""
    office = replace(GATE.vantages[0], source=ip_address("10.99.1.1"))
    gate = replace(GATE, pool_networks=(ip_network("10.99.0.0/16"),), vantages=(office,))
    verdict = judge_own_connection(plan_of(planned(), purpose=Purpose.CLOSE), gate)
    assert (verdict.answer, str(office.name) in verdict.because) == (FAIL, True)

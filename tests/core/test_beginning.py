"""What must be so before a run begins: all that stands in its way, told at once."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from gatectl.core.advisory import BrokenBuild, Precondition
from gatectl.core.beginning import judge_beginning, judge_mitigation, judge_state, judge_target
from gatectl.core.check import Answer, failed
from gatectl.core.event import Outcome
from gatectl.core.gate import SHUT_STATES, AdvisoryId, GateState
from gatectl.core.interlock import standing_blockers
from gatectl.core.playbook import Purpose
from gatectl.core.standing import Standing
from tests.builders import (
    ALMELO,
    BULLETIN,
    BULLETINS,
    NS_A,
    NS_B,
    Chronicle,
    device_task,
    ended,
    make_facts,
    make_gate,
    plan_of,
    planned,
)

PAIR = make_gate()
VERIFIED = Standing(gate=ALMELO, state=GateState.VERIFIED)
SAVED = planned("saved@ns-a")
SPACE = planned("space@ns-a", precheck=True)


@pytest.mark.parametrize("state", GateState)
@pytest.mark.parametrize("closed_by", [(), ("close-acl",)])
def test_a_playbook_that_needs_a_shut_gate_begins_only_behind_one(
    state: GateState, closed_by: tuple[str, ...]
) -> None:
    """Shut, and known by what; unknown is told apart from open."""
    standing = Standing(gate=ALMELO, state=state, closed_by=closed_by)
    verdict = judge_state(standing, needs_shut=True)
    assert verdict.passed is (state in SHUT_STATES and bool(closed_by))
    if state is GateState.UNKNOWN:
        assert verdict.answer is Answer.UNKNOWN
    assert judge_state(standing, needs_shut=False).passed


@pytest.mark.parametrize(
    ("build", "installed", "answer"),
    [
        ("12.1-55.18", "12.1-50.28", Answer.PASS),
        ("12.1-55.18", "12.1-55.18", Answer.PASS),
        ("12.1-55.17", "12.1-50.28", Answer.FAIL),
        ("12.1-55.18", "12.1-55.24", Answer.FAIL),
        ("13.0-47.24", "12.1-50.28", Answer.PASS),
        ("13.1-49.13", "12.1-50.28", Answer.UNKNOWN),
        ("14.1-4.42", "13.0-47.24", Answer.PASS),
    ],
)
def test_the_build_to_install_is_fixed_known_and_not_older(
    build: str, installed: str, answer: Answer
) -> None:
    """A downgrade and a build that is still exposed fail; a train nobody lists is unknown."""
    plan = replace(
        plan_of(SAVED, purpose=Purpose.PATCH),
        parameters={"build": build},
        facts=make_facts(builds={NS_A: "12.1-50.28", NS_B: installed}),
    )
    verdict = judge_target(plan, BULLETINS, PAIR)
    assert verdict.answer is answer, verdict.because


def test_a_target_is_judged_for_every_bulletin_that_the_gate_names() -> None:
    """One bulletin that the build does not fix is enough to refuse."""
    second = replace(BULLETIN, id=AdvisoryId("CTX2"), fixed={"12.1": "12.1-65.1"})
    both = {**BULLETINS, second.id: second}
    plan = replace(plan_of(SAVED), parameters={"build": "12.1-55.18"})
    assert judge_target(plan, both, PAIR).passed
    assert judge_target(plan, both, replace(PAIR, advisories="all")).answer is Answer.FAIL


def test_a_playbook_that_installs_nothing_has_no_target() -> None:
    """Nothing to judge is said in words and not by an empty list."""
    verdict = judge_target(plan_of(SAVED), BULLETINS, PAIR)
    assert verdict.passed
    assert "installs nothing" in verdict.because


@pytest.mark.parametrize(
    ("installed", "answer"),
    [
        ("12.1-50.28", Answer.FAIL),
        ("12.1-50.30", Answer.FAIL),
        ("12.1-50.31", Answer.PASS),
        ("13.0-41.20", Answer.PASS),
    ],
)
def test_a_mitigation_is_refused_where_the_build_accepts_and_ignores_it(
    installed: str, answer: Answer
) -> None:
    """One such node in a pair is enough, and the sentence names it."""
    plan = replace(
        plan_of(SAVED, purpose=Purpose.MITIGATE),
        advisory=BULLETIN.id,
        facts=make_facts(builds={NS_A: "12.1-51.19", NS_B: installed}),
    )
    verdict = judge_mitigation(plan, BULLETINS)
    assert verdict.answer is answer
    if answer is Answer.FAIL:
        assert f"{NS_B} runs {installed}" in verdict.because


def test_a_mitigation_without_a_bulletin_has_no_builds_that_ignore_it() -> None:
    """A site's own playbook is not judged by ranges that nobody gave."""
    assert judge_mitigation(plan_of(SAVED), BULLETINS).passed


def test_all_that_keeps_a_run_from_beginning_is_told_at_once() -> None:
    """The open gate, the unfixed target, the useless mitigation and the failed precheck."""
    plan = replace(
        plan_of(SPACE, SAVED, purpose=Purpose.PATCH),
        parameters={"build": "12.1-55.17"},
        needs_shut=True,
        advisory=BULLETIN.id,
    )
    chronicle = Chronicle()
    chronicle.begin(plan)
    chronicle.add(ended(SPACE, Outcome.FAILED, failed("only 300 MB are free")))
    standing = Standing(gate=ALMELO, state=GateState.OPEN)
    blockers = judge_beginning(PAIR, standing, plan, chronicle.run(), BULLETINS)
    assert [blocker.interlock for blocker in blockers] == [
        "gate-shut",
        "target-build",
        "mitigation-works",
        "space",
    ]
    assert blockers[-1].verdict == failed(f"{NS_A}: only 300 MB are free")
    assert all(blocker.clears for blocker in blockers)


def test_a_precheck_that_was_not_looked_at_is_unknown() -> None:
    """No look is no pass."""
    plan = plan_of(SPACE, SAVED)
    chronicle = Chronicle()
    chronicle.begin(plan)
    (blocker,) = judge_beginning(PAIR, VERIFIED, plan, chronicle.run(), BULLETINS)
    assert (blocker.interlock, blocker.verdict.answer) == ("space", Answer.UNKNOWN)


def test_closing_is_not_kept_waiting_by_a_precheck_that_nobody_could_answer() -> None:
    """A node that is gone is no reason to leave the other one open; a conflict that is seen is."""
    plan = plan_of(SPACE, SAVED, purpose=Purpose.CLOSE, playbook="close-acl")
    chronicle = Chronicle()
    chronicle.begin(plan)
    run = chronicle.run()
    assert judge_beginning(PAIR, VERIFIED, plan, run, BULLETINS) == ()
    chronicle.add(ended(SPACE, Outcome.FAILED, failed("a rule of others is in the way")))
    (blocker,) = judge_beginning(PAIR, VERIFIED, plan, chronicle.run(), BULLETINS)
    assert blocker.interlock == "space"


def test_what_does_not_fit_or_would_cut_us_off_stands_beside_the_prechecks() -> None:
    """Each by a name of its own, which is what an override says."""
    cut = planned("deny", device_task(act=("add ns acl X DENY",)))
    plan = replace(
        plan_of(cut, purpose=Purpose.CLOSE, playbook="close-responder"),
        unfit=("ns-a ignores it",),
        stops="requests",
        facts=replace(make_facts(), own_addresses={NS_A: "10.99.0.1"}),
    )
    wider = replace(BULLETIN, preconditions=(Precondition(kind="dtls"),))
    gate = replace(
        PAIR, close_methods=("close-responder",), pool_networks=(ip_network("10.99.0.0/16"),)
    )
    chronicle = Chronicle()
    chronicle.begin(plan)
    blockers = judge_beginning(gate, VERIFIED, plan, chronicle.run(), {wider.id: wider})
    names = [blocker.interlock for blocker in blockers]
    assert names == ["method-fits", "covers-bulletins", "management-path", "own-connection"]
    assert standing_blockers(blockers, dict.fromkeys(names, "we know it")) == ()


def test_a_build_that_no_node_should_get_is_refused_by_name() -> None:
    """The leap, the train and the warning, each for itself."""
    plan = replace(
        plan_of(SAVED, purpose=Purpose.PATCH),
        parameters={"build": "13.1-37.38"},
        facts=make_facts(builds={NS_A: "12.1-50.28"}),
    )
    warned = replace(BULLETIN, avoid=(BrokenBuild(build="13.1-37.38", because="it restarts"),))
    chronicle = Chronicle()
    chronicle.begin(plan)
    blockers = judge_beginning(PAIR, VERIFIED, plan, chronicle.run(), {warned.id: warned})
    assert [b.interlock for b in blockers] == ["release-step", "edition", "known-bad-build"]

"""What must be proven before a gate is reopened: each rule blocks alone, and all at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gatectl.core.beginning import judge_beginning
from gatectl.core.check import Answer, Verdict, failed, passed, unknown
from gatectl.core.event import ActIntended, Ending, Mode, RunEnded, RunId
from gatectl.core.gate import Gate, GateState, NodeName, Role
from gatectl.core.grounds import Grounds
from gatectl.core.interlock import (
    NEVER_OVERRIDDEN,
    RULES,
    Interlock,
    judge_reopening,
    judge_same_nodes,
    standing_blockers,
)
from gatectl.core.moment import Lived, Moment
from gatectl.core.playbook import Purpose
from gatectl.core.sighting import Sighting, sightings_of
from gatectl.core.standing import Proof, Standing
from tests.builders import (
    ALMELO,
    BULLETINS,
    NS_A,
    NS_B,
    STANDALONE,
    START,
    Chronicle,
    ended,
    make_facts,
    make_gate,
    moment_at,
    plan_of,
    planned,
    started,
)

NOW = START + timedelta(minutes=10)
PAIR = make_gate()
EACH_NODE = {rule.interlock for rule in RULES if rule.each_node} - {Interlock.CONFIG_AS_BEFORE}
JUDGED_ELSEWHERE = {Interlock.NO_STEP_IN_DOUBT, Interlock.CONFIG_AS_BEFORE, Interlock.ADVICE}
WITH_PROOF = [rule.interlock for rule in RULES if rule.interlock not in JUDGED_ELSEWHERE]
GROUNDS = Grounds(advice=None, configuration=passed("as before"), settings=True)
MITIGATED = {"mitigate": plan_of(purpose=Purpose.MITIGATE)}
NOTHING_PROVEN = Standing(gate=ALMELO, mitigations=MITIGATED)
SEEN = sightings_of(make_facts())
Key = tuple[str, NodeName | None]


def proof(
    interlock: Interlock,
    node: NodeName | None,
    verdict: Verdict | None = None,
    *,
    age_s: float = 60.0,
) -> Proof:
    """Make a proof that is a minute old."""
    return Proof(
        interlock=interlock.value,
        node=node,
        verdict=verdict or passed("proven"),
        at=NOW - timedelta(seconds=age_s),
        sequence=int(1e6 - age_s),
        lived=Lived(last=moment_at(NOW - timedelta(seconds=age_s))),
        seen=SEEN,
        run=RunId("v1"),
    )


def places(interlock: Interlock, gate: Gate) -> list[NodeName | None]:
    """Say for which nodes an interlock is proven; the pair's health is seen on the primary."""
    if interlock in EACH_NODE:
        return [node.name for node in gate.nodes]
    return [NS_A if interlock is Interlock.PAIR_HEALTHY else None]


def all_proofs(gate: Gate = PAIR, **changes: Any) -> dict[Key, Proof]:
    """Make every proof that a gate needs."""
    return {
        (interlock.value, node): proof(interlock, node, **changes)
        for interlock in WITH_PROOF
        for node in places(interlock, gate)
    }


def proven(gate: Gate = PAIR, **changes: Any) -> Standing:
    """Make the standing of a gate that may be reopened."""
    return Standing(
        gate=ALMELO,
        state=GateState.VERIFIED,
        proofs=all_proofs(gate, **changes),
        sightings=SEEN,
        mitigations=MITIGATED,
    )


def blocked(standing: Standing, gate: Gate = PAIR) -> dict[str, Answer]:
    """Name what stands in the way, with the answer that each has."""
    blockers = judge_reopening(gate, standing, moment_at(NOW), grounds=GROUNDS)
    return {one.interlock: one.verdict.answer for one in blockers}


@pytest.mark.parametrize("gate", [PAIR, STANDALONE])
def test_nothing_stands_in_the_way_when_all_is_proven(gate: Gate) -> None:
    """A pair and a single appliance can both be reopened."""
    assert blocked(proven(gate), gate) == {}


def test_everything_stands_in_the_way_when_nothing_is_proven() -> None:
    """All blockers are told at once, each with the command that clears it."""
    blockers = judge_reopening(PAIR, NOTHING_PROVEN, moment_at(NOW), grounds=GROUNDS)
    assert [blocker.interlock for blocker in blockers] == [one.value for one in WITH_PROOF]
    for blocker in blockers:
        assert blocker.verdict.answer is Answer.UNKNOWN
        assert blocker.clears.startswith("gatectl ")
        assert " almelo" in blocker.clears


@pytest.mark.parametrize("interlock", WITH_PROOF)
def test_each_rule_blocks_alone_when_its_proof_is_missing(interlock: Interlock) -> None:
    """No proof is replaced by the others."""
    kept = {key: one for key, one in all_proofs().items() if key[0] != interlock}
    assert blocked(replace(proven(), proofs=kept)) == {interlock: Answer.UNKNOWN}


@pytest.mark.parametrize("verdict", [failed("it does not hold"), unknown("it was cut")])
@pytest.mark.parametrize("interlock", WITH_PROOF)
def test_each_rule_blocks_alone_when_its_proof_says_no_or_nothing(
    interlock: Interlock, verdict: Verdict
) -> None:
    """On any one place; fail stays fail, and unknown stays unknown, with its reason."""
    for node in places(interlock, PAIR):
        proofs = {**all_proofs(), (interlock.value, node): proof(interlock, node, verdict)}
        (blocker,) = judge_reopening(
            PAIR, replace(proven(), proofs=proofs), moment_at(NOW), grounds=GROUNDS
        )
        assert blocker.interlock == interlock
        assert blocker.verdict.answer is verdict.answer
        assert verdict.because in blocker.verdict.because


KEEPS = {Interlock.COMPROMISE_CHECK: 86_400.0, Interlock.EVIDENCE_PRESERVED: 31 * 86_400.0}
"""What takes long to prove again, and no configuration makes younger."""


def longest_s(interlock: Interlock) -> float:
    """Say how old the proof of an interlock may be."""
    return KEEPS.get(interlock, 1800)


@pytest.mark.parametrize("interlock", WITH_PROOF)
def test_each_rule_blocks_alone_when_its_proof_is_too_old_or_from_the_future(
    interlock: Interlock,
) -> None:
    """At its limit a proof still counts, a second later no more, and never before it was made."""
    limit_s = longest_s(interlock)
    for age_s, blocks in ((limit_s, False), (limit_s + 1, True), (0.0, False), (-3.0, True)):
        aged = {
            (interlock.value, node): proof(interlock, node, age_s=age_s)
            for node in places(interlock, PAIR)
        }
        found = blocked(replace(proven(), proofs={**all_proofs(), **aged}))
        assert found == ({interlock: Answer.UNKNOWN} if blocks else {})


@pytest.mark.parametrize("interlock", WITH_PROOF)
def test_a_proof_of_unknown_age_is_too_old(interlock: Interlock) -> None:
    """After a restart with a clock that was set back, the blocker says so and what renews it."""
    now = Moment(at=NOW - timedelta(days=1), boot_time_ns=10**9, boot_id="boot-2")
    proofs = all_proofs()
    lived = proofs[interlock.value, places(interlock, PAIR)[0]].lived
    later = Lived(last=now, gaps=1)
    fresh = {key: replace(one, lived=later) for key, one in proofs.items() if key[0] != interlock}
    assert lived.gaps == 0
    standing = replace(proven(), proofs={**proofs, **fresh}, lived=later)
    (blocker,) = judge_reopening(PAIR, standing, now, grounds=GROUNDS)
    assert blocker.interlock == interlock
    assert blocker.verdict.answer is Answer.UNKNOWN
    assert "set back" in blocker.verdict.because
    renews = "scan" if interlock in KEEPS else "verify"
    assert blocker.clears == f"gatectl {renews} almelo"


def elsewhere(**changes: Any) -> Standing:
    """Make the standing of a gate of which everything is proven, but of another node than now."""
    other = replace(SEEN[NS_B], **changes)
    return replace(proven(), sightings={**SEEN, NS_B: other})


LOOKED_AT = {one.value for one in WITH_PROOF} - set(KEEPS)


@pytest.mark.parametrize(
    ("changes", "blocks", "because"),
    [
        ({"boot": "1769000000"}, LOOKED_AT | {"compromise-check"}, "ns-b was restarted since"),
        ({"boot": ""}, LOOKED_AT | {"compromise-check"}, "nobody knows in which boot of ns-b"),
        ({"role": Role.PRIMARY}, LOOKED_AT, "the pair failed over since"),
        (
            {"host_keys": ("SHA256:another",)},
            {one.value for one in WITH_PROOF},
            "ns-b is not the box that it was",
        ),
    ],
    ids=["restarted", "boot unknown", "failed over", "exchanged"],
)
def test_a_proof_belongs_to_one_boot_of_one_box(
    changes: dict[str, Any], blocks: set[str], because: str
) -> None:
    """What is kept outlives a restart, and a compromise check a failover; nothing another box."""
    blockers = judge_reopening(PAIR, elsewhere(**changes), moment_at(NOW), grounds=GROUNDS)
    assert {one.interlock for one in blockers} == blocks
    for blocker in blockers:
        assert blocker.verdict.answer is Answer.UNKNOWN
        assert because in blocker.verdict.because
        renews = "scan" if blocker.interlock in KEEPS else "verify"
        assert blocker.clears == f"gatectl {renews} almelo"


@pytest.mark.parametrize("purpose", Purpose)
def test_nothing_is_opened_on_other_nodes_than_were_verified(purpose: Purpose) -> None:
    """What happened between the verification and the opening is seen before the first act."""
    plan = plan_of(SAVED, purpose=purpose)
    chronicle = Chronicle()
    chronicle.begin(plan)
    for standing, same in ((proven(), True), (elsewhere(boot="1769000000"), False)):
        blockers = judge_beginning(PAIR, standing, plan, chronicle.run(), BULLETINS)
        told = [one.verdict.because for one in blockers if one.interlock == "same-nodes"]
        opens = purpose in {Purpose.REOPEN, Purpose.CONFIRM}
        assert told == (["ns-b was restarted since"] if opens and not same else [])


def test_a_proof_that_was_replaced_does_not_keep_nodes_from_being_the_same() -> None:
    """The pair's health was seen on the other node before the failover: the newest look counts."""
    name = Interlock.PAIR_HEALTHY.value
    earlier = {node: replace(seen, boot="1") for node, seen in SEEN.items()}
    older = replace(proof(Interlock.PAIR_HEALTHY, NS_B, age_s=600), seen=earlier)
    standing = replace(proven(), proofs={**all_proofs(), (name, NS_B): older})
    plan = plan_of(SAVED, purpose=Purpose.REOPEN)
    assert judge_same_nodes(PAIR, standing, plan).passed


def test_what_an_opening_undid_on_purpose_is_not_compared_when_it_is_confirmed() -> None:
    """That the gate was shut and saved was proven before; a failover since is no reason then."""
    kept = {"nodes-fixed", "pair-healthy", "settings-in-place", "mitigation-proven"}
    now = {NS_A: replace(SEEN[NS_A], role=Role.SECONDARY), NS_B: SEEN[NS_B]}
    proofs = {
        key: replace(one, seen=now) if key[0] in kept else one for key, one in all_proofs().items()
    }
    standing = replace(proven(), proofs=proofs, sightings=now)
    for purpose, same in ((Purpose.CONFIRM, True), (Purpose.REOPEN, False)):
        plan = plan_of(SAVED, purpose=purpose)
        assert judge_same_nodes(PAIR, standing, plan).passed is same


def test_what_was_seen_of_nodes_last_is_what_proofs_are_compared_with() -> None:
    """From the journal: a closing, which has no time to ask for boots, forgets none."""
    chronicle = Chronicle()
    chronicle.begin(replace(plan_of(SAVED), facts=make_facts(boots={NS_A: "1", NS_B: "2"})))
    chronicle.begin(replace(plan_of(SAVED), facts=make_facts(boots={})), run="r2")
    seen = Standing.from_events(ALMELO, chronicle.records).sightings
    assert {node: one.boot for node, one in seen.items()} == {NS_A: "1", NS_B: "2"}
    assert seen[NS_A] == Sighting(boot="1", role=Role.PRIMARY, host_keys=("SHA256:none",))


def test_a_gate_can_ask_for_younger_proofs_but_not_for_older_ones() -> None:
    """The configuration tightens the rules and never loosens them."""
    aged = proven(age_s=1000)
    assert set(blocked(aged, make_gate(evidence_max_age_s=900))) == {
        one.value for one in WITH_PROOF if one not in KEEPS
    }
    older = proven(age_s=2000)
    assert Interlock.STILL_CLOSED in blocked(older, make_gate(evidence_max_age_s=10_000))


@pytest.mark.parametrize("missing", [NS_A, NS_B])
@pytest.mark.parametrize("interlock", sorted(EACH_NODE))
def test_the_proof_of_one_node_is_not_that_of_the_other(
    interlock: Interlock, missing: NodeName
) -> None:
    """Every node of a pair has to prove it, and the blocker names the one that did not."""
    kept = {k: v for k, v in all_proofs().items() if k != (interlock.value, missing)}
    (blocker,) = judge_reopening(
        PAIR, replace(proven(), proofs=kept), moment_at(NOW), grounds=GROUNDS
    )
    assert blocker.interlock == interlock
    assert missing in blocker.verdict.because


@pytest.mark.parametrize("interlock", sorted(EACH_NODE))
def test_a_proof_for_no_node_is_not_one_for_every_node(interlock: Interlock) -> None:
    """A look that names no node was not made on any."""
    kept = {k: v for k, v in all_proofs().items() if k[0] != interlock}
    kept[interlock.value, None] = proof(interlock, None)
    assert blocked(replace(proven(), proofs=kept)) == {interlock: Answer.UNKNOWN}


@pytest.mark.parametrize("interlock", [Interlock.STILL_CLOSED, Interlock.COMPROMISE_CHECK])
def test_a_proof_of_the_whole_gate_is_not_taken_from_a_node(interlock: Interlock) -> None:
    """Whether the gate is shut is not seen on an appliance."""
    kept = {k: v for k, v in all_proofs().items() if k[0] != interlock}
    kept[interlock.value, NS_A] = proof(interlock, NS_A)
    assert blocked(replace(proven(), proofs=kept)) == {interlock: Answer.UNKNOWN}


@pytest.mark.parametrize("newest", [passed("in sync"), failed("the peer is down")])
def test_the_newest_look_at_the_pair_counts_on_whichever_node(newest: Verdict) -> None:
    """After a failover the other node is the primary that is asked."""
    name = Interlock.PAIR_HEALTHY
    older = failed("was down") if newest.passed else passed("was in sync")
    proofs = {
        **all_proofs(),
        (name.value, NS_A): proof(name, NS_A, older, age_s=600),
        (name.value, NS_B): proof(name, NS_B, newest, age_s=60),
    }
    found = blocked(replace(proven(), proofs=proofs))
    assert found == ({} if newest.passed else {name: Answer.FAIL})


def test_a_single_appliance_is_not_asked_for_its_pair() -> None:
    """A rule that cannot be met by any gate of its kind is not asked of it."""
    assert Interlock.PAIR_HEALTHY not in blocked(Standing(gate=ALMELO), STANDALONE)
    assert Interlock.PAIR_HEALTHY in blocked(Standing(gate=ALMELO), PAIR)


SAVED = planned("saved@ns-a")


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ((), Answer.FAIL),
        ((started(SAVED),), Answer.FAIL),
        (
            (started(SAVED), ActIntended(step=SAVED.id, node=NS_A, lines=("x",))),
            Answer.UNKNOWN,
        ),
        ((RunEnded(ending=Ending.FAILED, because="no"),), Answer.FAIL),
        ((RunEnded(ending=Ending.INTERRUPTED, because="Ctrl-C"),), Answer.FAIL),
        ((RunEnded(ending=Ending.PROVEN, because="ok"),), None),
    ],
)
def test_an_unfinished_or_doubtful_run_blocks(events: Any, answer: Answer | None) -> None:
    """Whatever else is proven, and the blocker names the run."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(SAVED, purpose=Purpose.PATCH, playbook="patch"), run="p1")
    for event in events:
        chronicle.add(event, run="p1")
    folded = Standing.from_events(ALMELO, chronicle.records)
    standing = replace(folded, proofs=all_proofs())
    found = blocked(standing)
    assert found == ({} if answer is None else {Interlock.NO_STEP_IN_DOUBT: answer})
    for blocker in judge_reopening(PAIR, standing, moment_at(NOW), grounds=GROUNDS):
        assert "p1 (patch)" in blocker.verdict.because


@pytest.mark.parametrize("mode", Mode)
def test_the_proofs_of_a_dry_run_do_not_count(mode: Mode) -> None:
    """From the journal to the interlock: only what a real run saw is a proof."""
    steps = [
        replace(planned(f"{interlock}-{node}"), proves=interlock.value)
        for interlock in WITH_PROOF
        for node in places(interlock, PAIR)
    ]
    chronicle = Chronicle()
    chronicle.begin(plan_of(*steps, purpose=Purpose.VERIFY), mode=mode)
    nodes = [node for interlock in WITH_PROOF for node in places(interlock, PAIR)]
    for step, node in zip(steps, nodes, strict=True):
        chronicle.add(replace(ended(step), node=node))
    chronicle.add(RunEnded(ending=Ending.PROVEN, because="ok"))
    found = blocked(Standing.from_events(ALMELO, chronicle.records))
    assert bool(found) is (mode is Mode.DRY)


SPACE = planned("space@ns-a", precheck=True)


def test_an_override_lifts_the_blocker_that_it_names_and_no_other() -> None:
    """By its name and with a reason; the rest stands."""
    blockers = judge_reopening(PAIR, NOTHING_PROVEN, moment_at(NOW), grounds=GROUNDS)
    left = standing_blockers(blockers, {Interlock.PAIR_HEALTHY.value: "one node is in repair"})
    assert {one.interlock for one in blockers} - {one.interlock for one in left} == {
        Interlock.PAIR_HEALTHY
    }
    assert standing_blockers(blockers, {"everything": "in a hurry"}) == blockers


@pytest.mark.parametrize("name", sorted(NEVER_OVERRIDDEN))
def test_some_blockers_cannot_be_overridden(name: str) -> None:
    """No reason makes it right to patch an open gate, or to open one that nobody verified."""
    plan = replace(plan_of(SAVED, purpose=Purpose.REOPEN), needs_shut=True)
    chronicle = Chronicle()
    chronicle.begin(plan)
    standing = replace(elsewhere(boot="1769000000"), state=GateState.OPEN)
    blockers = judge_beginning(PAIR, standing, plan, chronicle.run(), BULLETINS)
    assert name in {blocker.interlock for blocker in standing_blockers(blockers, {name: "hurry"})}

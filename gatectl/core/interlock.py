"""What must be proven before a gate is reopened; all that is missing is told at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gatectl.core.check import Verdict, all_of, failed, passed, unknown
from gatectl.core.gate import Gate, NodeName
from gatectl.core.grounds import Grounds
from gatectl.core.moment import Moment
from gatectl.core.plan import Plan
from gatectl.core.playbook import Purpose
from gatectl.core.sighting import Bound, changed_since
from gatectl.core.standing import Proof, Standing


class Interlock(StrEnum):
    """The rules for reopening, by the names that playbooks, reports and overrides use."""

    NODES_FIXED = "nodes-fixed"
    PAIR_HEALTHY = "pair-healthy"
    SETTINGS = "settings-in-place"
    MITIGATION = "mitigation-proven"
    CONFIG_SAVED = "config-saved"
    CONFIG_AS_BEFORE = "config-as-before"
    SESSIONS_ENDED = "sessions-ended"
    STILL_CLOSED = "still-closed"
    NO_STEP_IN_DOUBT = "no-step-in-doubt"
    EVIDENCE_PRESERVED = "evidence-preserved"
    COMPROMISE_CHECK = "compromise-check"
    ADVICE = "advice-answered"
    ATTESTATIONS = "attestations"
    APPROVALS = "approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one interlock is judged, and what the operator does about it."""

    interlock: Interlock
    asks: str
    """What must be so, in a few words."""
    each_node: bool
    """A proof is needed for every node, or one for the gate."""
    pair_only: bool = False
    max_age_s: int | None
    """How old the proof may be; none for a rule that is not judged by one proof of its own."""
    clears: str
    """The command that clears the blocker."""
    bound: Bound = "role"
    """What of the nodes must be as it was when it was proven: the box, its boot, its role."""
    renews: str = "gatectl verify GATE"
    """The command that proves it anew, where it was proven and does not count any more."""


_A_MONTH_S = 31 * 86_400

RULES = (
    Rule(
        interlock=Interlock.NODES_FIXED,
        asks="every node runs a build that is fixed for every bulletin in force",
        each_node=True,
        max_age_s=1800,
        clears="gatectl patch GATE",
    ),
    Rule(
        interlock=Interlock.PAIR_HEALTHY,
        asks="both nodes are up and in sync",
        each_node=False,
        pair_only=True,
        max_age_s=1800,
        clears="gatectl verify GATE",
    ),
    Rule(
        interlock=Interlock.SETTINGS,
        asks="what the bulletins in force ask for besides the build is set",
        each_node=True,
        max_age_s=1800,
        clears="gatectl patch GATE",
    ),
    Rule(
        interlock=Interlock.MITIGATION,
        asks="each mitigation works, or is gone from every node",
        each_node=True,
        max_age_s=1800,
        clears="gatectl mitigate GATE --undo",
    ),
    Rule(
        interlock=Interlock.CONFIG_SAVED,
        asks="nothing in the configuration of a node is unsaved",
        each_node=True,
        max_age_s=1800,
        clears="gatectl close GATE",
    ),
    Rule(
        interlock=Interlock.CONFIG_AS_BEFORE,
        asks="the configuration is as before the closure, but for gatectl's own steps",
        each_node=True,
        max_age_s=None,
        clears="gatectl verify GATE",
    ),
    Rule(
        interlock=Interlock.SESSIONS_ENDED,
        asks="nobody outside has a session",
        each_node=True,
        max_age_s=1800,
        clears="gatectl close GATE",
    ),
    Rule(
        interlock=Interlock.STILL_CLOSED,
        asks="the gate is shut from outside, and inside sees what it should",
        each_node=False,
        max_age_s=1800,
        clears="gatectl close GATE",
    ),
    Rule(
        interlock=Interlock.NO_STEP_IN_DOUBT,
        asks="no step of any run is in doubt or unfinished",
        each_node=False,
        max_age_s=None,
        clears="gatectl resume GATE",
    ),
    Rule(
        interlock=Interlock.EVIDENCE_PRESERVED,
        asks="evidence of every node is kept",
        each_node=True,
        max_age_s=_A_MONTH_S,
        bound="box",
        clears="gatectl scan GATE",
        renews="gatectl scan GATE",
    ),
    Rule(
        interlock=Interlock.COMPROMISE_CHECK,
        asks="the compromise check found nothing",
        each_node=False,
        max_age_s=86_400,
        bound="boot",
        clears="gatectl scan GATE",
        renews="gatectl scan GATE",
    ),
    Rule(
        interlock=Interlock.ADVICE,
        asks="the advice in force is lifted, or a decision to reopen is on record",
        each_node=False,
        max_age_s=None,
        clears="gatectl decide reopen --gate GATE --by ROLE --why TEXT",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Something that stands in the way, and what clears it."""

    interlock: str
    verdict: Verdict
    clears: str


def judge_reopening(
    gate: Gate,
    standing: Standing,
    now: Moment,
    *,
    grounds: Grounds,
    attestations: Verdict | None = None,
    approvals: Verdict | None = None,
) -> tuple[Blocker, ...]:
    """Judge every interlock; nothing is left out because another one failed before.

    What people have put their name under is judged elsewhere; where it is asked for and was not
    looked at, nobody is taken to have agreed.
    """
    words = (
        (Interlock.ATTESTATIONS, bool(gate.attestations), attestations, "gatectl attest GATE NAME"),
        (Interlock.APPROVALS, gate.approval.needed > 0, approvals, "gatectl approve GATE"),
    )
    agreed = tuple(
        Blocker(interlock=name, verdict=verdict, clears=clears.replace("GATE", gate.name))
        for name, asked, given, clears in words
        for verdict in [given or unknown(f"the {name} were not looked at")]
        if asked and not verdict.passed
    )
    return (*_judge_all(RULES, gate, standing, now, grounds), *agreed)


def answers_of(
    gate: Gate, standing: Standing, grounds: Grounds, blockers: tuple[Blocker, ...]
) -> tuple[tuple[str, Verdict], ...]:
    """Give every interlock of a gate with its answer, those that pass as well."""
    against = {blocker.interlock: blocker.verdict for blocker in blockers}
    asked = {
        rule.interlock.value: rule.asks
        for rule in RULES
        if _concerns(rule, gate, standing, grounds)
    }
    if gate.attestations:
        asked[Interlock.ATTESTATIONS.value] = f"on somebody's word: {', '.join(gate.attestations)}"
    return tuple((name, against.get(name, passed(asks))) for name, asks in asked.items())


def judge_confirming(
    gate: Gate, standing: Standing, now: Moment, grounds: Grounds
) -> tuple[Blocker, ...]:
    """Judge again what must still be so, now that the gate is open and nothing is saved."""
    rules = tuple(rule for rule in RULES if rule.interlock not in _SHUT_ONLY)
    return _judge_all(rules, gate, standing, now, grounds)


_SHUT_ONLY = frozenset(
    {
        Interlock.CONFIG_SAVED,
        Interlock.CONFIG_AS_BEFORE,
        Interlock.SESSIONS_ENDED,
        Interlock.STILL_CLOSED,
    }
)
"""What a provisional opening undoes on purpose: it is unsaved, and people sign in."""


def _judge_all(
    rules: tuple[Rule, ...], gate: Gate, standing: Standing, now: Moment, grounds: Grounds
) -> tuple[Blocker, ...]:
    judged = [
        (rule, _judge(rule, gate, standing, now, grounds))
        for rule in rules
        if _concerns(rule, gate, standing, grounds)
    ]
    if not judged:
        # Without this, a gate to which no rule applies could be reopened on nothing at all.
        raise ValueError("there must be at least one interlock")
    return tuple(
        Blocker(
            interlock=rule.interlock,
            verdict=verdict,
            clears=clears.replace("GATE", gate.name),
        )
        for rule, (verdict, clears) in judged
        if not verdict.passed
    )


def _concerns(rule: Rule, gate: Gate, standing: Standing, grounds: Grounds) -> bool:
    match rule.interlock:
        case Interlock.SETTINGS:
            return grounds.settings
        case Interlock.MITIGATION:
            return bool(standing.mitigations)
        case Interlock.ADVICE:
            return grounds.advice is not None
        case _:
            return gate.is_pair or not rule.pair_only


def _judge(
    rule: Rule, gate: Gate, standing: Standing, now: Moment, grounds: Grounds
) -> tuple[Verdict, str]:
    """Judge one rule, and name the command that clears it if it does not pass."""
    match rule.interlock:
        case Interlock.NO_STEP_IN_DOUBT:
            return _no_step_in_doubt(standing), rule.clears
        case Interlock.ADVICE if grounds.advice is not None:
            return grounds.advice, rule.clears
        case Interlock.CONFIG_AS_BEFORE:
            return grounds.configuration, rule.clears
        case Interlock.MITIGATION:
            return _judge_mitigations(rule, gate, standing, now)
        case _:
            return _judge_proofs(rule, gate, standing, now, _places(rule, gate))


def _judge_mitigations(
    rule: Rule, gate: Gate, standing: Standing, now: Moment
) -> tuple[Verdict, str]:
    """Judge by the newest verification alone: what was seen before an undoing says nothing now."""
    seen = [proof for (name, _), proof in standing.proofs.items() if name == rule.interlock]
    run = max(seen, key=lambda proof: proof.sequence).run if seen else None
    newest = {key: proof for key, proof in standing.proofs.items() if proof.run == run}
    nodes: list[NodeName | None] = [node.name for node in gate.nodes]
    if (rule.interlock, None) in newest:
        # The requests, which are sent to the gateway and to no node.
        nodes.append(None)
    return _judge_proofs(rule, gate, replace(standing, proofs=newest), now, tuple(nodes))


def _judge_proofs(
    rule: Rule, gate: Gate, standing: Standing, now: Moment, nodes: tuple[NodeName | None, ...]
) -> tuple[Verdict, str]:
    said = [_said(rule, standing, node) for node in nodes]
    if not all(verdict.passed for verdict in said):
        return all_of(said), rule.clears
    return all_of(_still_said(rule, gate, standing, node, now) for node in nodes), rule.renews


def _places(rule: Rule, gate: Gate) -> tuple[NodeName | None, ...]:
    """Say for which nodes there must be a proof, or for none by itself."""
    return tuple(node.name for node in gate.nodes) if rule.each_node else (None,)


def _said(rule: Rule, standing: Standing, node: NodeName | None) -> Verdict:
    """Give what was seen when it was last looked at, however long ago."""
    proof = _proof(rule, standing, node)
    of = f" on {node}" if node else ""
    if proof is None:
        return unknown(f"not proven{of}: that {rule.asks}")
    if proof.verdict.passed:
        return proof.verdict
    return Verdict(answer=proof.verdict.answer, because=f"{proof.verdict.because}{of}")


def _still_said(
    rule: Rule, gate: Gate, standing: Standing, node: NodeName | None, now: Moment
) -> Verdict:
    """Judge whether what passed then counts now."""
    proof = _proof(rule, standing, node)
    if proof is None:
        raise AssertionError("what passed is on record")
    of = f" on {node}" if node else ""
    longest_s = rule.max_age_s or 0
    if rule.interlock not in _KEEPS:
        longest_s = min(longest_s, gate.evidence_max_age_s)
    age_s = standing.age_s(proof, now)
    if age_s is None:
        return unknown(
            f"nobody can say how old the proof{of} is, for the clock of this machine was set "
            f"back: {rule.asks}"
        )
    changed = _changed_since(rule, gate, standing, proof, node)
    if changed:
        return unknown(f"the proof{of} does not count, for {changed}: {rule.asks}")
    if age_s > longest_s:
        return unknown(f"the proof{of} is {age_s / 60:.0f} minutes old: {rule.asks}")
    return proof.verdict


def _changed_since(
    rule: Rule, gate: Gate, standing: Standing, proof: Proof, node: NodeName | None
) -> str:
    names = (node,) if node else tuple(one.name for one in gate.nodes)
    reasons = (changed_since(n, proof.seen, standing.sightings, rule.bound) for n in names)
    return "; ".join(reason for reason in reasons if reason)


def judge_same_nodes(gate: Gate, standing: Standing, plan: Plan) -> Verdict:
    """Judge whether what was verified a moment ago is of the nodes that are about to be opened."""
    if plan.purpose not in _OPENS:
        return passed("this playbook opens nothing")
    rules = [rule for rule in RULES if rule.bound == "role"]
    if plan.purpose is Purpose.CONFIRM:
        rules = [rule for rule in rules if rule.interlock not in _SHUT_ONLY]
    reasons = {
        _changed_since(rule, gate, standing, proof, node)
        for rule in rules
        for node in _places(rule, gate)
        if (proof := _proof(rule, standing, node)) is not None
    }
    told = "; ".join(sorted(reasons - {""}))
    return failed(told) if told else passed("the nodes are those that were verified")


_OPENS = frozenset({Purpose.REOPEN, Purpose.CONFIRM})


def _proof(rule: Rule, standing: Standing, node: NodeName | None) -> Proof | None:
    if rule.each_node or rule.interlock is not Interlock.PAIR_HEALTHY:
        return standing.proofs.get((rule.interlock, node))
    # The pair's health is seen on one node, whichever was primary then: the newest look counts.
    proofs = [p for (name, _), p in standing.proofs.items() if name == rule.interlock]
    return max(proofs, key=lambda proof: proof.sequence, default=None)


def _no_step_in_doubt(standing: Standing) -> Verdict:
    run = standing.unfinished
    if run is None:
        return passed("no run is unfinished")
    doubts = ", ".join(run.in_doubt)
    if doubts:
        return unknown(f"run {run.id} ({run.plan.playbook}) has steps in doubt: {doubts}")
    return failed(f"run {run.id} ({run.plan.playbook}) is unfinished: {run.because or 'cut off'}")


OVERRIDABLE_AT_REOPENING = frozenset(
    {
        Interlock.NO_STEP_IN_DOUBT,
        Interlock.SETTINGS,
        Interlock.MITIGATION,
        Interlock.CONFIG_AS_BEFORE,
        Interlock.ADVICE,
        Interlock.EVIDENCE_PRESERVED,
        Interlock.COMPROMISE_CHECK,
        Interlock.ATTESTATIONS,
        Interlock.APPROVALS,
    }
)
"""The others are seen on the appliances by each verification: without them a gate does not become
verified, and no reason makes up for that."""

NEVER_OVERRIDDEN = frozenset({"gate-shut", "same-nodes"})
"""No reason makes it right to patch an open gate, or to open one that nobody has verified."""


def standing_blockers(
    blockers: tuple[Blocker, ...], overrides: Mapping[str, str]
) -> tuple[Blocker, ...]:
    """Leave out what was overridden by name; what may not be overridden stands."""
    allowed = set(overrides) - NEVER_OVERRIDDEN
    return tuple(blocker for blocker in blockers if blocker.interlock not in allowed)


_KEEPS = frozenset({Interlock.EVIDENCE_PRESERVED, Interlock.COMPROMISE_CHECK})
"""What does not change from one minute to the next, and takes long to prove again."""

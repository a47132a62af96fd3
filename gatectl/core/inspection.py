"""Compares a gate with what it should be: by what its nodes show, both sides, and the journal."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gatectl.core.advisory import Advisory
from gatectl.core.check import Answer, Observation, Record, Seen, Unreadable
from gatectl.core.drift import Compared, Weight
from gatectl.core.exposure import (
    BUILD_LOOK,
    Applicability,
    NodeExposure,
    NodeSeen,
    judge_node,
    needed_looks,
)
from gatectl.core.gate import SHUT_STATES, Gate, GateState, NodeName
from gatectl.core.standing import Standing
from gatectl.errors import ExitCode

CONFIG_LOOK: Final = "show ns config"
PAIR_LOOK: Final = "show ha node"
RULES_LOOK: Final = "show ns acl"
RULES6_LOOK: Final = "show ns acl6"
POLICIES_LOOK: Final = "show responder policy"
DISK_LOOK: Final = "shell df -h /var /flash"
CLOCK_LOOK: Final = "shell date -u +%s"

OWN: Final = "GATECTL_"
"""What the names of all rules and policies of gatectl's begin with."""
OWN_OPENING: Final = ("GATECTL_OPEN_", "GATECTL_OPEN6_")

CERTIFICATE_DAYS_MIN: Final = 21
DISK_CAPACITY_MAX: Final = 90
CLOCK_STEP_S_MAX: Final = 60
EXPIRES_SOON: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """All that was seen of a gate for one audit."""

    gate: Gate
    standing: Standing
    nodes: tuple[NodeSeen, ...]
    trouble: Mapping[NodeName, ExitCode] = field(default_factory=dict)
    """What kept a node from being asked, as an exit code."""
    advisories: tuple[Advisory, ...]
    """Those in force for the gate."""
    host_keys: Mapping[NodeName, tuple[str, ...] | Unreadable] = field(default_factory=dict)
    """What each node offers."""
    certificate: datetime | Unreadable
    """Until when the certificate is good that people are shown."""
    asked_at: Mapping[NodeName, datetime] = field(default_factory=dict)
    """When each node was asked for its clock, by ours."""
    approvals: Mapping[str, datetime] = field(default_factory=dict)
    """Requests for an approval that are not used, and when each expires."""
    now: datetime


def audit_looks(gate: Gate, advisories: Iterable[Advisory]) -> tuple[str, ...]:
    """List what a node is asked for an audit; each of it only reads."""
    own = [CONFIG_LOOK, RULES_LOOK, POLICIES_LOOK, DISK_LOOK, CLOCK_LOOK]
    own += [RULES6_LOOK] if gate.vserver.ipv6 is not None else []
    own += [PAIR_LOOK] if gate.is_pair else []
    return tuple(dict.fromkeys((*needed_looks(advisories), *own)))


def inspect_gate(seen: Inspected) -> tuple[Compared, ...]:
    """Compare everything; nothing is left out because something else is wrong."""
    return (
        *_sides(seen),
        *_journal(seen),
        *_builds(seen),
        *_bulletins(seen),
        *_nodes(seen),
        _certificate(seen),
        *_expiring(seen),
    )


def _compared(
    seen: Inspected,
    name: str,
    answer: Answer,
    found: str,
    wanted: str,
    *,
    weight: Weight = Weight.CARE,
    node: NodeName | None = None,
) -> Compared:
    return Compared(
        name=name,
        gate=seen.gate.name,
        node=node,
        answer=answer,
        found=found,
        wanted=wanted,
        weight=weight,
        trouble=seen.trouble.get(node) if node is not None and answer is Answer.UNKNOWN else None,
    )


def _yes(holds: bool) -> Answer:
    return Answer.PASS if holds else Answer.FAIL


# --- both sides, and what the journal says


def wanted_outside(standing: Standing) -> str:
    """Say what outside should get: shut once somebody closed, until a reopening began."""
    shut = standing.wanted_shut and standing.state is not GateState.REOPENING
    return "shut" if shut else "open"


def _sides(seen: Inspected) -> Iterator[Compared]:
    standing = seen.standing
    outside = wanted_outside(standing)
    nobody = outside == "shut" and standing.closed_by == ("close-vserver",)
    inside = "shut" if nobody else "open"
    sides = standing.sides
    found = {
        "outside": (sides.outside if sides else "unknown", outside),
        "inside": (sides.inside if sides else "unknown", inside),
    }
    because = sides.because if sides else "nobody has looked"
    for side, (is_seen, wanted) in found.items():
        answer = Answer.UNKNOWN if is_seen == "unknown" else _yes(is_seen == wanted)
        told = f"{side} is {is_seen}" + ("" if answer is Answer.PASS else f" ({because})")
        yield _compared(seen, side, answer, told, wanted, weight=Weight.REACH)


def _journal(seen: Inspected) -> Iterator[Compared]:
    standing = seen.standing
    if standing.wanted_shut:
        holds = standing.state in {*SHUT_STATES, GateState.REOPENING}
        wanted = "closed, as somebody wanted it"
    else:
        holds = standing.state is GateState.OPEN
        wanted = "open, for nobody closed it"
    told = f"the journal says {standing.state}"
    if not holds:
        told += f" ({standing.state_because})"
    weight = Weight.REACH if standing.wanted_shut else Weight.CARE
    yield _compared(seen, "state", _yes(holds), told, wanted, weight=weight)
    run = standing.unfinished
    unfinished = "" if run is None else f"run {run.id} ({run.plan.playbook}) is unfinished"
    yield _compared(
        seen,
        "unfinished-run",
        _yes(run is None),
        unfinished or "no run is unfinished",
        "no run is unfinished; `gatectl resume` goes on",
    )


# --- builds and bulletins


def _builds(seen: Inspected) -> Iterator[Compared]:
    builds = {node.node: _first(node.show(BUILD_LOOK), "build") for node in seen.nodes}
    known = {name: build for name, build in builds.items() if build}
    target = seen.gate.target.build if seen.gate.target is not None else None
    if target is not None:
        for node, build in builds.items():
            answer = _yes(build == target) if build else Answer.UNKNOWN
            found = f"it runs {build}" if build else "it did not tell its build"
            yield _compared(seen, "target-build", answer, found, target, node=node)
    if seen.gate.is_pair:
        answer = _yes(len(set(known.values())) == 1) if len(known) > 1 else Answer.UNKNOWN
        found = ", ".join(f"{name} runs {build}" for name, build in known.items())
        told = found or "no node told its build"
        yield _compared(seen, "same-build", answer, told, "both nodes run one build")


_FINE = frozenset({Applicability.FIXED, Applicability.NOT_AFFECTED, Applicability.NOT_CONFIGURED})


def _bulletins(seen: Inspected) -> Iterator[Compared]:
    for node in seen.nodes:
        for advisory in seen.advisories:
            yield from _bulletin(seen, node, judge_node(node, advisory))


def _bulletin(seen: Inspected, node: NodeSeen, one: NodeExposure) -> Iterator[Compared]:
    if one.answer in _FINE:
        answer = Answer.PASS
    else:
        answer = Answer.FAIL if one.answer is Applicability.APPLIES else Answer.UNKNOWN
    name = f"bulletin:{one.advisory}"
    yield _compared(
        seen,
        name,
        answer,
        f"{one.answer}: {one.because}",
        f"{one.advisory} does not apply; `gatectl exposed` says what to do",
        node=node.node,
    )
    if one.avoid:
        wanted = "a build that no bulletin warns of"
        yield _compared(seen, f"avoid:{one.build}", Answer.FAIL, one.avoid, wanted, node=node.node)
    if one.answer is Applicability.NOT_AFFECTED:
        return
    for found in one.settings:
        setting = found.setting
        yield _compared(
            seen,
            f"setting:{setting.field}",
            found.verdict.answer,
            found.verdict.because,
            f"{setting.equals} ({one.advisory}): {setting.set}",
            node=node.node,
        )


# --- one node


Records = tuple[Record, ...]
Judged = tuple[Answer, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One thing that a node is compared in by what it shows."""

    name: str
    look: str
    judge: Callable[[Inspected, NodeName, Records], Judged]
    wanted: str
    for_reach: bool = False
    """Whether people may get in through a gate that should be shut."""


def _nodes(seen: Inspected) -> Iterator[Compared]:
    for node in seen.nodes:
        for question in _questions(seen.gate):
            yield _answered(seen, node, question)
        yield _host_keys(seen, node.node)


def _questions(gate: Gate) -> Iterator[_Question]:
    yield from _QUESTIONS
    if gate.vserver.ipv6 is not None:
        yield from _QUESTIONS6
    if gate.is_pair:
        yield _PAIR


def _answered(seen: Inspected, node: NodeSeen, question: _Question) -> Compared:
    match node.show(question.look):
        case Seen(records=records):
            answer, found = question.judge(seen, node.node, records)
        case Unreadable(because=because):
            answer, found = Answer.UNKNOWN, because
    reach = question.for_reach and seen.standing.wanted_shut
    weight = Weight.REACH if reach else Weight.CARE
    return _compared(
        seen, question.name, answer, found, question.wanted, weight=weight, node=node.node
    )


def _saved(_seen: Inspected, _node: NodeName, records: Records) -> Judged:
    saved = records[0].get("saved") if records else None
    if saved is None:
        return Answer.UNKNOWN, "it does not say whether its configuration is saved"
    return _yes(saved == "yes"), "saved" if saved == "yes" else "something is not saved"


def _own_rules(seen: Inspected, _node: NodeName, records: Records) -> Judged:
    own = [one["name"] for one in records if one["name"].upper().startswith(OWN)]
    if seen.standing.state is GateState.REOPENING:
        return Answer.PASS, "a reopening is under way"
    if seen.standing.wanted_shut:
        left = [name for name in own if name.upper().startswith(OWN_OPENING)]
    else:
        left = own
    return _yes(not left), f"left over: {', '.join(left)}" if left else "none is left over"


def _own_policies(seen: Inspected, _node: NodeName, records: Records) -> Judged:
    own = [one["name"] for one in records if one["name"].upper().startswith(OWN)]
    left = [] if seen.standing.wanted_shut else own
    return _yes(not left), f"left over: {', '.join(left)}" if left else "none is left over"


def _foreign_rules(seen: Inspected, _node: NodeName, records: Records) -> Judged:
    first, last = seen.gate.acl_priorities
    others = [one for one in records if not one["name"].upper().startswith(OWN)]
    unnumbered = [one["name"] for one in others if not one.get("priority", "").isdecimal()]
    inside = [
        f"{one['name']} ({one['priority']})"
        for one in others
        if one.get("priority", "").isdecimal() and first <= int(one["priority"]) <= last
    ]
    if inside:
        return Answer.FAIL, f"in {first} to {last}: {', '.join(inside)}"
    if unnumbered:
        return Answer.UNKNOWN, f"without a priority: {', '.join(unnumbered)}"
    return Answer.PASS, "none"


def _disk(_seen: Inspected, _node: NodeName, records: Records) -> Judged:
    wanted = {"/var", "/flash"}
    used = {
        one["mount"]: int(one["capacity"].removesuffix("%"))
        for one in records
        if one["mount"] in wanted and one["capacity"].removesuffix("%").isdecimal()
    }
    told = ", ".join(f"{mount} {capacity}%" for mount, capacity in sorted(used.items()))
    if any(capacity > DISK_CAPACITY_MAX for capacity in used.values()):
        return Answer.FAIL, f"used: {told}"
    if set(used) != wanted:
        return Answer.UNKNOWN, f"it does not tell all of /var and /flash: {told or 'nothing'}"
    return Answer.PASS, f"used: {told}"


def _clock(seen: Inspected, node: NodeName, records: Records) -> Judged:
    asked = seen.asked_at.get(node, seen.now)
    told = records[0].get("unix_time", "") if records else ""
    if not told.isdecimal():
        return Answer.UNKNOWN, "it does not tell its time"
    off_s = int(told) - asked.timestamp()
    return _yes(abs(off_s) <= CLOCK_STEP_S_MAX), f"off by {off_s:+.0f} s"


def _host_keys(seen: Inspected, name: NodeName) -> Compared:
    pinned = seen.gate.node(name).host.host_keys
    wanted = "every pinned key is offered"
    offered = seen.host_keys.get(name, Unreadable(because="they were not looked at"))
    match offered:
        case Unreadable(because=because):
            answer, found = Answer.UNKNOWN, because
        case _:
            gone = [key for key in pinned if key not in offered]
            answer = _yes(not gone)
            found = f"not offered any more: {', '.join(gone)}" if gone else "offered"
    return _compared(seen, "host-keys", answer, found, wanted, node=name)


def _pair_health(_seen: Inspected, _node: NodeName, records: Records) -> Judged:
    roles = sorted(one.get("role", "").casefold() for one in records)
    troubles = [
        f"node {one['address']} is {one['state']}" for one in records if one["state"] != "UP"
    ]
    if roles != ["primary", "secondary"]:
        troubles.append(f"the roles are {', '.join(roles) or 'not told'}")
    for one in records:
        if one.get("role", "").casefold() == "secondary" and one.get("sync") != "SUCCESS":
            troubles.append(f"the secondary's sync state is {one.get('sync', 'not told')}")
        if one.get("propagation", "").casefold() != "enabled":
            state = one.get("propagation", "not told")
            troubles.append(f"propagation of {one['address']} is {state}")
    return _yes(not troubles), "; ".join(troubles) or "up and in sync"


_NONE_LEFT = "no rule of gatectl's that does not belong to how the gate should be"
_NONE_INSIDE = "no rule of others in the priorities that gatectl needs"

_QUESTIONS = (
    _Question(
        name="saved",
        look=CONFIG_LOOK,
        judge=_saved,
        wanted="nothing is unsaved",
        for_reach=True,
    ),
    _Question(
        name="own-rules", look=RULES_LOOK, judge=_own_rules, wanted=_NONE_LEFT, for_reach=True
    ),
    _Question(name="foreign-rules", look=RULES_LOOK, judge=_foreign_rules, wanted=_NONE_INSIDE),
    _Question(
        name="own-policies",
        look=POLICIES_LOOK,
        judge=_own_policies,
        wanted="no policy of gatectl's on a gate that should be open",
    ),
    _Question(
        name="disk",
        look=DISK_LOOK,
        judge=_disk,
        wanted=f"at most {DISK_CAPACITY_MAX}% of /var and /flash are used",
    ),
    _Question(
        name="clock",
        look=CLOCK_LOOK,
        judge=_clock,
        wanted=f"within {CLOCK_STEP_S_MAX} s of this machine's clock",
    ),
)
_QUESTIONS6 = (
    _Question(
        name="own-rules6", look=RULES6_LOOK, judge=_own_rules, wanted=_NONE_LEFT, for_reach=True
    ),
    _Question(name="foreign-rules6", look=RULES6_LOOK, judge=_foreign_rules, wanted=_NONE_INSIDE),
)
_PAIR = _Question(
    name="pair",
    look=PAIR_LOOK,
    judge=_pair_health,
    wanted="one primary, one secondary in sync, both up, propagation on",
)


# --- the certificate, and what ends soon


def _certificate(seen: Inspected) -> Compared:
    wanted = f"good for {CERTIFICATE_DAYS_MIN} days more"
    match seen.certificate:
        case Unreadable(because=because):
            answer, found = Answer.UNKNOWN, because
        case until:
            answer = _yes(until - seen.now >= timedelta(days=CERTIFICATE_DAYS_MIN))
            found = f"good until {until:%Y-%m-%d %H:%M} UTC"
    return _compared(seen, "certificate", answer, found, wanted)


_READY_TO_REOPEN = frozenset({GateState.VERIFIED, GateState.REOPENING})


def _expiring(seen: Inspected) -> Iterator[Compared]:
    """Tell what a reopening rests on and will not rest on for much longer."""
    for nonce, expires in seen.approvals.items():
        left = expires - seen.now
        found = f"the request {nonce} expires at {expires:%Y-%m-%d %H:%M} UTC"
        yield _compared(seen, "approval", _yes(left > EXPIRES_SOON), found, "used in time")
    if seen.standing.state not in _READY_TO_REOPEN or not seen.standing.proofs:
        return
    oldest = min(proof.at for proof in seen.standing.proofs.values())
    left = oldest + timedelta(seconds=seen.gate.evidence_max_age_s) - seen.now
    found = f"the oldest proof is from {oldest:%Y-%m-%d %H:%M} UTC"
    wanted = "proofs that a reopening can rest on; `gatectl verify` renews them"
    yield _compared(seen, "evidence", _yes(left > EXPIRES_SOON), found, wanted)


def _first(observation: Observation, name: str) -> str:
    match observation:
        case Seen(records=(first, *_)):
            return first.get(name, "")
        case _:
            return ""

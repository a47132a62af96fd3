"""Compares a gate with what it should be: by what its nodes show, both sides, and the journal."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from gatectl.core.check import Answer, Observation, Seen, Unreadable
from gatectl.core.drift import Compared, Weight
from gatectl.core.exposure import (
    BUILD_LOOK,
    Applicability,
    NodeExposure,
    NodeSeen,
    judge_node,
)
from gatectl.core.gate import SHUT_STATES, GateState, NodeName
from gatectl.core.inspected import Inspected, compared, yes_or_no
from gatectl.core.nodequestions import compare_nodes
from gatectl.core.standing import Standing

CERTIFICATE_DAYS_MIN: Final = 21
EXPIRES_SOON: Final = timedelta(minutes=10)


def inspect_gate(seen: Inspected) -> tuple[Compared, ...]:
    """Compare everything; nothing is left out because something else is wrong."""
    return (
        *_sides(seen),
        *_journal(seen),
        *_builds(seen),
        *_bulletins(seen),
        *compare_nodes(seen),
        *(_host_keys(seen, node.node) for node in seen.nodes),
        _certificate(seen),
        *_expiring(seen),
    )


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
        answer = Answer.UNKNOWN if is_seen == "unknown" else yes_or_no(is_seen == wanted)
        told = f"{side} is {is_seen}" + ("" if answer is Answer.PASS else f" ({because})")
        yield compared(seen, side, answer, told, wanted, weight=Weight.REACH)


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
    yield compared(seen, "state", yes_or_no(holds), told, wanted, weight=weight)
    run = standing.unfinished
    unfinished = "" if run is None else f"run {run.id} ({run.plan.playbook}) is unfinished"
    yield compared(
        seen,
        "unfinished-run",
        yes_or_no(run is None),
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
            answer = yes_or_no(build == target) if build else Answer.UNKNOWN
            found = f"it runs {build}" if build else "it did not tell its build"
            yield compared(seen, "target-build", answer, found, target, node=node)
    if seen.gate.is_pair:
        answer = yes_or_no(len(set(known.values())) == 1) if len(known) > 1 else Answer.UNKNOWN
        found = ", ".join(f"{name} runs {build}" for name, build in known.items())
        told = found or "no node told its build"
        yield compared(seen, "same-build", answer, told, "both nodes run one build")
    shown = seen.shown_build
    wanted = "the build that the primary says it runs"
    yield compared(seen, "shown-build", shown.answer, shown.because, wanted, weight=Weight.MARK)


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
    yield compared(
        seen,
        name,
        answer,
        f"{one.answer}: {one.because}",
        f"{one.advisory} does not apply; `gatectl exposed` says what to do",
        node=node.node,
    )
    if one.avoid:
        wanted = "a build that no bulletin warns of"
        yield compared(seen, f"avoid:{one.build}", Answer.FAIL, one.avoid, wanted, node=node.node)
    if one.answer is Applicability.NOT_AFFECTED:
        return
    for found in one.settings:
        setting = found.setting
        yield compared(
            seen,
            f"setting:{setting.field}",
            found.verdict.answer,
            found.verdict.because,
            f"{setting.equals} ({one.advisory}): {setting.set}",
            node=node.node,
        )


def _host_keys(seen: Inspected, name: NodeName) -> Compared:
    pinned = seen.gate.node(name).host.host_keys
    wanted = "every pinned key is offered"
    offered = seen.host_keys.get(name, Unreadable(because="they were not looked at"))
    match offered:
        case Unreadable(because=because):
            answer, found = Answer.UNKNOWN, because
        case _:
            gone = [key for key in pinned if key not in offered]
            answer = yes_or_no(not gone)
            found = f"not offered any more: {', '.join(gone)}" if gone else "offered"
    return compared(seen, "host-keys", answer, found, wanted, node=name)


# --- the certificate, and what ends soon


def _certificate(seen: Inspected) -> Compared:
    wanted = f"good for {CERTIFICATE_DAYS_MIN} days more"
    match seen.certificate:
        case Unreadable(because=because):
            answer, found = Answer.UNKNOWN, because
        case until:
            answer = yes_or_no(until - seen.now.at >= timedelta(days=CERTIFICATE_DAYS_MIN))
            found = f"good until {until:%Y-%m-%d %H:%M} UTC"
    return compared(seen, "certificate", answer, found, wanted)


_READY_TO_REOPEN = frozenset({GateState.VERIFIED, GateState.REOPENING})


def _expiring(seen: Inspected) -> Iterator[Compared]:
    """Tell what a reopening rests on and will not rest on for much longer."""
    for nonce, expires in seen.approvals.items():
        left = expires - seen.now.at
        found = f"the request {nonce} expires at {expires:%Y-%m-%d %H:%M} UTC"
        yield compared(seen, "approval", yes_or_no(left > EXPIRES_SOON), found, "used in time")
    if seen.standing.state not in _READY_TO_REOPEN or not seen.standing.proofs:
        return
    oldest = min(seen.standing.proofs.values(), key=lambda proof: proof.sequence)
    age_s = seen.standing.age_s(oldest, seen.now)
    left = timedelta(seconds=seen.gate.evidence_max_age_s - (age_s or 0.0))
    found = f"the oldest proof is from {oldest.at:%Y-%m-%d %H:%M} UTC"
    if age_s is None:
        left, found = timedelta(), f"{found}, and the clock was set back since"
    wanted = "proofs that a reopening can rest on; `gatectl verify` renews them"
    yield compared(seen, "evidence", yes_or_no(left > EXPIRES_SOON), found, wanted)


def _first(observation: Observation, name: str) -> str:
    match observation:
        case Seen(records=(first, *_)):
            return first.get(name, "")
        case _:
            return ""

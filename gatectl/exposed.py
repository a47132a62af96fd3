"""One gate and the bulletins: look at its nodes, judge each bulletin, and say what to do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatectl.core.advisory import Advisory
from gatectl.core.check import Answer, Verdict
from gatectl.core.event import Recorded
from gatectl.core.exposedtime import ExposedTime, exposed_times
from gatectl.core.exposure import (
    Applicability,
    NodeExposure,
    NodeSeen,
    judge_node,
    needed_looks,
)
from gatectl.core.fingerprint import Finding, Unrecognised, compare_with_pair
from gatectl.core.gate import AdvisoryId, Gate, Host, NodeName, Role
from gatectl.core.inspected import PAIR_LOOK
from gatectl.core.remedy import Remedy, remedy
from gatectl.core.safecheck import Behaviour, CheckFinding
from gatectl.errors import ExitCode, GatectlError, InvalidInput, worst
from gatectl.facts import role_shown
from gatectl.settings_seen import see_settings
from gatectl.site import NodeSessions
from gatectl.transport.contract import Transport
from gatectl.transport.readonly import ReadOnly


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeJudged:
    """What all the bulletins mean for one node."""

    node: NodeName
    build: str
    """Empty where the node did not tell it."""
    exposures: tuple[NodeExposure, ...]
    remedy: Remedy
    trouble: GatectlError | None

    @property
    def code(self) -> ExitCode:
        """What this is worth to the caller; 0 needs every look and no bulletin that applies."""
        answers = {one.answer for one in self.exposures}
        codes = [ExitCode.PROVEN] if self.exposures else [ExitCode.MAYBE_OPEN]
        if self.trouble is not None:
            codes.append(self.trouble.exit_code)
        elif Applicability.UNKNOWN in answers:
            codes.append(ExitCode.MAYBE_OPEN)
        if Applicability.APPLIES in answers:
            codes.append(ExitCode.DRIFT)
        return worst(codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateJudged:
    """What the bulletins mean for a gate."""

    gate: Gate
    nodes: tuple[NodeJudged, ...]
    times: Mapping[AdvisoryId, ExposedTime]
    """For the bulletins whose exploitation is public."""
    shown_build: Verdict
    """What the gateway shows of its build, beside what the primary says."""
    by_shown_build: tuple[AdvisoryId, ...] = ()
    """What would apply besides, if it is the box that is wrong about its build."""

    checks: tuple[CheckFinding, ...] = ()
    """What the answers to harmless requests show, where they were sent."""

    @property
    def code(self) -> ExitCode:
        """The worst of its nodes; a page that shows another build is drift by itself."""
        codes = [one.code for one in self.nodes]
        if self.shown_build.answer is Answer.FAIL:
            codes.append(ExitCode.DRIFT)
        proofs = {one.behaviour for one in self.checks if one.check.weight == "proof"}
        if Behaviour.VULNERABLE in proofs:
            codes.append(ExitCode.DRIFT)
        if Behaviour.UNKNOWN in proofs:
            codes.append(ExitCode.MAYBE_OPEN)
        return worst(codes)


def judge_gate(
    gate: Gate,
    advisories: Mapping[AdvisoryId, Advisory],
    *,
    connect: Callable[[Host], Transport],
    shown: Finding,
    history: Iterable[Recorded],
    now: datetime,
) -> GateJudged:
    """Look at a gate's nodes over sessions that cannot write, and judge these bulletins."""
    if not advisories:
        # Without this, no bulletin at all would mean that none applies.
        raise InvalidInput("there is no bulletin to judge by")
    looks = (*needed_looks(advisories.values()), PAIR_LOOK)
    with NodeSessions(gate, lambda host: ReadOnly(connect(host))) as sessions:
        seen = see_settings(gate, sessions, looks)
    nodes = tuple(_judge_node(node, advisories, seen.trouble.get(node.node)) for node in seen.nodes)
    roles = {node.node: role_shown(node.show(PAIR_LOOK)) for node in seen.nodes}
    verdict = compare_with_pair(shown, roles, {node.node: node.build for node in nodes})
    return GateJudged(
        gate=gate,
        nodes=nodes,
        times=exposed_times(seen.nodes, advisories.values(), history, now),
        shown_build=verdict,
        by_shown_build=tuple(_applying_besides(shown, verdict, seen.nodes, roles, advisories)),
    )


def _applying_besides(
    shown: Finding,
    verdict: Verdict,
    nodes: Iterable[NodeSeen],
    roles: Mapping[NodeName, Role],
    advisories: Mapping[AdvisoryId, Advisory],
) -> Iterator[AdvisoryId]:
    """List what applies by the build that is shown and not by the one that the box says."""
    if isinstance(shown, Unrecognised) or verdict.answer is not Answer.FAIL:
        return
    serving = next(node for node in nodes if roles[node.node] is Role.PRIMARY)
    for name, advisory in advisories.items():
        by_its_word = judge_node(serving, advisory).answer
        by_its_page = judge_node(serving.running(shown.build), advisory).answer
        if by_its_page is Applicability.APPLIES and by_its_word is not Applicability.APPLIES:
            yield name


def _judge_node(
    seen: NodeSeen, advisories: Mapping[AdvisoryId, Advisory], trouble: GatectlError | None
) -> NodeJudged:
    exposures = tuple(judge_node(seen, advisory) for advisory in advisories.values())
    return NodeJudged(
        node=seen.node,
        build=exposures[0].build,
        exposures=exposures,
        remedy=remedy(exposures, advisories, fips=seen.fips),
        trouble=trouble,
    )

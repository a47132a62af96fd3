"""All that was seen of a gate for one audit, and what is asked for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gatectl.core.advisory import Advisory
from gatectl.core.check import Answer, Unreadable, Verdict
from gatectl.core.drift import Compared, Weight
from gatectl.core.exposure import NodeSeen, needed_looks
from gatectl.core.gate import Gate, NodeName
from gatectl.core.moment import Moment
from gatectl.core.standing import Standing
from gatectl.errors import ExitCode

CONFIG_LOOK: Final = "show ns config"
PAIR_LOOK: Final = "show ha node"
RULES_LOOK: Final = "show ns acl"
RULES6_LOOK: Final = "show ns acl6"
POLICIES_LOOK: Final = "show responder policy"
DISK_LOOK: Final = "shell df -h /var /flash"
CLOCK_LOOK: Final = "shell date -u +%s"


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
    shown_build: Verdict
    """What the gateway shows of its build, beside what the primary says."""
    asked_at: Mapping[NodeName, datetime] = field(default_factory=dict)
    """When each node was asked for its clock, by ours."""
    approvals: Mapping[str, datetime] = field(default_factory=dict)
    """Requests for an approval that are not used, and when each expires."""
    now: Moment


def audit_looks(gate: Gate, advisories: Iterable[Advisory]) -> tuple[str, ...]:
    """List what a node is asked for an audit; each of it only reads."""
    own = [CONFIG_LOOK, RULES_LOOK, POLICIES_LOOK, DISK_LOOK, CLOCK_LOOK]
    own += [RULES6_LOOK] if gate.vserver.ipv6 is not None else []
    own += [PAIR_LOOK] if gate.is_pair else []
    return tuple(dict.fromkeys((*needed_looks(advisories), *own)))


def compared(
    seen: Inspected,
    name: str,
    answer: Answer,
    found: str,
    wanted: str,
    *,
    weight: Weight = Weight.CARE,
    node: NodeName | None = None,
) -> Compared:
    """Make a comparison of this gate; what kept a node from being asked goes with it."""
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


def yes_or_no(holds: bool) -> Answer:
    """Turn what was seen for sure into an answer; what was not seen is neither."""
    return Answer.PASS if holds else Answer.FAIL

"""What can be said to others about vulnerabilities of a gate: an OpenVEX document.

A product is called fixed only where a verification saw the build and passed; what nobody has
verified is under investigation, whatever the build's number promises.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gatectl.core.advisory import Advisory, Build, BuildError, Exposure, exposure_of_build
from gatectl.core.event import Mode, Recorded, RunId, RunStarted, StepEnded
from gatectl.core.gate import Gate, NodeName
from gatectl.core.interlock import Interlock
from gatectl.core.plan import Plan

CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildsSeen:
    """What a verification saw on each node, and whether it passed there."""

    at: datetime
    builds: Mapping[NodeName, str]
    passed: frozenset[NodeName]


def builds_seen(records: Iterable[Recorded]) -> BuildsSeen | None:
    """Find the newest run that looked whether every node is fixed."""
    plans: dict[RunId, Plan] = {}
    newest: RunId | None = None
    at: datetime | None = None
    verdicts: dict[NodeName, bool] = {}
    for recorded in records:
        match recorded.event:
            case RunStarted(plan=plan, mode=Mode.REAL) if recorded.run is not None:
                plans[recorded.run] = plan
            case StepEnded(
                proves=Interlock.NODES_FIXED | Interlock.SETTINGS,
                node=str() as node,
                verdict=verdict,
            ) if recorded.run in plans:
                if recorded.run != newest:
                    newest, verdicts = recorded.run, {}
                at = recorded.at
                verdicts[node] = verdicts.get(node, True) and verdict.passed
            case _:
                pass
    if newest is None or at is None:
        return None
    passed = frozenset(node for node, good in verdicts.items() if good)
    return BuildsSeen(at=at, builds=plans[newest].facts.builds, passed=passed)


def vex_document(
    gate: Gate, seen: BuildsSeen | None, advisories: Iterable[Advisory], *, name: str
) -> dict[str, Any] | None:
    """Make the document; there is none where nothing was verified."""
    if seen is None:
        return None
    time = seen.at.isoformat()
    statements = [
        {
            "vulnerability": {"name": cve},
            "timestamp": time,
            "products": [{"@id": _product(build)} for build in builds],
            **_status(kind, because),
        }
        for advisory in sorted(advisories, key=lambda one: one.id)
        for (kind, because), builds in _judged(gate, seen, advisory)
        for cve in advisory.cves or (advisory.id,)
    ]
    return {
        "@context": CONTEXT,
        "@id": name,
        "author": f"gatectl, for the gate {gate.name}",
        "timestamp": time,
        "version": 1,
        "statements": statements,
    }


def _judged(
    gate: Gate, seen: BuildsSeen, advisory: Advisory
) -> Iterator[tuple[tuple[Exposure.Kind, str], list[str]]]:
    """Group the builds by what holds for them."""
    groups: dict[tuple[Exposure.Kind, str], list[str]] = {}
    for node, written in sorted(seen.builds.items()):
        kind, because = _of_build(gate, written, advisory)
        if kind is Exposure.Kind.FIXED and node not in seen.passed:
            kind, because = Exposure.Kind.UNKNOWN, f"{written}: the verification did not pass"
        builds = groups.setdefault((kind, because), [])
        if written not in builds:
            builds.append(written)
    yield from groups.items()


def _of_build(gate: Gate, written: str, advisory: Advisory) -> tuple[Exposure.Kind, str]:
    try:
        exposure = exposure_of_build(Build.parse(written, fips=gate.fips), advisory)
    except BuildError as exc:
        return Exposure.Kind.UNKNOWN, f"the build cannot be read: {exc}"
    return exposure.kind, exposure.because


def _status(kind: Exposure.Kind, because: str) -> dict[str, str]:
    match kind:
        case Exposure.Kind.FIXED:
            return {"status": "fixed", "status_notes": because}
        case Exposure.Kind.NOT_AFFECTED:
            return {
                "status": "not_affected",
                "justification": "vulnerable_code_not_present",
                "impact_statement": because,
            }
        case Exposure.Kind.EXPOSED:
            return {"status": "affected", "action_statement": f"Install a fixed build: {because}"}
        case _:
            return {"status": "under_investigation", "status_notes": because}


def _product(build: str) -> str:
    return f"pkg:generic/citrix/netscaler-adc@{build}"

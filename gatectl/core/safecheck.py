"""What a gateway's answers to a harmless pair of requests mean: one to be blocked, one to pass.

Behaviour and build are two facts. A gateway that blocks may do so by a mitigation or by its fix,
and one that serves nobody says nothing at all: not vulnerable, because it is shut, is unknown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatectl.core.advisory import SafeCheck
from gatectl.core.check import Observation, Record, Seen, Unreadable
from gatectl.core.exposure import Applicability, NodeExposure
from gatectl.core.gate import AdvisoryId, Side

_SERVED: Final = frozenset({"sign-on", "redirect-to-sign-on"})
_LET_THROUGH: Final = "apache-403"
"""The web server behind the packet engine refused it: so it did get there."""
_HAS_NO_FAULT: Final = frozenset({Applicability.FIXED, Applicability.NOT_AFFECTED})


class Behaviour(StrEnum):
    """What the answers show."""

    VULNERABLE = "vulnerable"
    MITIGATED = "mitigated"
    """Blocked as the mitigation blocks, on a build that has the fault."""
    FIXED = "fixed"
    """Turned away, on a build that does not have the fault."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """What one safe check showed."""

    advisory: AdvisoryId
    check: SafeCheck
    side: Side
    behaviour: Behaviour
    because: str


def build_is_fixed(exposures: Iterable[NodeExposure], advisory: AdvisoryId) -> bool | None:
    """Say whether every node's build is free of a fault; none, if it is not the same for all."""
    answers = {one.answer for one in exposures if one.advisory == advisory}
    if not answers or Applicability.UNKNOWN in answers:
        return None
    free = {answer in _HAS_NO_FAULT for answer in answers}
    return free.pop() if len(free) == 1 else None


def judge_safe_check(
    check: SafeCheck, blocked: Observation, passing: Observation, *, fixed: bool | None
) -> tuple[Behaviour, str]:
    """Judge the answers to both requests, beside what is known of the build."""
    if not serves(passing):
        return Behaviour.UNKNOWN, f"{check.served} is not served: the gate is shut or broken"
    match blocked:
        case Seen(records=(record, *_)):
            return _judge_answer(check, record, fixed)
        case Unreadable(because=because):
            return _turned_away(because, fixed)
        case _:
            return Behaviour.UNKNOWN, "there was nothing to read"


def serves(passing: Observation) -> bool:
    """Say whether the request that must pass got the gateway's sign-on page."""
    match passing:
        case Seen(records=(record, *_)):
            return record.get("page") in _SERVED
        case _:
            return False


def _judge_answer(check: SafeCheck, record: Record, fixed: bool | None) -> tuple[Behaviour, str]:
    told = f"{check.path} gave {record.get('status', 'no status')} ({record.get('page', '?')})"
    if _matches(check.vulnerable_when, record):
        return Behaviour.VULNERABLE, f"{told}: {check.vulnerable}"
    if check.weight == "marker":
        if _matches(check.fixed_when, record):
            return Behaviour.FIXED, f"{told}, the mark of a fixed build"
        return Behaviour.UNKNOWN, f"{told}: that is no mark that is known"
    if record.get("page") == _LET_THROUGH:
        return Behaviour.VULNERABLE, f"{told}: the web server's own refusal, it was let through"
    if record.get("status") == "403" and record.get("page") == "empty" and fixed is not True:
        if fixed is None:
            return Behaviour.UNKNOWN, f"{told}: by a mitigation, or by a build that is fixed"
        return Behaviour.MITIGATED, f"{told}, as the mitigation blocks; the build has the fault"
    return _turned_away(told, fixed)


def _turned_away(told: str, fixed: bool | None) -> tuple[Behaviour, str]:
    if fixed:
        return Behaviour.FIXED, f"{told}; the build does not have the fault"
    about = "whether the build is fixed is not known" if fixed is None else "the build is not fixed"
    return Behaviour.UNKNOWN, f"{told}: not the mitigation's answer, and {about}"


def _matches(wanted: Mapping[str, str], record: Record) -> bool:
    """Compare each field; a check that names none never matches."""
    return bool(wanted) and all(
        re.search(pattern, record.get(field, "")) for field, pattern in wanted.items()
    )

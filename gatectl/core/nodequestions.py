"""What each node of a gate is compared in: a question, the look that answers it, and the judge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gatectl.core.check import Answer, Record, Seen, Unreadable
from gatectl.core.drift import Compared, Weight
from gatectl.core.exposure import NodeSeen
from gatectl.core.gate import Gate, GateState, NodeName
from gatectl.core.inspected import (
    CLOCK_LOOK,
    CONFIG_LOOK,
    DISK_LOOK,
    PAIR_LOOK,
    POLICIES_LOOK,
    RULES6_LOOK,
    RULES_LOOK,
    Inspected,
    compared,
    yes_or_no,
)

OWN: Final = "GATECTL_"
"""What the names of all rules and policies of gatectl's begin with."""
OWN_OPENING: Final = ("GATECTL_OPEN_", "GATECTL_OPEN6_")

DISK_CAPACITY_MAX: Final = 90
CLOCK_STEP_S_MAX: Final = 60


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


def compare_nodes(seen: Inspected) -> Iterator[Compared]:
    """Compare every node in everything that it shows of itself."""
    for node in seen.nodes:
        for question in _questions(seen.gate):
            yield _answered(seen, node, question)


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
    return compared(
        seen, question.name, answer, found, question.wanted, weight=weight, node=node.node
    )


def _saved(_seen: Inspected, _node: NodeName, records: Records) -> Judged:
    saved = records[0].get("saved") if records else None
    if saved is None:
        return Answer.UNKNOWN, "it does not say whether its configuration is saved"
    return yes_or_no(saved == "yes"), "saved" if saved == "yes" else "something is not saved"


def _own_rules(seen: Inspected, _node: NodeName, records: Records) -> Judged:
    own = [one["name"] for one in records if one["name"].upper().startswith(OWN)]
    if seen.standing.state is GateState.REOPENING:
        return Answer.PASS, "a reopening is under way"
    if seen.standing.wanted_shut:
        left = [name for name in own if name.upper().startswith(OWN_OPENING)]
    else:
        left = own
    return yes_or_no(not left), f"left over: {', '.join(left)}" if left else "none is left over"


def _own_policies(seen: Inspected, _node: NodeName, records: Records) -> Judged:
    own = [one["name"] for one in records if one["name"].upper().startswith(OWN)]
    left = [] if seen.standing.wanted_shut else own
    return yes_or_no(not left), f"left over: {', '.join(left)}" if left else "none is left over"


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
    return judge_disk(records)


def judge_disk(records: Records) -> Judged:
    """Judge how full a node's disks are."""
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
    return judge_clock(records, seen.asked_at.get(node, seen.now.at))


def judge_clock(records: Records, asked: datetime) -> Judged:
    """Judge how far a node's clock is from ours."""
    told = records[0].get("unix_time", "") if records else ""
    if not told.isdecimal():
        return Answer.UNKNOWN, "it does not tell its time"
    off_s = int(told) - asked.timestamp()
    return yes_or_no(abs(off_s) <= CLOCK_STEP_S_MAX), f"off by {off_s:+.0f} s"


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
    return yes_or_no(not troubles), "; ".join(troubles) or "up and in sync"


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

"""Whether others have agreed to a reopening: what each signature is worth, and who is missing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from gatectl.core.approvalrequest import NAMESPACE, ApprovalRequest, OverrideAsked
from gatectl.core.check import Verdict, failed, passed
from gatectl.core.gate import ApprovalPolicy, GateName, NodeName

CLOCKS_DIFFER: Final = timedelta(seconds=120)
"""How far a request may lie ahead: two machines are rarely at the same second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What `ssh-keygen` and a look of our own found out about one signature, at this moment."""

    namespace: str
    fingerprint: str
    principal: str
    """The one person whose key it is; empty if it is nobody's."""
    genuine: bool
    """It is of this very text, and the key counts today."""
    revoked: bool
    because: str
    """Why it is not genuine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A signature under a request, as it is on record and as it was looked at again now."""

    request: ApprovalRequest
    signature: SignatureFacts
    sequence: int
    """Its place in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """How things stand now, as far as an agreement rests on them."""

    gate: GateName
    lineage: str
    run: str
    plan: str | None
    """None while nobody has made the plan yet; it is compared before the opening."""
    evidence: str
    evidence_sequence: int
    """Place of the newest piece of evidence, or judgement of it, in the journal."""
    evidence_at: datetime | None
    builds: Mapping[NodeName, str]
    """As they were seen for the plan; not compared without one."""
    boots: Mapping[NodeName, str]
    unproven: frozenset[str]
    """Interlocks that do not pass now."""
    operator: str
    """Who wants to open."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The names behind pseudonyms: nobody agrees with himself under another word."""
    used: Mapping[str, datetime]
    """Requests that a gate was opened on already."""


def judge_approvals(
    policy: ApprovalPolicy, approvals: Iterable[Approval], present: Present, now: datetime
) -> Verdict:
    """Judge whether enough different people agree to this opening, in all the roles needed."""
    if policy.needed < 1:
        return passed("the configuration asks nobody else")
    return _judge(policy, _for(None, approvals), present, now)


def judge_override(
    policy: ApprovalPolicy,
    asked: OverrideAsked,
    approvals: Iterable[Approval],
    present: Present,
    now: datetime,
) -> Verdict:
    """Judge whether somebody else agrees to this override, for this reason and this opening."""
    if asked.interlock not in policy.overrides:
        return passed("the configuration asks nobody else for this override")
    return _judge(_of_one(policy), _for(asked, approvals), present, now)


def _of_one(policy: ApprovalPolicy) -> ApprovalPolicy:
    return replace(policy, needed=1, roles=())


def _for(asked: OverrideAsked | None, approvals: Iterable[Approval]) -> tuple[Approval, ...]:
    """Pick out who agreed to this very thing: the opening, or one override for one reason."""
    return tuple(one for one in approvals if one.request.override == asked)


def _judge(
    policy: ApprovalPolicy, approvals: Iterable[Approval], present: Present, now: datetime
) -> Verdict:
    counts = _counts(policy, approvals, present, now)
    best = _best(counts)
    missing = tuple(_missing(policy, best.people))
    if not missing:
        who = " and ".join(f"{name} ({role})" for name, role in best.people.items())
        return passed(f"approved by {who}")
    refused = tuple(sentence for count in counts for sentence in count.refused)
    return failed("; ".join((*missing, *refused)))


def approved_request(
    policy: ApprovalPolicy,
    approvals: Iterable[Approval],
    present: Present,
    now: datetime,
    override: OverrideAsked | None = None,
) -> tuple[str, Mapping[str, str]]:
    """Name the request that most people agree to, and who they are with their roles."""
    best = _best(_counts(policy, _for(override, approvals), present, now))
    return best.nonce, best.people


def request_holds(
    policy: ApprovalPolicy,
    request: ApprovalRequest,
    sequence: int,
    present: Present,
    *,
    now: datetime,
) -> bool:
    """Tell whether a request can still be agreed to, whoever does."""
    return not any(_of_request("somebody", policy, request, sequence, present, now=now))


def judge_approval(
    policy: ApprovalPolicy, approval: Approval, present: Present, now: datetime
) -> Verdict:
    """Judge one signature by itself: whose it is, what it is for, and whether that still holds."""
    reason = next(_objections(policy, approval, present, now), "")
    if reason:
        return failed(reason)
    return passed(f"{approval.signature.principal} agrees")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """Who agrees to one request, and why others do not count."""

    nonce: str = ""
    people: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


def _best(counts: tuple[_Count, ...]) -> _Count:
    return max(counts, key=lambda count: len(count.people), default=_Count())


def _counts(
    policy: ApprovalPolicy, approvals: Iterable[Approval], present: Present, now: datetime
) -> tuple[_Count, ...]:
    # People who agreed to two different requests have not agreed to one and the same thing.
    groups: dict[str, list[Approval]] = {}
    for approval in approvals:
        groups.setdefault(approval.request.nonce, []).append(approval)
    return tuple(_count(policy, group, present, now) for group in groups.values())


def _count(
    policy: ApprovalPolicy, approvals: list[Approval], present: Present, now: datetime
) -> _Count:
    people: dict[str, str] = {}
    keys: set[str] = set()
    refused: list[str] = []
    for approval in approvals:
        signature = approval.signature
        verdict = judge_approval(policy, approval, present, now)
        if not verdict.passed:
            refused.append(verdict.because)
        elif signature.principal in people or signature.fingerprint in keys:
            refused.append(f"{signature.principal} has approved twice, and counts once")
        else:
            people[signature.principal] = policy.role_of(signature.principal)
            keys.add(signature.fingerprint)
    return _Count(nonce=approvals[0].request.nonce, people=people, refused=tuple(refused))


def _missing(policy: ApprovalPolicy, people: Mapping[str, str]) -> Iterator[str]:
    if len(people) < policy.needed:
        yield f"{len(people)} of {policy.needed} approvals are there"
    absent = [role for role in policy.roles if role not in people.values()]
    if absent:
        yield f"nobody has approved as {' and nobody as '.join(absent)}"


def _objections(
    policy: ApprovalPolicy, approval: Approval, present: Present, now: datetime
) -> Iterator[str]:
    """Give all that speaks against a signature, the signature itself first."""
    who = approval.signature.principal or approval.signature.fingerprint
    yield from _of_signature(who, policy, approval.signature, present)
    yield from _of_request(who, policy, approval.request, approval.sequence, present, now=now)


def _of_request(
    who: str,
    policy: ApprovalPolicy,
    request: ApprovalRequest,
    sequence: int,
    present: Present,
    *,
    now: datetime,
) -> Iterator[str]:
    yield from _of_binding(who, request, present)
    yield from _of_evidence(who, request, sequence, present)
    yield from _of_nodes(who, request, present)
    yield from _of_time(who, policy, request, now)


def _of_signature(
    who: str, policy: ApprovalPolicy, signature: SignatureFacts, present: Present
) -> Iterator[str]:
    if signature.namespace != NAMESPACE:
        yield f"{who} signed for {signature.namespace!r}, which is no approval ({NAMESPACE})"
    if signature.revoked:
        yield f"the key {signature.fingerprint} of {who} is revoked"
    if not signature.principal:
        yield f"the key {who} is of none of the allowed signers"
    if not signature.genuine:
        yield f"the signature of {who} does not hold: {signature.because}"
    operator = {present.operator, present.accounts.get(present.operator, present.operator)}
    if signature.fingerprint in policy.operator_keys or signature.principal in operator:
        yield f"{who} operates gatectl: the operator's own key does not count"
    if not policy.role_of(signature.principal):
        yield f"{who} has no role in the configuration"


def _of_binding(who: str, request: ApprovalRequest, present: Present) -> Iterator[str]:
    used = present.used.get(request.nonce)
    if used is not None:
        yield f"the approval of {who} was used already, on {used:%Y-%m-%d %H:%M} UTC"
    if who in {request.asked_by, present.accounts.get(request.asked_by)}:
        yield f"{who} has asked for this approval, and cannot give it as well"
    if request.gate != present.gate:
        yield f"{who} approved the reopening of {request.gate}, not of {present.gate}"
    if request.lineage != present.lineage:
        yield f"{who} approved what another journal says ({request.lineage})"
    if request.run != present.run:
        yield (
            f"{who} approved the state after run {request.run or 'none'}, and run "
            f"{present.run or 'none'} has changed it since"
        )


def _of_evidence(
    who: str, request: ApprovalRequest, sequence: int, present: Present
) -> Iterator[str]:
    if request.evidence != present.evidence:
        yield f"{who} approved on other evidence than there is now"
    late = present.evidence_at is not None and request.asked < present.evidence_at
    if late or sequence <= present.evidence_sequence:
        yield f"{who} approved before the evidence was taken"
    seen = {one.name for one in request.interlocks if one.answer != "pass"}
    worse = sorted(present.unproven - seen)
    if worse:
        yield f"{who} saw as proven what is not proven now: {', '.join(worse)}"


def _of_nodes(who: str, request: ApprovalRequest, present: Present) -> Iterator[str]:
    for node in request.nodes:
        if present.boots.get(node.name, "") != node.boot:
            yield f"{who} approved before {node.name} was restarted"
    if present.plan is None:
        return
    if {node.name: node.build for node in request.nodes} != dict(present.builds):
        yield f"{who} approved other nodes or builds than there are now"
    if request.plan != present.plan:
        yield f"{who} approved another plan for the opening"


def _of_time(
    who: str, policy: ApprovalPolicy, request: ApprovalRequest, now: datetime
) -> Iterator[str]:
    # Whoever wrote the request chose its end, but not how long any request may live.
    end = min(request.expires, request.asked + timedelta(seconds=policy.valid_s))
    if now >= end:
        yield f"the approval of {who} has expired, on {end:%Y-%m-%d %H:%M} UTC"
    if request.asked > now + CLOCKS_DIFFER:
        yield f"{who} approved a request of the future; a clock was moved"

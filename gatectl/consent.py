"""What others have agreed to about one gate: taken in, looked at again, and used once."""

import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from gatectl.clock import read
from gatectl.core.agreement import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalUsed,
    AttestationGiven,
)
from gatectl.core.agreements import (
    KINDS,
    Agreements,
    Asked,
    Given,
    evidence_digest,
    nobody_else,
    overridden_at_opening,
)
from gatectl.core.approval import (
    Approval,
    Present,
    approved_request,
    judge_approval,
    judge_approvals,
    judge_override,
    request_holds,
)
from gatectl.core.approvalrequest import (
    NAMESPACE,
    ApprovalRequest,
    InterlockAsked,
    NodeAsked,
    NotARequest,
    OverrideAsked,
    read_request,
    request_digest,
    request_text,
)
from gatectl.core.attestation import judge_attestations
from gatectl.core.check import Verdict, passed
from gatectl.core.event import Event
from gatectl.core.gate import Gate, NodeName
from gatectl.core.grounds import Grounds
from gatectl.core.interlock import Blocker, Interlock, answers_of, judge_confirming, judge_reopening
from gatectl.core.moment import Moment
from gatectl.core.plan import Plan
from gatectl.core.standing import Standing, evidence_ids
from gatectl.desk import Admitted, Desk
from gatectl.errors import InvalidInput, JournalDamaged, Refused
from gatectl.grounds import grounds_of
from gatectl.journal.history import GateHistory
from gatectl.journal.recorder import RunRecorder
from gatectl.signatures import SignerList, look_at, openssh_version, read_signer_list

_REQUESTS_TRIED_MAX = 50
_NONCE_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Approvals and attestations of one gate, on record and as they count at this moment."""

    desk: Desk
    gate: Gate

    @cached_property
    def signers(self) -> SignerList:
        """Read who may sign, once for a verb; InvalidInput where nobody is named."""
        policy = self.gate.approval
        if policy.needed < 1 and not policy.overrides:
            raise InvalidInput(
                f"the configuration asks nobody to approve for {self.gate.name}",
                hint=f"Add a table [gates.{self.gate.name}.approval]; `gatectl init` shows one.",
            )
        revoked = Path(policy.revoked_keys) if policy.revoked_keys else None
        return read_signer_list(Path(policy.allowed_signers), revoked)

    def standing(self) -> Standing:
        """Fold what is known of the gate."""
        return GateHistory(self.desk.journal, self.gate.name).standing()

    def agreements(self) -> Agreements:
        """Fold what is on record."""
        journal, gate = self.desk.journal, self.gate
        return Agreements.from_events(journal.events(gate=gate.name, kinds=KINDS))

    def nobody_else(self) -> str:
        """Say that the gate was opened by one person alone, if it was."""
        return nobody_else(self.agreements())

    def judge(self, standing: Standing, plan: Plan | None) -> tuple[Blocker, ...]:
        """Judge every interlock for reopening, with what people have agreed to."""
        moment = read(self.desk.clock)
        now = moment.at
        agreements = self.agreements()
        grounds = grounds_of(self.desk, self.gate, moment)
        approvals = passed("the configuration asks nobody else")
        if self.gate.approval.needed > 0:
            others = self._others(agreements, standing, moment, grounds)
            present = self._present(agreements, standing, plan, others)
            approvals = judge_approvals(
                self.gate.approval, self._approvals(agreements), present, now
            )
        return judge_reopening(
            self.gate,
            standing,
            moment,
            grounds=grounds,
            attestations=judge_attestations(self.gate.attestations, agreements.attested),
            approvals=approvals,
        )

    def judge_again(self, standing: Standing) -> tuple[tuple[Blocker, ...], Mapping[str, str]]:
        """Judge what must still be so when an opening is confirmed, and give what it overrode."""
        moment = read(self.desk.clock)
        grounds = grounds_of(self.desk, self.gate, moment)
        kinds = ("interlocks.judged", "run.started")
        events = self.desk.journal.newest_first(gate=self.gate.name, kinds=kinds)
        blockers = judge_confirming(self.gate, standing, moment, grounds)
        return blockers, overridden_at_opening(events)

    def judge_overrides(
        self, standing: Standing, plan: Plan | None, overrides: Mapping[str, str]
    ) -> tuple[Blocker, ...]:
        """Judge whether somebody else agrees to each override for which the gate asks that."""
        asked = self._overrides_asked(overrides)
        if not asked:
            return ()
        moment = read(self.desk.clock)
        now = moment.at
        agreements = self.agreements()
        grounds = grounds_of(self.desk, self.gate, moment)
        others = self._others(agreements, standing, moment, grounds)
        present = self._present(agreements, standing, plan, others)
        approvals = self._approvals(agreements)
        return tuple(
            self._override_blocker(one, verdict)
            for one in asked
            for verdict in [judge_override(self.gate.approval, one, approvals, present, now)]
            if not verdict.passed
        )

    def _overrides_asked(self, overrides: Mapping[str, str]) -> tuple[OverrideAsked, ...]:
        return tuple(
            OverrideAsked(interlock=name, reason=reason)
            for name, reason in overrides.items()
            if name in self.gate.approval.overrides
        )

    def _override_blocker(self, asked: OverrideAsked, verdict: Verdict) -> Blocker:
        words = f"--override {asked.interlock} --reason {shlex.quote(asked.reason)}"
        return Blocker(
            interlock=f"override of {asked.interlock}",
            verdict=verdict,
            clears=f"gatectl approve {self.gate.name} {words}",
        )

    def admit(self, plan: Plan, overrides: Mapping[str, str]) -> Admitted:
        """Give the approved requests to be used up by the first act; or say what is missing now.

        Judged again here, where the gate is held: two openings on one approval would otherwise
        both have found it unused.
        """
        policy = self.gate.approval
        asked: tuple[OverrideAsked | None, ...] = self._overrides_asked(overrides)
        if policy.needed > 0 and Interlock.APPROVALS not in overrides:
            asked = (None, *asked)
        if not asked:
            return Admitted()
        moment = read(self.desk.clock)
        now = moment.at
        agreements = self.agreements()
        standing = self.standing()
        grounds = grounds_of(self.desk, self.gate, moment)
        others = tuple(
            blocker
            for blocker in self._others(agreements, standing, moment, grounds)
            # The opening itself is the run that is unfinished now; any other was judged before.
            if blocker.interlock != Interlock.NO_STEP_IN_DOUBT
        )
        present = self._present(agreements, standing, plan, others)
        approvals = self._approvals(agreements)
        blockers: list[Blocker] = []
        uses: list[ApprovalUsed] = []
        for one in asked:
            if one is None:
                verdict = judge_approvals(policy, approvals, present, now)
                clears = f"gatectl approve {self.gate.name}"
                blocker = Blocker(interlock=Interlock.APPROVALS, verdict=verdict, clears=clears)
            else:
                verdict = judge_override(policy, one, approvals, present, now)
                blocker = self._override_blocker(one, verdict)
            if not verdict.passed:
                blockers.append(blocker)
                continue
            nonce, people = approved_request(policy, approvals, present, now, one)
            name = one.interlock if one else ""
            uses.append(ApprovalUsed(nonce=nonce, principals=tuple(people), override=name))
        return Admitted(blockers=tuple(blockers), uses=() if blockers else tuple(uses))

    def pending(
        self, standing: Standing, override: OverrideAsked | None = None
    ) -> ApprovalRequest | None:
        """Find the newest request of this opening, or of one override, that still holds."""
        now = self.desk.clock.now()
        agreements = self.agreements()
        present = self._present(agreements, standing, None, None)
        for asked in reversed(tuple(agreements.asked.values())):
            request = _read(asked)
            holds = request_holds(self.gate.approval, request, asked.sequence, present, now=now)
            if holds and request.override == override:
                return request
        return None

    def ask(
        self, standing: Standing, plan: Plan, override: OverrideAsked | None = None
    ) -> ApprovalRequest:
        """Put a new request on record, about the gate as it stands now."""
        moment = read(self.desk.clock)
        now = moment.at
        agreements = self.agreements()
        grounds = grounds_of(self.desk, self.gate, moment)
        others = self._others(agreements, standing, moment, grounds)
        answers = answers_of(self.gate, standing, grounds, others)
        boots = boots_of(standing)
        request = ApprovalRequest(
            action="reopen" if override is None else "override",
            override=override,
            gate=self.gate.name,
            lineage=self.desk.journal.lineage,
            run=agreements.run,
            plan=plan.digest,
            evidence=evidence_digest(standing),
            evidence_pieces=len(set(evidence_ids(standing))),
            nodes=tuple(
                NodeAsked(
                    name=node.name,
                    build=plan.facts.builds.get(node.name, ""),
                    boot=boots.get(node.name, ""),
                )
                for node in self.gate.nodes
            ),
            interlocks=tuple(
                InterlockAsked(name=name, answer=verdict.answer.value, because=verdict.because)
                for name, verdict in answers
            ),
            asked_by=self.desk.actor,
            asked=now,
            expires=now + timedelta(seconds=self.gate.approval.valid_s),
            nonce=secrets.token_hex(_NONCE_BYTES),
        )
        text = request_text(request)
        self._record(
            ApprovalRequested(
                nonce=request.nonce,
                digest=request_digest(text),
                request=text,
                expires=request.expires,
            )
        )
        return request

    def given_to(self, request: ApprovalRequest, standing: Standing) -> Verdict:
        """Judge who has agreed to the newest request, as far as that can be told without a plan."""
        agreements = self.agreements()
        present = self._present(agreements, standing, None, None)
        approvals = tuple(
            one for one in self._approvals(agreements) if one.request.nonce == request.nonce
        )
        now = self.desk.clock.now()
        if request.override is not None:
            return judge_override(self.gate.approval, request.override, approvals, present, now)
        return judge_approvals(self.gate.approval, approvals, present, now)

    def take(self, armour: str, standing: Standing) -> ApprovalGiven:
        """Take a signature in; one that does not count is refused with its reason."""
        now = self.desk.clock.now()
        agreements = self.agreements()
        approval = self._of_some_request(armour, agreements, now)
        policy = self.gate.approval
        present = self._present(agreements, standing, None, None)
        verdict = judge_approval(policy, approval, present, now)
        who = approval.signature.principal
        earlier = [
            one.signature
            for one in self._approvals(agreements)
            if one.request.nonce == approval.request.nonce
        ]
        if not verdict.passed:
            raise Refused(f"this approval does not count: {verdict.because}", hint=_HINT)
        keys = {one.fingerprint for one in earlier}
        if who in {one.principal for one in earlier} or approval.signature.fingerprint in keys:
            raise Refused(
                f"this approval does not count: {who} has approved already, and counts once",
                hint="Somebody else must approve as well.",
            )
        given = ApprovalGiven(
            nonce=approval.request.nonce,
            principal=who,
            role=policy.role_of(who),
            fingerprint=approval.signature.fingerprint,
            signature=armour,
            verified_with=openssh_version(),
        )
        self._record(given)
        return given

    def attest(self, name: str, says: str, content: bytes | None) -> AttestationGiven:
        """Put somebody's word on record, with the file that goes with it."""
        if name not in self.gate.attestations:
            known = ", ".join(self.gate.attestations) or "none"
            raise InvalidInput(
                f"the configuration asks for no attestation {name!r} of {self.gate.name}",
                hint=f"It asks for: {known}.",
            )
        kept = None if content is None else self.desk.evidence.keep(content)
        event = AttestationGiven(name=name, by=self.desk.actor, says=says, sha256=kept)
        self._record(event)
        return event

    def _others(
        self, agreements: Agreements, standing: Standing, now: Moment, grounds: Grounds
    ) -> tuple[Blocker, ...]:
        """Judge all interlocks but the approvals, which rest on these."""
        return judge_reopening(
            self.gate,
            standing,
            now,
            grounds=grounds,
            attestations=judge_attestations(self.gate.attestations, agreements.attested),
            approvals=passed("not asked here"),
        )

    def _present(
        self,
        agreements: Agreements,
        standing: Standing,
        plan: Plan | None,
        others: tuple[Blocker, ...] | None,
    ) -> Present:
        return Present(
            gate=self.gate.name,
            lineage=self.desk.journal.lineage,
            run=agreements.run,
            plan=plan.digest if plan else None,
            evidence=evidence_digest(standing),
            evidence_sequence=agreements.evidence_sequence,
            evidence_at=agreements.evidence_at,
            builds=plan.facts.builds if plan else {},
            boots=boots_of(standing),
            unproven=frozenset(blocker.interlock for blocker in others or ()),
            operator=self.desk.actor,
            accounts=self.desk.accounts,
            used=agreements.used,
        )

    def _approvals(self, agreements: Agreements) -> tuple[Approval, ...]:
        """Look at every signature again: what counted yesterday may be revoked today."""
        now = self.desk.clock.now()
        return tuple(
            self._looked_at(agreements.asked[given.event.nonce], given, now)
            for given in agreements.given
            if given.event.nonce in agreements.asked
        )

    def _looked_at(self, asked: Asked, given: Given, now: datetime) -> Approval:
        text = asked.event.request.encode()
        facts = look_at(text, given.event.signature, self.signers, NAMESPACE, now)
        return Approval(request=_read(asked), signature=facts, sequence=given.sequence)

    def _of_some_request(self, armour: str, agreements: Agreements, now: datetime) -> Approval:
        """Find the request that a signature is of; the newest, if it is of none."""
        newest = tuple(reversed(tuple(agreements.asked.values())))[:_REQUESTS_TRIED_MAX]
        if not newest:
            raise Refused(
                f"nobody has asked for an approval for {self.gate.name}",
                hint=f"`gatectl approve {self.gate.name}` asks for one.",
            )
        sequence = self.desk.journal.head().sequence + 1
        tried = [
            Approval(
                request=_read(asked),
                signature=look_at(
                    asked.event.request.encode(), armour, self.signers, NAMESPACE, now
                ),
                sequence=sequence,
            )
            for asked in newest
        ]
        return next((one for one in tried if one.signature.genuine), tried[0])

    def _record(self, event: Event) -> None:
        RunRecorder(
            journal=self.desk.journal,
            gate=self.gate.name,
            run=None,
            lease=None,
            listeners=self.desk.listeners,
        ).record(event)


def boots_of(standing: Standing) -> dict[NodeName, str]:
    """Tell since when each node runs, as far as that is known."""
    return {node: seen.boot for node, seen in standing.sightings.items()}


_HINT = "Nothing was put on record. `gatectl approve` shows what is asked now."


def _read(asked: Asked) -> ApprovalRequest:
    text = asked.event.request
    because = "it has another digest than its record says"
    if request_digest(text) == asked.event.digest:
        try:
            return read_request(text)
        except NotARequest as exc:
            because = str(exc)
    raise JournalDamaged(f"the approval request in record {asked.sequence} is not one: {because}")

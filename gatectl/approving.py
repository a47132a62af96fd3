"""Asking others to agree: the gate is verified first, so that they see how it stands now."""

from gatectl.consent import Consent
from gatectl.core.approvalrequest import ApprovalRequest, OverrideAsked
from gatectl.core.event import Mode
from gatectl.core.gate import GateState
from gatectl.errors import InvalidInput, Refused
from gatectl.operation import REOPEN, VERIFY, Operation


def current_request(
    operation: Operation, consent: Consent, *, anew: bool, override: OverrideAsked | None = None
) -> ApprovalRequest:
    """Give the request that still holds, or verify the gate and ask anew."""
    # Refused before anything is contacted, where nobody could sign at all.
    _ = consent.signers
    _refuse_strange(consent, override)
    pending = None if anew else consent.pending(consent.standing(), override)
    return pending or _asked(operation, consent, override)


def _refuse_strange(consent: Consent, override: OverrideAsked | None) -> None:
    """Refuse a request that nobody has to agree to."""
    policy, gate = consent.gate.approval, consent.gate.name
    if override is None and policy.needed < 1:
        raise InvalidInput(
            f"the configuration asks nobody to approve a reopening of {gate}",
            hint=f"It asks for these overrides: {', '.join(policy.overrides)}.",
        )
    if override is not None and override.interlock not in policy.overrides:
        raise InvalidInput(
            f"the configuration asks nobody to approve an override of {override.interlock}",
            hint=f"It asks for: {', '.join(policy.overrides) or 'none'}.",
        )


def _asked(
    operation: Operation, consent: Consent, override: OverrideAsked | None
) -> ApprovalRequest:
    gate = consent.gate.name
    result = operation.run(VERIFY, Mode.REAL)
    standing = consent.standing()
    if standing.state is not GateState.VERIFIED:
        raise Refused(
            f"there is nothing to approve: {gate} is {standing.state} ({result.sentence})",
            hint=f"`gatectl verify {gate}` shows what is missing; ask again when it passes.",
        )
    return consent.ask(standing, operation.plan(REOPEN), override)

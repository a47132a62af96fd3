"""Asking others to agree: the gate is verified first, so that they see how it stands now."""

from gatectl.consent import Consent
from gatectl.core.approvalrequest import ApprovalRequest
from gatectl.core.event import Mode
from gatectl.core.gate import GateState
from gatectl.errors import Refused
from gatectl.operation import REOPEN, VERIFY, Operation


def current_request(operation: Operation, consent: Consent, *, anew: bool) -> ApprovalRequest:
    """Give the request that still holds, or verify the gate and ask anew."""
    # Refused before anything is contacted, where nobody could sign at all.
    _ = consent.signers
    pending = None if anew else consent.pending(consent.standing())
    return pending or _asked(operation, consent)


def _asked(operation: Operation, consent: Consent) -> ApprovalRequest:
    gate = consent.gate.name
    result = operation.run(VERIFY, Mode.REAL)
    standing = consent.standing()
    if standing.state is not GateState.VERIFIED:
        raise Refused(
            f"there is nothing to approve: {gate} is {standing.state} ({result.sentence})",
            hint=f"`gatectl verify {gate}` shows what is missing; ask again when it passes.",
        )
    return consent.ask(standing, operation.plan(REOPEN))

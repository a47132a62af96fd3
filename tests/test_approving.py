"""Asking for approvals: a request that holds is shown again, and a new one only when it must be."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gatectl.approving import current_request
from gatectl.consent import Consent
from gatectl.core.approvalrequest import ApprovalRequest
from gatectl.core.event import Mode, Signalled
from gatectl.core.gate import Gate, GateState, Signal
from gatectl.core.plan import Plan
from gatectl.desk import Result
from gatectl.errors import ExitCode, InvalidInput, Refused
from gatectl.operation import Operation
from tests.test_consent import Scene, keys

__all__ = ["keys"]


@dataclass
class Verifying(Operation):
    """Verifies as it is told, and counts how often."""

    scene: Scene
    outcome: GateState
    verified: int = 0

    def run(self, playbook: str, mode: Mode, *_: object, **__: object) -> Result:
        """Put the gate into the state that the verification comes to."""
        assert (playbook, mode) == ("verify", Mode.REAL)
        self.verified += 1
        self.scene.record(
            Signalled(
                signal=Signal.VERIFY_PASSED,
                before=GateState.VERIFYING,
                after=self.outcome,
                because="told so",
            )
        )
        return Result(gate="almelo", state=self.outcome, code=ExitCode.PROVEN, sentence="told so")

    def plan(self, playbook: str, *_: object, **__: object) -> Plan:
        """Give the plan that opens."""
        assert playbook == "reopen"
        return self.scene.plan


@pytest.fixture
def scene(keys: dict[str, Path], tmp_path: Path) -> Scene:
    """Set the scene of test_consent."""
    return Scene(keys=keys, folder=tmp_path)


def asked(
    scene: Scene, *, anew: bool = False, outcome: GateState = GateState.VERIFIED
) -> tuple[ApprovalRequest, int]:
    """Ask, and say how often the gate was verified for it."""
    operation = Verifying(scene=scene, outcome=outcome)
    return current_request(operation, scene.consent, anew=anew), operation.verified


def test_the_gate_is_verified_before_anybody_is_asked(scene: Scene) -> None:
    """What people agree to is how things stand now; what holds is not asked twice."""
    first, verified = asked(scene)
    assert verified == 1
    assert asked(scene) == (first, 0)
    again, verified = asked(scene, anew=True)
    assert again.nonce != first.nonce
    assert verified == 1


def test_a_gate_that_does_not_verify_is_nothing_to_agree_to(scene: Scene) -> None:
    """The refusal says in which state it is."""
    with pytest.raises(Refused, match="almelo is held"):
        asked(scene, outcome=GateState.HELD)


def test_nobody_is_asked_where_nobody_could_sign(scene: Scene) -> None:
    """Refused before anything is contacted."""
    operation = Verifying(scene=scene, outcome=GateState.VERIFIED)
    gate: Gate = replace(scene.gate, approval=type(scene.gate.approval)())
    consent: Consent = replace(scene.consent, gate=gate)
    with pytest.raises(InvalidInput, match="asks nobody"):
        current_request(operation, consent, anew=True)
    assert operation.verified == 0

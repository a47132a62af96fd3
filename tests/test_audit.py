"""An audit by itself: what it came to, and what stands on record of it."""

from dataclasses import replace

from gatectl.audit import Audited
from gatectl.errors import ExitCode
from tests.exporters.audits import DRIFTED, KNOWN, OPEN, UNKNOWN, WELL


def test_an_audit_is_as_bad_as_what_it_found() -> None:
    """Drift is 7, a gate that may be open is 5, and known drift is nothing."""
    assert WELL.code is ExitCode.PROVEN
    assert DRIFTED.code is ExitCode.DRIFT
    assert replace(WELL, compared=(*DRIFTED.compared, OPEN)).code is ExitCode.MAYBE_OPEN
    assert replace(WELL, compared=(KNOWN,)).code is ExitCode.PROVEN
    assert Audited(gate=WELL.gate, at=WELL.at, compared=()).code is ExitCode.MAYBE_OPEN


def test_drift_and_what_is_not_known_are_told_apart() -> None:
    """What is accepted is in neither."""
    assert [one.name for one in DRIFTED.drifted] == ["saved"]
    assert DRIFTED.unknown == (UNKNOWN,)

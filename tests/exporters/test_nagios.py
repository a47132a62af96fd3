"""One line for Nagios: state, words, figures, and a code from 0 to 3."""

import re
from dataclasses import replace

import pytest

from gatectl.errors import ExitCode
from gatectl.exporters.nagios import Service, nagios_line, service_of
from tests.exporters.audits import DRIFTED, OPEN, OTHER, WELL

LINE = re.compile(r"GATECTL (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| ([a-z]+=\d+\S* ?){3}")


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_a_state_and_only_proven_is_ok(code: ExitCode) -> None:
    """What a plugin may exit with is 0 to 3."""
    assert (service_of(code) is Service.OK) is (code is ExitCode.PROVEN)
    assert 0 <= service_of(code) <= 3


def test_a_gate_that_may_be_open_is_critical_and_drift_is_a_warning() -> None:
    """Somebody is called for the one, and reads the other."""
    assert service_of(ExitCode.MAYBE_OPEN) is Service.CRITICAL
    assert service_of(ExitCode.DRIFT) is Service.WARNING
    assert service_of(ExitCode.UNREACHABLE) is Service.UNKNOWN


def test_the_line_is_one_line_with_figures() -> None:
    """Neither a bar nor a line break of a device's breaks it."""
    for audits in ([WELL], [DRIFTED], [WELL, DRIFTED, OTHER]):
        assert LINE.fullmatch(nagios_line(audits)), nagios_line(audits)
    assert "drifted=1;0;; unknown=1;0;; compared=4" in nagios_line([DRIFTED])


def test_the_worst_is_told_first() -> None:
    """Whoever reads the line on a telephone reads its beginning."""
    both = replace(DRIFTED, compared=(*DRIFTED.compared, OPEN))
    line = nagios_line([both])
    assert line.startswith("GATECTL CRITICAL - almelo outside: outside is open")


def test_an_audit_of_nothing_is_not_ok() -> None:
    """No gate at all has proven nothing."""
    assert nagios_line([]).startswith("GATECTL CRITICAL")

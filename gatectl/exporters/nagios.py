"""Audits as one line and one exit code for Nagios, Icinga and their kin."""

from collections.abc import Sequence
from enum import IntEnum

from gatectl.audit import Audited
from gatectl.core.drift import Compared
from gatectl.core.visible import visible
from gatectl.errors import ExitCode, worst

_SHOWN = 3
_LINE_CHARACTERS = 500


class Service(IntEnum):
    """The four exit codes that a monitoring plugin may have."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_CRITICAL = frozenset({ExitCode.MAYBE_OPEN, ExitCode.TAMPERED})
_WARNING = frozenset({ExitCode.DRIFT, ExitCode.FAILED_SHUT, ExitCode.BUSY, ExitCode.REFUSED})


def service_of(code: ExitCode) -> Service:
    """Translate an exit code of gatectl's; what is not known is UNKNOWN, and never OK."""
    if code is ExitCode.PROVEN:
        return Service.OK
    if code in _CRITICAL:
        return Service.CRITICAL
    return Service.WARNING if code in _WARNING else Service.UNKNOWN


def nagios_line(audits: Sequence[Audited]) -> str:
    """Write the audits as a plugin's output, with the counts as performance data."""
    code = worst([one.code for one in audits] or [ExitCode.MAYBE_OPEN])
    bad = [one for audited in audits for one in (*audited.drifted, *audited.unknown)]
    bad.sort(key=lambda one: one.code is not code)
    told = "; ".join(_place(one) for one in bad[:_SHOWN])
    if len(bad) > _SHOWN:
        told += f"; and {len(bad) - _SHOWN} more"
    count = sum(len(audited.compared) for audited in audits)
    told = told or f"{count} comparisons on {len(audits)} gates hold"
    drifted = sum(len(audited.drifted) for audited in audits)
    unknown = sum(len(audited.unknown) for audited in audits)
    # A bar begins the performance data, wherever it stands.
    words = visible(told, limit=_LINE_CHARACTERS).replace("|", "/")
    data = f"drifted={drifted};0;; unknown={unknown};0;; compared={count};;;"
    return f"GATECTL {service_of(code).name} - {words} | {data}"


def _place(one: Compared) -> str:
    where = f"{one.gate}/{one.node}" if one.node is not None else one.gate
    return f"{where} {one.name}: {one.sentence()}"

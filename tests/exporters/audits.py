"""Audits to be exported: one that is well, and one with something of each kind."""

from dataclasses import replace
from datetime import UTC, date, datetime

from gatectl.audit import Audited
from gatectl.core.check import Answer
from gatectl.core.drift import Compared, KnownDrift, Weight
from gatectl.core.gate import GateName
from tests.builders import ALMELO, NS_A, NS_B, make_gate

AT = datetime(2026, 1, 18, 6, 0, tzinfo=UTC)
FINE = Compared(
    name="disk", gate=ALMELO, node=NS_A, answer=Answer.PASS, found="used: 7%", wanted="at most 90%"
)
DRIFT = Compared(
    name="saved",
    gate=ALMELO,
    node=NS_A,
    answer=Answer.FAIL,
    found='<rules> & "quotes" | \x1b[31m\x00',
    wanted="nothing is unsaved",
)
UNKNOWN = replace(DRIFT, name="clock", node=NS_B, answer=Answer.UNKNOWN, found="cut off")
OPEN = replace(DRIFT, name="outside", node=None, found="outside is open", weight=Weight.REACH)
KNOWN = replace(
    DRIFT,
    name="certificate",
    node=None,
    known=KnownDrift(name="certificate", reason="change 4711", until=date(2026, 2, 1)),
)
WELL = Audited(gate=make_gate(), at=AT, compared=(FINE,), elapsed_s=1.5)
DRIFTED = replace(WELL, compared=(FINE, DRIFT, UNKNOWN, KNOWN))
OTHER = replace(WELL, gate=replace(make_gate(), name=GateName("zwolle")))

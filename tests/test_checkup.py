"""The ways to a gate: what a doctor finds where a node or a vantage is not as it should be."""

from dataclasses import replace

import pytest

from gatectl.checkup import _certificate, _host_key, _management_path, _vantage
from gatectl.core.check import Answer
from gatectl.core.gate import Side, Vantage, VantageName
from gatectl.core.reach import Look, LookKind, VantageReport
from gatectl.errors import ExitCode, Unreachable
from tests.builders import make_gate

GATE = make_gate()
OUTSIDE = VantageName("internet")
LOOK = Look(
    vantage=OUTSIDE,
    side=Side.OUTSIDE,
    target="203.0.113.10",
    port=443,
    wire="https",
    kind=LookKind.REFUSED,
)
VANTAGE = Vantage(name=OUTSIDE, side=Side.OUTSIDE, control=("192.0.2.1", 443))
CONTROL = replace(LOOK, target="192.0.2.1", wire="tcp", kind=LookKind.CONNECTED)


def report(control: Look | None, kind: LookKind = LookKind.REFUSED) -> VantageReport:
    """Make what a vantage saw."""
    gate = (replace(LOOK, kind=kind, detail="no way there"),)
    return VantageReport(vantage=OUTSIDE, side=Side.OUTSIDE, control=control, gate=gate)


@pytest.mark.parametrize(
    ("vantage", "seen", "name", "answer"),
    [
        (VANTAGE, report(CONTROL), "control", Answer.PASS),
        (VANTAGE, report(replace(CONTROL, kind=LookKind.REFUSED)), "control", Answer.FAIL),
        (VANTAGE, report(None), "control", Answer.FAIL),
        (replace(VANTAGE, control=None), report(None), "control", Answer.FAIL),
        (VANTAGE, report(CONTROL, LookKind.NOT_LOOKED), "vantage", Answer.FAIL),
    ],
)
def test_a_vantage_is_well_when_it_can_look_and_its_control_answers(
    vantage: Vantage, seen: VantageReport, name: str, answer: Answer
) -> None:
    """Whatever the gate itself says is no affair of a doctor's."""
    found = _vantage(GATE, vantage, seen)
    assert (found.name, found.answer) == (name, answer)
    assert bool(found.mend) is (answer is Answer.FAIL)


def test_a_host_key_is_well_when_one_of_the_offered_is_pinned() -> None:
    """One that is not reached keeps its own exit code."""
    node = GATE.nodes[0]

    def unreachable(_node: object) -> tuple[str, ...]:
        raise Unreachable("no route")

    assert _host_key(GATE, node, lambda _node: ("SHA256:none", "x")).answer is Answer.PASS
    other = _host_key(GATE, node, lambda _node: ("SHA256:other",))
    assert (other.answer, other.code) == (Answer.FAIL, ExitCode.UNREACHABLE)
    assert other.mend == "gatectl hostkeys almelo --pin"
    gone = _host_key(GATE, node, unreachable)
    assert (gone.code, gone.found) == (ExitCode.UNREACHABLE, "no route")


def test_a_wrong_certificate_is_found_with_the_key_that_was_seen() -> None:
    """Whoever looks at it has the key at hand, and the command that shows the rest."""
    assert _certificate(GATE, (report(CONTROL),)).answer is Answer.PASS
    wrong = report(CONTROL, LookKind.WRONG_CERTIFICATE)
    look = replace(wrong.gate[0], detail="its key is sha256//x=, which is not pinned")
    found = _certificate(GATE, (replace(wrong, gate=(look,)),))
    assert found.answer is Answer.FAIL
    assert (
        "internet: https 203.0.113.10:443 wrong certificate (its key is sha256//x=" in found.found
    )
    assert found.mend == "gatectl certificates almelo"


def test_managing_the_gateway_through_itself_is_found() -> None:
    """Whoever closes it would cut the own way."""
    assert _management_path(GATE).answer is Answer.PASS
    node = GATE.nodes[0]
    through = replace(node, host=replace(node.host, address="203.0.113.10", port=443))
    found = _management_path(replace(GATE, nodes=(through, GATE.nodes[1])))
    assert found.answer is Answer.FAIL
    assert "the address of the gateway itself" in found.found

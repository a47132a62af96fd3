"""What an audit finds of a gate: as it should be, and each thing that can be otherwise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gatectl.core.check import Answer, Seen, Unreadable, failed, passed, unknown
from gatectl.core.drift import Compared, audit_code
from gatectl.core.event import RunId
from gatectl.core.gate import GateState, NodeName, Target
from gatectl.core.inspected import Inspected
from gatectl.core.inspection import inspect_gate, wanted_outside
from gatectl.core.moment import Lived
from gatectl.core.standing import Proof
from gatectl.errors import ExitCode
from tests.builders import (
    ALMELO,
    NS_A,
    NS_B,
    SETTING_BULLETIN,
    Chronicle,
    make_gate,
    moment_at,
    plan_of,
    planned,
)
from tests.core.inspections import NOW, seen_of, standing_of

SHUT = standing_of(
    GateState.CLOSED,
    outside="shut",
    wanted_shut=True,
    closed_by=("close-acl",),
)


def bad(seen: Inspected) -> dict[str, Compared]:
    """Give all that is not as it should be, by name."""
    return {one.name: one for one in inspect_gate(seen) if one.answer is not Answer.PASS}


@pytest.mark.parametrize("seen", [seen_of(), seen_of(SHUT)], ids=["open", "shut"])
def test_a_gate_as_it_should_be_has_nothing_to_tell(seen: Inspected) -> None:
    """Every comparison passes, and there are many."""
    assert bad(seen) == {}
    assert len(inspect_gate(seen)) > 20
    assert audit_code(inspect_gate(seen)) is ExitCode.PROVEN


def proof_at(age: timedelta) -> dict[tuple[str, NodeName | None], Proof]:
    """Make a proof of this age."""
    proof = Proof(
        interlock="still-closed",
        node=None,
        verdict=passed("shut"),
        at=NOW - age,
        sequence=1,
        lived=Lived(last=moment_at(NOW - age)),
        seen={},
        run=RunId("r1"),
    )
    return {("still-closed", None): proof}


def unfinished(seen: Inspected) -> Inspected:
    """Leave a run in its middle."""
    chronicle = Chronicle()
    chronicle.begin(plan_of(planned()))
    return replace(seen, standing=replace(seen.standing, left_over=(chronicle.run(),)))


def target(build: str) -> Inspected:
    """Want a build."""
    return seen_of(gate=replace(make_gate(), target=Target(build=build, image="i", sha256="0")))


SPOILT: dict[str, tuple[Callable[[], Inspected], str, ExitCode]] = {
    "a shut gate that answers": (
        lambda: seen_of(replace(SHUT, sides=standing_of().sides)),
        "outside",
        ExitCode.MAYBE_OPEN,
    ),
    "an open gate that is shut": (
        lambda: seen_of(standing_of(outside="shut")),
        "outside",
        ExitCode.MAYBE_OPEN,
    ),
    "offices that get nothing": (
        lambda: seen_of(standing_of(inside="shut")),
        "inside",
        ExitCode.MAYBE_OPEN,
    ),
    "a side that nobody could see": (
        lambda: seen_of(standing_of(outside="unknown")),
        "outside",
        ExitCode.MAYBE_OPEN,
    ),
    "a journal that does not know": (
        lambda: seen_of(replace(SHUT, state=GateState.UNKNOWN)),
        "state",
        ExitCode.MAYBE_OPEN,
    ),
    "a run that is unfinished": (
        lambda: unfinished(seen_of()),
        "unfinished-run",
        ExitCode.DRIFT,
    ),
    "a build with a fault": (
        lambda: seen_of(version=Seen(records=({"build": "12.1-55.13"},))),
        "bulletin:CTX267027",
        ExitCode.DRIFT,
    ),
    "a build that is not told": (
        lambda: seen_of(version=Unreadable(because="cut")),
        "same-build",
        ExitCode.DRIFT,
    ),
    "another build than its peer": (
        lambda: seen_of(version=Seen(records=({"build": "12.1-60.1"},))),
        "same-build",
        ExitCode.DRIFT,
    ),
    "another build than wanted": (lambda: target("13.1-49.15"), "target-build", ExitCode.DRIFT),
    "a certificate that ends": (
        lambda: replace(seen_of(), certificate=NOW + timedelta(days=20)),
        "certificate",
        ExitCode.DRIFT,
    ),
    "a certificate that nobody saw": (
        lambda: replace(seen_of(), certificate=Unreadable(because="no answer")),
        "certificate",
        ExitCode.DRIFT,
    ),
    "a pinned key that is gone": (
        lambda: replace(seen_of(), host_keys={NS_A: ("SHA256:other",), NS_B: ("SHA256:none",)}),
        "host-keys",
        ExitCode.DRIFT,
    ),
    "keys that were not shown": (
        lambda: replace(seen_of(), host_keys={NS_B: ("SHA256:none",)}),
        "host-keys",
        ExitCode.DRIFT,
    ),
    "an approval that ends": (
        lambda: replace(seen_of(), approvals={"n1": NOW + timedelta(minutes=5)}),
        "approval",
        ExitCode.DRIFT,
    ),
    "evidence of unknown age": (
        lambda: replace(
            seen_of(replace(SHUT, state=GateState.VERIFIED, proofs=proof_at(timedelta(minutes=5)))),
            now=replace(moment_at(NOW - timedelta(hours=1)), boot_id="boot-2"),
        ),
        "evidence",
        ExitCode.DRIFT,
    ),
    "evidence that ends": (
        lambda: seen_of(
            replace(SHUT, state=GateState.VERIFIED, proofs=proof_at(timedelta(minutes=25)))
        ),
        "evidence",
        ExitCode.DRIFT,
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_each_drift_is_named_and_weighed(name: str) -> None:
    """One thing is otherwise: it is found by its name, with the exit code that it is worth."""
    make, wanted, code = SPOILT[name]
    found = bad(make())
    assert wanted in found
    assert found[wanted].code is code
    assert found[wanted].gate == ALMELO


def test_a_side_that_nobody_could_see_is_unknown_and_no_drift() -> None:
    """Whoever reads the report is not told that it is open."""
    found = bad(seen_of(standing_of(outside="unknown")))
    assert found["outside"].answer is Answer.UNKNOWN
    never = replace(standing_of(), sides=None)
    assert bad(seen_of(never))["inside"].answer is Answer.UNKNOWN


def test_a_setting_that_a_bulletin_asks_for_is_named() -> None:
    """The build is not enough where the bulletin says so."""
    seen = seen_of()
    node = seen.nodes[0]
    tcp = {"show ns tcpparam": Seen(records=({"enhanced_isn_generation": "DISABLED"},))}
    spoilt = replace(node, shows={**node.shows, **tcp})
    found = bad(replace(seen, nodes=(spoilt,), advisories=(SETTING_BULLETIN,)))
    setting = found["setting:enhanced_isn_generation"]
    assert setting.node == NS_A
    assert "set ns tcpparam" in setting.wanted


def test_a_reopening_under_way_should_be_open() -> None:
    """Closed before and not confirmed yet: outside is let in, provisionally."""
    standing = standing_of(GateState.REOPENING, wanted_shut=True, closed_by=("close-acl",))
    assert wanted_outside(standing) == "open"
    assert bad(seen_of(standing)) == {}


def test_offices_may_be_shut_out_by_a_vserver_that_is_switched_off() -> None:
    """That method shuts everybody out, and then the offices should get nothing."""
    standing = replace(SHUT, closed_by=("close-vserver",))
    assert "inside" in bad(seen_of(standing))
    assert standing.sides is not None
    sides = replace(standing.sides, inside="shut")
    assert "inside" not in bad(seen_of(replace(standing, sides=sides)))


def test_fresh_evidence_and_approvals_are_as_they_should_be() -> None:
    """Only what ends soon is told."""
    verified = replace(SHUT, state=GateState.VERIFIED, proofs=proof_at(timedelta(minutes=5)))
    seen = replace(seen_of(verified), approvals={"n1": NOW + timedelta(minutes=50)})
    assert bad(seen) == {}


def test_a_page_of_another_build_is_drift_and_one_without_a_mark_is_told() -> None:
    """Three findings: in agreement nothing is bad, and what is not published costs nothing."""
    other = replace(seen_of(), shown_build=failed("its gzip stamp is that of 12.1-55.13"))
    assert "12.1-55.13" in bad(other)["shown-build"].found
    assert audit_code(inspect_gate(other)) is ExitCode.DRIFT
    silent = replace(seen_of(), shown_build=unknown("not published"))
    assert bad(silent)["shown-build"].answer is Answer.UNKNOWN
    assert audit_code(inspect_gate(silent)) is ExitCode.PROVEN

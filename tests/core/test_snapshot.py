"""A configuration before the closure and now: what differs is named, but for our own steps."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gatectl.core.check import Answer
from gatectl.core.event import ActIntended, ConfigurationSeen, EvidenceId, Signalled
from gatectl.core.gate import GateState, NodeName, Signal
from gatectl.core.moment import Moment
from gatectl.core.playbook import Purpose
from gatectl.core.snapshot import Snapshots, differences, judge_snapshots
from tests.builders import NS_A, NS_B, Chronicle, planned

BEFORE = """\
#NS12.1 Build 55.13
# Last modified by `save config`, Fri Jan 17 2020
set ns hostName ns-a
enable ns feature WL LB RESPONDER
add vpn vserver gw_ext SSL 203.0.113.10 443
bind vpn vserver gw_ext -policy portal -priority 100
set system user nsroot 1a2b3c -encrypted
add ns acl GATECTL_DENY_TLS DENY -destIP = 203.0.113.10
 Done
"""
STEP = planned().id
OLD, NEW = EvidenceId("0a" * 32), EvidenceId("0b" * 32)


def acts(*lines: str) -> ActIntended:
    """Mean to send lines."""
    return ActIntended(step=STEP, node=NS_A, lines=lines)


def test_the_same_configuration_differs_in_nothing() -> None:
    """Comments, blanks and our own rules are no configuration of the site."""
    after = (
        BEFORE.replace("55.13", "55.18").replace("Jan 17", "Jan 24").replace("GATECTL_DENY", "x")
    )
    after = after.replace("add ns acl x_TLS DENY -destIP = 203.0.113.10\n", "\n")
    assert differences(BEFORE, after, ()) == ()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("hostName ns-a", "hostName other", ("+ set ns hostName other", "- set ns hostName ns-a")),
        ("RESPONDER", "RESPONDER SSLVPN", ("+ enable ns feature SSLVPN",)),
        ("WL LB ", "WL ", ("- enable ns feature LB",)),
        (
            "bind vpn vserver gw_ext -policy portal -priority 100\n",
            "",
            ("- bind vpn vserver gw_ext",),
        ),
        ("1a2b3c", "4d5e6f", ("+ set system user nsroot", "- set system user nsroot")),
    ],
)
def test_what_somebody_else_changed_is_named(old: str, new: str, named: tuple[str, ...]) -> None:
    """What is new and what is gone, by its object; the hash of a password is in no sentence."""
    assert differences(BEFORE, BEFORE.replace(old, new), ()) == named


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (
            'add responder action respondwith403 respondwith "x"',
            "add responder action respondwith403 y",
        ),
        (
            "bind responder global ctx267027 1 END -type REQ_OVERRIDE",
            "bind responder global ctx267027 1",
        ),
        ("enable ns feature cmp", "enable ns feature CMP"),
        (
            "set ns tcpparam -enhancedISNgeneration ENABLED",
            "set ns tcpParam -enhancedISNgeneration ENABLED",
        ),
        ("disable vpn vserver gw_ext", "disable vpn vserver gw_ext"),
    ],
)
def test_what_gatectl_did_is_no_difference(act: str, line: str) -> None:
    """A mitigation, a setting, an object out of service: only while it is ours that did it."""
    after = f"{BEFORE}{line}\n"
    assert differences(BEFORE, after, (act,)) == ()
    assert differences(BEFORE, after, ()) != ()


def test_taking_an_object_out_of_service_hides_nothing_else_of_it() -> None:
    """Its state is ours; a policy that somebody bound to it meanwhile is not."""
    line = "add vpn vserver gw_ext SSL 203.0.113.10 443"
    after = BEFORE.replace(line, f"{line} -state DISABLED")
    act = ("disable vpn vserver gw_ext",)
    assert differences(BEFORE, after, act) == ()
    bound = f"{after}bind vpn vserver gw_ext -policy theirs\n"
    assert differences(BEFORE, bound, act) == ("+ bind vpn vserver gw_ext",)


def seen(chronicle: Chronicle, by: Purpose, evidence: EvidenceId, node: NodeName = NS_A) -> None:
    """Keep a configuration."""
    chronicle.add(ConfigurationSeen(node=node, by=by, evidence=evidence), run=None)


def test_the_first_of_a_closing_counts_until_the_gate_is_open_again() -> None:
    """A second closing changes nothing of it; what was sent before is no step of this closure."""
    chronicle = Chronicle()
    seen(chronicle, Purpose.CLOSE, EvidenceId("ff" * 32))
    chronicle.add(acts("set ns hostName older"))
    chronicle.add(
        Signalled(
            signal=Signal.CONFIRMED,
            before=GateState.REOPENING,
            after=GateState.OPEN,
            because="confirmed",
        )
    )
    seen(chronicle, Purpose.CLOSE, OLD)
    chronicle.add(acts("add responder policy ctx267027"))
    seen(chronicle, Purpose.VERIFY, NEW)
    seen(chronicle, Purpose.CLOSE, NEW)
    found = Snapshots.from_events(chronicle.records)
    assert found.before[NS_A].evidence == OLD
    assert found.now[NS_A].evidence == NEW
    assert found.acts == ("add responder policy ctx267027",)


def later(chronicle: Chronicle, seconds: float = 1.0, *, by_wall_s: float | None = None) -> Moment:
    """Read both clocks some time after the last event; the wall clock may have been set."""
    last = chronicle.records[-1].moment
    moved = seconds if by_wall_s is None else by_wall_s
    return replace(
        last,
        at=last.at + timedelta(seconds=moved),
        boot_time_ns=last.boot_time_ns + int(seconds * 1e9),
    )


def judged(new: str | None, *, age_s: float = 60.0, before: bool = True) -> tuple[Answer, str]:
    """Judge a node that was kept when it closed, and looked at since."""
    chronicle = Chronicle()
    seen(chronicle, Purpose.CLOSE if before else Purpose.VERIFY, OLD)
    seen(chronicle, Purpose.VERIFY, NEW)
    texts = {OLD: BEFORE, **({NEW: new} if new is not None else {})}
    now = later(chronicle, age_s)
    verdict = judge_snapshots([NS_A], Snapshots.from_events(chronicle.records), texts, now, 1800)
    return verdict.answer, verdict.because


def test_a_node_passes_only_on_a_fresh_look_that_shows_no_difference() -> None:
    """Unknown is what is old, missing or was never kept; a difference is told whatever its age."""
    assert judged(BEFORE)[0] is Answer.PASS
    assert judged(BEFORE, age_s=1900) == (
        Answer.UNKNOWN,
        "the last look at the configuration of ns-a is 32 min old",
    )
    answer, because = judged(BEFORE.replace("gw_ext", "gw_new"))
    assert answer is Answer.FAIL
    assert "ns-a differs from before the closure: + add vpn vserver gw_new" in because
    assert judged(None)[0] is Answer.UNKNOWN
    assert judged(BEFORE, before=False)[0] is Answer.UNKNOWN


def test_a_wall_clock_that_is_set_makes_no_configuration_younger_or_older() -> None:
    """The age is told by the clock that nobody can set."""
    chronicle = Chronicle()
    seen(chronicle, Purpose.CLOSE, OLD)
    seen(chronicle, Purpose.VERIFY, NEW)
    found = Snapshots.from_events(chronicle.records)
    texts = {OLD: BEFORE, NEW: BEFORE}
    back = later(chronicle, 1900, by_wall_s=-60)
    assert judge_snapshots([NS_A], found, texts, back, 1800).answer is Answer.UNKNOWN
    ahead = later(chronicle, 60, by_wall_s=90_000)
    assert judge_snapshots([NS_A], found, texts, ahead, 1800).answer is Answer.PASS
    elsewhere = replace(back, boot_id="boot-2")
    verdict = judge_snapshots([NS_A], found, texts, elsewhere, 1800)
    assert (verdict.answer, "no clock can tell" in verdict.because) == (Answer.UNKNOWN, True)


def test_one_node_says_nothing_of_the_other() -> None:
    """Each of a pair was kept, or it is not known."""
    chronicle = Chronicle()
    seen(chronicle, Purpose.CLOSE, OLD)
    found = Snapshots.from_events(chronicle.records)
    verdict = judge_snapshots([NS_A, NS_B], found, {OLD: BEFORE}, later(chronicle), 1800)
    assert verdict.answer is not Answer.PASS
    assert "ns-b" in verdict.because

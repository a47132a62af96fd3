"""Looks across real networks: nginx behind a packet filter, and OpenSSH on the way.

gatectl looks at the same gateway from home, from the office, and through an SSH host outside.
"""

from collections.abc import Iterator

import pytest

from gatectl.core.check import Answer
from gatectl.core.gate import VantageName
from gatectl.core.page import Page
from gatectl.core.reach import LookKind, VantageReport, gate_word, judge_sides, vantage_reach
from tests.namespaces import CONTROL_PORT, GATE, GATE6, OFFICE_LINK, World, obstacle, running_world
from tests.probe_servers import make_credentials


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Build the networks, where this machine allows it."""
    because = obstacle()
    if because:
        pytest.skip(because)
    with running_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def kinds(reports: tuple[VantageReport, ...], vantage: str) -> dict[str, LookKind]:
    """Give what came of each look from a vantage, by wire and address."""
    (report,) = (one for one in reports if one.vantage == VantageName(vantage))
    return {f"{look.wire} {look.target}": look.kind for look in report.gate}


def everywhere(kind: LookKind, *wires: str) -> dict[str, LookKind]:
    """Expect the same of both addresses."""
    return {f"{wire} {address}": kind for wire in wires for address in (GATE, GATE6)}


TCP, UDP = "tcp dport { 80, 443 }", "udp dport 443"
OUTSIDE = f'iifname != "{OFFICE_LINK}"'
SILENT_UDP = f"{OUTSIDE} {UDP} drop;"


def test_an_unfiltered_gateway_is_open_from_everywhere(world: World) -> None:
    """The sign-on page is seen over both versions of IP, and through the SSH host as well."""
    world.filter()
    reports = world.look()
    assert gate_word(reports) == "open"
    assert judge_sides(reports, outside="open", inside="open").passed
    answered = everywhere(LookKind.ANSWERED, "https", "http")
    assert kinds(reports, "home") == answered | everywhere(LookKind.REFUSED, "dtls")
    assert kinds(reports, "office") == answered | everywhere(LookKind.REFUSED, "dtls")
    assert kinds(reports, "internet") == answered, "UDP does not go through an SSH host"
    pages = {look.page for one in reports for look in one.gate if look.wire == "https"}
    assert pages == {Page.SIGN_ON}


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        pytest.param([f"{OUTSIDE} {TCP} drop;"], LookKind.DROPPED, id="drop"),
        pytest.param([f"{OUTSIDE} {TCP} reject;"], LookKind.REFUSED, id="reject"),
        pytest.param([f"{OUTSIDE} {TCP} reject with tcp reset;"], LookKind.REFUSED, id="refuse"),
        pytest.param(
            # The connection is taken, and ends with the first words that are said.
            [f"{OUTSIDE} {TCP} tcp flags & psh == psh reject with tcp reset;"],
            LookKind.RESET,
            id="reset",
        ),
    ],
)
def test_a_gateway_that_denies_outside_is_shut_there_and_open_for_the_office(
    world: World, rules: list[str], kind: LookKind
) -> None:
    """The closure that all this is about, in every way in which a packet filter says no."""
    world.filter(*rules, SILENT_UDP)
    # Over IPv6 Linux believes a refusal by ICMP when it comes again, which takes a second.
    reports = world.look(timeout_s=2.0)
    denied = everywhere(kind, "https", "http")
    assert kinds(reports, "home") == denied | everywhere(LookKind.DROPPED, "dtls")
    assert kinds(reports, "internet") == denied
    judged = judge_sides(reports, outside="shut", inside="open")
    assert judged.passed, judged.because
    assert judge_sides(reports, outside="open", inside="open").answer is Answer.FAIL


@pytest.mark.parametrize(
    "door",
    [
        pytest.param(f"{OUTSIDE} tcp dport 443 drop;", id="port 80"),
        pytest.param(f"{OUTSIDE} meta nfproto ipv4 {TCP} drop;", id="IPv6"),
        pytest.param(f'iifname "home" {TCP} drop;', id="the other network"),
    ],
)
def test_a_door_that_was_forgotten_keeps_the_gate_open(world: World, door: str) -> None:
    """All but one way in is denied: open, from whichever vantage it is seen."""
    world.filter(door, SILENT_UDP)
    reports = world.look()
    assert gate_word(reports) == "open"
    assert judge_sides(reports, outside="shut", inside="open").answer is Answer.FAIL


def test_a_network_that_drops_everything_is_unknown_and_never_shut(world: World) -> None:
    """The control is silent as well, so the silence is the network's."""
    world.filter(f"{OUTSIDE} {TCP} drop;", SILENT_UDP, f"{OUTSIDE} tcp dport {CONTROL_PORT} drop;")
    reports = world.look()
    assert kinds(reports, "home")[f"https {GATE}"] is LookKind.DROPPED
    assert kinds(reports, "internet")[f"https {GATE}"] is LookKind.DROPPED
    assert gate_word(reports) == "unknown"
    assert judge_sides(reports, outside="shut", inside="open").answer is Answer.UNKNOWN
    outside = [vantage_reach(one).because for one in reports if one.vantage != "office"]
    assert ["the control failed" in because for because in outside] == [True, True]


def test_a_control_that_is_dead_beside_an_open_gate_is_unknown(world: World) -> None:
    """A vantage that does not see what it must see is believed in nothing."""
    world.filter(f"tcp dport {CONTROL_PORT} reject with tcp reset;")
    reports = world.look()
    assert kinds(reports, "home")[f"https {GATE}"] is LookKind.ANSWERED
    assert gate_word(reports) == "unknown"
    assert judge_sides(reports, outside="open", inside="open").answer is Answer.UNKNOWN


def test_no_route_to_the_gateway_is_unknown(world: World) -> None:
    """A router's word about the way is not the gate's word, nor when an SSH host repeats it."""
    world.filter(f"{OUTSIDE} {TCP} reject with icmpx type host-unreachable;", SILENT_UDP)
    reports = world.look()
    assert kinds(reports, "home")[f"https {GATE}"] is LookKind.UNREACHABLE
    assert kinds(reports, "internet")[f"https {GATE}"] is LookKind.UNREACHABLE
    assert gate_word(reports) == "unknown"


def test_a_rule_that_shuts_out_the_office_too_is_found(world: World) -> None:
    """Closed for all is not what was asked for."""
    world.filter(f"{TCP} drop;", f"{UDP} drop;")
    reports = world.look()
    assert gate_word(reports) == "shut"
    judged = judge_sides(reports, outside="shut", inside="open")
    assert judged.answer is Answer.FAIL
    assert "should be open, but is shut" in judged.because
    assert judge_sides(reports, outside="shut", inside="shut").passed


def test_a_wrong_certificate_is_neither_open_nor_shut(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By its key and by who signed it, from each vantage; the right one changes nothing."""
    world.filter("tcp dport 80 drop;", SILENT_UDP)
    shown = world.credentials
    right = world.look(
        gate_keys=f'certificate_pins = ["{shown.pin}"]\n'
        f'certificate_authorities = "{shown.certificate}"\n'
    )
    assert judge_sides(right, outside="open", inside="open").answer is Answer.PASS
    stranger = make_credentials(tmp_path_factory.mktemp("stranger"))
    for keys in (
        f'certificate_pins = ["{stranger.pin}"]\n',
        f'certificate_authorities = "{stranger.certificate}"\n',
    ):
        reports = world.look(gate_keys=keys)
        looks = [look for one in reports for look in one.gate if look.wire == "https"]
        assert len(looks) == 6
        assert {look.kind for look in looks} == {LookKind.WRONG_CERTIFICATE}
        assert all(f"its key is {shown.pin}" in look.detail for look in looks)
        assert gate_word(reports) == "unknown"
        assert judge_sides(reports, outside="shut", inside="open").answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("spared", "word"),
    [
        pytest.param("tcp flags & (syn | ack) == syn", "open", id="new only"),
        pytest.param("", "shut", id="all"),
    ],
)
def test_a_rule_that_spares_those_who_are_in_is_not_called_shut(
    world: World, spared: str, word: str
) -> None:
    """Every new look is dropped; nginx still answers over the TLS session from before, or not."""
    world.filter()
    rule = f"{OUTSIDE} {TCP} {spared} drop;"
    reports = world.look(meanwhile=lambda: world.filter(rule, SILENT_UDP))
    for vantage in ("home", "internet"):
        (report,) = (one for one in reports if one.vantage == vantage)
        fresh = [look for look in report.gate if "open before" not in look.detail]
        assert {look.kind for look in fresh} == {LookKind.DROPPED}
        from_before = [look.page for look in report.gate if look not in fresh]
        assert from_before == ([Page.REDIRECT] if spared else [])
    assert gate_word(reports) == word
    judged = judge_sides(reports, outside="shut", inside="open")
    assert judged.passed is not bool(spared), judged.because
    assert ("whoever is in stays in" in judged.because) is bool(spared)

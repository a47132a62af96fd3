"""Each way to close, on a simulated site over real SSH: what is shut, what is refused, and why."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.appliance import Appliance
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE, SimulatedSite
from gatectl.simulator.user_session import SessionKind
from tests.cli.keyboard import Keyboard, Shown
from tests.ports import reserved_port

SPEED = 240.0
BOTH = 'close_methods = ["close-acl", "close-vserver"]'
ONLY = {
    name: (BOTH, f'close_methods = ["{name}"]')
    for name in ("close-acl", "close-vserver", "close-responder")
}
PAGE_ACCEPTED = (BOTH, 'close_methods = ["close-responder"]\naccept_closed_page = true')
BEYOND_HTTP = ('advisories = ["CTX267027"]', 'advisories = ["CTX267027", "CTX697096"]')


@pytest.fixture
def site() -> Iterator[SimulatedSite]:
    """Start a fresh pair."""
    with SimulatedSite(speed=SPEED) as started:
        yield started


@pytest.fixture
def keyboard(site: SimulatedSite, tmp_path: Path) -> Keyboard:
    """Sit down in front of it."""
    return Keyboard.at(site, tmp_path)


def configure(site: SimulatedSite, *lines: str) -> None:
    """Have somebody else configure the primary, which tells the other node, and save it."""
    for line in (*lines, "save ns config"):
        assert site.pair.nodes[0].run_quietly(line, origin="cli"), f"refused: {line}"


def playbooks(shown: Shown) -> list[str]:
    """Name the playbooks that ran, in their order."""
    return [run["playbook"] for run in shown.gate["runs"]]


def rules_of(shown: Shown) -> list[str]:
    """Pick out the packet rules that were written."""
    return [line for line in shown.written if " ns acl" in line]


def saved(node: Appliance, text: str) -> bool:
    """Say whether a text stands in the saved configuration of a node."""
    return any(text in line for line in node.saved_lines())


# --- packet rules


@pytest.mark.parametrize(
    "rule",
    [
        "add ns acl OTHERS DENY -srcIP = 192.0.2.1 -destIP = 192.0.2.2 -priority 50",
        "add ns acl LETS_IN ALLOW -destIP = 127.0.0.1 -protocol TCP -priority 5",
        "add ns acl LETS_ALL_IN ALLOW -priority 6",
    ],
)
def test_a_rule_of_others_in_our_way_is_found_before_anything_is_written(
    site: SimulatedSite, keyboard: Keyboard, rule: str
) -> None:
    """Packet rules are refused, not one is written, and the next method closes the gate."""
    configure(site, rule, "apply ns acls")
    shown = keyboard.type("close", "--json")
    assert shown.code == ExitCode.PROVEN
    assert playbooks(shown) == ["close-acl", "close-vserver"]
    assert [run["ending"] for run in shown.gate["runs"]] == ["refused", "proven"]
    assert rules_of(shown) == []
    assert not site.reachable(OUTSIDE)


def test_a_rule_of_others_that_harms_nothing_is_left_alone(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """Early rules for pings, for the offices, for another port or that refuse are no conflict."""
    configure(
        site,
        "add ns acl PING ALLOW -protocol ICMP -priority 1",
        "add ns acl TOWN_HALL ALLOW -srcIP = 127.0.0.2 -destIP = 127.0.0.1 -priority 2",
        "add ns acl SSH ALLOW -destIP = 127.0.0.1 -destPort = 22 -protocol TCP -priority 3",
        "add ns acl ELSEWHERE ALLOW -destIP = 192.0.2.9 -priority 4",
        "add ns acl BAD_GUY DENY -srcIP = 192.0.2.66 -priority 5",
        "add ns acl LATER ALLOW -destIP = 127.0.0.1 -protocol TCP -priority 500",
        "apply ns acls",
    )
    shown = keyboard.type("close", "--json")
    assert (shown.code, playbooks(shown)) == (ExitCode.PROVEN, ["close-acl"])
    assert (site.reachable(OUTSIDE), site.reachable(INSIDE)) == (False, True)


def test_closing_takes_a_provisional_opening_back(site: SimulatedSite, keyboard: Keyboard) -> None:
    """Else the rules of a reopening, which come first, would let outsiders in until they end."""
    configure(
        site,
        "add ns acl GATECTL_OPEN_TLS ALLOW -destIP = 127.0.0.1 -TTL 90000 -priority 10",
        "apply ns acls",
    )
    shown = keyboard.type("close", "--json")
    assert (shown.code, playbooks(shown)) == (ExitCode.PROVEN, ["close-acl"])
    assert not site.reachable(OUTSIDE)
    assert all("gatectl_open_tls" not in node.configuration.acls for node in site.pair.nodes)


def test_a_rule_of_ours_for_a_former_office_is_no_proof_of_closure(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """It lets people in who are in no office any more, though no vantage can see that."""
    configure(
        site,
        "add ns acl GATECTL_ALLOW_TLS_9 ALLOW -srcIP = 198.51.100.7 -destIP = 127.0.0.1"
        " -priority 40",
        "apply ns acls",
    )
    shown = keyboard.type("close", "--json", config=keyboard.changed(ONLY["close-acl"]))
    assert shown.code == ExitCode.FAILED_SHUT
    assert "nobody-else" in shown.gate["because"]


def test_ipv6_is_refused_by_rules_of_its_own(site: SimulatedSite, keyboard: Keyboard) -> None:
    """Offices of IPv6 are let in first, everybody else is refused, and all of it is saved."""
    config = keyboard.changed(
        (f"port = {site.port}", f'port = {site.port}\naddress6 = "::1"'),
        ('["127.0.0.2/32"]', '["127.0.0.2/32", "2001:db8:1::/48"]'),
        # From wherever the system chooses: only so can one vantage look at both families.
        (f'side = "outside"\nsource = "{OUTSIDE}"', 'side = "outside"'),
    )
    shown = keyboard.type("close", "--json", config=config)
    assert (shown.code, playbooks(shown)) == (ExitCode.PROVEN, ["close-acl"])
    for node in site.pair.nodes:
        lets = [
            node.admits(source=source, destination="::1", port=site.port, protocol=protocol)
            for protocol in ("TCP", "UDP")
            for source in ("2001:db8:2::7", "2001:db8:1::7")
        ]
        assert lets == [False, True, False, True]
        assert saved(node, "GATECTL_DENY6_TLS")
    assert keyboard.type("close", config=config).written == ()


# --- the virtual server and its fronts


@pytest.fixture
def port() -> Iterator[int]:
    """Keep a port for a front of the gateway."""
    with reserved_port() as kept:
        yield kept


def test_the_fronts_of_a_gateway_are_switched_off_with_it(
    site: SimulatedSite, keyboard: Keyboard, port: int
) -> None:
    """Content switching and authentication before a gateway would answer for it."""
    configure(
        site,
        f"add cs vserver cs_portal SSL 127.0.0.1 {port}",
        "add authentication vserver aaa_gw SSL 0.0.0.0",
    )
    fronts = '[{ kind = "cs", name = "cs_portal" }, { kind = "authentication", name = "aaa_gw" }]'
    config = keyboard.changed(
        ONLY["close-vserver"], (f"port = {site.port}", f"port = {site.port}\nfronts = {fronts}")
    )
    shown = keyboard.type("close", "--json", config=config)
    assert (shown.code, shown.gate["state"]) == (ExitCode.PROVEN, "closed")
    for node in site.pair.nodes:
        states = {v.name: v.enabled for v in node.configuration.vservers.values()}
        assert states == {"gw_ext": False, "cs_portal": False, "aaa_gw": False}
        assert saved(node, f"cs_portal SSL 127.0.0.1 {port} -state DISABLED")
    assert keyboard.type("close", config=config).written == ()


# --- the closed page


def test_a_closed_page_alone_is_not_shut(site: SimulatedSite, keyboard: Keyboard) -> None:
    """Outside cannot sign in any more, but reaches the gateway: not proven, and it says so."""
    shown = keyboard.type("close", "--json", config=keyboard.changed(ONLY["close-responder"]))
    assert shown.code == ExitCode.MAYBE_OPEN
    assert shown.gate["state"] == "unknown"
    assert "only the closed page is shown" in shown.gate["because"]
    assert (site.reachable(OUTSIDE), site.reachable(INSIDE)) == (False, True)


def test_a_closed_page_counts_where_the_owner_accepts_it(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """Then the gate is closed and stays so in status, for it is our page and no other."""
    config = keyboard.changed(PAGE_ACCEPTED)
    shown = keyboard.type("close", "--json", config=config)
    assert (shown.code, shown.gate["state"]) == (ExitCode.PROVEN, "closed")
    assert keyboard.type("status", "--json", config=config).code == ExitCode.PROVEN
    assert keyboard.type("close", config=config).written == ()
    for node in site.pair.nodes:
        node.faults.add("gateway-503")
    site.apply_fault("gateway-503")
    broken = keyboard.type("status", "--json", config=config)
    assert broken.code == ExitCode.MAYBE_OPEN, "a 503 of the gateway itself is not our page"


def test_newer_builds_get_the_closed_page_at_the_sign_in_too(tmp_path: Path) -> None:
    """From 13.1 on, what is bound to REQUEST alone would let everybody sign in."""
    with SimulatedSite(speed=SPEED, build="13.1-49.13") as site:
        keyboard = Keyboard.at(site, tmp_path)
        newer = ('advisories = ["CTX267027"]', 'advisories = ["CTX579459"]')
        shown = keyboard.type("close", "--json", config=keyboard.changed(PAGE_ACCEPTED, newer))
        assert shown.code == ExitCode.PROVEN
        assert any("-type AAA_REQUEST" in line for line in shown.written)
        assert not site.reachable(OUTSIDE)


def test_a_build_that_ignores_the_closed_page_is_told_so_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    """12.1 before 50.31 takes the policy and does not run it; the next method closes."""
    with SimulatedSite(speed=SPEED, build="12.1-50.28") as site:
        keyboard = Keyboard.at(site, tmp_path)
        alone = keyboard.type("close", "--json", config=keyboard.changed(ONLY["close-responder"]))
        assert (alone.code, alone.written) == (ExitCode.MAYBE_OPEN, ())
        (blocker,) = alone.gate["blockers"]
        assert blocker["interlock"] == "method-fits"
        assert "does not run them" in blocker["because"]
        methods = (BOTH, 'close_methods = ["close-responder", "close-acl"]')
        shown = keyboard.type("close", "--json", config=keyboard.changed(methods))
        assert (shown.code, playbooks(shown)) == (
            ExitCode.PROVEN,
            ["close-responder", "close-acl"],
        )
        assert not site.reachable(OUTSIDE)


def test_a_closed_page_is_never_the_only_method_against_more_than_requests(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """A bulletin about TLS, DTLS or packets asks for more; somebody may override it by name."""
    config = keyboard.changed(PAGE_ACCEPTED, BEYOND_HTTP)
    shown = keyboard.type("close", "--json", config=config)
    assert (shown.code, shown.written) == (ExitCode.MAYBE_OPEN, ())
    assert [one["interlock"] for one in shown.gate["blockers"]] == ["covers-bulletins"]
    assert "CTX697096" in shown.gate["because"]
    words = ("--override", "covers-bulletins", "--reason", "nothing else works here")
    assert keyboard.type("close", *words, config=config).code == ExitCode.PROVEN
    assert not site.reachable(OUTSIDE)


# --- sessions


@pytest.mark.parametrize("kind", ["ica", "rdp", "pcoip", "aaa"])
def test_sessions_from_outside_are_ended_whatever_their_kind(
    site: SimulatedSite, keyboard: Keyboard, kind: SessionKind
) -> None:
    """A page at the sign-in ends no session: that is what the kill is for."""
    site.pair.nodes[0].begin_session(
        user="jdoe", kind=kind, client_address=OUTSIDE, client_port=50_000
    )
    shown = keyboard.type("close", config=keyboard.changed(PAGE_ACCEPTED))
    assert shown.code == ExitCode.PROVEN
    assert site.pair.nodes[0].sessions == []


def test_sessions_that_survive_keep_a_closing_from_being_proven(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """Counted, ended and counted again: the device's Done alone counts for nothing."""
    site.apply_fault("sessions-survive")
    site.pair.nodes[0].begin_session(
        user="jdoe", kind="rdp", client_address=OUTSIDE, client_port=50_000
    )
    shown = keyboard.type("close", "--json", config=keyboard.changed(PAGE_ACCEPTED))
    assert shown.code == ExitCode.FAILED_SHUT
    assert "end-rdp@ns-a" in shown.gate["because"]


@pytest.mark.parametrize("method", ["close-acl", "close-vserver"])
def test_a_connection_from_before_that_is_still_answered_is_told_and_not_called_shut(
    site: SimulatedSite, keyboard: Keyboard, method: str
) -> None:
    """Every new look is refused, and whoever was in already is still served: not shut."""
    site.apply_fault("connections-survive")
    config = keyboard.changed(
        ('close_methods = ["close-acl", "close-vserver"]', f'close_methods = ["{method}"]')
    )
    shown = keyboard.type("close", "--json", config=config)
    assert not site.reachable(OUTSIDE)
    if method == "close-vserver":
        # It ends the connections as well, so there is nobody left to tell of.
        assert shown.code == ExitCode.PROVEN
        return
    assert shown.code == ExitCode.MAYBE_OPEN
    assert "over a connection that was open before" in shown.gate["because"]
    assert "stays in until the connection ends" in keyboard.type("status", config=config).out


# --- not saved


def test_a_closure_that_is_not_saved_is_a_state_of_its_own(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """Shut now, exit code 5, loudly told; no other method is tried, and no patch begins."""
    struck = site.apply_fault("save-fails").nodes
    shown = keyboard.type("close", "--json")
    assert (shown.code, shown.gate["state"]) == (ExitCode.MAYBE_OPEN, "closed-unsaved")
    assert shown.gate["because"].startswith(f"closed, NOT saved on {struck[0]}: a restart")
    assert playbooks(shown) == ["close-acl"]
    assert (site.reachable(OUTSIDE), site.reachable(INSIDE)) == (False, True)
    assert keyboard.type("status", "--json").code == ExitCode.MAYBE_OPEN
    patch = keyboard.patch(site.image("12.1-55.18"), "--json")
    assert (patch.code, patch.written) == (ExitCode.REFUSED, ())
    told = {one["interlock"] for one in patch.gate["blockers"]}
    assert {"gate-shut", "saved-before"} <= told
    for node in site.pair.nodes:
        node.faults.clear()
    again = keyboard.type("close", "--json")
    assert (again.code, again.gate["state"]) == (ExitCode.PROVEN, "closed")


# --- guards against locking oneself out


def test_nobody_closes_the_gate_that_the_own_connection_runs_through(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """An address from the gate's own pool: refused before anything is written, or overridden."""
    pool = ("close_methods", 'pool_networks = ["127.0.0.0/8"]\nclose_methods')
    config = keyboard.changed(pool)
    shown = keyboard.type("close", "--json", config=config)
    assert (shown.code, shown.written) == (ExitCode.MAYBE_OPEN, ())
    assert {one["interlock"] for one in shown.gate["blockers"]} == {"own-connection"}
    assert site.reachable(OUTSIDE)
    words = ("--override", "own-connection", "--reason", "there is a console")
    assert keyboard.type("close", *words, config=config).code == ExitCode.PROVEN
    assert not site.reachable(OUTSIDE)


def test_rules_that_would_cut_the_way_to_a_node_are_not_sent(
    site: SimulatedSite, keyboard: Keyboard
) -> None:
    """A gateway on a node's own address and port: refusing others there would refuse us."""
    _, port = site._fronts["ns-a"].address
    config = keyboard.changed(ONLY["close-acl"], (f"port = {site.port}\n", f"port = {port}\n"))
    shown = keyboard.type("close", "--json", config=config)
    assert shown.written == ()
    (blocker,) = shown.gate["blockers"]
    assert blocker["interlock"] == "management-path"
    assert "ns-a" in blocker["because"]


# --- again, and with half of the pair


@pytest.mark.parametrize("method", ["close-acl", "close-vserver"])
def test_closing_twice_writes_nothing_the_second_time(keyboard: Keyboard, method: str) -> None:
    """What holds is looked at, not done again; the closed page is asked above."""
    config = keyboard.changed(ONLY[method])
    first = keyboard.type("close", config=config)
    assert (first.code, bool(first.written)) == (ExitCode.PROVEN, True)
    second = keyboard.type("close", config=config)
    assert (second.code, second.written) == (ExitCode.PROVEN, ())


@pytest.mark.parametrize("down", [pytest.param(0, marks=pytest.mark.long), 1])
def test_with_one_node_down_the_other_is_closed_and_saved(
    site: SimulatedSite, keyboard: Keyboard, down: int
) -> None:
    """Not proven, but seen shut: exit code 3, and both nodes are named."""
    gone, left = site.pair.nodes[down], site.pair.nodes[1 - down]
    gone.power_off()
    wait_until_serving(site)
    shown = keyboard.type("close", config=keyboard.changed(ONLY["close-acl"]))
    assert shown.code == ExitCode.FAILED_SHUT
    assert {"ns-a", "ns-b"} <= set(re.findall(r"ns-[ab]", shown.out))
    assert not left.changed_since_saved()
    assert saved(left, "GATECTL_DENY_TLS")
    assert not site.reachable(OUTSIDE)


def wait_until_serving(site: SimulatedSite) -> None:
    """Wait until the node that is left has taken over."""
    ends = time.monotonic() + 10.0
    while site.pair.primary is None:
        assert time.monotonic() < ends, "nobody took over"
        time.sleep(0.05)

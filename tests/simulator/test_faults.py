import random
import time
from collections.abc import Callable, Iterator

import pytest

from gatectl.simulator.appliance import make_pair
from gatectl.simulator.faults import FAULTS, LATE_S, apply_fault
from gatectl.simulator.pair import Pair
from gatectl.simulator.switches import Switches

ROWS = [
    "node-down",
    "half-unreachable",
    "connection-cut",
    "silence",
    "command-lost",
    "command-late",
    "unexpected-question",
    "boots-old-build",
    "never-returns",
    "disk-full",
    "save-fails",
    "sync-never",
    "failover-refused",
    "spontaneous-reboot",
    "unexpected-failover",
    "host-key-changed",
    "acl-apply-ignored",
    "mitigation-ignored",
    "sessions-survive",
    "connections-survive",
    "gateway-503",
]
DENY = "add ns acl DENY_ALL DENY -destIP = 127.0.0.1 -destPort = 21000 -protocol TCP -priority 50"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Make a fast pair."""
    pair = make_pair(
        count=2,
        switches=Switches(speed=600.0),
        vserver_name="gw_ext",
        vip="127.0.0.1",
        vip_port=21_000,
    )
    yield pair
    pair.close()


def chance(seed: int = 1) -> random.Random:
    """Give chance that repeats itself."""
    return random.Random(seed)  # noqa: S311 - the point is that the seed repeats it


def type_in(pair: Pair, *lines: str) -> str:
    """Type lines at the primary's CLI and give what it prints."""
    primary = pair.primary
    assert primary is not None
    session = primary.start_cli(username="nsroot", interactive=True, peer="127.0.0.1")
    try:
        return "".join(session.run(line) for line in lines)
    finally:
        primary.end_cli(session)


def admitted(pair: Pair) -> bool:
    """Ask the primary whether the internet gets in."""
    primary = pair.primary
    assert primary is not None
    return primary.admits(
        source="127.0.0.3", destination="127.0.0.1", port=21_000, protocol="TCP", count=False
    )


def comes_true(claim: Callable[[], bool], *, within_s: float = 5.0) -> bool:
    """Wait until a claim holds."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.01)
    return claim()


@pytest.mark.parametrize("name", ROWS)
def test_every_row_that_a_simulator_can_play_has_a_fault(name: str, pair: Pair) -> None:
    """Each fault has a sentence, and leaves a mark or makes something happen."""
    fault = FAULTS[name]
    assert fault.sentence.endswith(".")
    assert fault.mark or fault.incident
    applied = apply_fault(name, pair, chance())
    assert applied.nodes
    assert "{" not in "".join(mark for node in pair.nodes for mark in node.faults)


def test_an_unknown_fault_is_refused_with_the_known_ones(pair: Pair) -> None:
    """A misspelt name does nothing, and says what there is."""
    with pytest.raises(ValueError, match=r"'node-dwon'.* gateway-503, .*node-down"):
        apply_fault("node-dwon", pair, chance())


def test_the_seed_decides_and_repeats(pair: Pair) -> None:
    """One seed always strikes the same node and command; over many seeds both nodes are struck."""
    assert apply_fault("silence", pair, chance(3)) == apply_fault("silence", pair, chance(3))
    struck = {apply_fault("disk-full", pair, chance(seed)).nodes for seed in range(20)}
    assert struck == {("ns-a",), ("ns-b",)}


def test_a_node_that_is_switched_off_is_down_at_once(pair: Pair) -> None:
    """The struck node goes down and does not come back by itself."""
    (name,) = apply_fault("node-down", pair, chance()).nodes
    (node,) = [node for node in pair.nodes if node.name == name]
    assert node.phase == "down"
    assert not comes_true(lambda: node.phase == "up", within_s=0.5)


def test_ignored_rules_are_applied_without_effect(pair: Pair) -> None:
    """The device says Done, and the internet still gets in; without the fault it does not."""
    apply_fault("acl-apply-ignored", pair, chance())
    assert "ERROR" not in type_in(pair, DENY, "apply ns acls")
    assert admitted(pair)
    for node in pair.nodes:
        node.faults.clear()
    type_in(pair, "apply ns acls")
    assert not admitted(pair)


def test_a_lost_command_is_done_and_changes_nothing(pair: Pair) -> None:
    """The one command that the seed chose says Done and is not carried out."""
    applied = apply_fault("command-lost", pair, chance(2))
    reply = type_in(pair, DENY, "apply ns acls", "save ns config")
    assert "ERROR" not in reply
    if applied.command == "save ns config":
        assert pair.primary is not None
        assert pair.primary.changed_since_saved()
    else:
        assert admitted(pair)


def test_a_late_command_takes_effect_in_the_end(pair: Pair) -> None:
    """Right after its Done nothing has changed; later it has."""
    seed = next(
        seed
        for seed in range(50)
        if chance(seed).choice(FAULTS["command-late"].commands) == "apply ns acls"
    )
    apply_fault("command-late", pair, chance(seed))
    type_in(pair, DENY, "apply ns acls")
    assert admitted(pair)
    assert comes_true(lambda: not admitted(pair), within_s=LATE_S + 5)


def test_a_spontaneous_reboot_waits_for_its_command_and_happens_once(pair: Pair) -> None:
    """The primary goes down after the command, not before it, and only once."""
    applied = apply_fault("spontaneous-reboot", pair, chance())
    primary = pair.primary
    assert primary is not None
    type_in(pair, "show ns version")
    assert not comes_true(lambda: primary.phase == "down", within_s=0.2)
    type_in(pair, applied.command)
    assert comes_true(lambda: primary.phase == "down")
    assert comes_true(lambda: primary.phase == "up")
    assert primary.boots == 2
    session = primary.start_cli(username="nsroot", interactive=True, peer="127.0.0.1")
    session.run(applied.command)
    assert not comes_true(lambda: primary.phase == "down", within_s=0.3)


def test_an_unexpected_failover_changes_the_roles(pair: Pair) -> None:
    """After the command the other node leads, and both are up."""
    applied = apply_fault("unexpected-failover", pair, chance())
    before = pair.primary
    type_in(pair, applied.command)
    assert comes_true(lambda: pair.primary not in (None, before))
    assert [node.phase for node in pair.nodes] == ["up", "up"]


def test_sessions_survive_being_killed(pair: Pair) -> None:
    """The kill is answered with Done and the session is still in the table."""
    primary = pair.primary
    assert primary is not None
    session = primary.begin_session(
        user="jdoe", kind="ica", client_address="127.0.0.3", client_port=4
    )
    apply_fault("sessions-survive", pair, chance())
    assert "Done" in type_in(pair, "kill vpn icaConnection -all")
    assert session.alive
    for node in pair.nodes:
        node.faults.clear()
    type_in(pair, "kill vpn icaConnection -all")
    assert not session.alive

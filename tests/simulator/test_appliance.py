from collections.abc import Callable
from dataclasses import replace

import pytest

from gatectl.simulator.appliance import Appliance, Listener, make_pair
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.switches import Switches
from gatectl.simulator.texts import Refused


def test_a_fresh_pair_serves_its_gateway_on_one_node(
    primary: Appliance, secondary: Appliance
) -> None:
    """The primary listens, the secondary waits, and both are saved."""
    assert primary.listeners() == {Listener("203.0.113.10", 443, "TCP", "gw_ext", "vpn")}
    assert secondary.listeners() == frozenset()
    assert not primary.changed_since_saved()
    assert not secondary.changed_since_saved()


def test_a_pair_can_have_dtls_and_a_redirect() -> None:
    """UDP stands beside TCP, and port 80 is a load balancer of its own."""
    pair = make_pair(count=1, dtls=True, redirect_port=80, switches=Switches(speed=1200))
    found = {(x.port, x.protocol, x.kind) for x in pair.nodes[0].listeners()}
    pair.close()
    assert found == {(443, "TCP", "vpn"), (443, "UDP", "vpn"), (80, "TCP", "lb")}


def test_passwords_are_checked_with_their_user(primary: Appliance) -> None:
    """Both have to be right."""
    assert primary.check_password("nsroot", "nsroot")
    assert not primary.check_password("nsroot", "other")
    assert not primary.check_password("root", "nsroot")


def test_there_is_a_limit_to_sessions(primary: Appliance) -> None:
    """One too many is refused with the device's words, and an end makes room."""
    primary.switches = replace(primary.switches, session_limit=1)
    first = primary.start_cli(username="nsroot", interactive=True, peer="x")
    with pytest.raises(Refused, match="Connection limit to CFE exceeded"):
        primary.start_cli(username="nsroot", interactive=True, peer="x")
    primary.end_cli(first)
    primary.start_cli(username="nsroot", interactive=True, peer="x")


def test_a_late_command_takes_effect_after_its_answer(
    primary: Appliance, cli: CliSession, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """The answer is ` Done` at once, and the change comes by itself."""
    primary.faults.add("command-late")
    assert cli.run("enable ns feature responder") == " Done\n"
    assert "RESPONDER" not in primary.configuration.features
    eventually(lambda: "RESPONDER" in primary.configuration.features)


def test_whoever_asks_is_called_before_each_command(primary: Appliance, cli: CliSession) -> None:
    """The door for more faults sees each line."""
    seen: list[str] = []
    primary.before_command.append(lambda _box, line: seen.append(line))
    cli.run("show ns ip; show foo")
    assert seen == ["show ns ip", "show foo"]


def test_a_session_knows_the_door_that_it_came_in_through(primary: Appliance) -> None:
    """Without a name it is the first VPN vserver."""
    session = primary.begin_session(
        user="jdoe", kind="aaa", client_address="198.51.100.7", client_port=4
    )
    assert (session.vserver, session.entry_address, session.entry_port) == (
        "gw_ext", "203.0.113.10", 443,
    )  # fmt: skip

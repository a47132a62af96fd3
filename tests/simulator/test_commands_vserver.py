import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession


@pytest.mark.parametrize("flush", [True, False])
def test_a_disabled_vserver_is_out_of_service(
    primary: Appliance, cli: CliSession, *, flush: bool
) -> None:
    """The listener goes at once; the sessions go when the vserver flushes."""
    cli.run(f"set vpn vserver gw_ext -downStateFlush {'ENABLED' if flush else 'DISABLED'}")
    session = primary.begin_session(
        user="jdoe", kind="ica", client_address="198.51.100.7", client_port=4
    )
    assert cli.run("disable vpn vserver gw_ext") == " Done\n"
    assert "\tState: OUT OF SERVICE\n" in cli.run("show vpn vserver")
    assert primary.listeners() == frozenset()
    assert session.alive is not flush
    cli.run("enable vpn vserver GW_EXT")
    assert "\tState: UP\n" in cli.run("show vpn vserver")


def test_a_vserver_with_dtls_listens_twice(primary: Appliance, cli: CliSession) -> None:
    """UDP stands beside TCP."""
    cli.run("set vpn vserver gw_ext -dtls ON")
    assert {listener.protocol for listener in primary.listeners()} == {"TCP", "UDP"}


def test_kinds_do_not_mix(primary: Appliance, cli: CliSession) -> None:
    """A load balancer is added, found among its own, and removed."""
    cli.run("add lb vserver web HTTP 203.0.113.11 80")
    assert "web (203.0.113.11:80) - HTTP\tType: ADDRESS" in cli.run("show lb vserver web")
    assert cli.run("show cs vserver web").endswith("ERROR: No such resource\n")
    assert {listener.kind for listener in primary.listeners()} == {"vpn", "lb"}
    assert "Command deprecated" in cli.run("disable vserver web")
    assert {listener.kind for listener in primary.listeners()} == {"vpn"}
    cli.run("rm lb vserver web")
    assert cli.run("show lb vserver") == " Done\n"


def test_an_address_and_port_can_be_served_once(cli: CliSession) -> None:
    """A second vserver at the same place is refused, and so is what is no address."""
    again = cli.run("add vpn vserver other SSL 203.0.113.10 443")
    assert again.endswith("ERROR: Resource already exists\n")
    assert cli.run("add lb vserver x HTTP 1.2.3 80").endswith("ERROR: Invalid IP address\n")


def test_old_builds_have_no_bind_point_for_sign_in(cli: CliSession) -> None:
    """AAA_REQUEST is refused before 13.1."""
    cli.run("enable ns feature responder; add responder policy p true DROP")
    line = "bind vpn vserver gw_ext -policy p -priority 1 -type AAA_REQUEST"
    assert "ERROR: Invalid argument value" in cli.run(line)
    assert cli.run(line.replace("AAA_REQUEST", "REQUEST")) == " Done\n"
    assert cli.run(line.replace("AAA_REQUEST", "REQUEST")).endswith("already exists\n")
    assert cli.run("unbind vpn vserver gw_ext -policy p") == " Done\n"
    assert cli.run("unbind vpn vserver gw_ext -policy p") == "ERROR: Policy not bound\n"

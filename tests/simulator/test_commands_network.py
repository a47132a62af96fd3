from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession


def test_a_disabled_address_answers_nothing(primary: Appliance, cli: CliSession) -> None:
    """All that listens on a VIP goes dark with it, and comes back with it."""
    assert len(primary.listeners()) == 1
    cli.run("disable ns ip 203.0.113.10")
    assert primary.listeners() == frozenset()
    assert "State: DOWN" in cli.run("show vpn vserver gw_ext")
    assert cli.run("show ns ip").splitlines()[3].endswith("Disabled")
    cli.run("enable ns ip 203.0.113.10")
    assert len(primary.listeners()) == 1


def test_features_are_switched_by_their_short_names(primary: Appliance, cli: CliSession) -> None:
    """Case does not matter, and an unknown feature is refused."""
    cli.run("enable ns feature responder")
    assert "RESPONDER" in primary.configuration.features
    cli.run("disable ns feature Responder")
    assert "RESPONDER" not in primary.configuration.features
    assert "ERROR: Invalid argument value" in cli.run("enable feature teapot")


def test_a_setting_for_sequence_numbers_can_be_read_back(cli: CliSession) -> None:
    """What the newest bulletin asks for beside the build."""
    assert "Enhanced ISN Generation : DISABLED" in cli.run("show ns tcpparam")
    cli.run("set ns tcpparam -enhancedISNgeneration ENABLED")
    assert "Enhanced ISN Generation : ENABLED" in cli.run("show ns tcpparam")


def test_variables_are_kept_as_they_were_typed(primary: Appliance, cli: CliSession) -> None:
    """Objects of no further interest are in the configuration all the same."""
    cli.run("add ns variable counter -type ulong")
    assert "add ns variable counter -type ulong" in primary.configuration.lines()
    assert "Name: counter" in cli.run("show ns variable")


def test_a_changed_address_of_the_node_warns(cli: CliSession) -> None:
    """The management address changes with a warning about the reboot."""
    reply = cli.run("set ns config -ipaddress 10.1.1.1 -netmask 255.255.255.0")
    assert reply.startswith("Warning: The configuration must be saved")

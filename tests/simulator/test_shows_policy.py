import re
from collections.abc import Callable

from gatectl.simulator.commandline import CliSession

Transcript = Callable[[str], str]


def test_an_acl_is_shown_byte_for_byte(cli: CliSession, transcript: Transcript) -> None:
    """The recorded rule, typed in, gives the recorded reply."""
    cli.run(
        "add ns acl test_advanced_acl ALLOW -srcIP = 192.168.1.1 -destIP = 10.1.1.1 "
        "-destPort = 25 -protocol TCP -priority 10; apply ns acls"
    )
    for _ in range(4):
        cli.box.admits(source="192.168.1.1", destination="10.1.1.1", port=25, protocol="TCP")
    assert cli.run("show ns acl") == transcript("show-ns-acl@unknown")


def test_a_policy_is_shown_byte_for_byte(cli: CliSession, transcript: Transcript) -> None:
    """The recorded policy, typed in, gives the recorded reply."""
    cli.run("enable ns feature responder")
    cli.run("add responder policy policyThree CLIENT.IP.SRC.IN_SUBNET(222.222.0.0/16) RESET")
    assert cli.run("show responder policy policyThree") == transcript("show-responder-policy@11.1")


def test_sessions_have_the_lines_of_a_device(cli: CliSession, transcript: Transcript) -> None:
    """ICA connections come byte for byte, in long form and as a summary."""
    cli.box.begin_session(
        user="jdoe", kind="ica", client_address="10.46.255.88", client_port=57_014
    )
    assert cli.run("show vpn icaConnection") == transcript("show-vpn-icaconnection@unknown")
    summary = cli.run("show vpn icaConnection -summary").splitlines()
    recorded = transcript("show-vpn-icaconnection@unknown-summary").splitlines()
    assert summary[:3] == recorded[:3]
    assert summary[3].split() == recorded[3].split()


def test_aaa_sessions_are_grouped_by_user(cli: CliSession, transcript: Transcript) -> None:
    """Head and rows have the recorded form."""
    for port in (2318, 2320):
        cli.box.begin_session(
            user="Joe", kind="aaa", client_address="10.102.0.39", client_port=port
        )
    shown = cli.run("show aaa session").splitlines()
    recorded = transcript("show-aaa-session@12.0").splitlines()
    assert shown[:3] == recorded[:3]
    row = r"\t[\d.]+\s+\(\d+\s*\) -> [\d.]+\s+\(\d+\s*\)"
    for rows in (shown, recorded):
        assert [bool(re.fullmatch(row, line)) for line in rows[3:]] == [True, True, False]

import re
from collections.abc import Callable

from gatectl.simulator.commandline import CliSession

Transcript = Callable[[str], str]


def labels(text: str) -> list[str]:
    """Give the beginnings of the lines, up to the first value."""
    return [re.split(r" ?:| was at|\) - ", line.strip())[0] for line in text.splitlines()]


def test_a_content_switch_has_the_lines_of_a_device(
    cli: CliSession, transcript: Transcript
) -> None:
    """Label for label, in the recorded order."""
    cli.run('add cs vserver gw_cs HTTP 192.168.8.178 80 -comment "uid=NNJR"')
    shown = labels(cli.run("show cs vserver"))[1:]
    assert shown == labels(transcript("show-cs-vserver@13.0-cpx-2020"))[1:]


def test_a_load_balancer_begins_as_on_a_device(cli: CliSession, transcript: Transcript) -> None:
    """The labels that it shows are the recorded ones, in their order."""
    cli.run("add lb vserver web HTTP 203.0.113.11 80")
    shown = labels(cli.run("show lb vserver"))[1:]
    recorded = labels(transcript("show-lb-vserver@13.0-vpx-2021"))[1:]
    position = -1
    for label in shown:
        position = recorded.index(label, position + 1)


def test_one_vserver_by_name_has_no_number(cli: CliSession, transcript: Transcript) -> None:
    """The head of a single vserver is indented, and its labels are the recorded ones."""
    cli.run("add lb vserver X-82 HTTP 10.236.135.150 82; disable lb vserver X-82")
    shown = cli.run("show lb vserver X-82")
    assert shown.startswith("\tX-82 (10.236.135.150:82) - HTTP\tType: ADDRESS ")
    recorded = transcript("show-lb-vserver@unknown-down")
    assert labels(shown)[1:5] == labels(recorded)[1:5]


def test_a_gateway_counts_who_is_signed_in(cli: CliSession) -> None:
    """Users of the vserver are in its block."""
    for port in (1, 2):
        cli.box.begin_session(
            user="jdoe", kind="ica", client_address="198.51.100.7", client_port=port
        )
    assert "Current AAA Users: 1" in cli.run("show vpn vserver gw_ext")

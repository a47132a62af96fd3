import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.builds import version_line
from gatectl.simulator.commandline import CliSession

Transcript = Callable[[str], str]


def labels(text: str) -> list[str]:
    """Give the beginnings of the lines, up to the first value."""
    found = []
    for line in text.splitlines():
        stripped = re.sub(r"^\s*\d+\)\s+", "", line).strip()
        stripped = re.sub(r"^(IP):\s+", "IP: ", stripped)
        found.append(re.split(r"\s*[:=]|\s\d|\s+for ", stripped)[0])
    return found


def test_ha_node_has_the_lines_of_a_device(secondary: Appliance, transcript: Transcript) -> None:
    """Seen from the secondary, label for label as recorded."""
    shown = secondary.local_session().run("show ha node")
    assert labels(shown) == labels(transcript("show-ha-node@11.0-64.34-secondary"))
    assert labels(shown) == labels(transcript("show-ha-node@unknown-staysecondary"))


def test_the_values_of_ha_node_depend_on_who_looks(
    primary: Appliance, secondary: Appliance, transcript: Transcript
) -> None:
    """The local node comes first, and its sync state follows from its role."""
    wanted = [
        line.strip()
        for line in transcript("show-ha-node@11.0-64.34-secondary").splitlines()
        if re.search("State|Propagation", line) and "this Master" not in line
    ]
    shown = secondary.local_session().run("show ha node").splitlines()
    found = [x.strip() for x in shown if re.search("State|Propagation", x) and " this " not in x]
    assert found == wanted
    assert "Master State: Primary" in primary.local_session().run("show ha node").split("2)")[0]


@pytest.mark.parametrize("build", ["11.0-63.16", "13.0-71.44"])
def test_the_version_line_is_the_recorded_one(build: str, transcript: Transcript) -> None:
    """Byte for byte where the build's date is known, with the word size on newer ones."""
    recorded = transcript(f"show-ns-version@{build}").splitlines()[0]
    assert version_line(build) == recorded


def test_other_version_lines_have_the_recorded_form(transcript: Transcript) -> None:
    """With the digits taken out they are the same."""

    def form(text: str) -> str:
        return re.sub(r"[A-Z][a-z]{2} ( \d|\d\d) ", "Mon DD ", re.sub(r"\d+:", "N:", text))

    recorded = transcript("show-ns-version@13.0-79.64").splitlines()[0]
    assert len(version_line("13.0-79.64")) == len(recorded)
    assert form(version_line("13.0-79.64"))[:36] == form(recorded)[:36]


def test_ns_config_has_the_lines_of_a_device(single: Appliance, transcript: Transcript) -> None:
    """A stand-alone appliance of a newer build, label for label."""
    shown = single.local_session().run("show ns config")
    assert labels(shown) == labels(transcript("show-ns-config@newer-standalone"))


@pytest.mark.parametrize(
    ("line", "recorded"),
    [("show ns hardware", "show-ns-hardware@11.0-64.34"),
     ("show ns hostName", "show-ns-hostname@unknown")],
)  # fmt: skip
def test_short_facts_have_the_lines_of_a_device(
    cli: CliSession, transcript: Transcript, line: str, recorded: str
) -> None:
    """Label for label."""
    assert labels(cli.run(line)) == labels(transcript(recorded))


def test_columns_stand_where_the_device_has_them(cli: CliSession, transcript: Transcript) -> None:
    """The heads of the tables are the recorded bytes."""
    for line, recorded in (
        ("show ns ip", "show-ns-ip@unknown"),
        ("show ns feature", "show-ns-feature@unknown"),
    ):
        assert cli.run(line).splitlines()[:2] == transcript(recorded).splitlines()[:2]
    surge = transcript("show-ns-feature@unknown").splitlines()[3]
    assert surge.replace("ON", "OFF") in cli.run("show ns feature").splitlines()


def test_a_peer_that_is_down_is_not_guessed_at(primary: Appliance, secondary: Appliance) -> None:
    """The other node's role is unknown while it is silent."""
    secondary.power_off()
    shown = primary.local_session().run("show ha node 1")
    assert "Node State: DOWN" in shown
    assert "Master State: Unknown" in shown


def test_mixed_builds_show_in_the_states(primary: Appliance, secondary: Appliance) -> None:
    """Different builds stop synchronisation and propagation by themselves, unless switched off."""
    secondary.build = "12.1-55.18"
    shown = primary.local_session().run("show ha node")
    assert shown.count("Sync State: AUTO DISABLED") == 2
    assert shown.count("Propagation: AUTO DISABLED") == 2
    primary.pair.switches = replace(primary.pair.switches, mixed_builds_stop_sync=False)
    assert "AUTO DISABLED" not in primary.local_session().run("show ha node")

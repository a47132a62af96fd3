"""The build as it is seen without a login, on a simulated pair over real sockets."""

import re
from pathlib import Path

from gatectl.config.configuration import read_configuration
from gatectl.core.fingerprint import Recognised, Unrecognised
from gatectl.core.gate import Host
from gatectl.shownbuild import see_shown_build
from gatectl.simulator.rehearsal import GATE, SimulatedSite
from gatectl.transport.contract import Transport
from tests.cli.keyboard import FIXED_BUILD, Keyboard

SPEED = 240.0


def nobody(host: Host) -> Transport:
    """Fail: these vantages look from this machine."""
    raise AssertionError(f"{host.name} was connected to")


def test_a_published_build_is_recognised_open_and_shut(tmp_path: Path) -> None:
    """A closed gate still shows it to the offices."""
    with SimulatedSite(speed=SPEED) as site:
        keyboard = Keyboard.at(site, tmp_path)
        gate = read_configuration(keyboard.config).gate(GATE)
        opened = see_shown_build(gate, nobody)
        assert keyboard.type("close").code == 0
        shut = see_shown_build(gate, nobody)
    assert isinstance(opened, Recognised)
    assert (opened.build, opened) == ("12.1-55.13", shut)


def test_a_build_without_a_published_mark_is_told_by_side(tmp_path: Path) -> None:
    """What was shown stands in the reason, for each side."""
    with SimulatedSite(speed=SPEED, build="14.1-73.37") as site:
        keyboard = Keyboard.at(site, tmp_path)
        found = see_shown_build(read_configuration(keyboard.config).gate(GATE), nobody)
    assert isinstance(found, Unrecognised)
    assert re.search("inside: .*outside: .*not a published one", found.because)


def test_a_node_that_claims_another_build_than_it_shows_is_told_by_every_verb(
    tmp_path: Path,
) -> None:
    """Status, exposed and audit name both builds and exit with 7; nobody picks one of them."""
    with SimulatedSite(speed=SPEED, build=FIXED_BUILD) as site:
        keyboard = Keyboard.at(site, tmp_path)
        honest = keyboard.type("status", "--json")
        site.pair.nodes[0].claimed_build = "12.1-57.18"
        status, told = keyboard.type("status", "--json"), keyboard.type("status")
        audit = keyboard.type("audit", "--json")
        exposed = keyboard.type("exposed", "--json")
    assert (honest.code, honest.gate["shown_build"]["answer"]) == (0, "pass")
    assert (status.code, told.code, audit.code, exposed.code) == (7, 7, 7, 7)
    (compared,) = [one for one in audit.gate["compared"] if one["name"] == "shown-build"]
    assert compared["answer"] == "fail"
    for words in (
        status.gate["shown_build"]["because"],
        exposed.gate["shown_build"]["because"],
        compared["found"],
        " ".join(told.out.split()),
    ):
        assert "the box says 12.1-57.18" in words
        assert "that of 12.1-55.18" in words
    assert "DISAGREEMENT" in told.out
    # 12.1-57.18 has the fix of July 2020, and the page is of a build before it.
    assert "CTX276688" in exposed.gate["shown_build"]["applies_besides"]
    assert status.written == audit.written == exposed.written == ()

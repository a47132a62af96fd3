"""`gatectl status`: where a gate stands, and what wakes somebody."""

import re

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE
from tests.cli.conftest import Story
from tests.cli.keyboard import Keyboard


def test_status_of_an_open_gate_is_content(story: Story) -> None:
    """A gate that nobody closed should be open, and is."""
    shown = story["status-before"]
    assert shown.code == ExitCode.PROVEN
    assert shown.out.startswith(f"{GATE}: open (should be open)\n")
    assert "primary, build 12.1-55.13" in shown.out
    assert shown.written == ()


def test_status_of_a_closed_gate_has_both_sides(story: Story) -> None:
    """Closed means that outside is shut and the offices are in, by which method, since when."""
    gate = story["status-shut"].gate
    assert (gate["state"], gate["wanted"]) == ("closed", "shut")
    assert (gate["sides"]["outside"], gate["sides"]["inside"]) == ("shut", "open")
    assert gate["closed_by"] == ["close-acl"]
    assert gate["since"]


def test_status_of_a_provisional_opening_says_when_it_ends(story: Story) -> None:
    """Nobody is told that a gate in its trial time should be shut."""
    shown = story["status-provisional"]
    assert shown.code == ExitCode.PROVEN
    assert "should be" not in shown.out
    assert "gatectl confirm" in shown.out
    assert re.search(r"ends +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, unless", shown.out)


def test_a_gate_opened_behind_gatectls_back_wakes_somebody(keyboard: Keyboard) -> None:
    """What should be shut and answers outside is exit 5."""
    keyboard.type("close")
    primary = keyboard.site.pair.primary
    assert primary is not None
    session = primary.start_cli(username="nsroot", interactive=True, peer="127.0.0.1")
    session.run("rm ns acl GATECTL_DENY_TLS")
    session.run("apply ns acls")
    primary.end_cli(session)
    shown = keyboard.type("status", "--json")
    assert shown.code == ExitCode.MAYBE_OPEN
    assert shown.gate["sides"]["outside"] == "open"
    assert shown.gate["wanted"] == "shut"
    assert shown.written == ()

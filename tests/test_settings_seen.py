"""What nodes show to judge bulletins by, and what happens when one does not answer."""

from gatectl.core.check import Seen, Unreadable
from gatectl.core.exposure import BUILD_LOOK, CONFIGURATION_LOOK
from gatectl.core.netscaler import Reply
from gatectl.errors import Unreachable
from gatectl.settings_seen import see_settings
from tests.builders import NS_A, NS_B, STANDALONE, make_gate
from tests.conversation import Script, ScriptedNodes

LOOKS = (BUILD_LOOK, CONFIGURATION_LOOK)
VERSION = Reply(text="\tNetScaler NS13.1: Build 49.13.nc, Date: Jul 10 2023, 18:36:14   (64-bit)")
RUNNING = Reply(text="set ns config -IPAddress 192.0.2.11\nadd vpn vserver gw SSL 1.2.3.4 443")
WHOLE: Script = [(BUILD_LOOK, VERSION), (CONFIGURATION_LOOK, RUNNING)]


def test_every_node_is_asked_for_everything() -> None:
    """Each by its own session, and the edition comes from the inventory."""
    nodes = ScriptedNodes([], ns_a=WHOLE, ns_b=list(WHOLE))
    seen = see_settings(make_gate(fips=True), nodes, LOOKS)
    assert [one.node for one in seen.nodes] == [NS_A, NS_B]
    assert all(one.fips for one in seen.nodes)
    assert all(set(one.shows) == set(LOOKS) for one in seen.nodes)
    assert seen.trouble == {}
    assert nodes.left() == []


def test_answers_are_read_by_the_parsers_of_looks() -> None:
    """A configuration comes line by line, a version as its build."""
    (seen,) = see_settings(STANDALONE, ScriptedNodes([], ns_a=list(WHOLE)), LOOKS).nodes
    version, running = seen.show(BUILD_LOOK), seen.show(CONFIGURATION_LOOK)
    assert isinstance(version, Seen)
    assert isinstance(running, Seen)
    assert version.records[0]["build"] == "13.1-49.13"
    assert len(running.records) == 2


def test_a_node_that_is_gone_hides_no_other_and_is_asked_no_more() -> None:
    """What was seen before stays; what comes after is unknown, with the reason."""
    history: list[str] = []
    gone: Script = [(BUILD_LOOK, VERSION), (CONFIGURATION_LOOK, Unreachable("no answer"))]
    answers: Script = [*WHOLE, ("show ns ip", Reply(text="", error="No such resource"))]
    nodes = ScriptedNodes(history, ns_a=gone, ns_b=answers)
    seen = see_settings(make_gate(), nodes, (*LOOKS, "show ns ip"))
    first = seen.nodes[0]
    assert isinstance(first.show(BUILD_LOOK), Seen)
    for look in (CONFIGURATION_LOOK, "show ns ip"):
        missing = first.show(look)
        assert isinstance(missing, Unreadable)
        assert "no answer" in missing.because
    assert set(seen.trouble) == {NS_A}
    assert nodes.left() == []
    assert f"forget {NS_A}" in history


def test_a_refused_command_is_unreadable_and_no_trouble() -> None:
    """The node answered; that it does not know the command says nothing of its setting."""
    refused: Script = [
        (BUILD_LOOK, VERSION),
        (CONFIGURATION_LOOK, Reply(text="", error="No such command")),
    ]
    seen = see_settings(STANDALONE, ScriptedNodes([], ns_a=refused), LOOKS)
    assert isinstance(seen.nodes[0].show(CONFIGURATION_LOOK), Unreadable)
    assert seen.trouble == {}

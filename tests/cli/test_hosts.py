"""The verb about trust: host keys are shown, and pinned only when somebody agrees."""

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE
from tests.cli.keyboard import Keyboard
from tests.ports import HoldPort

WRONG_KEY = "SHA256:" + "A" * 43


def pins(keyboard: Keyboard) -> dict[str, str]:
    """Give the fingerprints that the nodes really have."""
    return {node.name: node.host_key_sha256 for node in keyboard.site.access().nodes}


def unpin(keyboard: Keyboard) -> None:
    """Take the pins out of the configuration."""
    changes = [(f'host_keys = ["{pin}"]\n', "") for pin in pins(keyboard).values()]
    keyboard.changed(*changes).replace(keyboard.config)


def test_the_keys_of_all_nodes_are_shown_without_a_login(bystander: Keyboard) -> None:
    """Each node's fingerprint stands with its name, and that it is pinned; nobody logged in."""
    shown = bystander.type("hostkeys")
    assert shown.code == ExitCode.PROVEN
    for node, pin in pins(bystander).items():
        assert f"{GATE} {node} (" in shown.out
        assert f"{pin}  pinned" in shown.out
    assert shown.arrived == ()


def test_keys_that_are_not_pinned_are_shown_as_such(bystander: Keyboard) -> None:
    """A configuration without pins is good enough for this one verb."""
    unpin(bystander)
    shown = bystander.type("hostkeys", "--json")
    assert shown.code == ExitCode.PROVEN
    assert [row["pinned"] for row in shown.document["nodes"]] == [False, False]
    offered = {row["node"]: row["offered"] for row in shown.document["nodes"]}
    assert all(pin in offered[node] for node, pin in pins(bystander).items())


def test_pinning_without_a_terminal_needs_a_yes(bystander: Keyboard) -> None:
    """Nobody can be asked, so nothing is pinned."""
    unpin(bystander)
    before = bystander.config.read_text(encoding="utf-8")
    shown = bystander.type("hostkeys", "--pin")
    assert shown.code == ExitCode.REFUSED
    assert "--yes" in shown.one_sentence_and_a_hint()
    assert bystander.config.read_text(encoding="utf-8") == before


def test_pinning_with_a_yes_makes_the_configuration_whole(bystander: Keyboard) -> None:
    """After --pin --yes every verb trusts exactly these keys."""
    unpin(bystander)
    assert bystander.type("status").code == ExitCode.INVALID
    assert bystander.type("hostkeys", "--pin", "--yes").code == ExitCode.PROVEN
    assert bystander.type("status").code == ExitCode.PROVEN
    text = bystander.config.read_text(encoding="utf-8")
    assert all(pin in text for pin in pins(bystander).values())


def test_another_key_than_the_pinned_one_is_told_loudly(bystander: Keyboard) -> None:
    """Exit 4, for somebody else may have answered."""
    pin = pins(bystander)["ns-a"]
    config = bystander.changed((pin, WRONG_KEY))
    shown = bystander.type("hostkeys", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    assert "find out why" in shown.out


def test_a_node_that_does_not_answer_does_not_hide_the_other(
    bystander: Keyboard, shut_port: HoldPort
) -> None:
    """The node that answers is shown, the other has its sentence, and the code says so."""
    port = bystander.site.access().nodes[0].port
    config = bystander.changed((f"port = {port}\n", f"port = {shut_port()}\n"))
    shown = bystander.type("hostkeys", "--json", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    rows = {row["node"]: row for row in shown.document["nodes"]}
    assert rows["ns-a"]["sentence"]
    assert rows["ns-b"]["pinned"] is True


def test_another_key_takes_a_pins_place_only_with_replace(bystander: Keyboard) -> None:
    """A yes is for a first pin; a key that changed wants a word of its own."""
    pin = pins(bystander)["ns-a"]
    config = bystander.changed((pin, WRONG_KEY))
    refused = bystander.type("hostkeys", "--pin", "--yes", config=config)
    assert refused.code == ExitCode.REFUSED
    assert "--replace" in refused.one_sentence_and_a_hint()
    assert WRONG_KEY in config.read_text(encoding="utf-8")
    bystander.type("hostkeys", "--pin", "--replace", "--yes", config=config)
    assert WRONG_KEY not in config.read_text(encoding="utf-8")
    assert pin in config.read_text(encoding="utf-8")

"""After a closing each node's configuration is kept, and where it is not, that is on record."""

from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard


def test_a_look_that_fails_is_on_record_and_the_closing_stands(keyboard: Keyboard) -> None:
    """Later somebody asks why nobody knows whether the configuration is as before."""
    first, second = keyboard.site.pair.nodes
    first.faults.add("cut:show ns runningConfig")
    assert keyboard.type("close").code == ExitCode.PROVEN
    events = keyboard.events()
    assert {one["node"] for one in events if one["kind"] == "configuration.seen"} == {second.name}
    notes = [one["text"] for one in events if one["kind"] == "note"]
    assert any(f"the configuration of {first.name} was not kept: " in text for text in notes)

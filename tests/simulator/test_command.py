import pytest

from gatectl.simulator.command import Disconnected, ScriptedTerminal


def test_a_scripted_terminal_answers_in_order_and_then_with_nothing() -> None:
    """Answers are used up, and an unexpected question gets an empty line."""
    terminal = ScriptedTerminal(["y"])
    assert (terminal.ask("sure? "), terminal.ask("really? ")) == ("y", "")
    assert terminal.text == "sure? y\nreally? \n"
    with pytest.raises(Disconnected):
        terminal.cut()

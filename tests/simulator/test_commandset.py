from gatectl.simulator.commandset import COMMANDS
from gatectl.simulator.dialect import resolve, tokenise

READING = ("show", "diff", "help", "man", "history", "whoami", "exit", "quit")
SESSION_ONLY = ("set cli prompt", "clear cli prompt", "set cli mode", "shell")


def test_each_command_is_found_by_its_own_full_name() -> None:
    """No command hides another."""
    for command in COMMANDS:
        assert resolve(tokenise(command.text), COMMANDS)[0] is command


def test_everything_that_is_not_a_look_counts_as_a_write() -> None:
    """A command may only be declared harmless by its verb, or by being about the session."""
    for command in COMMANDS:
        harmless = command.words[0] in READING or command.text in SESSION_ONLY
        assert command.writes != harmless or command.text == "show techsupport", command.text

"""The README says what the code does now."""

from pathlib import Path

import pytest

from gatectl.cli.catalogue import VERBS
from gatectl.core.gate import state_diagram
from gatectl.errors import MEANINGS

ROOT = Path(__file__).parent.parent


@pytest.fixture(name="readme")
def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_exit_codes_of_the_readme_are_those_of_the_code(readme: str) -> None:
    """Code and meaning stand in the table exactly as in `errors.py`, and no others."""
    table = readme.split("<!-- exit codes")[1].split("<!-- end of exit codes", maxsplit=1)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    told = {int(code): meaning for code, meaning in rows[1:]}
    assert told == {int(code): meaning for code, meaning in MEANINGS.items()}


def test_state_diagram_of_the_readme_is_printed_from_the_table(readme: str) -> None:
    """Whoever changes the table prints the diagram again."""
    drawn = readme.split("```mermaid\n")[1].split("\n```", maxsplit=1)[0]
    assert drawn == state_diagram()


def test_both_commands_of_the_readme_are_those_that_ci_runs(readme: str) -> None:
    """`.ci/run` calls the test command of the README, letter by letter."""
    commands = [line for line in readme.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert commands[1] in ci.splitlines()


def test_verbs_in_the_readme_exist(readme: str) -> None:
    """Every `gatectl VERB` that the README tells somebody to type is a verb."""
    named = {
        words[1]
        for line in readme.splitlines()
        if (words := line.split()) and words[0] == "gatectl" and len(words) > 1
    }
    verbs = {word for word in named if not word.startswith("-")}
    assert verbs
    assert verbs <= set(VERBS)

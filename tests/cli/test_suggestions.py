"""What a shell offers to complete, asked as a shell asks for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.keyboard import REPOSITORY, clean_environment

PROGRAM = "from gatectl.cli import main; main()"
CONFIGURATION = (REPOSITORY / "config.example.toml").read_text()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write the example's one gate under two names."""
    gate = CONFIGURATION[CONFIGURATION.index("[gates.") :]
    name = gate[len("[gates.") : gate.index("]")]
    path = tmp_path / "config.toml"
    path.write_text(
        (CONFIGURATION + "\n" + gate.replace(f"[gates.{name}", "[gates.zeeland")).replace(
            '# tags = ["north"]', 'tags = ["north"]'
        ),
        encoding="utf-8",
    )
    return path


def offered(words: str, configuration: Path) -> list[str]:
    """Give what is offered behind these words, the last of which is only begun."""
    done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=REPOSITORY,
        env=clean_environment(
            _GATECTL_COMPLETE="bash_complete",
            COMP_WORDS=words,
            COMP_CWORD=str(len(words.split(" ")) - 1),
            GATECTL_CONFIG=str(configuration),
        ),
    )
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


def test_the_gates_of_the_configuration_are_offered(file: Path) -> None:
    """Those that begin like what was typed, and none that is on the line already."""
    assert offered("gatectl close ze", file) == ["zeeland"]
    assert len(offered("gatectl close ", file)) == 2
    assert "zeeland" not in offered("gatectl close zeeland ", file)


def test_a_gate_is_offered_wherever_one_is_named(file: Path) -> None:
    """Verbs about a case name it with an option."""
    assert offered("gatectl report --gate ze", file) == ["zeeland"]


def test_groups_and_tags_are_offered(file: Path) -> None:
    """Behind the option that takes them."""
    assert offered("gatectl close --group n", file) == ["north"]


def test_the_playbooks_are_offered(file: Path) -> None:
    """Those that come with gatectl are among them."""
    assert offered("gatectl plan close-a", file) == ["close-acl"]


def test_a_configuration_given_on_the_line_is_the_one_that_counts(
    file: Path, tmp_path: Path
) -> None:
    """As it is for the verb itself."""
    assert offered(f"gatectl --config {file} close ze", tmp_path / "none.toml") == ["zeeland"]


@pytest.mark.parametrize("text", [None, "[gates", "gates = 3"], ids=["none", "cut", "wrong"])
def test_a_broken_configuration_offers_nothing_and_says_nothing(
    text: str | None, tmp_path: Path
) -> None:
    """A shell that completes is no place for a message."""
    path = tmp_path / "broken.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert offered("gatectl close ", path) == []

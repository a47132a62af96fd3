"""Completion, the manual page and the guide for the night."""

import shutil
import subprocess
import sys

import pytest

from gatectl.cli.catalogue import VERBS
from tests.cli.keyboard import REPOSITORY, clean_environment, type_in

PROGRAM = "from gatectl.cli import main; main()"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell: str) -> None:
    """What is printed calls gatectl back by the variable that click listens to."""
    shown = type_in("completion", shell)
    assert shown.code == 0
    assert f"_GATECTL_COMPLETE={shell}_complete" in shown.out


def test_the_completion_knows_the_verbs() -> None:
    """As a shell asks for it: the words so far come in the environment."""
    done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=REPOSITORY,
        env=clean_environment(
            _GATECTL_COMPLETE="bash_complete", COMP_WORDS="gatectl clo", COMP_CWORD="1"
        ),
    )
    assert done.stdout.split() == ["plain,close"]


def test_an_unknown_shell_is_refused() -> None:
    """Three are known."""
    assert type_in("completion", "tcsh").code == 2


def test_the_manual_has_every_verb_and_every_exit_code() -> None:
    """Made from what the verbs say of themselves, so that it cannot lag behind."""
    shown = type_in("man")
    assert shown.code == 0
    headings = [line for line in shown.out.splitlines() if line.startswith(".SS ")]
    for name in VERBS:
        escaped = name.replace("-", "\\-")
        assert any(line.split()[1] == escaped for line in headings), name
    assert "the gate may be open" in shown.out


def test_groff_has_nothing_to_object_to() -> None:
    """Every warning is on."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff here")
    page = type_in("man").out
    done = subprocess.run(  # noqa: S603 - the formatter, with our own page
        [groff, "-man", "-Tutf8", "-ww"],
        input=page,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("language", "word"), [("nl", "DE NACHT ZELF"), ("en", "THE NIGHT")])
def test_the_guide_speaks_the_language_that_is_asked_for(language: str, word: str) -> None:
    """Dutch and English."""
    assert word in type_in("help", "crisis", "--language", language).out


def test_the_guide_speaks_the_language_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """LC_ALL before LANG, as everywhere."""
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert "DE NACHT ZELF" in type_in("help", "crisis").out

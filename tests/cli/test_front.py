"""The front door: the same words as behind it, and none of the libraries."""

import json
import subprocess
import sys

import pytest

from gatectl.cli import front
from gatectl.cli.catalogue import VERBS
from tests.cli.keyboard import REPOSITORY, clean_environment, type_in

NOT_NEEDED = ("click", "paramiko", "rich", "pydantic", "structlog", "sqlite3", "gatectl.errors")


@pytest.mark.parametrize("columns", ["80", "81", "100", "200"])
@pytest.mark.parametrize("words", ["--help", "-h", "--version"])
def test_the_front_says_what_click_says(
    monkeypatch: pytest.MonkeyPatch, words: str, columns: str
) -> None:
    """Whatever is said without click is letter by letter what click would have said."""
    monkeypatch.setenv("COLUMNS", columns)
    assert front.answer([words]) == type_in(words).out


def test_a_line_too_long_is_folded_as_click_folds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb whose line does not fit is laid out as click would, too."""
    monkeypatch.setitem(VERBS, "log", ("looks:log", "words upon words " * 9))
    assert front.help_text() == type_in("--help").out


def test_only_lone_questions_are_answered_at_the_front() -> None:
    """Anything with a verb or another option in it is for click to parse."""
    for words in ([], ["close"], ["close", "--help"], ["--version", "close"], ["-v", "--help"]):
        assert front.answer(words) is None


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_the_front_imports_no_library(word: str) -> None:
    """The process ends with code 0 before click, or anything else of weight, was imported."""
    program = (
        "import atexit, json, sys\n"
        f"heavy = {NOT_NEEDED!r}\n"
        "loaded = lambda: [one for one in heavy if one in sys.modules]\n"
        "tell = lambda: print(json.dumps(loaded()), file=sys.stderr)\n"
        "atexit.register(tell)\n"
        f"sys.argv = ['gatectl', {word!r}]\n"
        "from gatectl.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=clean_environment(),
        cwd=REPOSITORY,
    )
    assert json.loads(done.stderr) == []
    assert done.stdout == front.answer([word])

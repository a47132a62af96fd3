"""Every verb: found, helped, and imported no sooner than it is needed."""

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from gatectl.cli.catalogue import VERBS
from gatectl.cli.verbgroup import Catalogue
from tests.cli.keyboard import REPOSITORY, clean_environment, type_in

HEAVY = ("paramiko", "rich", "pydantic", "structlog", "sqlite3", "tenacity", "gatectl.operation")


def verb_named(name: str) -> click.Command:
    """Import a verb through the catalogue."""
    verb = Catalogue().get_command(click.Context(Catalogue()), name)
    assert verb is not None
    return verb


@pytest.mark.parametrize("name", VERBS)
def test_the_first_sentence_of_a_verbs_help_is_the_catalogues_line(name: str) -> None:
    """What `gatectl --help` promises in a line is what the verb's own help begins with."""
    text = " ".join((verb_named(name).help or "").split())
    line = VERBS[name][1]
    assert text.startswith(line)
    assert not text[len(line)].isalnum()


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_within_80_columns(name: str) -> None:
    """`gatectl VERB --help` works, names the verb, and fits a small terminal."""
    shown = type_in(name, "--help")
    assert shown.code == 0
    assert f"Usage: gatectl {name}" in shown.out
    assert max(len(line) for line in shown.out.splitlines()) <= 80
    assert shown.err == ""


WRITES = {"close", "mitigate", "patch", "reopen", "confirm", "run"}
SPEAK_JSON_ANYWAY = {"schema", "init", "simulate", "watch", "help", "man", "completion"}


def leaves(verb: click.Command) -> Iterator[click.Command]:
    """Give a verb, or the verbs below it."""
    if isinstance(verb, click.Group):
        for one in verb.commands.values():
            yield from leaves(one)
    else:
        yield verb


def options_of(name: str) -> set[str]:
    """List the options that a verb has, and all verbs below it have."""
    sets = [{text for one in leaf.params for text in one.opts} for leaf in leaves(verb_named(name))]
    return set.intersection(*sets)


def all_options_of(name: str) -> set[str]:
    """List the options that a verb or any verb below it has."""
    return {text for leaf in leaves(verb_named(name)) for one in leaf.params for text in one.opts}


@pytest.mark.parametrize("name", sorted(WRITES))
def test_every_verb_that_can_write_has_a_dry_run(name: str) -> None:
    """`-n` and `--dry-run` are there on each."""
    assert options_of(name) >= {"-n", "--dry-run"}


@pytest.mark.parametrize("name", sorted(set(VERBS) - SPEAK_JSON_ANYWAY))
def test_every_verb_that_prints_has_json(name: str) -> None:
    """`--json` is there on each; a schema and the line of simulate are JSON anyway."""
    assert "--json" in options_of(name)


@pytest.mark.parametrize("name", VERBS)
def test_no_verb_has_a_force(name: str) -> None:
    """What may be overridden is named one by one and has a reason."""
    assert not {"--force", "-f", "--yes-i-know"} & all_options_of(name)


def test_no_verb_takes_a_secret_on_the_command_line() -> None:
    """A password on a command line would stand in the list of processes."""
    words = {text for name in VERBS for text in all_options_of(name)}
    assert not {text for text in words if any(s in text for s in ("password", "secret"))}


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=["help", "version"])
def test_help_and_version_import_next_to_nothing(words: list[str]) -> None:
    """Whoever asks for help gets it at once, even where a dependency is broken."""
    program = (
        "import json, sys\n"
        "from gatectl.cli.entry import run\n"
        f"code = run({words!r})\n"
        f"print(json.dumps([code, [m for m in {HEAVY!r} if m in sys.modules]]), file=sys.stderr)\n"
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
    assert json.loads(done.stderr) == [0, []]

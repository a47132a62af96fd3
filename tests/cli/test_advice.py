"""Advice and decisions, typed."""

import json
from pathlib import Path

import pytest

from tests.cli.keyboard import Keyboard

ADD = (
    *("advice", "add", "--source", "NCSC", "--id", "N-1", "--by", "officer"),
    *("--received", "2020-01-18 15:30"),
)


@pytest.fixture(name="desk")
def _desk(bystander: Keyboard) -> Keyboard:
    """Open a case."""
    assert bystander.type("case", "open", "winter").code == 0
    return bystander


def test_a_new_revision_shows_what_changed_and_what_is_unsettled(
    desk: Keyboard, tmp_path: Path
) -> None:
    """Text by file or by word; the decision on the old one is named."""
    file = tmp_path / "advice.txt"
    file.write_text("Mitigate.\n", encoding="utf-8")
    first = (*ADD, "--revision", "1", "--says", "mitigate", "--file", str(file))
    assert desk.type(*first).code == 0
    conditions = ("--conditions", "watched", "--why", "it works", "--by", "board")
    decided = ("decide", "keep-open-under-conditions", "--on", "NCSC N-1 1", *conditions)
    assert desk.type(*decided).code == 0
    shown = desk.type(*ADD, "--revision", "2", "--says", "switch-off", "--text", "Switch off.\n")
    assert shown.code == 0
    assert "says: mitigate -> switch-off" in shown.out
    assert "+Switch off." in shown.out
    assert "decide again" in shown.out
    told = json.loads(desk.type("advice", "list", "--json").out)
    assert [one["superseded"] for one in told["advice"]] == [True, False]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("decide", "accept-until", "--by", "b", "--why", "x"), "--until"),
        (("decide", "close", "--until", "2020-02-01", "--by", "b", "--why", "x"), "--until"),
        (("decide", "keep-open-under-conditions", "--by", "b", "--why", "x"), "--conditions"),
        (("decide", "close", "--by", "b", "--why", "x", "--on", "nothing"), "no advice"),
        ((*ADD, "--revision", "1", "--says", "shout"), "shout"),
        ((*ADD, "--revision", "1", "--says", "patch", "--text", "a", "--file", "/dev/null"), ""),
    ],
)
def test_halves_are_refused(desk: Keyboard, words: tuple[str, ...], says: str) -> None:
    """A risk for ever, conditions that nobody names, a ground that is not on record."""
    shown = desk.type(*words)
    assert shown.code == 2
    assert says in shown.err


@pytest.mark.parametrize("moment", ["yesterday", "0001-01-01", "2020-13-01"])
def test_a_moment_that_is_none_is_refused(desk: Keyboard, moment: str) -> None:
    """Nothing is put on record at a time that nobody meant."""
    words = ("advice", "add", "--source", "x", "--id", "y", "--revision", "1", "--by", "z")
    shown = desk.type(*words, "--says", "patch", "--received", moment)
    assert shown.code == 2
    assert "moment" in shown.err or "too long ago" in shown.err

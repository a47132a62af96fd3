"""The guide for the night: one screen, both languages, and only commands that there are."""

import re

import pytest

from gatectl.cli.catalogue import VERBS
from gatectl.core.crisis import GUIDES, Language, language_of


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_guide_is_one_screen(language: Language) -> None:
    """24 lines of 80 columns, as the smallest terminal of a console has."""
    lines = GUIDES[language].splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_command_of_the_guide_is_a_verb(language: Language) -> None:
    """At three in the morning nobody finds out what was meant."""
    named = re.findall(r"gatectl ([a-z]+)", GUIDES[language])
    assert set(named) <= set(VERBS)
    assert named.index("close") < named.index("patch") < named.index("reopen")


def test_both_languages_name_the_same_commands_in_the_same_order() -> None:
    """A translation leaves nothing out."""
    english, dutch = (re.findall(r"gatectl ([a-z]+)", GUIDES[one]) for one in ("en", "nl"))
    assert english == dutch


@pytest.mark.parametrize(
    ("locale", "language"), [("nl_NL.UTF-8", "nl"), ("nl", "nl"), ("en_GB", "en"), ("C", "en")]
)
def test_the_language_is_that_of_the_locale(locale: str, language: str) -> None:
    """Dutch where the system speaks Dutch, else English."""
    assert language_of(locale) == language

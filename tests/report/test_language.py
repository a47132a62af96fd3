"""The words of each language."""

import re
import string
from datetime import date, timedelta
from typing import Any

import pytest

from gatectl.config.document import read_toml
from gatectl.core.answer import Free, Money, Private, Sentence, Term, Value
from gatectl.core.casework import Choice, Says
from gatectl.report.language import LANGUAGES, TEXTS, Code, language, translations
from tests.casefile import at
from tests.report.pages import CET


def flat(tables: dict[str, Any]) -> dict[str, object]:
    """Give every text by its table and key; translations of free texts are one language's own."""
    return {
        f"{table}.{key}": text
        for table, texts in tables.items()
        if table != "free"
        for key, text in texts.items()
    }


def test_every_language_has_the_same_keys() -> None:
    """A sentence that one language lacks would break its report."""
    first, *others = (flat(read_toml(TEXTS / f"{code}.toml")).keys() for code in LANGUAGES)
    for other in others:
        assert first == other


def test_every_language_says_the_same_values() -> None:
    """A time that one language leaves out would be missing for its readers."""

    def fields(text: object) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(str(text)) if name}

    english, dutch = (flat(read_toml(TEXTS / f"{code}.toml")) for code in ("en", "nl"))
    for key, text in english.items():
        assert fields(text) == fields(dutch[key]), key


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("nl", at(18, 19), "18 januari 2020 om 20:00 uur"),
        ("en", at(18, 19), "18 January 2020 at 20:00"),
        ("nl", date(2020, 1, 27), "27 januari 2020"),
        ("en", timedelta(days=8, hours=12, minutes=45), "8 days and 12 hours"),
        ("nl", timedelta(hours=4, minutes=30), "4 uur en 30 minuten"),
        ("nl", timedelta(days=1, minutes=1), "1 dag en 1 minuut"),
        ("en", timedelta(), "at once"),
        ("nl", Money(123_456), "€ 1.234,56"),
        ("en", Money(123_456), "€1,234.56"),
        ("nl", 14.0, "14"),
        ("nl", 1.5, "1,5"),
        ("en", 1234, "1,234"),
        ("nl", Term("says", Says.SWITCH_OFF), "uitzetten"),
        ("en", Term("kind", "something.new"), "another record"),
        ("en", Free("see https://x.example/y"), "see x.example/y"),
        ("en", Free("a\x1bb\nc"), "a\\x1bb\\x0ac"),
        ("en", Private("12.1-55.18"), "12.1-55.18"),
    ],
)
def test_a_value_is_told_as_people_of_the_language_write_it(
    code: Code, value: Value, told: str
) -> None:
    """Times are those of the zone, numbers have the language's marks, and nothing is a link."""
    assert language(code, zone=CET).value(value) == told


def test_what_is_private_is_left_out_in_public() -> None:
    """A build is no matter for everybody."""
    words = language("en", zone=CET, veil=str.upper)
    assert words.value(Private("12.1-55.18")) == "[left out]"
    assert words.value(Free("told")) == "TOLD"


def test_one_of_something_has_a_sentence_of_its_own() -> None:
    """Nobody reads of 1 looks."""
    words = language("en", zone=CET)
    one = Sentence(key="inside-open", values={"looks": 1})
    many = Sentence(key="inside-open", values={"looks": 2})
    assert "the one look" in words.sentence(one)
    assert "all 2 looks" in words.sentence(many)


def test_every_choice_and_every_kind_of_record_has_a_word() -> None:
    """A report never shows the name that a record has in the journal."""
    for code in LANGUAGES:
        tables = read_toml(TEXTS / f"{code}.toml")
        assert set(Says) <= tables["says"].keys()
        assert set(Choice) <= tables["choice"].keys()


def test_a_translated_text_is_told_in_the_language_of_the_report() -> None:
    """Also behind the sign of a comparison."""
    words = language("nl", zone=CET, more={"Switch off.": "Zet uit."})
    assert words.text("Switch off.") == "Zet uit."
    assert words.text("+Switch off.") == "+Zet uit."
    assert words.text("Switch on.") == "Switch on."


def test_a_story_without_translations_has_none() -> None:
    """English is what it was written in."""
    assert translations("almelo-2020", "en") == {}
    assert translations("almelo-2020", "nl")


def test_no_text_holds_a_link_or_markup() -> None:
    """What comes from these files is printed on a page that asks the network for nothing."""
    for path in TEXTS.glob("*.toml"):
        assert not re.search(r"https?:|<[a-z/]", path.read_text(encoding="utf-8")), path.name

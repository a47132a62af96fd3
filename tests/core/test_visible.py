import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Done, señor Łukasz 東京", "Done, señor Łukasz 東京"),
        ("\x1b[2J\x1b]52;c;eA==\x07", r"\x1b[2J\x1b]52;c;eA==\x07"),
        ("open\rshut", r"open\x0dshut"),
        ("a\nb\tc\x00", r"a\x0ab\x09c\x00"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("user\u202etxt.exe\u2066", r"user\u202etxt.exe\u2066"),
        ("ze\u200bro\u200d\ufeff\u00ad", r"ze\u200bro\u200d\ufeff\xad"),
        ("line\u2028para\u2029\u00a0", r"line\u2028para\u2029\xa0"),
        ("\udc80\ud800", r"\udc80\ud800"),
        ("\u3164\u115f\u2800", r"\u3164\u115f\u2800"),
        ("a\ufe0f\U000e0101\U000e0041", r"a\ufe0f\U000e0101\U000e0041"),
        ("\ue000\U0010ffff", r"\ue000\U0010ffff"),
        ("a\u20dd", r"a\u20dd"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    """Controls, hidden and reversing characters become text; letters of any language stay."""
    assert visible(text) == shown


def test_marks_cannot_pile_up() -> None:
    """A letter keeps two marks; the three hundred others are written out."""
    shown = visible("Z" + "\u0301" * 300, limit=10_000)
    assert shown.startswith("Z\u0301\u0301\\u0301")
    assert shown.count("\u0301") == 2


@pytest.mark.parametrize("text", ["\u0301open", "\x1b\u0301", "a\n\u0301b"])
def test_a_mark_never_lands_on_text_that_is_not_its_own(text: str) -> None:
    """At the beginning, after an escape and at the start of a line it is written out."""
    assert "\u0301" not in visible(text, keep_newlines=True)


def test_lines_stay_lines_only_when_asked() -> None:
    """Lines and columns are kept for tables of a device; a lone carriage return never."""
    assert visible("a\tb\r\nc\rd\n", keep_newlines=True) == "a   b\nc\\x0dd\n"


def test_a_long_text_is_cut_and_says_so() -> None:
    """The cut is told together with how much is missing."""
    assert visible("x" * 12, limit=5) == "xxxxx...[7 characters more]"
    assert visible("\x1b" * 12, limit=9) == r"\x1b\x1b...[10 characters more]"
    assert visible("12345", limit=5) == "12345"


@given(st.text(st.characters(), max_size=200))
def test_nothing_but_printable_characters_is_shown(text: str) -> None:
    """Whatever comes in, no control, format, surrogate or private character goes out."""
    for shown in (visible(text), visible(text, keep_newlines=True).replace("\n", "")):
        assert shown.isprintable()
        assert not {unicodedata.category(one)[0] for one in shown} & {"C"}
    assert visible(visible(text)) == visible(text)

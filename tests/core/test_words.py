"""A hash as words: every byte has one, nobody confuses two, and none ever changes."""

import hashlib

import pytest

from gatectl.core.words import WORD_LIST, digits_of, words_of

DIGEST = hashlib.sha256(b"a journal").hexdigest()


def test_every_byte_has_a_word_of_its_own() -> None:
    """256 words, short enough for paper, each told apart by its first four letters."""
    assert len(WORD_LIST) == 256
    assert len({word[:4] for word in WORD_LIST}) == 256
    assert max(map(len, WORD_LIST)) <= 8


def test_the_words_are_those_that_were_written_on_paper_before() -> None:
    """A list that was changed would make every older paper a lie."""
    known = hashlib.sha256(" ".join(WORD_LIST).encode()).hexdigest()
    assert known == "a3e7eb2e2f46f8d0be947db9a2046367b29dca50e9024d9de49f2a49709c363b"


def test_words_are_read_back_into_the_same_digits() -> None:
    """Sixteen words are half of the hash."""
    words = words_of(DIGEST)
    assert len(words.split()) == 16
    assert digits_of(words) == DIGEST[:32]


def test_four_letters_in_any_case_are_enough() -> None:
    """What was written down in haste is still understood."""
    words = words_of(DIGEST, 8)
    hasty = " ".join(word[:4].upper() for word in words.split())
    assert digits_of(hasty) == DIGEST[:16]


@pytest.mark.parametrize("word", ["", "gatectl", "aci", "acidd", "\x1b[31m"])
def test_another_word_is_refused(word: str) -> None:
    """A slip of the pen is told and not guessed."""
    with pytest.raises(ValueError, match="none of the words"):
        digits_of(f"acid {word or 'x'}")

"""How the answer to a line of an act goes on record."""

from typing import Literal

import pytest

from gatectl.answered import Came, answered
from gatectl.core.netscaler import Reply
from gatectl.core.plan import PlannedId
from gatectl.errors import ConversationCut
from tests.builders import NS_A


@pytest.mark.parametrize(
    ("came", "answer", "text"),
    [
        (Reply(text="all of it"), "done", "all of it"),
        (Reply(text="part of it", error="Not authorized"), "error", "Not authorized"),
        (ConversationCut("the session ended"), "cut", "the session ended"),
        (None, "cut", "the session ended, as expected"),
    ],
    ids=["done", "error", "cut", "expected-cut"],
)
def test_what_came_of_a_line_is_told_in_its_own_words(
    came: Came, answer: Literal["done", "error", "cut"], text: str
) -> None:
    """A refusal, a cut and a cut that was wanted are not the same."""
    event = answered(PlannedId("saved@ns-a"), NS_A, "reboot -f", came, elapsed_s=0.12345)
    assert (event.answer, event.text, event.elapsed_s) == (answer, text, 0.123)


def test_no_more_than_an_excerpt_of_a_long_answer_is_on_record() -> None:
    """The whole of it is evidence, where it is kept at all."""
    event = answered(PlannedId("a"), NS_A, "show x", Reply(text="x" * 9000), elapsed_s=0)
    assert event.text == "x" * 500

"""Answers without a language."""

import pytest

from gatectl.core.answer import Answer, Answered, Question, Sentence


def test_an_answer_that_says_nothing_is_refused() -> None:
    """Neither an answer nor a gap would leave a question standing without a word."""
    with pytest.raises(ValueError, match="neither an answer nor a gap"):
        Answer(question=Question.COST, answered=Answered.UNKNOWN, short=())


def test_a_gap_alone_is_an_answer() -> None:
    """What is missing is told."""
    answer = Answer(
        question=Question.COST,
        answered=Answered.UNKNOWN,
        short=(),
        missing=(Sentence(key="no-hours"),),
    )
    assert answer.missing

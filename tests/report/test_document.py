"""The report as JSON."""

import json

from gatectl.core.answer import Question
from gatectl.report.document import document
from tests.report.pages import source


def test_a_program_finds_every_answer_with_its_evidence() -> None:
    """Times are UTC, and every number leads to a record."""
    told = json.loads(json.dumps(document(source())))
    assert [one["question"] for one in told["answers"]] == [one.value for one in Question]
    numbers = {one["number"] for one in told["evidence"]}
    for answer in told["answers"]:
        for sentence in answer["short"]:
            assert sentence["text"]
            assert set(sentence["evidence"]) <= numbers
    shut = told["answers"][1]["short"][0]
    assert shut["values"]["begin"].endswith("+00:00")


def test_a_public_document_leaves_out_what_is_private() -> None:
    """As the page does."""
    assert "192.0.2.250" in json.dumps(document(source()))
    assert "192.0.2.250" not in json.dumps(document(source(public=True)))

"""A case's report as plain values, for programs: the same answers, with the keys that made them."""

from datetime import date, datetime, timedelta
from typing import Any, assert_never

from gatectl.core.answer import Free, Money, Private, Sentence, Term, Value
from gatectl.core.casereport import CaseReport, Exhibit
from gatectl.core.timeline import Mark, Span
from gatectl.report.language import Language
from gatectl.report.page import Source


def document(source: Source) -> dict[str, Any]:
    """Give the report as JSON holds it; times are UTC."""
    report, words = source.report, source.words
    case = report.case
    return {
        "language": words.code,
        "public": words.public,
        "case": words.text(case.name),
        "title": words.text(case.title),
        "gate": words.text(case.gate),
        "begin": case.begin.isoformat(),
        "closed": case.closed.isoformat() if case.closed else None,
        "made": report.made.isoformat(),
        "answers": [
            {
                "question": answer.question.value,
                "asks": words.tables["question"][answer.question.value],
                "answered": answer.answered.value,
                "short": [_sentence(one, report, words) for one in answer.short],
                "details": [_sentence(one, report, words) for one in answer.details],
                "missing": [_sentence(one, report, words) for one in answer.missing],
            }
            for answer in report.answers
        ],
        "evidence": [_exhibit(one) for one in report.exhibits],
        "timeline": {
            "spans": [_span(one) for one in report.timeline.spans],
            "marks": [_mark(one) for one in report.timeline.marks],
        },
        "journal": {
            "lineage": source.provenance.lineage,
            "sequence": source.provenance.sequence,
            "hash": source.provenance.hash,
        },
    }


def _sentence(one: Sentence, report: CaseReport, words: Language) -> dict[str, Any]:
    return {
        "key": one.key,
        "text": words.sentence(one),
        "values": {name: _value(value, words) for name, value in one.values.items()},
        "evidence": list(report.numbers(one)),
        "by_hand": one.by_hand,
    }


def _value(value: Value, words: Language) -> str | int | float:
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Money(cents=cents):
            return cents
        case Term(name=name):
            return name
        case Free() | Private():
            return words.value(value)
        case int() | float():
            return value
        case _ as never:
            assert_never(never)


def _exhibit(one: Exhibit) -> dict[str, Any]:
    return {
        "number": one.number,
        "record": one.sequence,
        "at": one.at.isoformat(),
        "kind": one.what.name,
        "by_hand": one.by_hand,
        "sha256": one.sha256,
        "person": one.person.pseudonym if one.person else None,
    }


def _span(one: Span) -> dict[str, str]:
    return {
        "row": one.lane.value,
        "what": one.what.name,
        "from": one.begin.isoformat(),
        "until": one.end.isoformat(),
    }


def _mark(one: Mark) -> dict[str, str]:
    return {"row": one.lane.value, "what": one.what.name, "at": one.at.isoformat()}

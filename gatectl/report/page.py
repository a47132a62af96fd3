"""What a page shows: every sentence written out, every number in its place; then printed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from gatectl.core.answer import Answer, Sentence
from gatectl.core.casereport import CaseReport, Exhibit
from gatectl.core.visible import visible
from gatectl.report.language import Language
from gatectl.report.picture import Picture, numbered, picture

TEMPLATES = Path(__file__).resolve().parent / "templates"
WIDE_PX = 1000.0
NARROW_PX = 330.0

_CODE = re.compile(r"`([^`]*)`")
_MARKDOWN = re.compile(r"([\\*_\[\]<>#|`~])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the journal stood when the report was made."""

    lineage: str
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a revision of advice changed."""

    advice: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything that a page is made from."""

    report: CaseReport
    words: Language
    provenance: Provenance
    revisions: tuple[Revision, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """Names by pseudonym; none are shown unless they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSentence:
    """A sentence on the page."""

    text: str
    numbers: tuple[int, ...]
    by_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """A question and its answer on the page."""

    id: str
    question: str
    answered: str
    word: str
    short: tuple[ShownSentence, ...]
    details: tuple[ShownSentence, ...]
    missing: tuple[ShownSentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExhibit:
    """A line of the list of evidence."""

    number: int
    what: str
    at: str
    sequence: int
    source: str
    sha256: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of one of the timeline's lists."""

    number: int
    row: str
    what: str
    begin: str
    end: str = ""
    length: str = ""


def html(source: Source) -> str:
    """Print one self-contained HTML file."""
    environment = _environment()
    environment.filters["words"] = _html_words
    return environment.get_template("report.html.j2").render(_context(source))


def markdown(source: Source) -> str:
    """Print Markdown."""
    environment = _environment()
    environment.filters["words"] = _markdown_words
    return environment.get_template("report.md.j2").render(_context(source))


def shown_answer(report: CaseReport, answer: Answer, words: Language) -> ShownAnswer:
    """Write an answer out."""

    def shown(sentences: Iterable[Sentence]) -> tuple[ShownSentence, ...]:
        return tuple(
            ShownSentence(
                text=words.sentence(one), numbers=report.numbers(one), by_hand=one.by_hand
            )
            for one in sentences
        )

    return ShownAnswer(
        id=answer.question.value,
        question=str(words.tables["question"][answer.question.value]),
        answered=answer.answered.value,
        word=str(words.tables["answered"][answer.answered.value]),
        short=shown(answer.short),
        details=shown(answer.details),
        missing=shown(answer.missing),
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _html_words(text: str) -> Markup:
    """Escape a text; what stands between backticks is what somebody types."""
    # Only the text that is escaped already is marked as safe.
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - see above


def _markdown_words(text: str) -> str:
    """Take their meaning from Markdown's signs, but for what stands between backticks."""
    pieces = _CODE.split(text)
    return "".join(
        f"`{piece}`" if position % 2 else _MARKDOWN.sub(r"\\\1", piece)
        for position, piece in enumerate(pieces)
    )


def _context(source: Source) -> dict[str, object]:
    report, words = source.report, source.words
    case = report.case
    closed = words.moment(case.closed) if case.closed else words.label("until_now")
    return {
        "words": words,
        "report": report,
        "case": words.text(case.name),
        "title": words.text(case.title),
        "gate": words.text(case.gate),
        "begin": words.moment(case.begin),
        "end": closed,
        "made": words.moment(report.made),
        "zone": words.zone_name(report.made),
        "answers": [shown_answer(report, one, words) for one in report.answers],
        "exhibits": [_exhibit(one, source) for one in report.exhibits],
        "marks": _marks(source),
        "spans": _spans(source),
        "pictures": {
            "wide": _picture(source, WIDE_PX),
            "narrow": _picture(source, NARROW_PX),
        },
        "revisions": [
            Revision(
                advice=words.text(one.advice), lines=tuple(words.text(line) for line in one.lines)
            )
            for one in source.revisions
        ],
        "named": bool(source.names),
        "provenance": source.provenance,
    }


def _picture(source: Source, width: float) -> Picture:
    return picture(source.report.timeline, source.words, width=width)


def _exhibit(one: Exhibit, source: Source) -> ShownExhibit:
    words = source.words
    name = source.names.get(one.person.pseudonym, "") if one.person else ""
    return ShownExhibit(
        number=one.number,
        what=words.term(one.what),
        at=words.moment(one.at),
        sequence=one.sequence,
        source=words.label("hand" if one.by_hand else "by_machine"),
        sha256=one.sha256 or "",
        name=visible(name),
    )


def _marks(source: Source) -> list[Line]:
    words = source.words
    return [
        Line(
            number=number,
            row=str(words.tables["lane"][one.lane.value]),
            what=words.term(one.what),
            begin=words.moment(one.at),
        )
        for number, one in numbered(source.report.timeline)
    ]


def _spans(source: Source) -> list[Line]:
    words = source.words
    return [
        Line(
            number=number,
            row=str(words.tables["lane"][one.lane.value]),
            what=words.term(one.what),
            begin=words.moment(one.begin),
            end=words.moment(one.end),
            length=words.length(one.end - one.begin),
        )
        for number, one in enumerate(source.report.timeline.spans, start=1)
    ]

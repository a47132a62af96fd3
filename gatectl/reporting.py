"""From a case on record to the text of its report."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from gatectl.core.advice import changes, previous
from gatectl.core.case import Case
from gatectl.core.casereport import case_report
from gatectl.core.gate import Gate
from gatectl.desk import Desk
from gatectl.dossier import Dossier
from gatectl.report.disclosure import veil_for
from gatectl.report.document import document
from gatectl.report.language import Code, Language, language
from gatectl.report.page import Provenance, Revision, Source, html, markdown

FORMATS = ("html", "md", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a reader wants the report."""

    language: Code
    form: str
    public: bool = False
    zone: tzinfo | None = None
    translations: Mapping[str, str] = field(default_factory=dict)
    """For texts that people entered in another language."""


def written_report(
    desk: Desk,
    gate: Gate,
    dossier: Dossier,
    case: Case,
    wish: Wish,
    *,
    names: Mapping[str, str],
) -> str:
    """Write a case's report."""
    head = desk.journal.head()
    source = Source(
        report=case_report(case, gate, desk.advisories, desk.clock.now()),
        words=_language(gate, wish),
        provenance=Provenance(lineage=head.lineage, sequence=head.sequence, hash=head.hash),
        revisions=tuple(_revisions(case, dossier)),
        names=names,
    )
    return printed(source, wish.form)


def printed(source: Source, form: str) -> str:
    """Print a report in one of its formats."""
    match form:
        case "html":
            return html(source)
        case "json":
            return json.dumps(document(source), indent=2, ensure_ascii=True) + "\n"
        case _:
            return markdown(source)


def _language(gate: Gate, wish: Wish) -> Language:
    plain = language(wish.language, zone=wish.zone, more=wish.translations)
    if not wish.public:
        return plain
    veil = veil_for(gate, str(plain.tables["language"]["left_out"]))
    return language(wish.language, zone=wish.zone, veil=veil, more=wish.translations)


def _revisions(case: Case, dossier: Dossier) -> Iterator[Revision]:
    for one in case.advice:
        before = previous(case, one)
        if before is None:
            continue
        lines = changes(
            before.entry, one.entry, dossier.text_of(before.entry), dossier.text_of(one.entry)
        )
        if lines:
            yield Revision(advice=one.entry.key, lines=lines)

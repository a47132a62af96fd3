"""From a case on record to the text of its report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from gatectl.clock import HandClock
from gatectl.core.advisory import Advisory
from gatectl.core.casework import Says
from gatectl.core.gate import AdvisoryId
from gatectl.desk import Desk
from gatectl.dossier import Dossier
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.reporting import FORMATS, Wish, written_report
from tests.builders import ALMELO, BULLETINS, make_gate
from tests.casefile import CASE, advice, at


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """The part of a desk that a report needs."""

    journal: Journal
    clock: HandClock
    advisories: Mapping[AdvisoryId, Advisory]


def written(folder: Path, wish: Wish) -> str:
    """Write the report of a case with two revisions of advice."""
    clock = HandClock(at(1))
    with Journal.in_memory(clock=clock, actor="operator", origin="test") as journal:
        evidence = EvidenceStore(folder / "evidence", reserve_bytes=0)
        dossier = Dossier(journal=journal, gate=ALMELO, evidence=evidence)
        dossier.open(CASE, "A flaw")
        for revision, text in (("1", b"Mitigate.\n"), ("2", b"Switch 12.1-55.13 off.\n")):
            kept = evidence.keep(text)
            entry = advice(revision, at(2), Says.MITIGATE, evidence=kept)
            dossier.receive(entry, text)
        desk = cast("Desk", ReadingDesk(journal=journal, clock=clock, advisories=BULLETINS))
        return written_report(desk, make_gate(), dossier, dossier.case(CASE), wish, names={})


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_written_in_every_format_from_the_same_answers(
    form: str, tmp_path: Path
) -> None:
    """Each says what is missing, and where the journal stood."""
    text = written(tmp_path, Wish(language="en", form=form))
    assert "No hours are on record." in text
    if form == "json":
        assert json.loads(text)["journal"]["sequence"] == 3


def test_what_a_revision_changed_is_in_the_report(tmp_path: Path) -> None:
    """From the kept texts, line by line."""
    text = written(tmp_path, Wish(language="en", form="md"))
    assert "    -Mitigate." in text
    assert "    +Switch 12.1-55.13 off." in text


def test_a_public_report_veils_the_kept_texts_too(tmp_path: Path) -> None:
    """A build in somebody's text is left out as one of ours is."""
    text = written(tmp_path, Wish(language="nl", form="md", public=True))
    assert "12.1-55.13" not in text
    assert "[weggelaten]" in text

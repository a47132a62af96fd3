"""The story of the winter of 2019 and 2020, played and told."""

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatectl.cli.story import configured
from gatectl.report.language import LANGUAGES, Code
from tests.cli.keyboard import Shown, type_in

DATES: dict[Code, dict[str, str]] = {
    "nl": {
        "notice": "23 december 2019",
        "mitigated": "24 december 2019",
        "closed": "18 januari 2020",
        "patched": "24 januari 2020",
        "reopened": "27 januari 2020",
    },
    "en": {
        "notice": "23 December 2019",
        "mitigated": "24 December 2019",
        "closed": "18 January 2020",
        "patched": "24 January 2020",
        "reopened": "27 January 2020",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the story left behind."""

    shown: Shown
    folder: Path

    def text(self, code: Code) -> str:
        """Give the report in a language, as Markdown."""
        return (self.folder / f"report.{code}.md").read_text(encoding="utf-8")

    def answer(self, code: Code, number: int) -> str:
        """Give the short answer to a question of the first page."""
        parts = re.split(r"\n### \d+\. ", self.text(code).split("\n## ")[1])
        return parts[number]

    def document(self) -> dict[str, Any]:
        """Give the report as JSON, from the journal that was left."""
        config = str(self.folder / "site" / "config.toml")
        shown = type_in("--config", config, "report", "citrix-2020", "--lang", "en", "--json")
        found: dict[str, Any] = json.loads(shown.out)["report"]
        return found


@pytest.fixture(scope="module", name="played")
def _played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the story once for all tests, into a folder named from where one stands."""
    folder = tmp_path_factory.mktemp("almelo")
    words = ("rehearse", "--story", "almelo-2020", "--out", folder.name, "--speed", "240")
    with contextlib.chdir(folder.parent):
        return Played(shown=type_in(*words), folder=folder)


def test_the_story_ends_well_and_writes_four_reports(played: Played) -> None:
    """Dutch and English, as Markdown and as a page."""
    assert played.shown.code == 0, played.shown.err
    written = {path.name for path in played.folder.glob("report.*")}
    assert written == {"report.nl.md", "report.nl.html", "report.en.md", "report.en.html"}


def test_the_bundle_of_the_story_proves_itself(played: Played) -> None:
    """It holds the reports, and one changed byte is found."""
    bundle = played.folder / "almelo-2020.tar"
    assert type_in("bundle", "verify", str(bundle)).code == 0
    content = bytearray(bundle.read_bytes())
    assert b"Verslag van zaak citrix-2020" in content
    content[content.index(b"Verslag van zaak")] ^= 1
    changed = played.folder / "changed.tar"
    changed.write_bytes(content)
    assert type_in("bundle", "verify", str(changed)).code == 9


@pytest.mark.parametrize("code", LANGUAGES)
def test_advice_was_followed_and_came_on_the_right_days(played: Played, code: Code) -> None:
    """The first notice on 23 December, and access closed on the advice of 18 January."""
    answer, dates = played.answer(code, 1), DATES[code]
    assert {"nl": "**Ja.**", "en": "**Yes.**"}[code] in answer
    assert dates["notice"] in answer
    closing = next(line for line in answer.splitlines() if line.count(dates["closed"]) == 2)
    assert "15:30" in closing
    assert "20:00" in closing


@pytest.mark.parametrize("code", LANGUAGES)
def test_outside_was_shut_for_nine_days_and_the_offices_went_on(played: Played, code: Code) -> None:
    """From 18 to 27 January, at every look."""
    answer, dates = played.answer(code, 2), DATES[code]
    assert dates["closed"] in answer
    assert dates["reopened"] in answer
    assert {"nl": "Op kantoor is doorgewerkt", "en": "The offices kept working"}[code] in answer
    assert {"nl": "Balies", "en": "Counters"}[code] in answer


@pytest.mark.parametrize("code", LANGUAGES)
def test_there_was_no_deviation(played: Played, code: Code) -> None:
    """The question does not apply."""
    assert {"nl": "Niet van toepassing", "en": "Does not apply"}[code] in played.answer(code, 3)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_mitigation_was_applied_and_checked_and_the_fix_installed(
    played: Played, code: Code
) -> None:
    """On 24 December and on 24 January, each with a check."""
    answer, dates = played.answer(code, 4), DATES[code]
    assert {"nl": "**Ja.**", "en": "**Yes.**"}[code] in answer
    first = answer.split("\n- ")[1]
    assert dates["mitigated"] in first
    assert {"nl": "werking is toen nagegaan", "en": "its effect was checked"}[code] in first
    assert dates["patched"] in answer


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_break_in_was_found(played: Played, code: Code) -> None:
    """And what was tested is told."""
    answer = played.answer(code, 5)
    assert {"nl": "geen sporen van inbraak", "en": "No traces of a break-in"}[code] in answer
    assert {"nl": "bewijsstukken", "en": "pieces of evidence"}[code] in answer


@pytest.mark.parametrize("code", LANGUAGES)
def test_it_cost_overtime_only(played: Played, code: Code) -> None:
    """Fourteen hours of it."""
    wanted = {"nl": "Alleen overwerk: 14 uur.", "en": "Overtime only: 14 hours."}
    assert wanted[code] in played.answer(code, 6)


def test_the_last_question_leaves_nothing_unsaid(played: Played) -> None:
    """Nobody else approved the reopening, and nothing else is to be said."""
    (told,) = played.document()["answers"][6]["short"]
    assert told["key"] == "reopened-alone"


def test_the_journal_tells_the_days_of_the_story(played: Played) -> None:
    """Closed from 18 to 27 January by the looks themselves, and never unknown."""
    spans = [one for one in played.document()["timeline"]["spans"] if one["row"] == "outside"]
    assert [one["what"] for one in spans] == ["open", "shut", "open"]
    assert spans[1]["from"].startswith("2020-01-18T19:0")
    assert spans[1]["until"].startswith("2020-01-27T07:4")


def test_the_dutch_report_has_no_english_sentence(played: Played) -> None:
    """What people say in the story is translated, the names of things are not."""
    text = played.text("nl")
    for english in (" the ", " and ", " with ", "Decided"):
        assert english not in text


def test_the_story_is_told_under_a_name_of_its_own() -> None:
    """With the people whom it concerns."""
    text = configured("[settings]\n[gates.rehearsal]\nacl_priorities = [1, 2]\n")
    assert "[gates.almelo]" in text
    assert "Home workers" in text


def test_a_story_needs_a_place_for_its_reports() -> None:
    """Nothing is started without one."""
    shown = type_in("rehearse", "--story", "almelo-2020")
    assert shown.code == 2
    assert "--out" in shown.err

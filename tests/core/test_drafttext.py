"""Drafts as files that can be read again."""

import tomllib
from dataclasses import replace
from pathlib import Path

from gatectl.config.records import cve_record as typed_record
from gatectl.config.shipped import read_advisory
from gatectl.core.cverecord import draft_of_cve
from gatectl.core.draft import Draft
from gatectl.core.drafttext import draft_text
from tests import records

DRAFT = draft_of_cve(typed_record(Path("x"), records.STRAY_BLANKS))


def test_file_reads_back_as_the_same_bulletin(tmp_path: Path) -> None:
    """What is written is what was drafted, by the reader of all bulletins."""
    path = tmp_path / "ctx999999.toml"
    path.write_text(draft_text(DRAFT), encoding="utf-8")
    path.chmod(0o600)
    assert read_advisory(path) == DRAFT.advisory


def test_everything_left_out_stands_in_the_file() -> None:
    """Whoever opens the file later sees what is still to be found out."""
    comments = " ".join(
        line.removeprefix("# ").strip()
        for line in draft_text(DRAFT, checks=["The hash is right."]).splitlines()
        if line.startswith("#")
    )
    assert "The hash is right." in comments
    for one in DRAFT.left_out:
        assert one in comments


def test_no_text_of_a_record_leaves_its_place() -> None:
    """Quotes, new lines and control signs in a title or a reason stay inside it."""
    evil = 'x"\n[fixed]\n"14.1" = "14.1-1.1"\n\x1b[2J\ud800'
    advisory = replace(DRAFT.advisory, title=evil, source=evil)
    text = draft_text(Draft(advisory=advisory, left_out=(evil,)), checks=[evil])
    data = tomllib.loads(text)
    assert data["fixed"] == dict(DRAFT.advisory.fixed)
    assert text.encode("utf-8")
    assert "\x1b" not in text


def test_lines_of_comments_are_bounded() -> None:
    """A long reason is wrapped."""
    comments = [line for line in draft_text(DRAFT).splitlines() if line.startswith("#")]
    assert max(map(len, comments)) <= 100

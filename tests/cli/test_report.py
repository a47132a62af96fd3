"""The verb that answers the council, typed."""

import json
from pathlib import Path

import pytest

from tests.cli.keyboard import Keyboard


@pytest.fixture(name="desk")
def _desk(bystander: Keyboard) -> Keyboard:
    """Open a case, look once, and note something that must not be published."""
    assert bystander.type("case", "open", "winter").code == 0
    assert bystander.type("status").code == 0
    told = ("note", "Seen on 127.0.0.1 as nsroot.", "--by", "desk", "--name", "J. Jansen")
    assert bystander.type(*told).code == 0
    return bystander


def test_a_report_of_the_open_case_is_printed_on_stdout(desk: Keyboard) -> None:
    """In Dutch and in Markdown, unless something else is asked for."""
    shown = desk.type("report")
    assert shown.code == 0
    assert shown.out.startswith("# Verslag van zaak winter")
    assert shown.arrived == ()


def test_a_report_is_written_to_a_file(desk: Keyboard, tmp_path: Path) -> None:
    """And its place is told on stderr."""
    file = tmp_path / "report.html"
    shown = desk.type("report", "winter", "--lang", "en", "--format", "html", "-o", str(file))
    assert (shown.code, shown.out) == (0, "")
    assert str(file) in shown.err
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_report_as_json_is_one_document(desk: Keyboard) -> None:
    """The answers are under a key of the usual frame."""
    told = json.loads(desk.type("report", "--json").out)
    assert told["command"] == "report"
    assert len(told["report"]["answers"]) == 7


def test_a_public_report_has_no_address_and_no_name(desk: Keyboard) -> None:
    """The other one has the address, and the name only if it was asked for."""
    public = desk.type("report", "--public").out
    assert "127.0.0.1" not in public
    assert "nsroot" not in public
    plain = desk.type("report").out
    assert "127.0.0.1" in plain
    assert "Jansen" not in plain
    assert desk.type("report", "--public", "--names").code == 2


def test_a_zone_decides_what_the_times_are(desk: Keyboard) -> None:
    """One that does not exist is refused."""
    assert "UTC+0000" in desk.type("report", "--lang", "en", "--zone", "UTC").out
    assert desk.type("report", "--zone", "Nowhere/Else").code == 2


def test_without_a_case_there_is_no_report(bystander: Keyboard) -> None:
    """The hint says how to see which there are."""
    shown = bystander.type("report")
    assert shown.code == 2
    assert "gatectl case list" in shown.err

"""The verbs about bulletins."""

import json
from pathlib import Path

import pytest

from gatectl.config.shipped import read_advisories, read_advisory
from gatectl.errors import ExitCode
from tests import records
from tests.cli.keyboard import Shown, type_in
from tests.records import Json


def imported(folder: Path, record: Json, *words: str) -> Shown:
    """Import a record from a file."""
    path = folder / "record.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return type_in("advisories", "import", str(path), *words)


def test_every_bulletin_is_listed_without_a_configuration() -> None:
    """Number, day, CVEs, builds and since when it is exploited."""
    shown = type_in("advisories")
    assert shown.code == ExitCode.PROVEN
    assert all(name in shown.out for name in read_advisories())
    assert "2020-01-10" in shown.out


def test_a_program_gets_the_bulletins_by_their_age() -> None:
    """Oldest first, each with its builds by train."""
    documents = type_in("advisories", "--json").document["advisories"]
    days = [one["published"] for one in documents]
    assert days == sorted(days)
    assert documents[0]["fixed"]["12.1"] == "12.1-55.18"
    assert documents[0]["exploited_since"] == "2020-01-10"


def test_a_draft_is_printed_and_what_was_left_out_is_told_apart(tmp_path: Path) -> None:
    """The bulletin goes to stdout, the talk about it to stderr."""
    shown = imported(tmp_path, records.DISAGREEING)
    assert shown.code == ExitCode.PROVEN
    assert '"14.1" = "14.1-25.53"' in shown.out
    assert '"13.0"' not in shown.out
    assert "left out: fixed.13.0: the sources disagree" in shown.err


def test_a_draft_is_written_and_never_over_another_file(tmp_path: Path) -> None:
    """What was written reads as a bulletin, and stays when somebody imports again."""
    output = tmp_path / "draft.toml"
    assert imported(tmp_path, records.HALVES, "-o", str(output)).code == ExitCode.PROVEN
    output.chmod(0o600)
    assert read_advisory(output).fixed["13.1"] == "13.1-49.15"
    before = output.read_bytes()
    again = imported(tmp_path, records.NO_FIPS_ROWS, "-o", str(output))
    assert again.code == ExitCode.INVALID
    assert output.read_bytes() == before


def test_a_record_that_is_known_already_is_compared(tmp_path: Path) -> None:
    """Two sources on one CVE: where they differ, both builds are told."""
    shown = imported(tmp_path, records.HALVES)
    assert "gatectl has a bulletin on this already: CTX579459" in shown.err
    record = json.loads(json.dumps(records.HALVES).replace("49.15", "49.14"))
    shown = imported(tmp_path, record)
    assert "13.1: the draft says 13.1-49.14, CTX579459 says 13.1-49.15" in shown.err


def test_a_program_gets_the_draft_and_the_reasons(tmp_path: Path) -> None:
    """One document, with the file's text in it."""
    document = imported(tmp_path, records.SWALLOWING, "--json").document
    assert document["advisory"]["fixed"]["13.1-FIPS"] == "13.1-37.279"
    assert document["left_out"]
    assert document["toml"].startswith("# A draft")


@pytest.mark.parametrize("record", [records.BARE, records.FIXES_CALLED_AFFECTED])
def test_a_record_without_certain_builds_is_refused(tmp_path: Path, record: Json) -> None:
    """Exit code 2, the reasons and what to do instead; no draft."""
    shown = imported(tmp_path, record, "-o", str(tmp_path / "out.toml"))
    assert shown.code == ExitCode.INVALID
    assert "no fixed build can be read for certain" in shown.one_sentence_and_a_hint()
    assert not (tmp_path / "out.toml").exists()


def test_a_wrong_hash_beside_the_file_stops_the_import(tmp_path: Path) -> None:
    """Nothing is printed that somebody could use."""
    (tmp_path / "record.json.sha512").write_text("0" * 128)
    shown = imported(tmp_path, records.HALVES)
    assert (shown.code, shown.out) == (ExitCode.INVALID, "")

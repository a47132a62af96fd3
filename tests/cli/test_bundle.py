"""The two bundle verbs as they are typed: made here, verified anywhere, refused with a reason."""

from pathlib import Path

import pytest

from gatectl.simulator.rehearsal import GATE
from tests.cli.keyboard import Keyboard, type_in


@pytest.fixture
def bundle(bystander: Keyboard) -> Path:
    """Look at a gate, and make a bundle of what is on record."""
    assert bystander.type("status").code == 0
    path = bystander.folder / "bundle.tar"
    report = bystander.folder / "report.md"
    report.write_text("# Report\n", encoding="utf-8")
    shown = bystander.type("bundle", GATE, "-o", str(path), "--report", str(report), "--json")
    assert shown.code == 0
    assert shown.document["file"] == str(path)
    return path


def test_a_bundle_verifies_without_any_configuration(bundle: Path) -> None:
    """What it proves stands apart from what rests on somebody's word."""
    shown = type_in("--config", str(bundle.parent / "none.toml"), "bundle", "verify", str(bundle))
    assert shown.code == 0
    proven, word = shown.out.split("On somebody's word:")
    assert "follow each other unbroken" in proven
    assert "compare its hash with an anchor" in " ".join(word.split())


def test_a_changed_byte_is_exit_9_and_its_place(bundle: Path) -> None:
    """The offset, the file inside and the record are named."""
    data = bytearray(bundle.read_bytes())
    at = data.index(b',"sequence":2}') - 9
    data[at] ^= 1
    bundle.write_bytes(data)
    shown = type_in("bundle", "verify", str(bundle))
    assert shown.code == 9
    assert "records.jsonl, record 2" in " ".join(shown.out.split())
    assert "is not what was written" in shown.one_sentence_and_a_hint()
    document = type_in("bundle", "verify", str(bundle), "--json").document
    assert document["exit_code"] == 9
    assert all(one["byte"] <= len(data) for one in document["problems"])


def test_a_name_that_is_neither_gate_nor_case_is_refused(bystander: Keyboard) -> None:
    """The hint names what there is."""
    assert bystander.type("status").code == 0
    shown = bystander.type("bundle", "utrecht", "-o", str(bystander.folder / "x.tar"))
    assert shown.code == 2
    assert GATE in shown.one_sentence_and_a_hint()


def test_two_reports_of_one_name_are_refused(bystander: Keyboard) -> None:
    """Which of them is in the bundle must not depend on the order of the words."""
    assert bystander.type("status").code == 0
    words: list[str] = []
    for name in ("one", "two"):
        folder = bystander.folder / name
        folder.mkdir()
        (folder / "report.md").write_text(name, encoding="ascii")
        words += ["--report", str(folder / "report.md")]
    shown = bystander.type("bundle", GATE, "-o", str(bystander.folder / "x.tar"), *words)
    assert shown.code == 2
    assert "report.md" in shown.one_sentence_and_a_hint()


def test_a_case_is_bundled_by_its_name(bystander: Keyboard) -> None:
    """Only what belongs to it is in there whole."""
    assert bystander.type("status").code == 0
    assert bystander.type("case", "open", "spring", "--gate", GATE).code == 0
    assert bystander.type("status").code == 0
    path = bystander.folder / "case.tar"
    made = bystander.type("bundle", "spring", "-o", str(path), "--json").document
    assert made["case"] == "spring"
    assert made["first"] > 1
    assert type_in("bundle", "verify", str(path)).code == 0

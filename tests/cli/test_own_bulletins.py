"""A site's own bulletins: read with the shipped ones, told, checked, and imported into place."""

import json
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from tests import records
from tests.cli.keyboard import Keyboard, Shown

OWN = """\
id        = "CTX267027"
title     = "Our own reading of the bulletin"
published = 2019-12-17
cves      = ["CVE-2019-19781"]

[fixed]
"12.1" = "12.1-56.22"
"""
NEW = OWN.replace("CTX267027", "SITE-1").replace("12.1-56.22", "12.1-57.18")


@pytest.fixture
def site(bystander: Keyboard) -> Keyboard:
    """Sit down at a site that names a folder of its own."""
    (bystander.folder / "bulletins").mkdir()
    known = ("[settings]\n", '[settings]\nadvisory_dir = "bulletins"\n')
    bystander.changed(known).replace(bystander.config)
    return bystander


def put(site: Keyboard, name: str, text: str) -> Path:
    """Lay a bulletin into the folder."""
    path = site.folder / "bulletins" / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(shown: Shown) -> str:
    """See that nothing was contacted, and give the sentence."""
    assert (shown.code, shown.arrived) == (ExitCode.INVALID, ())
    return shown.one_sentence_and_a_hint()


def test_own_bulletins_are_listed_and_one_that_replaces_is_told(site: Keyboard) -> None:
    """Nobody overlooks that a shipped bulletin does not count here."""
    path = put(site, "ours.toml", OWN)
    put(site, "new.toml", NEW)
    shown = site.type("advisories")
    words = " ".join(shown.out.split())
    assert f"CTX267027 is from {path}, instead of the one that comes with gatectl" in words
    assert "SITE-1 is from" in words
    documents = {one["id"]: one for one in site.type("advisories", "--json").document["advisories"]}
    assert documents["CTX267027"]["replaces_shipped"] is True
    assert documents["CTX267027"]["fixed"] == {"12.1": "12.1-56.22"}
    assert (documents["SITE-1"]["replaces_shipped"], documents["CTX697096"]["file"]) == (
        False,
        None,
    )


def test_a_gate_is_judged_by_the_own_bulletins(site: Keyboard) -> None:
    """The one in force has the site's build, and a gate may name one that only the site has."""
    put(site, "ours.toml", OWN)
    put(site, "new.toml", NEW)
    node = site.type("exposed", "--in-force", "--json").gate["nodes"][0]
    assert node["install"]["build"] == "12.1-56.22"
    named = site.changed(('advisories = ["CTX267027"]', 'advisories = ["SITE-1"]'))
    shown = site.type("exposed", "--in-force", "--json", config=named)
    assert [one["answer"] for one in shown.gate["nodes"][0]["advisories"]] == ["applies"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"12.1-56.22"', '"12.1-new"', ":7: fixed.\"12.1\": '12.1-new' is not a build"),
        ('"12.1-56.22"', "12", ':7: fixed."12.1"'),
        ("title ", "titel ", ":2: titel"),
        ("[fixed]", "[fixed", ":6"),
    ],
    ids=["build", "type", "key", "toml"],
)
def test_a_broken_bulletin_is_named_with_its_place_and_nothing_is_contacted(
    site: Keyboard, old: str, new: str, words: str
) -> None:
    """Every verb that reads it says file and line, `lint` as well."""
    path = put(site, "ours.toml", OWN.replace(old, new))
    for verb in ("exposed", "status", "advisories"):
        assert f"{path}{words}" in refused(site.type(verb))
    lint = site.type("lint", "close-acl")
    assert lint.code == ExitCode.INVALID
    assert f"{path}{words}" in lint.out


def test_one_number_in_two_files_is_refused(site: Keyboard) -> None:
    """Which of the two would count could not be told."""
    put(site, "a.toml", OWN)
    put(site, "b.toml", OWN)
    assert "stands in" in refused(site.type("exposed"))


def test_a_folder_that_is_not_there_is_refused(bystander: Keyboard) -> None:
    """Its bulletins would be missed without a word."""
    known = ("[settings]\n", '[settings]\nadvisory_dir = "nowhere"\n')
    config = bystander.changed(known)
    assert "settings.advisory_dir" in refused(bystander.type("exposed", config=config))
    assert "advisory_dir" in refused(bystander.type("advisories", config=config))


@pytest.mark.parametrize("text", ['"~nobody-here/x"', "7", '""'])
def test_a_folder_that_cannot_be_one_is_refused(bystander: Keyboard, text: str) -> None:
    """The list of bulletins says the same of it as every other verb."""
    config = bystander.changed(("[settings]\n", f"[settings]\nadvisory_dir = {text}\n"))
    assert "settings.advisory_dir" in refused(bystander.type("exposed", config=config))
    assert "settings.advisory_dir" in refused(bystander.type("advisories", config=config))


@pytest.mark.parametrize("folder", ["bulletins", "nowhere"], ids=["broken", "missing"])
def test_closing_does_not_wait_for_bulletins(keyboard: Keyboard, folder: str) -> None:
    """What is wrong with them is said; the gate is shut all the same."""
    if folder == "bulletins":
        (keyboard.folder / folder).mkdir()
        put(keyboard, "ours.toml", "[fixed")
    known = ("[settings]\n", f'[settings]\nadvisory_dir = "{folder}"\n')
    named = ('["CTX267027"]', '["CTX267027", "SITE-1"]')
    keyboard.changed(known, named).replace(keyboard.config)
    shown = keyboard.type("close")
    assert shown.code == ExitCode.PROVEN, shown.err
    assert "left out: " in shown.err
    assert ("advisory_dir" if folder == "nowhere" else "ours.toml") in shown.err
    assert "advisories[1]: is not a bulletin that gatectl knows" in " ".join(shown.err.split())
    assert keyboard.visits() == (False, True)
    refused(keyboard.type("patch", "-n"))


def test_an_import_goes_into_the_folder_and_counts_from_then_on(site: Keyboard) -> None:
    """It is listed and compared; it never takes the place of a bulletin that is known."""
    record = site.folder / "record.json"
    record.write_text(json.dumps(records.HALVES), encoding="utf-8")
    shown = site.type("advisories", "import", str(record))
    path = site.folder / "bulletins" / "ctx999999.toml"
    assert shown.code == ExitCode.PROVEN
    assert f"{path} is written; review it, it is a draft, and it counts from now on" in shown.out
    assert "gatectl has a bulletin on this already: CTX579459" in shown.err
    listed = [one["id"] for one in site.type("advisories", "--json").document["advisories"]]
    assert "CTX999999" in listed
    again = site.type("advisories", "import", str(record))
    assert "take the place of CTX999999" in refused(again)
    printed = site.type("advisories", "import", str(record), "-o", "-")
    assert printed.out.startswith("# A draft")


def test_a_draft_that_would_spoil_the_folder_is_not_written_there(site: Keyboard) -> None:
    """A number that is a path would leave the folder, and break every verb that reads it."""
    ranges = records.tree("Citrix", "NetScaler ADC", a="<13.1-49.15")
    document = records.csaf(records.vulnerability(known_affected=["a"]), tree=(ranges,))
    document["document"]["tracking"]["id"] = "../../evil"
    record = site.folder / "record.json"
    record.write_text(json.dumps(document), encoding="utf-8")
    sentence = refused(site.type("advisories", "import", str(record)))
    assert "'../../evil' is not a number" in sentence
    assert list((site.folder / "bulletins").iterdir()) == []

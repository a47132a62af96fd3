"""The verbs about files: nothing is contacted, and what is wrong is named with its place."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gatectl.errors import ExitCode
from tests.builders import PLAYBOOKS, SHIPPED
from tests.cli.keyboard import Keyboard, type_in

BROKEN = """\
name    = "broken"
title   = "A check that cannot fail"
purpose = "maintain"

[[step]]
id      = "saved"
title   = "See the configuration saved"
on      = "each-node"
look    = '''show ns config'''
holds   = [{ field = "saved", differs = "perhaps" }]
refuses = '''
\tNetScaler IP: 10.100.30.240  (mask: 255.255.255.0)
\tNode: Standalone

\tSystem Time: Mon Jun 15 09:11:33 2015
\tLast Config Changed Time: Mon Jun 15 09:11:01 2015
\tLast Config Saved Time: Mon Jun 15 08:58:20 2015
\tConfig Changed since Last Saved Config: TRUE
 Done
'''
"""


@pytest.fixture
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where nobody has configured anything."""
    monkeypatch.delenv("GATECTL_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return tmp_path


@pytest.mark.usefixtures("no_configuration")
def test_lint_is_content_with_everything_that_is_shipped() -> None:
    """Without a configuration all playbooks of gatectl are checked, and none has a problem."""
    shown = type_in("lint")
    assert (shown.code, shown.err) == (ExitCode.PROVEN, "")
    assert shown.out == f"{len(SHIPPED)} playbooks checked, 0 problems\n"


def test_lint_checks_the_configuration_too(bystander: Keyboard) -> None:
    """A configuration that reads is no problem, and nobody is contacted."""
    shown = bystander.type("lint", "--json")
    assert shown.code == ExitCode.PROVEN
    assert shown.document["problems"] == []
    assert set(shown.document["checked"]) == set(SHIPPED)
    assert shown.arrived == ()


def test_lint_names_what_is_wrong_in_a_broken_playbook(no_configuration: Path) -> None:
    """Exit 2, with the file, the line of the step and a sentence."""
    path = no_configuration / "broken.toml"
    path.write_text(BROKEN, encoding="utf-8")
    shown = type_in("lint", str(path))
    assert shown.code == ExitCode.INVALID
    assert "broken.toml:5: step[0]" in shown.out
    assert "cannot fail" in shown.out
    assert "1 problems" in shown.out or "1 problem" in shown.out


@pytest.mark.parametrize("text", ["", "name = 7\n", "[[step]\n", 'name = "broken"\nstep = []\n'])
def test_lint_survives_what_is_no_playbook(no_configuration: Path, text: str) -> None:
    """Any file gets exit 2 and a sentence."""
    path = no_configuration / "broken.toml"
    path.write_text(text, encoding="utf-8")
    shown = type_in("lint", str(path), "--json")
    assert shown.code == ExitCode.INVALID
    assert shown.document["problems"]
    assert "Traceback" not in shown.out + shown.err


def test_lint_tells_a_broken_configuration(tmp_path: Path) -> None:
    """The configuration is checked first, and the playbooks all the same."""
    config = tmp_path / "bad.toml"
    config.write_text("gates = 1\n", encoding="utf-8")
    shown = type_in("--config", str(config), "lint")
    assert shown.code == ExitCode.INVALID
    assert str(config) in shown.out
    assert f"{len(SHIPPED)} playbooks checked" in shown.out


def test_a_users_playbook_comes_before_a_shipped_one(bystander: Keyboard) -> None:
    """A file in the user's own folder takes the place of the shipped one, for lint as for a run."""
    own = bystander.folder / "own"
    own.mkdir()
    text = (PLAYBOOKS / "verify.toml").read_text(encoding="utf-8")
    (own / "verify.toml").write_text(text.replace("purpose", "porpoise", 1), encoding="utf-8")
    config = bystander.changed(("[settings]\n", f'[settings]\nplaybook_dirs = ["{own}"]\n'))
    assert bystander.type("lint", "verify", config=config).code == ExitCode.INVALID
    assert bystander.type("verify", config=config).code == ExitCode.INVALID
    assert bystander.type("lint", "verify").code == ExitCode.PROVEN


def references(schema: Any) -> set[str]:
    """Collect every reference in a schema."""
    if isinstance(schema, dict):
        own = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*(references(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(references(value) for value in schema))
    return set()


@pytest.mark.parametrize("what", ["playbook", "configuration"])
def test_schema_prints_a_whole_json_schema(what: str) -> None:
    """One object of a named dialect, closed to unknown keys, with whole references."""
    shown = type_in("schema", what)
    assert (shown.code, shown.err) == (ExitCode.PROVEN, "")
    schema = json.loads(shown.out)
    assert schema["$schema"].startswith("https://json-schema.org/draft/")
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) <= set(schema["properties"])
    names = {reference.removeprefix("#/$defs/") for reference in references(schema)}
    assert names
    assert names <= set(schema["$defs"])


def test_schema_knows_only_two_things() -> None:
    """Another word is a usage error that lists both."""
    shown = type_in("schema", "gate")
    assert shown.code == ExitCode.INVALID
    assert "playbook" in shown.one_sentence_and_a_hint()


def test_init_writes_a_private_file_and_says_what_comes_next(tmp_path: Path) -> None:
    """The commented example is written for its owner only."""
    file = tmp_path / "config.toml"
    shown = type_in("init", str(file))
    assert shown.code == ExitCode.PROVEN
    assert "hostkeys" in shown.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8").startswith("# gatectl: configuration")


def test_init_never_overwrites(tmp_path: Path) -> None:
    """An existing file stays as it is."""
    file = tmp_path / "config.toml"
    file.write_text("mine\n", encoding="utf-8")
    shown = type_in("init", str(file))
    assert shown.code == ExitCode.INVALID
    assert "exists" in shown.one_sentence_and_a_hint()
    assert file.read_text(encoding="utf-8") == "mine\n"


def test_init_tells_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be written is invalid input, not a defect."""
    shown = type_in("init", str(tmp_path / "absent" / "config.toml"))
    assert shown.code == ExitCode.INVALID
    shown.one_sentence_and_a_hint()


def test_what_init_wrote_reads_once_host_keys_are_pinned(tmp_path: Path) -> None:
    """As written it has no pins and is refused for these alone; with them it is content."""
    file = tmp_path / "config.toml"
    type_in("init", str(file))
    before = type_in("--config", str(file), "lint")
    text = file.read_text(encoding="utf-8")
    pin = "SHA256:" + "A" * 43
    lines = [
        f'host_keys = ["{pin}"]' if line.lstrip("# ").startswith("host_keys") else line
        for line in text.splitlines()
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    after = type_in("--config", str(file), "lint")
    assert after.code == ExitCode.PROVEN, after.out
    assert before.code in {ExitCode.PROVEN, ExitCode.INVALID}
    assert "host_keys" in before.out or before.code == ExitCode.PROVEN

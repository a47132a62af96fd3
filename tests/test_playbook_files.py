"""Playbooks, bulletins and indicators as files: found, read, and refused with their place."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatectl.config.playbooks import (
    find_playbook,
    lint_playbook,
    list_playbooks,
    playbook_folders,
    playbook_schema,
    read_playbook,
)
from gatectl.config.settings import Settings
from gatectl.config.shipped import read_advisories, read_indicators, shipped
from gatectl.core.playbook import DeviceStep, Purpose, SidesStep
from gatectl.errors import ExitCode, InvalidInput, PlaybookInvalid

SHIPPED = sorted(list_playbooks(playbook_folders(None)))

GOOD = """\
name    = "mine"
title   = "Say no"
purpose = "maintain"

[parameters]
build = { type = "build", help = "which" }

[[step]]
id    = "deny"
title = "Refuse"
on    = "each-node"
look  = '''show ns acl X'''
holds = [
  { field = "action", equals = "DENY" },
  { field = "applied", where = { name = "X" }, equals = "APPLIED" },
]
refuses = '''
[[step]]
id = "no step, but text in a recorded answer"
'''
act   = '''
add ns acl X DENY
apply ns acls
'''

[[step]]
kind    = "sides"
id      = "sides"
title   = "Look"
outside = "shut"
inside  = "open"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a playbook and give its path."""

    def to_file(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    return to_file


def changed(*changes: tuple[str, str]) -> str:
    """Make a bad playbook of the good one; a change that changes nothing is a mistake."""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_there_are_playbooks() -> None:
    """The verbs of the command line have the playbooks that they run."""
    needed = {"close-acl", "close-vserver", "patch", "verify", "scan", "reopen"}
    assert needed <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_playbook_reads(name: str) -> None:
    """What comes with gatectl is valid, and its name is that of its file."""
    playbook = read_playbook(name, playbook_folders(None))
    assert playbook.name == name
    assert playbook.step


def test_a_good_playbook_becomes_typed_values(write: Write) -> None:
    """Steps have the type of their kind, and commands are byte for byte what was written."""
    playbook = read_playbook(str(write(GOOD)), ())
    deny, sides = playbook.step
    assert isinstance(deny, DeviceStep)
    assert isinstance(sides, SidesStep)
    assert playbook.purpose is Purpose.MAINTAIN
    assert deny.act == "add ns acl X DENY\napply ns acls\n"
    assert deny.holds[1].where == {"name": "X"}


BAD = [
    (('title   = "Say no"\n', ""), 1, "title", "is missing"),
    (('"maintain"', '"mantain"'), 3, "purpose", "did you mean maintain"),
    (('"mine"', '"yours"'), 1, "name", "must be mine, as the file is called"),
    (('type = "build"', 'type = "bulid"'), 6, "parameters.build.type", "did you mean build?"),
    (('help = "which"', "help = 1"), 6, "parameters.build.help", "text in quotes"),
    (('type = "build", ', ""), 6, "parameters.build.type", "is missing"),
    (('build = { type = "build", help = "which" }', "build = 1"), 6, "parameters.build", "table"),
    (("build =", "password ="), 6, "parameters.password", "no secret may stand"),
    (('id    = "deny"', 'id    = "Deny X"'), 8, "step[0]", "lower-case words and hyphens"),
    (("look  =", "loook ="), 12, "step[0].loook", "did you mean look?"),
    (("look  =", "loook ="), 8, "step[0].look", "is missing"),
    (('"each-node"', '"every-node"'), 11, "step[0].on", "did you mean each-node?"),
    (("equals =", "equal ="), 14, "step[0].holds[0].equal", "did you mean equals?"),
    (('where = { name = "X" }', "where = { n = 1 }"), 15, "step[0].holds[1].where.n", "text"),
    (('kind    = "sides"', 'kind    = "side"'), 26, "step[1]", "its kind must be one of"),
    (('outside = "shut"', 'outside = "closed"'), 30, "step[1].outside", '"open" or "shut"'),
    (('outside = "shut"', 'act = "x"'), 30, "step[1].act", "is not a key that belongs here"),
    (('id      = "sides"', 'id      = "deny"'), 1, "", "step id deny is used twice"),
    (('equals = "DENY"', 'differs = "x", equals = "y"'), 14, "step[0].holds[0]", "equals and diff"),
    ((', equals = "DENY"', ""), 14, "step[0].holds[0]", "it has none"),
    (('equals = "DENY"', 'matches = "("'), 14, "step[0].holds[0].matches", "regular expression"),
    (('equals = "DENY"', 'at_least_build = "1"'), 14, "step[0].holds[0].at_least_build", "build"),
    (('equals = "DENY"', "fixed_for = []"), 14, "step[0].holds[0].fixed_for", "one bulletin"),
    (
        ("refuses =", "only_if = { build_below = 'x' }\nrefuses ="),
        17,
        "step[0].only_if.build_below",
        "not a build",
    ),
    (("= '''show ns acl X'''", "= nan"), 12, "step[0].look", "finite number"),
]


@pytest.mark.parametrize(("change", "line", "key", "words"), BAD)
def test_a_mistake_is_told_with_file_line_and_key(
    write: Write, change: tuple[str, str], line: int, key: str, words: str
) -> None:
    """The line is that of the key, or of what stands around it when it is missing."""
    path = write(changed(change))
    with pytest.raises(PlaybookInvalid) as caught:
        read_playbook(str(path), ())
    start = f"{path}:{line}: {f'{key}: ' if key else ''}"
    told = [one for one in caught.value.sentence.splitlines() if one.startswith(start)]
    assert told, caught.value.sentence
    assert words in told[0]
    assert caught.value.exit_code is ExitCode.INVALID
    assert "gatectl lint" in caught.value.hint


def test_nought_is_a_limit_like_any_other(write: Write) -> None:
    """`at_most = 0` is a comparison, although 0 is as good as nothing elsewhere."""
    path = write(changed(('equals = "DENY"', "at_most = 0")))
    (deny, _) = read_playbook(str(path), ()).step
    assert isinstance(deny, DeviceStep)
    assert deny.holds[0].at_most == 0


def test_a_step_that_expects_nothing_is_refused(write: Write) -> None:
    """A check of nothing would hold at once."""
    start, end = GOOD.index("holds = ["), GOOD.index("refuses =")
    path = write(f"{GOOD[:start]}holds = []\n{GOOD[end:]}")
    with pytest.raises(PlaybookInvalid, match=rf"{path}:13: step\[0\]\.holds: needs at least one"):
        read_playbook(str(path), ())


def test_all_mistakes_are_told_at_once(write: Write) -> None:
    """One reading is enough to know what to correct."""
    path = write(changed(("look  =", "look = 1 #"), ('"mine"', '"x"'), ('"open"', '"ajar"')))
    with pytest.raises(PlaybookInvalid) as caught:
        read_playbook(str(path), ())
    keys = re.findall(r":\d+: ([^:]+): ", caught.value.sentence)
    assert keys == ["name", "step[0].look", "step[1].inside"]


def test_a_playbook_without_steps_is_refused(write: Write) -> None:
    """It would be finished at once and prove nothing."""
    path = write(GOOD[: GOOD.index("[[step]]")] + "")
    with pytest.raises(PlaybookInvalid, match="step: is missing"):
        read_playbook(str(path), ())
    path.write_text("step = []\n" + path.read_text())
    with pytest.raises(PlaybookInvalid, match="at least one step"):
        read_playbook(str(path), ())


def test_a_broken_playbook_is_no_broken_configuration(write: Write, tmp_path: Path) -> None:
    """Broken TOML and a missing file are the playbook's own kind of error."""
    path = write("name = \n")
    with pytest.raises(PlaybookInvalid, match=rf"{re.escape(str(path))}:1:8: this is not TOML"):
        read_playbook(str(path), ())
    with pytest.raises(PlaybookInvalid, match="does not exist"):
        read_playbook(str(tmp_path / "none.toml"), ())


def test_a_playbook_that_everybody_can_change_is_refused(write: Write) -> None:
    """Who may change it decides what is sent to the gateway."""
    path = write(GOOD)
    path.chmod(0o646)
    with pytest.raises(PlaybookInvalid, match="changed by every user"):
        read_playbook(str(path), ())


def test_a_playbook_is_understood_once_and_anew_when_it_changes(write: Write) -> None:
    """Gates that begin together share what a file says, and never what it said before."""
    path = write(GOOD)
    first = read_playbook(str(path), ())
    assert read_playbook(str(path), ()) is first
    path.write_text(re.sub(r"(?m)^title .*", 'title = "Other"', GOOD, count=1), encoding="utf-8")
    assert read_playbook(str(path), ()).title == "Other"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, ...]:
    """Make a user's folder in front of the shipped ones."""
    own = tmp_path / "own"
    own.mkdir()
    configured = Settings(
        state_dir=tmp_path, evidence_dir=tmp_path, playbook_dirs=(own,), operator="op"
    )
    return playbook_folders(configured)


def test_the_users_own_playbook_comes_first(folders: tuple[Path, ...]) -> None:
    """A file of the same name in the user's folder takes the place of the shipped one."""
    text = shipped("playbooks").joinpath("close-acl.toml").read_text()
    (folders[0] / "close-acl.toml").write_text(
        re.sub(r"(?m)^title .*", 'title = "Ours"', text, count=1)
    )
    assert read_playbook("close-acl", folders).title == "Ours"
    assert read_playbook("close-acl", playbook_folders(None)).title != "Ours"
    assert list_playbooks(folders)["close-acl"] == folders[0] / "close-acl.toml"


def test_only_playbook_files_are_listed(folders: tuple[Path, ...]) -> None:
    """Notes, hidden files and an editor's leftovers are no playbooks."""
    for name in (".hidden.toml", "notes.txt", "a.toml~", "-x.toml", "own.toml"):
        (folders[0] / name).touch()
    assert set(list_playbooks(folders)) - set(SHIPPED) == {"own"}


def test_an_unknown_playbook_is_answered_with_near_names() -> None:
    """A slip of the finger at night is told with what may have been meant."""
    with pytest.raises(InvalidInput, match=r"'clsoe-acl'; did you mean close-acl") as caught:
        find_playbook("clsoe-acl", playbook_folders(None))
    assert caught.value.exit_code is ExitCode.INVALID


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """A missing folder is never taken for an empty one."""
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        list_playbooks([tmp_path / "gone"])


def test_a_name_is_not_looked_for_in_the_current_folder(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a text with a slash or .toml is a path; else any folder could swap a playbook."""
    monkeypatch.chdir(write(GOOD).parent)
    assert read_playbook("mine.toml", ()).name == "mine"
    assert read_playbook("./mine.toml", ()).name == "mine"
    with pytest.raises(InvalidInput, match="no playbook is called 'mine'"):
        read_playbook("mine", ())


def test_lint_gives_the_findings_of_the_core_their_lines(write: Write) -> None:
    """What is said of a step has the line on which the step begins."""
    path = write(changed(("show ns acl X", "rm ns acl X")))
    problems = lint_playbook(read_playbook(str(path), ()), path)
    assert problems
    assert {(one.path, one.line, one.key) for one in problems} == {(path, 8, "step[0]")}
    assert any("rm ns acl X" in one.sentence for one in problems)
    assert str(problems[0]).startswith(f"{path}:8: step[0]: ")


def test_a_wheel_carries_what_a_checkout_has_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside the package comes first; a checkout has it one folder higher."""
    monkeypatch.setattr("gatectl.config.shipped.PACKAGE", tmp_path / "gatectl")
    assert shipped("playbooks") == tmp_path / "playbooks"
    (tmp_path / "gatectl" / "playbooks").mkdir(parents=True)
    assert shipped("playbooks") == tmp_path / "gatectl" / "playbooks"


def test_the_schema_is_made_from_the_types() -> None:
    """Editors know the keys of each kind of step and refuse others."""
    schema = playbook_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["additionalProperties"] is False
    step = schema["$defs"]["DeviceStep"]
    assert step["additionalProperties"] is False
    assert {"look", "holds", "act", "undo", "refuses"} <= step["properties"].keys()


def test_the_bulletins_read() -> None:
    """Each has its own number, CVEs and fixed builds, and the playbooks that it names are there."""
    advisories = read_advisories()
    assert "CTX267027" in advisories
    for name, advisory in advisories.items():
        assert advisory.id == name
        assert advisory.cves
        assert not advisory.mitigation or advisory.mitigation in SHIPPED


def test_the_indicators_read() -> None:
    """Each sign of a compromise has a name of its own."""
    names = [indicator.id for indicator in read_indicators()]
    assert names
    assert len(names) == len(set(names))


STRANGE_LINES = """\
[[step]]
[step]
step = 1
step = [1, 'x', {}]
kind = 3
kind = []
kind = 'judge'
holds = [1]
holds = {}
where = 1
parameters = []
[parameters.x]
retry = { attempts = 1e400 }
only_if = 1
token = 'x'
advisory = 2020-01-01
"""
HOSTILE = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def survives(path: Path) -> None:
    """Read whatever it is: a playbook comes of it, or an error with words."""
    try:
        sentence = read_playbook(str(path), ()).name
    except InvalidInput as refused:
        sentence = refused.sentence
    assert sentence.strip()


@HOSTILE
@given(
    lines=st.lists(st.sampled_from((GOOD + STRANGE_LINES).splitlines(keepends=True)), max_size=40)
)
def test_lines_in_any_order_never_give_a_traceback(tmp_path: Path, lines: list[str]) -> None:
    """Torn, doubled and misplaced lines are refused in words."""
    path = tmp_path / "mine.toml"
    path.write_text("".join(lines))
    survives(path)


@HOSTILE
@given(start=st.integers(0, len(GOOD)), length=st.integers(0, 60), new=st.text(max_size=12))
def test_a_changed_piece_never_gives_a_traceback(
    tmp_path: Path, start: int, length: int, new: str
) -> None:
    """A good file with anything in the place of any piece is read or refused in words."""
    path = tmp_path / "mine.toml"
    text = GOOD[:start] + new + GOOD[start + length :]
    path.write_bytes(text.encode(errors="surrogatepass"))
    survives(path)


@HOSTILE
@given(content=st.binary(max_size=300))
def test_random_bytes_never_give_a_traceback(tmp_path: Path, content: bytes) -> None:
    """A file that is something else altogether is refused in words."""
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    survives(path)

"""What is printed on stdout: for a person within 80 columns, for a program one document."""

import json
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from gatectl.cli import output
from gatectl.core.check import Answer, Verdict
from gatectl.core.event import Noted, Refusal
from gatectl.core.gate import GateState
from gatectl.core.interlock import Blocker, Interlock
from gatectl.desk import Result
from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE
from tests.builders import ALMELO, Chronicle
from tests.cli.conftest import Story
from tests.cli.keyboard import Keyboard, clean_environment, command_line

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
JSON_CALLS = {
    "status": ("status", "--json"),
    "close -n": ("close", "-n", "--json"),
    "plan": ("plan", "close-acl", "--json"),
    "log": ("log", "--json"),
    "lint": ("lint", "--json"),
    "hostkeys": ("hostkeys", "--json"),
    "certificates": ("certificates", "--json"),
    "verify": ("verify", "--json"),
    "resume": ("resume", "--json"),
    "confirm": ("confirm", "--json"),
    "mitigate -n": ("mitigate", "-n", "--json"),
    "run": ("run", "verify", "--json"),
    "reopen": ("reopen", "--json"),
}


@pytest.mark.parametrize("what", JSON_CALLS)
def test_json_is_exactly_one_document_with_a_version(bystander: Keyboard, what: str) -> None:
    """Stdout is one JSON object with version, command and code, and gates where there are any."""
    shown = bystander.type(*JSON_CALLS[what])
    document = json.loads(shown.out)
    assert document["version"] == 1
    assert document["command"] == JSON_CALLS[what][0]
    assert document["exit_code"] == shown.code
    if what not in {"lint", "hostkeys", "certificates"}:
        assert [gate["name"] for gate in document["gates"]] == [GATE]


@pytest.mark.parametrize("chapter", ["verify", "scan", "status-shut", "reopen-unpatched-json"])
def test_the_documents_of_the_story_name_gate_and_state(story: Story, chapter: str) -> None:
    """Each gate has a name, a state and its own exit code."""
    gate = story[chapter].gate
    assert gate["name"] == GATE
    assert gate["state"] in {state.value for state in GateState}
    assert gate["exit_code"] == story[chapter].code


def test_nothing_off_a_terminal_has_an_escape_code(story: Story) -> None:
    """Neither the data nor the talk of any verb colours or moves anything in a pipe."""
    for chapter, shown in story.told.items():
        assert "\x1b" not in shown.out + shown.err, chapter


def test_data_is_on_stdout_and_talk_on_stderr(story: Story) -> None:
    """The gate's state is data; the steps as they happen are talk."""
    shown = story["close"]
    assert re.fullmatch(rf"{GATE}: closed - all \d+ steps hold\n", shown.out)
    assert "add ns acl" in shown.err


def test_json_leaves_stderr_to_trouble(story: Story) -> None:
    """A program's document is not accompanied by a show of steps."""
    assert story["verify"].err == ""
    assert story["scan"].err == ""


def on_a_terminal(words: tuple[str, ...], folder: Path, **environment: str) -> tuple[int, str]:
    """Run gatectl on a terminal of 80 columns, to its end; gives its code and all it showed."""
    mine, its = pty.openpty()
    size = {"COLUMNS": "80", "LINES": "24", "TERM": "xterm-256color", **environment}
    process = subprocess.Popen(  # noqa: S603 - this very Python, and words of this test
        command_line(*words),
        stdin=its,
        stdout=its,
        stderr=its,
        env=clean_environment(**size),
        cwd=folder,
    )
    os.close(its)
    shown = b"".join(read_all(mine))
    os.close(mine)
    return process.wait(timeout=30), shown.decode()


def read_all(terminal: int) -> Iterator[bytes]:
    """Read what comes until the other side is closed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return
        if not piece:
            return
        yield piece
    raise AssertionError("the program did not come to an end")


TERMINAL_CALLS = {
    "status": ("status",),
    "close -n": ("close", "-n"),
    "log": ("log",),
    "verify": ("verify",),
    "lint": ("lint",),
}


@pytest.mark.parametrize("what", TERMINAL_CALLS)
def test_a_terminal_of_80_columns_folds_nothing_itself(bystander: Keyboard, what: str) -> None:
    """With and without colour no line is longer than 80; NO_COLOR leaves no colour at all."""
    words = ("--config", str(bystander.config), *TERMINAL_CALLS[what])
    _, shown = on_a_terminal(words, bystander.folder, NO_COLOR="1")
    assert shown.strip()
    assert not re.search(r"\x1b\[[0-9;]*m", shown), "NO_COLOR is not heeded"
    # The spinner writes its line anew: what counts is what stands between two line ends.
    lines = [ESCAPE.sub("", line.rsplit("\r", 1)[-1]) for line in shown.split("\r\n")]
    if what != "close -n":
        assert max(len(line) for line in lines) <= 80


def test_a_terminal_sees_colours(bystander: Keyboard) -> None:
    """On a terminal that has colours the state stands out."""
    _, shown = on_a_terminal(("--config", str(bystander.config), "status"), bystander.folder)
    assert re.search(r"\x1b\[[0-9;]*m", shown)


def result(**changes: object) -> Result:
    """Make a result of a gate that was refused something."""
    given = {
        "gate": ALMELO,
        "state": GateState.CLOSED,
        "code": ExitCode.REFUSED,
        "sentence": "reopening is refused",
        "hint": "Clear the blockers.",
        **changes,
    }
    return Result(**given)  # type: ignore[arg-type]  # the tests name real fields


def blocker() -> Blocker:
    """Make a blocker with a long reason."""
    verdict = Verdict(answer=Answer.UNKNOWN, because="not proven: " + "the pair is healthy " * 5)
    return Blocker(
        interlock=Interlock.PAIR_HEALTHY, verdict=verdict, clears="gatectl verify almelo"
    )


def test_a_refusal_is_told_on_stderr_and_the_state_on_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What stopped the verb is talk, where the gate stands is data."""
    code = output.finish("reopen", [result()], as_json=False)
    shown = capsys.readouterr()
    assert code == ExitCode.REFUSED
    assert shown.out == "almelo: closed\n"
    assert shown.err == "gatectl: reopening is refused\n         Clear the blockers.\n"


def test_blockers_are_a_table_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Interlock, verdict, reason and remedy stand beside each other, and nothing is cut off."""
    output.finish("reopen", [result(blockers=(blocker(),))], as_json=False)
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    words = " ".join(out.split())
    assert "pair-healthy" in words
    assert words.count("healthy") == 6
    assert out.splitlines()[0].split() == ["interlock", "verdict", "because", "cleared", "by"]


def test_a_terminated_run_has_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    """SIGTERM and Ctrl-C leave the same record, and differ in the exit code."""
    stopped = result(code=ExitCode.INTERRUPTED, hint="")
    assert output.finish("patch", [stopped], as_json=True, terminated=True) == ExitCode.TERMINATED
    assert json.loads(capsys.readouterr().out)["exit_code"] == ExitCode.TERMINATED
    assert output.finish("patch", [stopped], as_json=True) == ExitCode.INTERRUPTED


def test_the_worst_gate_gives_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A gate that may be open counts more than any number of proven ones."""
    results = [result(code=ExitCode.PROVEN), result(code=ExitCode.MAYBE_OPEN), result()]
    assert output.finish("close", results, as_json=True) == ExitCode.MAYBE_OPEN
    assert len(json.loads(capsys.readouterr().out)["gates"]) == 3


def refusal(sentence: str) -> Refusal:
    """Make an event that a timeline shows."""
    return Refusal(verb="close", sentence=sentence, hint="", exit_code=2)


def test_a_timeline_tells_the_day_once_and_the_newest_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A case lives for weeks: each new day stands alone, in local time."""
    chronicle = Chronicle()
    for sentence in ("first", "second"):
        chronicle.add(refusal(sentence))
    chronicle.wait(timedelta(days=4).total_seconds())
    chronicle.add(refusal("third"))
    output.print_timeline(chronicle.records)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    days = [line for line in lines if re.fullmatch(r"\d{4}-\d\d-\d\d", line)]
    assert len(days) == 2
    assert days == sorted(days)
    assert lines[-1].endswith("third")


def test_a_timeline_is_limited_to_the_newest_of_what_it_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Events that a timeline leaves out do not count against its limit."""
    chronicle = Chronicle()
    chronicle.add(refusal("shown"))
    for _ in range(5):
        chronicle.add(Noted(text="not shown"))
    output.print_timeline(chronicle.records, limit=1)
    assert "shown" in capsys.readouterr().out


def test_a_table_without_names_has_no_head(capsys: pytest.CaptureFixture[str]) -> None:
    """A list of properties begins with its first property."""
    table = output.plain_table("", "")
    table.add_row("since", "today")
    Console(width=40).print(table)
    assert capsys.readouterr().out.splitlines()[0].split() == ["since", "today"]


def test_a_dry_run_with_nothing_to_do_says_so(story: Story) -> None:
    """Silence would leave open whether anything was looked at."""
    shown = story.keyboard.type("mitigate", "--undo", "-n")
    assert shown.code == ExitCode.PROVEN
    assert "nothing would be sent" in shown.out


def test_a_dry_run_counts_its_lines(story: Story) -> None:
    """The last line says how much would be sent, and that nothing was."""
    last = story["close-dry"].out.splitlines()[-1]
    assert "13 lines would be sent" in last
    assert "nothing that writes was sent" in last

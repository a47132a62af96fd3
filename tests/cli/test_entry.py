"""Where the process begins and ends: each way out has its code, a sentence and a next step."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from gatectl import __version__
from gatectl.cli import entry
from gatectl.errors import (
    MEANINGS,
    ConversationCut,
    ExitCode,
    GateBusy,
    GatectlError,
    HostKeyMismatch,
    InvalidInput,
    JournalDamaged,
    Refused,
    Unreachable,
)
from tests.cli.keyboard import REPOSITORY, clean_environment, type_in

ERRORS = {
    InvalidInput: 2,
    Unreachable: 4,
    HostKeyMismatch: 4,
    ConversationCut: 5,
    Refused: 6,
    GateBusy: 8,
    JournalDamaged: 9,
}


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let every command line end with this error."""

    def fail(**_words: object) -> int:
        raise error

    monkeypatch.setattr(entry.cli, "main", fail)


@pytest.mark.parametrize(("error", "code"), ERRORS.items(), ids=str)
def test_an_error_becomes_its_code_a_sentence_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, error: type[GatectlError], code: int
) -> None:
    """Every error of gatectl leaves with the code of the table, and says what to do."""
    failing(monkeypatch, error("the gate almelo is in a strange state"))
    shown = type_in("status")
    assert shown.code == code
    assert "the gate almelo is in a strange state" in shown.one_sentence_and_a_hint()
    assert shown.out == ""


def test_a_defect_leaves_no_traceback_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """What nobody foresaw is told in one sentence with code 1; the details are in a file."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    failing(monkeypatch, ZeroDivisionError("division by zero"))
    shown = type_in("status")
    assert shown.code == ExitCode.UNEXPECTED
    assert "ZeroDivisionError" in shown.one_sentence_and_a_hint()


def test_a_keyboard_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is no defect, and the next step is told."""
    failing(monkeypatch, KeyboardInterrupt())
    shown = type_in("status")
    assert shown.code == ExitCode.INTERRUPTED
    assert "gatectl resume" in shown.one_sentence_and_a_hint()


def test_words_of_a_device_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error sentence may quote a device, so what is not to be seen is written out."""
    failing(monkeypatch, Refused("ns-a said \x1b[2J\u202e gone"))
    shown = type_in("status")
    assert "\x1b" not in shown.err
    assert "\\x1b[2J\\u202e gone" in shown.err


def test_a_program_gets_a_document_for_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json stdout has one document with version, code and the sentence, and no gates."""
    failing(monkeypatch, Unreachable("ns-a does not answer"))
    shown = type_in("status", "--json")
    assert shown.document["version"] == 1
    assert shown.document["command"] == "status"
    assert shown.document["exit_code"] == shown.code == ExitCode.UNREACHABLE
    assert shown.document["gates"] == []
    assert shown.document["because"] == "ns-a does not answer"


TIDIED = """
import atexit, sys, threading, time
from gatectl.cli import entry

def told(line):
    time.sleep(0.2)
    print(line)

def run(words):
    atexit.register(told, "whoever tidies up")
    threading.Thread(target=told, args=["a thread"]).start()
    return 7

entry.run = run
{}
entry.main()
"""


def leaving(before: str, **given: Any) -> subprocess.CompletedProcess[str]:
    """End a process that has a thread at work and somebody who tidies up."""
    return subprocess.run(  # noqa: S603 - this very Python, and words of this test
        [sys.executable, "-c", TIDIED.format(before)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(),
        cwd=REPOSITORY,
        **given,
    )


def test_the_process_leaves_at_once_when_all_is_told() -> None:
    """Threads end and exits are heard as always, and every line that was printed is out."""
    done = leaving("", stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.splitlines() == ["a thread", "whoever tidies up"]


def test_the_process_is_not_taken_apart() -> None:
    """What Python would do behind the last exit is left to the system: that is the time saved."""
    taken_apart = "class Apart:\n    def __del__(self):\n        print('taken apart')\nkept = A()"
    assert "taken apart" not in leaving(taken_apart, stdout=subprocess.PIPE).stdout


def test_a_reader_who_went_away_is_no_traceback() -> None:
    """The code stays what the verb came to."""
    reader, writer = os.pipe()
    os.close(reader)
    done = leaving("", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (7, "")


def test_version_is_one_line_on_stdout() -> None:
    """`gatectl --version` gives name and version."""
    shown = type_in("--version")
    assert (shown.code, shown.out, shown.err) == (0, f"gatectl {__version__}\n", "")


def test_without_a_verb_the_help_is_shown_as_it_is() -> None:
    """Nobody is told that help was an error, but nothing was done either: code 2, on stderr."""
    shown = type_in()
    assert shown.code == ExitCode.INVALID
    assert shown.err.startswith("Usage: gatectl")
    assert shown.out == ""


def test_help_gives_examples_first_and_every_exit_code() -> None:
    """The first screen shows what to type; each code of the table is in the list."""
    out = type_in("--help").out
    assert out.index("gatectl close") < out.index("Options:") < out.index("Exit codes:")
    listed = {int(number) for number in re.findall(r"\b\d+\b", out[out.index("Exit codes:") :])}
    assert listed == {int(code) for code in MEANINGS}


def test_help_fits_80_columns() -> None:
    """No line of the help is folded by a small terminal."""
    assert max(len(line) for line in type_in("--help").out.splitlines()) <= 80


def test_a_usage_error_points_to_the_verbs_own_help() -> None:
    """Whoever mistypes an option is told where the options are listed."""
    shown = type_in("close", "--dryrun")
    assert shown.code == ExitCode.INVALID
    assert "`gatectl close --help`" in shown.one_sentence_and_a_hint()


def test_a_usage_error_is_a_document_as_well() -> None:
    """A program that mistypes an option still reads JSON."""
    shown = type_in("close", "--dryrun", "--json")
    assert json.loads(shown.out)["exit_code"] == ExitCode.INVALID

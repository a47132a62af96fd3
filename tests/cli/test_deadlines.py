"""Deadlines of a case, where somebody looks: in `status`, in an audit and beside a watch."""

import json
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard
from tests.cli.test_watch import calls, hook_into

ADVICE = (
    *("advice", "add", "--source", "NCSC", "--id", "N-1", "--by", "officer", "--revision", "1"),
    *("--received", "2020-01-18T15:30+01:00", "--says", "mitigate", "--text", "Mitigate."),
)


@pytest.fixture(name="late")
def _late(bystander: Keyboard) -> Keyboard:
    """Open a case whose measure is years late."""
    for words in (("case", "open", "winter"), ADVICE):
        assert bystander.type(*words).code == 0
    return bystander


def test_status_shows_what_is_overdue_and_has_an_exit_code_for_it(late: Keyboard) -> None:
    """In text and for programs; the gate itself is as it should be."""
    shown = late.type("status")
    assert shown.code == ExitCode.DRIFT
    assert "measure" in shown.out
    assert "overdue" in shown.out
    told = late.type("status", "--json")
    assert (told.code, told.gate["exit_code"], told.gate["state"]) == (7, 7, "open")
    (deadline,) = told.gate["deadlines"]
    assert deadline["overdue"]
    assert deadline["about"] == "NCSC N-1 1"


def test_status_without_a_case_shows_no_deadline(bystander: Keyboard) -> None:
    """Nobody who keeps no case hears of one."""
    shown = bystander.type("status", "--json")
    assert shown.code == ExitCode.PROVEN
    assert shown.gate["deadlines"] == []


def test_a_watch_calls_its_hook_once_for_a_deadline(late: Keyboard, tmp_path: Path) -> None:
    """Not at each look, and not again by an audit after it."""
    file = tmp_path / "calls"
    shown = late.type("watch", "--times", "2", "--every", "0.1", "--hook", hook_into(file))
    assert shown.code == ExitCode.PROVEN
    (told,) = calls(file)
    assert told["GATECTL_EVENT"] == "overdue"
    assert "measure" in told["GATECTL_BECAUSE"]
    late.type("audit")
    kinds = [event["kind"] for event in late.events()]
    assert kinds.count("deadline.passed") == 1


def test_an_audit_names_the_deadline_as_drift(late: Keyboard) -> None:
    """It is something to review in working hours, like any other difference."""
    found = {
        one["name"]: one
        for one in json.loads(late.type("audit", "--json").out)["gates"][0]["compared"]
    }
    assert found["deadlines"]["answer"] == "fail"
    assert "NCSC N-1 1" in found["deadlines"]["found"]

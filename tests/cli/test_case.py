"""The verbs on a case, typed; nothing is contacted."""

import json
import os
from typing import Any

import pytest

from gatectl.config.settings import system_user
from tests.cli.keyboard import Keyboard

OPENED = ("case", "open", "winter", "--title", "A flaw")
ADVICE = (
    *("advice", "add", "--source", "NCSC", "--id", "N-1", "--by", "officer"),
    *("--received", "2020-01-18T15:30+01:00"),
)


@pytest.fixture(name="desk")
def _desk(bystander: Keyboard) -> Keyboard:
    """Open a case with one piece of advice and a decision."""
    for words in (
        OPENED,
        (*ADVICE, "--revision", "1", "--says", "mitigate", "--text", "Mitigate."),
        ("decide", "close", "--by", "board", "--why", "it is right", "--on", "NCSC N-1 1"),
    ):
        shown = bystander.type(*words)
        assert shown.code == 0, shown.err
    return bystander


def document(keyboard: Keyboard, *words: str) -> dict[str, Any]:
    """Type a line and read its JSON."""
    found: dict[str, Any] = json.loads(keyboard.type(*words, "--json").out)
    return found


def test_show_tells_advice_decisions_and_deadlines(desk: Keyboard) -> None:
    """A measure that is years late gives the exit code of pending changes."""
    shown = desk.type("case", "show")
    assert shown.code == 7
    assert "NCSC N-1 1" in shown.out
    assert "overdue" in shown.out
    told = document(desk, "case", "show", "winter")
    assert told["exit_code"] == 7
    assert told["deadlines"][0]["what"] == "measure"
    assert told["deadlines"][0]["overdue"]
    assert shown.arrived == ()


def test_a_case_without_a_late_deadline_gives_nought(bystander: Keyboard) -> None:
    """A timer that asks hears nothing."""
    bystander.type(*OPENED)
    assert bystander.type("case", "show").code == 0


def test_list_and_close(desk: Keyboard) -> None:
    """A closed case is listed with its end, and nothing is open any more."""
    assert desk.type("case", "close", "--why", "over").code == 0
    told = document(desk, "case", "list")
    assert told["cases"][0]["closed"] is not None
    shown = desk.type("note", "late", "--by", "desk")
    assert shown.code == 2
    assert "there is no open case" in shown.err


@pytest.mark.parametrize("name", ["../x", "", "a b", "-x"])
def test_a_name_that_is_none_is_refused(bystander: Keyboard, name: str) -> None:
    """It will stand in file names and in reports."""
    assert bystander.type("case", "open", "--", name).code == 2


def test_a_second_open_case_is_refused(desk: Keyboard) -> None:
    """With the exit code of a refusal, and the command that helps."""
    shown = desk.type("case", "open", "spring")
    assert shown.code == 6
    assert "gatectl case close winter" in shown.err


def test_an_incident_has_three_deadlines_of_which_a_report_meets_one(desk: Keyboard) -> None:
    """The clock runs from when it came to be known."""
    since = ("--since", "2020-01-19T10:00Z", "--why", "traces")
    assert desk.type("case", "incident", *since).code == 0
    sent = ("--to", "CSIRT", "--at", "2020-01-19T12:00Z")
    assert desk.type("case", "reported", "early-warning", *sent).code == 0
    stands = {one["what"]: one["stands"] for one in document(desk, "case", "show")["deadlines"]}
    assert stands["early-warning"] == "met"
    assert stands["report"] == "overdue"


def test_names_are_kept_beside_the_journal_and_can_be_erased(desk: Keyboard) -> None:
    """The journal never held the name, and verifies without it."""
    desk.type("note", "told", "--by", "officer", "--name", "J. Jansen")
    (kept,) = [
        one for one in document(desk, "case", "names")["names"] if one["name"] == "J. Jansen"
    ]
    assert "Jansen" not in json.dumps(desk.events())
    assert desk.type("case", "names", "--erase", kept["pseudonym"]).code == 0
    left = document(desk, "case", "names")["names"]
    assert "J. Jansen" not in {one["name"] for one in left}
    assert desk.type("journal", "verify").code == 0


def test_the_account_that_types_is_a_pseudonym_on_record(bystander: Keyboard) -> None:
    """Its name lies beside the journal, and can be erased there; the chain stays whole."""
    bystander.type(*OPENED)
    told = bystander.type("log", "--json").gate["events"]
    (kept,) = document(bystander, "case", "names")["names"]
    assert kept["name"] == system_user(os.environ)
    assert {one["actor"] for one in told} == {kept["pseudonym"]}
    shown = bystander.type("case", "names", "--erase", kept["pseudonym"])
    assert kept["name"] not in shown.out.split()
    assert bystander.type("journal", "verify").code == 0


def test_an_operator_that_the_configuration_names_goes_on_record_in_these_words(
    bystander: Keyboard,
) -> None:
    """Whoever wants a role, or a name, there has asked for it."""
    config = bystander.changed(("[settings]\n", '[settings]\noperator = "night shift"\n'))
    assert bystander.type(*OPENED, config=config).code == 0
    shown = bystander.type("log", "--json", config=config)
    assert {one["actor"] for one in shown.gate["events"]} == {"night shift"}
    assert json.loads(bystander.type("case", "names", "--json", config=config).out)["names"] == []

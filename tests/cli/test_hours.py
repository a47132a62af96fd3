"""Hours, costs and notes, typed."""

import json

import pytest

from tests.cli.keyboard import Keyboard

WORK = ("hours", "add", "--by", "engineer", "--from", "2020-01-18 19:00")


@pytest.fixture(name="desk")
def _desk(bystander: Keyboard) -> Keyboard:
    """Open a case."""
    assert bystander.type("case", "open", "winter").code == 0
    return bystander


def test_hours_and_costs_come_back_in_the_report(desk: Keyboard) -> None:
    """Three hours at 62.50 and a bill of 100."""
    assert desk.type(*WORK, "--to", "2020-01-18 22:00", "--overtime", "--rate", "62.50").code == 0
    assert desk.type("hours", "cost", "--what", "advice", "--euro", "100").code == 0
    assert desk.type("note", "Counters were open.", "--about", "residents", "--by", "d").code == 0
    out = desk.type("report", "--lang", "en").out
    assert "Overtime only: 3 hours." in out
    assert "€187.50" in out
    assert "€287.50 together" in out
    assert "Counters were open." in out


@pytest.mark.parametrize("amount", ["much", "-1", "1.234", "NaN"])
def test_an_amount_that_is_none_is_refused(desk: Keyboard, amount: str) -> None:
    """Euros and cents, and no less than nothing."""
    assert desk.type("hours", "cost", "--what", "x", "--euro", amount).code == 2


def test_hours_that_end_before_they_begin_are_refused(desk: Keyboard) -> None:
    """The sentence says what is wrong."""
    shown = desk.type(*WORK, "--to", "2020-01-18 18:00", "--overtime")
    assert shown.code == 2
    assert "not a stretch of work" in shown.err


def test_each_of_them_speaks_json(desk: Keyboard) -> None:
    """A program reads what was put on record."""
    words = (*WORK, "--to", "2020-01-18 20:00", "--regular", "--json")
    assert json.loads(desk.type(*words).out)["hours"] == 1.0

"""The table of promises is kept true: every row has a test that exists, or a reason."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.promises.measures import MEASURES

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "PROMISES.md"
PROMISES = [f"P{number}" for number in range(1, 31)]
TRAPS = [str(number) for number in range(1, 29)]
SWITCHED_OFF = {measure.name: (measure.test, measure.without) for measure in MEASURES}
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_REASON = "Reason: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: its name, the tests that it names, and what it says beside them."""

    name: str
    says: str
    tests: tuple[tuple[str, str], ...]


def rows(text: str, heading: str) -> list[Row]:
    """Read the table below a heading; its head and the line below that are no rows."""
    _, _, section = text.partition(f"\n## {heading}\n")
    section = section.partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [
        Row(name=cells[0], says=cells[-1], tests=tuple(_NAMED.findall(line)))
        for line in lines
        for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
    ]


@cache
def named_in(path: str) -> frozenset[str]:
    """List the tests of a file; none, if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def findings(text: str) -> list[str]:
    """Tell everything that is wrong with the tables."""
    promises, traps = rows(text, "Promises"), rows(text, "Traps")
    measures, taken = rows(text, "Measures"), rows(text, "Measures that a test itself takes away")
    every = [*promises, *traps, *measures, *taken]
    missing = [
        *(set(PROMISES) - {row.name for row in promises}),
        *(set(TRAPS) - {row.name for row in traps}),
    ]
    return [
        *(f"{name} is missing" for name in sorted(missing)),
        *(
            f"{row.name} has neither a test nor a reason"
            for row in every
            if not row.tests and not row.says.startswith(_REASON)
        ),
        *(
            f"{row.name} names {path}::{test}, which does not exist"
            for row in every
            for path, test in row.tests
            if test not in named_in(path)
        ),
        *(
            f"the measure {name!r} is not told as it is switched off"
            for name in sorted(
                {name for name, _ in SWITCHED_OFF.items() ^ told_of(measures).items()}
            )
        ),
    ]


def told_of(measures: list[Row]) -> dict[str, tuple[str, str]]:
    """Give each measure's test and what happens without it, as the table tells them."""
    return {row.name: ("::".join(row.tests[0]), row.says) for row in measures if row.tests}


def test_every_promise_trap_and_measure_has_a_test_that_exists() -> None:
    """A table that names a test which is gone would promise what nobody looks at."""
    assert findings(TABLE.read_text(encoding="utf-8")) == []


def test_the_promises_and_traps_stand_in_their_order_once_each() -> None:
    """A number that stands twice hides which of the two is meant."""
    text = TABLE.read_text(encoding="utf-8")
    assert [row.name for row in rows(text, "Promises")] == PROMISES
    assert [row.name for row in rows(text, "Traps")] == TRAPS
    assert [row.name for row in rows(text, "Measures")] == [one.name for one in MEASURES]
    assert len(rows(text, "Measures that a test itself takes away")) > 5


def without_row(text: str) -> str:
    """Take a promise away."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("| P17 "))


def with_another_name(text: str) -> str:
    """Let a test have been renamed."""
    return text.replace("test_the_search_finds_each_form", "test_that_nobody_wrote")


def with_another_file(text: str) -> str:
    """Let a file have been moved."""
    return text.replace("tests/test_stop.py", "tests/test_stopped.py")


def without_tests(text: str) -> str:
    """Promise something that nothing is said to test."""
    return "\n".join(
        _NAMED.sub("", line) if line.startswith("| P27 ") else line for line in text.splitlines()
    )


def with_another_measure(text: str) -> str:
    """Let a measure be switched off in another way than the table tells."""
    return text.replace("| The device's Done is taken for the outcome. |", "| Nothing. |")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (without_row, "P17 is missing"),
        (with_another_name, "test_that_nobody_wrote, which does not exist"),
        (with_another_file, "tests/test_stopped.py::"),
        (with_another_measure, "the measure 'a second look decides'"),
        (without_tests, "P27 has neither a test nor a reason"),
    ],
)
def test_a_table_that_is_not_true_is_found(spoil: Callable[[str], str], told: str) -> None:
    """A reader of the table that finds nothing would keep nothing true."""
    found = findings(spoil(TABLE.read_text(encoding="utf-8")))
    assert any(told in finding for finding in found), found

"""The tree of errors and the exit codes: each number has one meaning."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.errors import (
    MEANINGS,
    WORST_FIRST,
    ExitCode,
    GatectlError,
    InvalidInput,
    Untrusted,
    worst,
)

AGREED = {
    0: "done, and the asserted state was proven",
    1: "unexpected error",
    2: "invalid; nothing was sent",
    3: "a step failed; the gate is proven shut",
    4: "a host could not be reached or trusted",
    5: "the gate may be open",
    6: "refused by an interlock, a window or a missing approval; nothing was sent",
    7: "drift or pending changes",
    8: "another run holds the gate",
    9: "journal or evidence does not verify",
    130: "interrupted",
    143: "terminated",
}
"""What timers and on-call engineers act upon, written down a second time on purpose."""

GATES_WORST_FIRST = (5, 9, 4, 3, 8, 6, 1, 7, 0)


def tree(root: type[GatectlError]) -> Iterator[type[GatectlError]]:
    """List an error class with all below it."""
    yield root
    for below in root.__subclasses__():
        # A module's private class never leaves it; whether it is there depends on the imports.
        if not below.__name__.startswith("_"):
            yield from tree(below)


ERRORS = tuple(tree(GatectlError))


@pytest.mark.parametrize(("number", "meaning"), AGREED.items())
def test_each_exit_code_means_what_was_agreed(number: int, meaning: str) -> None:
    """One number, one meaning, and no other."""
    assert meaning in MEANINGS[ExitCode(number)]


def test_there_is_no_exit_code_without_a_meaning_and_none_twice() -> None:
    """A new code needs a meaning of its own here and there."""
    assert {code.value for code in ExitCode} == set(AGREED) == {code.value for code in MEANINGS}
    assert len(set(MEANINGS.values())) == len(MEANINGS)
    assert len(ExitCode.__members__) == len(list(ExitCode))


def test_over_several_gates_the_agreed_order_decides() -> None:
    """Maybe open is told before anything else that concerns a gate."""
    order = [code.value for code in WORST_FIRST if code.value in GATES_WORST_FIRST]
    assert tuple(order) == GATES_WORST_FIRST
    assert sorted(WORST_FIRST) == sorted(ExitCode)


@pytest.mark.parametrize(("bad", "less"), tuple(itertools.combinations(WORST_FIRST, 2)))
def test_of_two_codes_the_worse_one_wins_in_either_order(bad: ExitCode, less: ExitCode) -> None:
    """Which gate came first does not matter."""
    assert worst([bad, less]) is worst([less, bad]) is bad


@given(codes=st.lists(st.sampled_from(ExitCode), min_size=1))
def test_nothing_is_proven_while_one_gate_is_not(codes: list[ExitCode]) -> None:
    """Nought comes out only of noughts."""
    assert (worst(codes) is ExitCode.PROVEN) is (set(codes) == {ExitCode.PROVEN})


def test_no_gate_at_all_is_not_proven() -> None:
    """An empty list must not read green."""
    assert worst([]) is ExitCode.INVALID


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_says_what_to_do_next_and_with_which_code(error: type[GatectlError]) -> None:
    """A sentence, a hint and a code that is never nought."""
    raised = error("something is wrong")
    assert str(raised) == raised.sentence == "something is wrong"
    assert raised.hint.endswith((".", "?"))
    assert raised.exit_code in set(ExitCode) - {ExitCode.PROVEN, ExitCode.DRIFT}


def test_a_hint_of_its_own_takes_the_place_of_the_usual_one() -> None:
    """Whoever raises an error may know better what to do."""
    assert GatectlError("x", hint="Do this.").hint == "Do this."


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_docstring_of_its_own(error: type[GatectlError]) -> None:
    """Whoever raises one knows when to."""
    assert error.__doc__
    assert [one for one in ERRORS if one.__doc__ == error.__doc__] == [error]


@pytest.mark.parametrize("error", tuple(tree(InvalidInput)), ids=lambda error: error.__name__)
def test_what_is_invalid_was_found_before_anything_was_sent(error: type[GatectlError]) -> None:
    """Every kind of invalid input has the code that says so."""
    assert error("x").exit_code is ExitCode.INVALID


def test_a_host_that_is_not_trusted_has_the_code_of_one_that_is_not_reached() -> None:
    """Both mean: check the path."""
    assert {error("x").exit_code for error in tree(Untrusted)} == {ExitCode.UNREACHABLE}


def test_only_a_taken_gate_is_called_busy() -> None:
    """Wait and try again is wrong advice for a full disk."""
    assert {e.__name__ for e in ERRORS if e("x").exit_code is ExitCode.BUSY} == {
        "GateBusy",
        "LeaseLost",
    }

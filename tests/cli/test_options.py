"""The words that several verbs share."""

import click
import pytest

from gatectl.cli import options


@click.command()
@options.parameters
def probe(parameters: dict[str, str]) -> dict[str, str]:
    """Give back what was read."""
    return parameters


def read(*words: str) -> dict[str, str]:
    """Read parameters as a verb does."""
    values: dict[str, str] = probe.main(args=list(words), standalone_mode=False)
    return values


def test_parameters_are_read_one_by_one() -> None:
    """Each -p gives one name and one value, and blanks around them do not count."""
    assert read("-p", "build=12.1-55.18", "--parameter", " path = /a ") == {
        "build": "12.1-55.18",
        "path": "/a",
    }


def test_a_value_may_have_an_equals_sign() -> None:
    """Only the first sign divides."""
    assert read("-p", "filter=a=b") == {"filter": "a=b"}


def test_no_parameter_is_an_empty_answer() -> None:
    """Without -p there is nothing to fill in."""
    assert read() == {}


@pytest.mark.parametrize("text", ["build", "=x", ""])
def test_a_text_that_is_no_pair_is_refused(text: str) -> None:
    """The form is told with the text that does not have it."""
    with pytest.raises(click.BadParameter, match="NAME=VALUE"):
        read("-p", text)


def test_one_name_given_twice_is_refused() -> None:
    """Which of two builds is meant must not depend on the order of the words."""
    with pytest.raises(click.BadParameter, match="twice"):
        read("-p", "build=12.1-55.18", "-p", "build=13.0-47.24")

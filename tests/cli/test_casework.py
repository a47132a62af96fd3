"""The words that the verbs about a case share."""

from datetime import UTC, datetime

import click
import pytest

from gatectl.cli.casework import moment

CONTEXT = click.Context(click.Command("x"))
OPTION = click.Option(["--at"])


def test_a_moment_with_a_zone_is_told_in_utc() -> None:
    """RFC 3339, as records have it."""
    told = moment(CONTEXT, OPTION, "2020-01-18T20:00:00+01:00")
    assert told == datetime(2020, 1, 18, 19, tzinfo=UTC)


def test_a_moment_without_a_zone_is_local_time() -> None:
    """As the clock on the wall has it."""
    told = moment(CONTEXT, OPTION, "2020-01-18 20:00")
    assert told == datetime(2020, 1, 18, 20).astimezone()


def test_no_moment_is_none() -> None:
    """An option that may be left out."""
    assert moment(CONTEXT, OPTION, None) is None


def test_what_is_no_moment_is_refused() -> None:
    """With an example of one."""
    with pytest.raises(click.BadParameter, match="2020-01-18 19:30"):
        moment(CONTEXT, OPTION, "soon")

"""Goes on showing what comes to stand on record, until somebody stops it."""

import json
from collections.abc import Callable

import click

from gatectl.cli.desk import Workplace
from gatectl.core.event import Recorded
from gatectl.errors import ExitCode, Interrupted

POLL_S = 0.5
_EVENTS_MAX = 1000
"""Events of one poll; the rest comes with the next."""


def follow(
    place: Workplace,
    show: Callable[[Recorded], str],
    *,
    after: int,
    polls: int | None = None,
) -> int:
    """Print each new event of the gates as a line; ends with Ctrl-C, or after so many polls."""
    wanted = {gate.name for gate in place.gates}
    made = 0
    while polls is None or made < polls:
        made += 1
        for recorded in place.desk.journal.events(after=after, limit=_EVENTS_MAX):
            after = recorded.sequence
            if recorded.gate in wanted:
                click.echo(show(recorded))
        try:
            place.stop.check()
        except Interrupted:
            return ExitCode.TERMINATED if place.stop.terminated else ExitCode.INTERRUPTED
        place.desk.clock.sleep(POLL_S)
    return ExitCode.PROVEN


def as_json_line(document: dict[str, object]) -> str:
    """Write an event as one line."""
    return json.dumps(document, ensure_ascii=True)

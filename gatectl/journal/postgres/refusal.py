"""How a server fails, in the terms of a journal: away, unusable just now, or damaged."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

import psycopg

from gatectl.errors import GatectlError, JournalDamaged, JournalUnavailable, JournalUnreachable

_REASONS: Final = MappingProxyType(
    {
        "25006": "the server takes no writes; is it a standby?",
        "25P03": "this process held a transaction for too long",
        "53100": "the disk of the server is full",
        "55P03": "another program has had it locked for too long",
        "57014": "the server took too long",
    }
)
_AWAY: Final = ("08", "28", "3D", "57P", "53300")
"""Connection lost, login refused, no such database, the server stops, too many connections."""
_DAMAGE: Final = ("22", "23", "3F", "42", "P0001", "XX001", "XX002")
"""Our own statements are right for our own tables: an error in them says they are not ours."""
_NO_RIGHT: Final = "42501"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Stop the driver's exceptions at this door."""
    try:
        yield
    except psycopg.Error as exc:
        raise refusal(where, exc) from exc


def refusal(where: str, error: psycopg.Error) -> GatectlError:
    """Give a driver's exception in our own words."""
    state = error.sqlstate or ""
    said = error.diag.message_primary or (str(error).strip().splitlines() or ["no reason given"])[0]
    if state == _NO_RIGHT:
        return JournalUnavailable(
            f"the journal {where} cannot be used: {said}",
            hint="Give the role its rights: `gatectl journal sql --role NAME` prints them.",
        )
    if state in _REASONS:
        return JournalUnavailable(f"the journal {where} cannot be used: {_REASONS[state]}")
    if state.startswith(_DAMAGE):
        return JournalDamaged(f"the journal {where} is damaged: {said}")
    if not state or state.startswith(_AWAY):
        return JournalUnreachable(f"the journal {where} cannot be reached: {said}")
    return JournalUnavailable(f"the journal {where} cannot be used: {said}")

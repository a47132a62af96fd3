"""Deadlines of a case, as they are printed and put in documents."""

import sys
from datetime import datetime
from typing import Any

from gatectl.cli.display import console_on
from gatectl.cli.output import plain_table
from gatectl.core.deadline import Deadline, Pressure
from gatectl.core.visible import visible


def print_deadlines(due: tuple[Deadline, ...]) -> None:
    """Print the deadlines of a case, the most pressing first."""
    table = plain_table("deadline", "due", "stands", "about")
    for one in due:
        stands = (
            one.pressure.value if one.met is None else f"{one.pressure} {local_minute(one.met)}"
        )
        table.add_row(one.what, local_minute(one.due), stands, visible(one.subject))
    if due:
        console_on(sys.stdout).print(table)


def deadline_document(one: Deadline) -> dict[str, Any]:
    """Put a deadline in a JSON document's terms."""
    return {
        "what": one.what,
        "about": one.subject,
        "due": one.due.isoformat(),
        "met": one.met.isoformat() if one.met else None,
        "stands": one.pressure.value,
        "overdue": one.pressure is Pressure.OVERDUE,
    }


def local_minute(moment: datetime) -> str:
    """Give a time to the minute, as it is on the reader's clock."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"

"""The written form of a journal record: one line of canonical JSON, and back."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gatectl.core.event import KINDS, Event, Noted, Recorded, RunId, event_fields, event_from
from gatectl.core.gate import GateName
from gatectl.errors import JournalDamaged
from gatectl.journal.chain import canonical


def written(recorded: Recorded) -> str:
    """Write a whole record down, so that its hash covers who, where and when as well."""
    return canonical(
        {
            "sequence": recorded.sequence,
            "at": recorded.at.isoformat(),
            "boot_time_ns": recorded.boot_time_ns,
            "boot_id": recorded.boot_id,
            "gate": recorded.gate,
            "run": recorded.run,
            "actor": recorded.actor,
            "origin": recorded.origin,
            "event": event_fields(recorded.event),
        }
    )


def understood(body: str) -> Recorded:
    """Read a record; an event of a kind that this version does not know is given as a note.

    A kind that is known but has another shape is refused: to read an intended act as a mere note
    would make its doubt vanish.
    """
    try:
        record = json.loads(body)
        frame = Recorded(
            sequence=record["sequence"],
            at=datetime.fromisoformat(record["at"]),
            boot_time_ns=record["boot_time_ns"],
            boot_id=record["boot_id"],
            gate=GateName(record["gate"]),
            run=None if record["run"] is None else RunId(record["run"]),
            actor=record["actor"],
            origin=record["origin"],
            event=Noted(text=""),
        )
        return replace(frame, event=_event(record["event"]))
    except (ValueError, KeyError, TypeError) as exc:
        raise JournalDamaged(f"a record of the journal cannot be understood: {exc}") from exc


def _event(fields: Mapping[str, object]) -> Event:
    if isinstance(fields["kind"], str) and fields["kind"] not in KINDS:
        return Noted(text=f"an event that this version does not know: {canonical(fields)}")
    return event_from(fields)

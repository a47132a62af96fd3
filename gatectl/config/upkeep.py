"""From the configuration as written to windows, known drift and messages, each by its gate."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gatectl.config.document import Key
from gatectl.config.problem import Flaw, near
from gatectl.config.settings import resolve
from gatectl.config.written import WrittenConfiguration, WrittenMessage, WrittenWindow
from gatectl.core.drift import KnownDrift
from gatectl.core.gate import GateName, NodeName, SecretRef
from gatectl.core.notice import Occasion
from gatectl.core.playbook import Purpose
from gatectl.core.window import HELD_BACK, Window

_LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_DURATION_MAX = timedelta(days=62)
"""A window that is open for longer than this is no window but a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWay:
    """Whom to tell of what, and where the way to them is found; never the address itself."""

    events: frozenset[Occasion]
    gates: frozenset[GateName]
    command: str = ""
    """A command of the site's own; empty where `addresses` say where to."""
    addresses: SecretRef | None = None
    """Where the addresses are kept, one a line, for Apprise."""


def windows_from(written: WrittenConfiguration) -> dict[GateName, tuple[Window, ...]]:
    """Give each gate the windows that concern it."""
    windows = [(one, _window(one)) for one in written.windows]
    return {
        GateName(name): tuple(
            window for one, window in windows if any(fnmatchcase(name, p) for p in one.gates)
        )
        for name in written.gates
    }


def _window(written: WrittenWindow) -> Window:
    return Window(
        kind=written.kind,
        schedule=written.schedule,
        duration=_length(written.duration),
        zone=ZoneInfo(written.time_zone),
        verbs=frozenset(written.verbs) if written.verbs else HELD_BACK,
    )


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return timedelta(days=days, hours=hours, minutes=minutes)


def known_drift_from(written: WrittenConfiguration) -> dict[GateName, tuple[KnownDrift, ...]]:
    """Give each gate what is accepted there for a while."""
    return {
        GateName(name): tuple(
            KnownDrift(
                name=one.name,
                node=NodeName(one.node) if one.node is not None else None,
                reason=one.reason,
                until=one.until,
            )
            for one in gate.known_drift
        )
        for name, gate in written.gates.items()
    }


def messages_from(written: WrittenConfiguration, folder: Path) -> tuple[MessageWay, ...]:
    """Build the ways to whoever is to be told."""
    return tuple(
        MessageWay(
            events=frozenset(one.events),
            gates=frozenset(
                GateName(name)
                for name in written.gates
                if any(fnmatchcase(name, pattern) for pattern in one.gates)
            ),
            command=one.command or "",
            addresses=_addresses(one, folder),
        )
        for one in written.messages
    )


def _addresses(written: WrittenMessage, folder: Path) -> SecretRef | None:
    if written.url_file is not None:
        return SecretRef(kind="password_file", target=str(resolve(written.url_file, folder)))
    if written.credential is not None:
        return SecretRef(kind="credential", target=written.credential)
    return None


def upkeep_flaws(data: Mapping[str, Any]) -> list[Flaw]:
    """Find windows and messages for gates that are not there, and windows that nobody can mean."""
    gates = data.get("gates")
    names = list(gates) if isinstance(gates, dict) else []
    flaws: list[Flaw] = []
    for table in ("windows", "messages"):
        for key, entry in _entries(data, table):
            flaws += _unmatched(key, entry, names)
    for key, entry in _entries(data, "windows"):
        flaws += _window_flaws(key, entry)
    if isinstance(gates, dict):
        for name, gate in gates.items():
            flaws += _drift_flaws(("gates", name), gate)
    return flaws


def _entries(data: Mapping[str, Any], table: str) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    entries = data.get(table)
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield (table, position), entry


def _unmatched(key: Key, entry: Mapping[str, Any], names: Iterable[str]) -> Iterator[Flaw]:
    given = entry.get("gates")
    known = list(names)
    for position, pattern in enumerate(given if isinstance(given, list) else []):
        if isinstance(pattern, str) and not any(fnmatchcase(name, pattern) for name in known):
            yield (*key, "gates", position), "is no gate of this file" + near(pattern, known)


def _window_flaws(key: Key, entry: Mapping[str, Any]) -> Iterator[Flaw]:
    verbs = entry.get("verbs")
    if isinstance(verbs, list) and Purpose.CLOSE.value in verbs:
        yield (*key, "verbs"), "cannot hold close back: closing a gate is never refused"
    duration = entry.get("duration")
    if isinstance(duration, str) and _LENGTH.fullmatch(duration):
        length = _length(duration)
        if not timedelta(0) < length <= _DURATION_MAX:
            yield (*key, "duration"), "must be more than nothing and at most 62d"


def _drift_flaws(key: Key, gate: object) -> Iterator[Flaw]:
    if not isinstance(gate, dict):
        return
    nodes = gate.get("nodes")
    names = [node.get("name") for node in nodes or [] if isinstance(node, dict)]
    for (_, position), entry in _entries(gate, "known_drift"):
        node = entry.get("node")
        if isinstance(node, str) and node not in names:
            known = [name for name in names if isinstance(name, str)]
            yield (
                (*key, "known_drift", position, "node"),
                "is no node of this gate" + near(node, known),
            )

"""One gate's work in another process: what a worker is given, and what it gives back.

No secret travels. A gate names where its secrets are, and each worker fetches them itself.
"""

import logging
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gatectl.clock import SystemClock
from gatectl.config.shipped import read_indicators
from gatectl.core.advisory import Advisory
from gatectl.core.event import RunId
from gatectl.core.gate import AdvisoryId, Gate
from gatectl.core.visible import visible
from gatectl.core.window import Window
from gatectl.desk import Desk, Result
from gatectl.errors import ExitCode, GatectlError
from gatectl.fleet.channel import call
from gatectl.fleet.coordinator import Ticket
from gatectl.fleet.remote import (
    Coordination,
    CoordinatorGone,
    RemoteEvidence,
    RemoteJournal,
    RemoteStop,
)
from gatectl.fleet.rollout import Verb
from gatectl.journal.emergency import EmergencyRecord, emergency_desk, emergency_folders
from gatectl.keyring import Keyring
from gatectl.log import configure
from gatectl.operation import Operation
from gatectl.site import GateLookout
from gatectl.transport.contract import Timeouts

ANSWER_S = 600.0
"""A coordinator that gives no answer for so long is gone. Its journal waits for another program's
lock, or for its server, once for each of the writers that came at the same time."""
_CONNECT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a worker is given."""

    ticket: Ticket
    gate: Gate
    command: str
    verb: Verb
    goes_on: bool
    """Another worker was lost at this gate: whatever it left is looked at first."""
    actor: str
    playbook_folders: tuple[Path, ...]
    advisories: Mapping[AdvisoryId, Advisory]
    """Those of the coordinator, with the site's own among them."""
    windows: tuple[Window, ...]
    timeouts: Timeouts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a worker gives back; the runs themselves are in the coordinator's journal."""

    result: Result
    runs: tuple[RunId, ...]


def do_errand(errand: Errand) -> Told:
    """Do it; raises CoordinatorGone if nobody is left to write it down, or the ticket was used."""
    keyring = Keyring(None, errand.timeouts)
    configure(console=None, colour=False, level=logging.INFO, file=None, secrets=keyring.known)
    line = _met(errand.ticket)
    try:
        operation = Operation(_desk(errand, line, keyring), errand.gate)
        result = _done(errand, operation)
    finally:
        line.close()
    runs = tuple(run.id for run in result.runs)
    return Told(result=replace(result, runs=()), runs=runs)


def _done(errand: Errand, operation: Operation) -> Result:
    try:
        if not errand.goes_on or operation.standing().unfinished is None:
            return errand.verb(operation)
        result = operation.resume()
        if result.code is not ExitCode.PROVEN and errand.command == "close":
            # The method that the lost worker was at does not do: the others have their turn.
            result = errand.verb(operation)
    except CoordinatorGone:
        raise
    except GatectlError as exc:
        return operation.refuse(errand.command, exc)
    return result


def _met(ticket: Ticket) -> Coordination:
    connection = _connected(ticket)
    channel = call(connection, ticket.number, ticket.key)
    # From here on it is the journal that takes its time, and not the way there.
    connection.settimeout(ANSWER_S)
    return Coordination(channel)


def _connected(ticket: Ticket) -> socket.socket:
    try:
        plain = socket.create_connection((ticket.host, ticket.port), _CONNECT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ticket.tls:
            from gatectl.fleet.cluster import worker_tls  # noqa: PLC0415 - an extra that few have

            return worker_tls().wrap_socket(plain)
    except OSError as exc:
        where = f"{ticket.host} port {ticket.port}"
        raise CoordinatorGone(f"no line to the coordinator at {where}: {exc}") from exc
    return plain


def _desk(errand: Errand, line: Coordination, keyring: Keyring) -> Desk:
    gate = errand.gate.name

    def without_journal(trouble: GatectlError) -> Desk:
        # Where the state folder is another machine's, the folder for all is the only one.
        record = EmergencyRecord(emergency_folders(Path())[1:], desk.clock.now())
        return emergency_desk(desk, record, trouble, lambda text: _tell(f"{gate}: {text}"))

    clock = SystemClock()
    desk = Desk(
        journal=RemoteJournal(line, clock),
        evidence=RemoteEvidence(line),
        clock=clock,
        connect=keyring.connect,
        lookout=GateLookout,
        advisories=errand.advisories,
        indicators=read_indicators,
        playbook_folders=errand.playbook_folders,
        listeners=(),
        stop=RemoteStop(line),
        actor=errand.actor,
        emergency=without_journal,
        lanes=True,
        windows={gate: errand.windows},
    )
    return desk


def _tell(text: str) -> None:
    # Whoever has no journal to look into has at least this.
    sys.stderr.write(f"gatectl: {visible(text)}\n")
    sys.stderr.flush()

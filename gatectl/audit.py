"""An audit of one gate: look at all of it over sessions that cannot write, and compare."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from gatectl.clock import read
from gatectl.core.advisory import Advisory
from gatectl.core.agreement import ApprovalRequested, ApprovalUsed
from gatectl.core.certificate import CertificateUnreadable, good_until
from gatectl.core.check import Answer, Unreadable
from gatectl.core.deadline import overdue
from gatectl.core.drift import (
    Compared,
    KnownDrift,
    Weight,
    audit_code,
    judge_known,
    with_known,
)
from gatectl.core.fingerprint import compare_with_pair
from gatectl.core.gate import Gate, Node, NodeName
from gatectl.core.inspected import Inspected, audit_looks
from gatectl.core.inspection import inspect_gate
from gatectl.core.planning import in_force
from gatectl.core.upkeep import AuditEnded
from gatectl.desk import Desk
from gatectl.duty import due_now, tell_overdue
from gatectl.emergencypath import emergency_trouble
from gatectl.errors import ExitCode, GatectlError
from gatectl.journal.recorder import RunRecorder
from gatectl.operation import Operation
from gatectl.ownway import own_addresses
from gatectl.settings_seen import SettingsSeen, see_settings
from gatectl.shownbuild import see_shown_build
from gatectl.site import GateLookout, NodeSessions
from gatectl.transport.hostkeys import fetch_host_keys
from gatectl.transport.readonly import ReadOnly

FetchHostKeys = Callable[[Node], tuple[str, ...]]

_HOST_KEY_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit of one gate came to."""

    gate: Gate
    at: datetime
    compared: tuple[Compared, ...]
    elapsed_s: float = 0.0

    @property
    def code(self) -> ExitCode:
        """The worst of all that was compared."""
        return audit_code(self.compared)

    @property
    def drifted(self) -> tuple[Compared, ...]:
        """What is other than it should be, and accepted by nobody."""
        return tuple(one for one in self.compared if one.drifted)

    @property
    def unknown(self) -> tuple[Compared, ...]:
        """What could not be judged and should have been."""
        return tuple(
            one
            for one in self.compared
            if one.answer is Answer.UNKNOWN and one.weight is not Weight.MARK
        )


def offered_host_keys(node: Node) -> tuple[str, ...]:
    """Ask a node for its host keys, without logging in."""
    return fetch_host_keys(node.host.address, node.host.port, _HOST_KEY_TIMEOUT_S)


def audit_gate(
    desk: Desk,
    gate: Gate,
    known: Iterable[KnownDrift],
    state_dir: Path,
    *,
    fetch: FetchHostKeys = offered_host_keys,
) -> Audited:
    """Compare a gate with what it should be; what was found is on record, and nothing else is."""
    began = desk.clock.now()
    standing, facts = Operation(desk, gate).status()
    advisories = in_force(gate, desk.advisories)
    settings, asked = _see(desk, gate, advisories)
    seen = Inspected(
        gate=gate,
        standing=standing,
        nodes=settings.nodes,
        trouble={name: error.exit_code for name, error in settings.trouble.items()},
        advisories=advisories,
        host_keys=_host_keys(gate, fetch),
        certificate=_certificate(desk, gate),
        shown_build=compare_with_pair(
            see_shown_build(gate, desk.connect), facts.roles, facts.builds
        ),
        asked_at=dict.fromkeys((node.name for node in gate.nodes), asked),
        approvals=_approvals(desk, gate),
        now=read(desk.clock),
    )
    found = (*inspect_gate(seen), *_ways(gate, state_dir), *_deadlines(desk, gate))
    accepted = tuple(known)
    today = seen.now.at.date()
    compared = (
        *with_known(found, accepted, today),
        *judge_known(gate.name, found, accepted, today),
    )
    audited = Audited(
        gate=gate,
        at=seen.now.at,
        compared=compared,
        elapsed_s=(seen.now.at - began).total_seconds(),
    )
    _record(desk, audited)
    return audited


def _see(desk: Desk, gate: Gate, advisories: tuple[Advisory, ...]) -> tuple[SettingsSeen, datetime]:
    looks = audit_looks(gate, advisories)
    with NodeSessions(gate, lambda host: ReadOnly(desk.connect(host))) as sessions:
        settings = see_settings(gate, sessions, looks)
    return settings, desk.clock.now()


def _host_keys(gate: Gate, fetch: FetchHostKeys) -> dict[NodeName, tuple[str, ...] | Unreadable]:
    def one(node: Node) -> tuple[str, ...] | Unreadable:
        try:
            return fetch(node)
        except GatectlError as exc:
            return Unreadable(because=exc.sentence)

    with ThreadPoolExecutor(max_workers=len(gate.nodes)) as pool:
        return dict(zip((node.name for node in gate.nodes), pool.map(one, gate.nodes), strict=True))


def _certificate(desk: Desk, gate: Gate) -> datetime | Unreadable:
    lookout = GateLookout(gate, lambda host: ReadOnly(desk.connect(host)))
    try:
        return good_until(lookout.certificate())
    except GatectlError as exc:
        return Unreadable(because=exc.sentence)
    except CertificateUnreadable as exc:
        return Unreadable(because=str(exc))
    finally:
        lookout.close()


def _approvals(desk: Desk, gate: Gate) -> dict[str, datetime]:
    waiting: dict[str, datetime] = {}
    for recorded in desk.journal.events(
        gate=gate.name, kinds=("approval.requested", "approval.used")
    ):
        match recorded.event:
            case ApprovalRequested(nonce=nonce, expires=datetime() as expires):
                # A newer request takes the place of the one before it.
                waiting = {nonce: expires}
            case ApprovalUsed(nonce=nonce):
                waiting.pop(nonce, None)
            case _:
                pass
    return waiting


def _deadlines(desk: Desk, gate: Gate) -> tuple[Compared, ...]:
    """Compare the open case with its clock, if there is one; what is late is told once."""
    due = due_now(desk.journal, gate, desk.clock.now())
    if not due:
        return ()
    tell_overdue(desk, gate)
    late = [
        f"{one.what} ({one.subject}) since {one.due:%Y-%m-%d %H:%M} UTC" for one in overdue(due)
    ]
    return (
        Compared(
            name="deadlines",
            gate=gate.name,
            answer=Answer.FAIL if late else Answer.PASS,
            found=f"overdue: {'; '.join(late)}" if late else "none is overdue",
            wanted="every deadline of the open case met, or still ahead",
        ),
    )


def _ways(gate: Gate, state_dir: Path) -> tuple[Compared, ...]:
    """Compare the ways that closing needs when all else fails."""
    trouble = emergency_trouble(state_dir)
    through = [
        f"the way to {node} starts at {address}"
        for node, address in own_addresses(gate).items()
        if any(ip_address(address) in pool for pool in gate.pool_networks)
    ]
    return (
        Compared(
            name="emergency-path",
            gate=gate.name,
            answer=Answer.FAIL if trouble else Answer.PASS,
            found=trouble or "a record can be kept without the journal",
            wanted="a place for the record of a closing when the journal fails",
        ),
        Compared(
            name="own-way",
            gate=gate.name,
            answer=Answer.FAIL if through else Answer.PASS,
            found="; ".join(through) or "not through the gate, as far as is known",
            wanted="a way to the nodes that does not go through the gate itself",
        ),
    )


def _record(desk: Desk, audited: Audited) -> None:
    event = AuditEnded(
        exit_code=int(audited.code),
        drifted=tuple(_place(one) for one in audited.drifted),
        unknown=tuple(_place(one) for one in audited.unknown),
        known=tuple(_place(one) for one in audited.compared if one.known is not None),
    )
    RunRecorder(
        journal=desk.journal,
        gate=audited.gate.name,
        run=None,
        lease=None,
        listeners=desk.listeners,
    ).record(event)


def _place(one: Compared) -> str:
    return one.name if one.node is None else f"{one.name}@{one.node}"

"""Fleets to be closed in tests: a desk to sit at, and the truth by the simulation's own word."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from gatectl.cli.desk import chosen
from gatectl.clock import SystemClock
from gatectl.config.configuration import read_configuration
from gatectl.config.playbooks import playbook_folders
from gatectl.config.shipped import read_advisories
from gatectl.core.event import ActIntended, LookMade, Mode, Recorded
from gatectl.core.gate import Gate, GateName
from gatectl.desk import Desk, Result
from gatectl.errors import ExitCode, GatectlError
from gatectl.journal.evidence import EvidenceStore
from gatectl.journal.journal import Journal
from gatectl.journal.recorder import Listener
from gatectl.keyring import Keyring
from gatectl.operation import Operation
from gatectl.simulator.fleet import SimulatedFleet, Trouble
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE, SimulatedSite
from gatectl.site import GateLookout
from gatectl.stop import SignalStop
from gatectl.transport.contract import Timeouts

SPEED = 240.0
SHORT = Timeouts(connect_s=5.0, handshake_s=1.0, login_s=5.0)


class FailingJournal(Journal):
    """Neither takes nor gives an event."""

    error: GatectlError

    def append_all(self, *_entries: object, **_more: object) -> NoReturn:
        """Fail."""
        raise self.error

    def events(self, **_chosen: object) -> NoReturn:
        """Fail."""
        raise self.error


def intended(events: Sequence[Recorded]) -> list[tuple[float, str]]:
    """List what was to be sent, with the time at which that was on disk."""
    return [
        (recorded.at.timestamp(), line)
        for recorded in events
        if isinstance(recorded.event, ActIntended)
        for line in recorded.event.lines
    ]


def arrived(site: SimulatedSite) -> list[tuple[float, str]]:
    """List what arrived at the simulated node and could write, with the time of arrival."""
    return [(one.at, one.command) for one in site.history() if one.writes]


def assert_closed(site: SimulatedSite, code: int, events: Sequence[Recorded]) -> None:
    """See that a gate is shut and saved, by acts that were intended first and sent once."""
    assert code == ExitCode.PROVEN, site.name
    assert not site.reachable(OUTSIDE), site.name
    assert site.reachable(INSIDE), site.name
    assert not any(node.changed_since_saved() for node in site.pair.nodes), site.name
    wanted, came = intended(events), arrived(site)
    assert [line for _, line in wanted] == [line for _, line in came], site.name
    assert all(before <= after for (before, _), (after, _) in zip(wanted, came, strict=True))


def assert_untouched(
    site: SimulatedSite, code: int, trouble: Trouble, events: Sequence[Recorded]
) -> None:
    """See that a gate in trouble lets everybody in as before, and is told so."""
    assert code == ExitCode.MAYBE_OPEN, site.name
    assert site.reachable(OUTSIDE), site.name
    # A closing goes on at a node that takes a login and answers nothing; no other takes a line.
    meant = [line for _, line in intended(events)] if trouble == "mute" else []
    assert [line for _, line in arrived(site) if line not in meant] == [], site.name


def assert_told_truly(fleet: SimulatedFleet, codes: Mapping[str, int], journal: Journal) -> None:
    """Compare what gatectl says of each gate with what the simulation knows."""
    assert set(codes) == set(fleet.sites)
    assert {name for name, code in codes.items() if code} == set(fleet.troubles)
    for name, site in fleet.sites.items():
        events = tuple(journal.events(gate=GateName(name)))
        if name in fleet.troubles:
            assert_untouched(site, codes[name], fleet.troubles[name], events)
        else:
            assert_closed(site, codes[name], events)
    assert journal.verify().problems == ()


def opened(state: Path, *, read_only: bool) -> Journal:
    """Open the journal of a fleet."""
    return Journal.open(
        state / "journal.db",
        clock=SystemClock(),
        actor="operator",
        origin="here",
        read_only=read_only,
        unsafe_any_file_system=True,
    )


def no_emergency(error: GatectlError) -> Desk:
    """Fail: the journal of these tests is well."""
    raise AssertionError(error.sentence)


def desk_at(journal: Journal, config: Path, *listeners: Listener) -> tuple[Desk, tuple[Gate, ...]]:
    """Sit down at a desk that gives up on a silent host within a second, and name its gates."""
    configuration = read_configuration(config)
    desk = Desk(
        journal=journal,
        evidence=EvidenceStore(config.parent / "state" / "evidence"),
        clock=SystemClock(),
        connect=Keyring(None, SHORT).connect,
        lookout=GateLookout,
        advisories=read_advisories(),
        indicators=tuple,
        playbook_folders=playbook_folders(configuration.settings),
        listeners=listeners,
        stop=SignalStop(),
        actor="operator",
        emergency=no_emergency,
        lanes=True,
    )
    return desk, chosen(configuration, tuple(configuration.gates))


def closing(desk: Desk) -> Callable[[Gate], Result]:
    """Give how a gate is closed at a desk."""
    return lambda gate: Operation(desk, gate).close(Mode.REAL)


def assert_looked_before_each_act(events: Sequence[Recorded]) -> None:
    """See that no act follows another one of its step without a look between them."""
    looked: set[str] = set()
    for recorded in events:
        match recorded.event:
            case LookMade(step=step):
                looked.add(step)
            case ActIntended(step=step):
                assert step in looked, f"{step} was acted on without a look"
                looked.discard(step)
            case _:
                pass

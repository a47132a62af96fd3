"""Every named fault, lived through: where it ends, and that outside never gets in unnoticed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import pytest

from gatectl.cli.chapters import HurriedClock, chapters, setting_for, told_in
from gatectl.cli.desk import workplace
from gatectl.cli.display import display_on_stderr
from gatectl.cli.rehearse import play
from gatectl.core.event import Mode, Recorded, Signalled
from gatectl.core.gate import SHUT_STATES, GateState
from gatectl.desk import Result
from gatectl.errors import ExitCode
from gatectl.operation import Operation
from gatectl.simulator.rehearsal import OUTSIDE, SimulatedSite, fault_sentences

SPEED = 240.0
PROVEN, FAILED_SHUT, MAYBE_OPEN = ExitCode.PROVEN, ExitCode.FAILED_SHUT, ExitCode.MAYBE_OPEN
S = GateState

ENDS: dict[str, tuple[ExitCode, GateState]] = {
    # Both nodes are closed each for itself, so it does not matter which one serves.
    "unexpected-failover": (PROVEN, S.OPEN),
    # The next method closes; what opens cannot be applied either, so the gate is closed again.
    "acl-apply-ignored": (FAILED_SHUT, S.CLOSED),
    "gateway-503": (FAILED_SHUT, S.CLOSED),
    # The mitigation is found not to work, and the gate is closed and patched all the more.
    "mitigation-ignored": (PROVEN, S.OPEN),
    # Packet rules end the sessions that a kill does not.
    "sessions-survive": (PROVEN, S.OPEN),
    # Our own connection from before is still answered: only the next method cuts it.
    "connections-survive": (PROVEN, S.OPEN),
    # A node that is gone cannot be proven closed; outside is seen shut all the same.
    "node-down": (FAILED_SHUT, S.UNKNOWN),
    "half-unreachable": (FAILED_SHUT, S.UNKNOWN),
    # Read back, found not to be so, told; nothing is sent twice without a look.
    "silence": (FAILED_SHUT, S.UNKNOWN),
    "command-lost": (FAILED_SHUT, S.UNKNOWN),
    "command-late": (FAILED_SHUT, S.UNKNOWN),
    "unexpected-question": (FAILED_SHUT, S.UNKNOWN),
    # What was cut off is looked at, found to be so, and the rest goes on.
    "connection-cut": (PROVEN, S.OPEN),
    # The patch stops behind the closed gate.
    "boots-old-build": (FAILED_SHUT, S.HELD),
    "never-returns": (FAILED_SHUT, S.HELD),
    "install-fails": (FAILED_SHUT, S.HELD),
    "sync-never": (FAILED_SHUT, S.HELD),
    "failover-refused": (FAILED_SHUT, S.HELD),
    "host-key-changed": (FAILED_SHUT, S.HELD),
    # Shut and not saved: a restart would open it.
    "disk-full": (MAYBE_OPEN, S.CLOSED_UNSAVED),
    "save-fails": (MAYBE_OPEN, S.CLOSED_UNSAVED),
}
"""How the last chapter that was lived through ends, by fault."""
LASTS = ("half-unreachable", "host-key-changed")
"""Faults after which a node is only let in to again by a person."""
BY_THE_MOMENT = {
    # In the middle of the closing nobody serves, and nothing is known; while the mitigation is
    # made, the other node takes over, and is closed as well.
    "spontaneous-reboot": {(MAYBE_OPEN, S.UNKNOWN), (FAILED_SHUT, S.UNKNOWN), (PROVEN, S.OPEN)},
}
"""Faults whose end depends on when they strike, and the ends that are right."""
QUICK = (
    "acl-apply-ignored",
    "boots-old-build",
    "command-lost",
    "install-fails",
    "node-down",
    "save-fails",
)


def test_every_fault_has_an_end() -> None:
    """A fault that nobody lives through proves nothing."""
    assert {*ENDS, *BY_THE_MOMENT} == set(fault_sentences())
    assert set(QUICK) <= set(ENDS)


@dataclass(slots=True)
class Watchman:
    """Compares what the journal believes with the truth, all the time."""

    site: SimulatedSite
    believed: GateState = S.UNKNOWN
    moves: int = 0
    seen: list[str] = field(default_factory=list)
    looks: int = 0

    def __call__(self, recorded: Recorded) -> None:
        """Note what the journal says of the gate."""
        match recorded.event:
            case Signalled(after=after):
                self.believed = after
                self.moves += 1
            case _:
                pass

    def look(self) -> None:
        """Look once; what moved meanwhile is no finding."""
        moves, believed = self.moves, self.believed
        gets_in = self.site.reachable(OUTSIDE)
        self.looks += 1
        if gets_in and believed in SHUT_STATES | {S.CLOSED_UNSAVED} and moves == self.moves:
            self.seen.append(f"outside gets in while the gate is {believed}")

    @contextmanager
    def on_duty(self) -> Iterator[None]:
        """Look again and again while the block runs."""
        over = threading.Event()

        def walk() -> None:
            while not over.wait(0.01):
                self.look()

        thread = threading.Thread(target=walk, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(5.0)


def live_through(fault: str, folder: Path) -> tuple[list[Result], Result, Watchman]:
    """Rehearse with a fault; then let it be over, and close once more."""
    setting = setting_for("12.1-55.13", None)
    with SimulatedSite(speed=SPEED, faults=(fault,)) as site:
        config = folder / "config.toml"
        config.write_text(told_in(site.configuration(folder), setting, None), encoding="utf-8")
        watchman = Watchman(site)
        given = {"config": str(config), "verbose": 0}
        context = click.Context(click.Command("rehearse"), obj=given)
        with workplace(context, (), (watchman,), rehearsal=True) as place, watchman.on_duty():
            gate = Operation(replace(place.desk, clock=HurriedClock(SPEED)), place.gates[0])
            story = chapters(site.image(setting.target), setting)
            results = play(gate, site, display_on_stderr(quiet=True), story)
            assert not [one.sentence for one in results if one.code is ExitCode.UNEXPECTED]
            make_whole(site)
            closed = gate.close(Mode.REAL)
            assert not site.reachable(OUTSIDE)
    return results, closed, watchman


def make_whole(site: SimulatedSite) -> None:
    """End every fault, and wait until both nodes are back."""
    for node in site.pair.nodes:
        node.faults.clear()
        node.before_command.clear()
        node.power_on()
    ends = time.monotonic() + 20.0
    while any(node.phase != "up" for node in site.pair.nodes):
        assert time.monotonic() < ends, "a node did not come back"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
        for name in sorted(fault_sentences())
    ],
)
def test_each_fault_ends_where_it_should_and_never_more_open(fault: str, tmp_path: Path) -> None:
    """Seen by the site itself: whenever gatectl says shut, nobody outside gets in."""
    results, closed, watchman = live_through(fault, tmp_path)
    assert watchman.looks > 10
    assert watchman.seen == []
    end = (results[-1].code, results[-1].state)
    assert end in BY_THE_MOMENT.get(fault, {ENDS.get(fault)})
    if fault not in LASTS:
        assert (closed.code, closed.state) == (PROVEN, S.CLOSED)

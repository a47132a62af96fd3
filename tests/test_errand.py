"""What travels to a worker, and what a worker does with it."""

import pickle
from functools import partial
from pathlib import Path

import pytest

from gatectl.coordinator import Coordinator
from gatectl.core.event import Mode
from gatectl.core.gate import GateState
from gatectl.errand import Errand, do_errand
from gatectl.errors import ExitCode
from gatectl.operation import Operation
from gatectl.remote import CoordinatorGone
from gatectl.simulator.fleet import SimulatedFleet
from tests.fleets import SHORT, SPEED, assert_closed, desk_at, opened

CLOSE = partial(Operation.close, mode=Mode.REAL)


def test_a_worker_closes_a_gate_and_tells_what_it_came_to(tmp_path: Path) -> None:
    """Sent as bytes without any secret; a second worker with the ticket does nothing."""
    config = tmp_path / "config.toml"
    with SimulatedFleet(1, speed=SPEED) as fleet:
        (site,) = fleet.sites.values()
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        with opened(tmp_path / "state", read_only=False) as journal:
            desk, (gate,) = desk_at(journal, config)
            with Coordinator(desk) as coordinator:
                ticket = coordinator.ticket(gate.name)
                errand = Errand(
                    ticket=ticket,
                    gate=gate,
                    command="close",
                    verb=CLOSE,
                    goes_on=True,
                    actor="operator",
                    playbook_folders=desk.playbook_folders,
                    windows=(),
                    timeouts=SHORT,
                )
                sent = pickle.dumps(errand)
                assert site.password.encode() not in sent
                told = do_errand(pickle.loads(sent))  # noqa: S301 - our own bytes
                before = len(site.history())
                with pytest.raises(CoordinatorGone):
                    do_errand(errand)
                assert len(site.history()) == before
            assert told.result.state is GateState.CLOSED
            assert told.result.code is ExitCode.PROVEN
            assert len(told.runs) == 1
            assert_closed(site, told.result.code, tuple(journal.events(gate=gate.name)))


def test_a_coordinator_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Nothing is contacted before there is somebody to write it down."""
    config = tmp_path / "config.toml"
    with SimulatedFleet(1, speed=SPEED) as fleet:
        (site,) = fleet.sites.values()
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        with opened(tmp_path / "state", read_only=False) as journal:
            desk, (gate,) = desk_at(journal, config)
            with Coordinator(desk) as coordinator:
                ticket = coordinator.ticket(gate.name)
        errand = Errand(
            ticket=ticket,
            gate=gate,
            command="close",
            verb=CLOSE,
            goes_on=False,
            actor="operator",
            playbook_folders=desk.playbook_folders,
            windows=(),
        )
        with pytest.raises(CoordinatorGone, match="no line to the coordinator"):
            do_errand(errand)
        assert site.history() == []

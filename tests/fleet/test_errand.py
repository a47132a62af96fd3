"""What travels to a worker, and what a worker does with it."""

import importlib
import pickle
import subprocess
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gatectl.clock import SystemClock
from gatectl.core.event import Mode, Noted
from gatectl.core.gate import Gate, GateState
from gatectl.desk import Desk
from gatectl.errors import ExitCode, JournalUnavailable
from gatectl.fleet.channel import ChannelBroken, call
from gatectl.fleet.coordinator import Coordinator, Ticket
from gatectl.fleet.errand import ANSWER_S, Errand, _connected, _met, do_errand
from gatectl.fleet.remote import Coordination, CoordinatorGone, RemoteJournal
from gatectl.journal.postgres.link import ANSWER_S as STATEMENT_S
from gatectl.journal.postgres.link import CONNECT_S
from gatectl.journal.schema import BUSY_TIMEOUT_MS
from gatectl.operation import Operation
from gatectl.simulator.fleet import SimulatedFleet
from gatectl.simulator.rehearsal import INSIDE, OUTSIDE
from tests.fleets import SHORT, SPEED, FailingJournal, assert_closed, desk_at, opened

CLOSE = partial(Operation.close, mode=Mode.REAL)


def closing(desk: Desk, gate: Gate, ticket: Ticket, *, goes_on: bool) -> Errand:
    """Make the errand of closing a gate."""
    return Errand(
        ticket=ticket,
        gate=gate,
        command="close",
        verb=CLOSE,
        goes_on=goes_on,
        actor="operator",
        playbook_folders=desk.playbook_folders,
        advisories=dict(desk.advisories),
        windows=(),
        timeouts=SHORT,
    )


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
                errand = closing(desk, gate, ticket, goes_on=True)
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


def test_a_worker_closes_without_the_coordinators_journal_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate is shut, the record lies in the folder for all, and stderr tells where."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    config = tmp_path / "config.toml"
    with SimulatedFleet(1, speed=SPEED) as fleet:
        (site,) = fleet.sites.values()
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        with FailingJournal.in_memory(clock=SystemClock(), actor="o", origin="here") as journal:
            journal.error = JournalUnavailable("the journal is locked")
            desk, (gate,) = desk_at(journal, config)
            with Coordinator(desk) as coordinator:
                ticket = coordinator.ticket(gate.name)
                told = do_errand(closing(desk, gate, ticket, goes_on=False))
        assert (told.result.stands, told.result.code) == ("shut", ExitCode.PROVEN)
        assert (site.reachable(OUTSIDE), site.reachable(INSIDE)) == (False, True)
    (record,) = tmp_path.glob("gatectl-*/emergency-*.jsonl")
    said = f"gatectl: {gate.name}: closing without the journal (the journal is locked)"
    assert said in capsys.readouterr().err
    assert "gate.signalled" in record.read_text(encoding="utf-8")


def test_where_dask_has_certificates_the_line_is_tls(tmp_path: Path) -> None:
    """Coordinator and worker show each other what Dask's own configuration names."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=fleet -days 1 -keyout"
    subprocess.run(  # noqa: S603 - a fixed program with words of this test
        [*words.split(), str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    tls = {"distributed.comm.tls.ca-file": str(certificate)}
    for party in ("client", "worker", "scheduler"):
        tls |= {f"distributed.comm.tls.{party}.cert": str(certificate)}
        tls |= {f"distributed.comm.tls.{party}.key": str(key)}
    config = tmp_path / "config.toml"
    dask, distributed = (importlib.import_module(name) for name in ("dask", "distributed"))
    with SimulatedFleet(1) as fleet, dask.config.set(tls):
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
        security = distributed.Security(require_encryption=True)
        context = security.get_listen_args("client")["ssl_context"]
        with opened(tmp_path / "state", read_only=False) as journal:
            desk, (gate,) = desk_at(journal, config)
            with Coordinator(desk, tls=context) as coordinator:
                ticket = coordinator.ticket(gate.name)
                with pytest.raises(ChannelBroken):
                    met_by(replace(ticket, tls=False))
                assert met_by(ticket).gate == gate.name


def met_by(ticket: Ticket) -> Coordination:
    """Come back with a ticket, and leave again."""
    connection = _connected(ticket)
    connection.settimeout(10.0)
    with connection:
        return Coordination(call(connection, ticket.number, ticket.key))


def test_a_slow_journal_is_no_coordinator_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer may take longer than the way there, and as long as the journal itself waits."""
    assert 10 * max(BUSY_TIMEOUT_MS / 1000, CONNECT_S + STATEMENT_S) < ANSWER_S
    monkeypatch.setattr("gatectl.fleet.errand._CONNECT_S", 1.0)
    config = tmp_path / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
    with opened(tmp_path / "state", read_only=False) as journal:
        desk, (gate,) = desk_at(journal, config, lambda _recorded: time.sleep(1.3))
        with Coordinator(desk) as coordinator:
            line = _met(coordinator.ticket(gate.name))
            noted = RemoteJournal(line, SystemClock()).append(
                Noted(text="after a while"), gate=gate.name
            )
            line.close()
        assert list(journal.events()) == [noted]


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
        errand = closing(desk, gate, ticket, goes_on=False)
        with pytest.raises(CoordinatorGone, match="no line to the coordinator"):
            do_errand(errand)
        assert site.history() == []

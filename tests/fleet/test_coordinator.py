"""What workers come back for: for their own gate alone, once a ticket, and each intent on disk."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import NoReturn

import pytest

from gatectl.core.event import ActIntended, Noted, Recorded, event_fields
from gatectl.core.gate import GateName, NodeName
from gatectl.core.plan import PlannedId
from gatectl.fleet.channel import Channel, ChannelBroken, Message, call
from gatectl.fleet.coordinator import Coordinator, Ticket
from gatectl.journal.journal import Journal
from gatectl.journal.lease import LeaseCounts, LeaseToken
from gatectl.simulator.fleet import SimulatedFleet
from tests.fleets import desk_at, opened

PATIENCE_S = 10.0
GATE = GateName("gate-000")
INTENT = ActIntended(step=PlannedId("saved@ns-a"), node=NodeName("ns-a"), lines=("save ns config",))


@pytest.fixture
def heard() -> list[Recorded]:
    """Collect what listeners hear."""
    return []


@pytest.fixture
def coordinator(tmp_path: Path, heard: list[Recorded]) -> Iterator[tuple[Coordinator, Journal]]:
    """Coordinate over a real journal; the gates exist on paper alone."""
    config = tmp_path / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
    with opened(tmp_path / "state", read_only=False) as journal:
        desk, _ = desk_at(journal, config, heard.append)
        with Coordinator(desk) as made:
            yield made, journal


@contextmanager
def visit(ticket: Ticket) -> Iterator[Channel]:
    """Come with a ticket."""
    connection = socket.create_connection((ticket.host, ticket.port), 10.0)
    channel = call(connection, ticket.number, ticket.key)
    try:
        yield channel
    finally:
        channel.close()


def ask(channel: Channel, what: str, **pairs: object) -> Message:
    """Ask for one thing."""
    channel.send({"ask": what, **pairs})
    return channel.receive()


def appended(channel: Channel, *, require: int | None = None) -> Message:
    """Have an intent put on disk."""
    fence = None
    if require is not None:
        fence = asdict(LeaseCounts(gate=GATE, token=LeaseToken(require)))
    return ask(channel, "append", events=[event_fields(INTENT)], run="r1", fence=fence, begins=True)


def test_an_intent_is_on_disk_before_the_worker_hears_of_it(
    coordinator: tuple[Coordinator, Journal], heard: list[Recorded]
) -> None:
    """It stands in the journal for the ticket's gate, and listeners have heard it."""
    made, journal = coordinator
    with visit(made.ticket(GATE)) as channel:
        ask(channel, "hello", worker="w")
        token = ask(channel, "take", step="close-acl", ttl_s=60.0)["answer"]
        assert "answer" in appended(channel, require=token)
        (recorded,) = journal.events(gate=GATE, kinds=("act.intended",))
    assert recorded.event == INTENT
    assert heard == [recorded]


def test_a_ticket_is_good_for_one_visit(coordinator: tuple[Coordinator, Journal]) -> None:
    """Whoever begins a lost task a second time is sent away."""
    made, _ = coordinator
    ticket = made.ticket(GATE)
    with visit(ticket) as channel:
        assert ask(channel, "hello", worker="w")["answer"]["gate"] == GATE
    with visit(ticket) as again, pytest.raises(ChannelBroken):
        ask(again, "hello", worker="w")


def test_an_unknown_ticket_and_a_wrong_key_are_sent_away(
    coordinator: tuple[Coordinator, Journal],
) -> None:
    """Nothing is told to them, and the right one still works."""
    made, _ = coordinator
    ticket = made.ticket(GATE)
    for wrong in (replace(ticket, number=b"x" * 16), replace(ticket, key=b"y" * 32)):
        with pytest.raises(ChannelBroken), visit(wrong):
            pass
    with visit(ticket) as channel:
        assert "answer" in ask(channel, "hello", worker="w")


def test_a_worker_that_leaves_loses_the_gate(coordinator: tuple[Coordinator, Journal]) -> None:
    """Its lease is ended with its name and a reason, and an intent with its token is refused."""
    made, journal = coordinator
    ticket = made.ticket(GATE)
    with visit(ticket) as channel:
        ask(channel, "hello", worker="process 7")
        token = ask(channel, "take", step="close-acl", ttl_s=60.0)["answer"]
        assert journal.leases.show(GATE) is not None
    end = time.monotonic() + PATIENCE_S
    # Nobody has withdrawn the ticket yet: that it left is found out on the line.
    while journal.leases.show(GATE) is not None:
        assert time.monotonic() < end, "the lease of a worker that has left still counts"
        time.sleep(0.01)
    assert made.withdraw(ticket) == "process 7"
    (note,) = (one.event for one in journal.events(gate=GATE) if isinstance(one.event, Noted))
    assert "process 7 left without giving the gate back" in note.text
    with visit(made.ticket(GATE)) as channel:
        assert appended(channel, require=token)["error"][0] == "LeaseLost"


def test_a_worker_that_only_seemed_lost_hears_no_yes_any_more(
    coordinator: tuple[Coordinator, Journal],
) -> None:
    """Its line is cut before the gate is given to another."""
    made, _ = coordinator
    ticket = made.ticket(GATE)
    with visit(ticket) as channel:
        ask(channel, "hello", worker="w")
        made.withdraw(ticket)
        with pytest.raises(ChannelBroken):
            ask(channel, "stop")


def test_a_withdrawn_ticket_lets_nobody_in(coordinator: tuple[Coordinator, Journal]) -> None:
    """A task that begins late, after its gate went to another, does nothing."""
    made, _ = coordinator
    ticket = made.ticket(GATE)
    made.withdraw(ticket)
    with visit(ticket) as channel, pytest.raises(ChannelBroken):
        ask(channel, "hello", worker="w")


def test_an_error_comes_back_as_what_it_is(coordinator: tuple[Coordinator, Journal]) -> None:
    """Kind, sentence and hint; the line stays."""
    made, _ = coordinator
    with visit(made.ticket(GATE)) as channel:
        kind, sentence, hint = ask(channel, "read", evidence="0" * 64)["error"]
        assert (kind, bool(sentence), bool(hint)) == ("JournalDamaged", True, True)
        assert "answer" in ask(channel, "head")


def test_nothing_is_written_for_a_gate_that_nobody_holds(
    coordinator: tuple[Coordinator, Journal],
) -> None:
    """A token that was never given is as good as a lost one."""
    made, journal = coordinator
    with visit(made.ticket(GATE)) as channel:
        assert appended(channel, require=5)["error"][0] == "LeaseLost"
    assert list(journal.events()) == []


class NoDescriptors(socket.socket):
    """Fails to let anybody in, and counts how often that is tried."""

    tried = 0

    def accept(self) -> NoReturn:
        """Fail."""
        self.tried += 1
        raise OSError(errno.EMFILE, "too many open files")


def test_a_listener_that_fails_is_not_tried_without_a_pause(tmp_path: Path) -> None:
    """The processor is for whoever is at work, and the end is not waited for."""
    config = tmp_path / "config.toml"
    with SimulatedFleet(1) as fleet:
        config.write_text(fleet.configuration(tmp_path), encoding="utf-8")
    with opened(tmp_path / "state", read_only=False) as journal:
        made = Coordinator(desk_at(journal, config)[0])
        made._listener.close()
        with NoDescriptors() as made._listener, made:
            time.sleep(0.35)
        assert isinstance(made._listener, NoDescriptors)
        assert 1 <= made._listener.tried <= 5

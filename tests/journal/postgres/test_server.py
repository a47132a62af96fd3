"""A journal in a server: writers one by one, leases by one clock, and a server that fails."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import psycopg
import pytest

from gatectl.clock import HandClock, SystemClock
from gatectl.core.event import Noted
from gatectl.core.gate import GateName
from gatectl.errors import (
    ExitCode,
    GateBusy,
    JournalDamaged,
    JournalUnavailable,
    JournalUnreachable,
)
from gatectl.journal.engine import Answer
from gatectl.journal.journal import Journal
from gatectl.journal.mark import mark_path
from gatectl.journal.postgres import link
from gatectl.journal.postgres.server import PostgresServer, _commit
from gatectl.journal.recorder import holder_gone
from tests.postgres_server import OwnServer
from tests.shelves import GATE, ServerShelf, fill

NOTE = Noted(text="x")


@pytest.fixture
def shelf(postgres_server: OwnServer, tmp_path: Path) -> ServerShelf:
    """Give a place for a journal."""
    return ServerShelf(postgres_server, tmp_path)


@pytest.fixture
def journal(shelf: ServerShelf) -> Iterator[Journal]:
    """Give a journal whose leases go by the server's own clock."""
    with machine(shelf, "boot-1") as opened:
        yield opened


def machine(shelf: ServerShelf, boot: str) -> Journal:
    """Open the journal on a machine of its own."""
    clock = HandClock(boot=boot)
    engine = PostgresServer.open(shelf.place, created=clock.now(), password=lambda: None)
    return Journal.on(engine, clock=clock, actor="alice", origin="desk-7")


def test_the_journal_is_made_once_by_whoever_comes_first(shelf: ServerShelf) -> None:
    """The second machine finds the lineage of the first."""
    with machine(shelf, "boot-1") as one, machine(shelf, "boot-2") as other:
        assert one.lineage == other.lineage
        one.append(NOTE, gate=GATE)
        assert other.append(NOTE, gate=GATE).sequence == 2
        assert one.verify().problems == ()


def test_a_reader_makes_nothing_and_appends_nothing(shelf: ServerShelf) -> None:
    """Looking at nothing leaves nothing behind."""
    with pytest.raises(JournalUnavailable, match="no journal"):
        shelf.open(read_only=True)
    fill(shelf, 1)
    with shelf.open(read_only=True) as reader, pytest.raises(JournalUnavailable, match="reading"):
        reader.append(NOTE, gate=GATE)


def test_a_lock_of_another_program_is_told(
    shelf: ServerShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for a lock has an end, and the sentence says what it was."""
    monkeypatch.setitem(link._SETTINGS, "lock_timeout", "200ms")
    with shelf.open() as journal:
        with shelf.server.connected(shelf.database) as other:
            other.execute("BEGIN")
            other.execute("LOCK TABLE gatectl.lease IN EXCLUSIVE MODE")
            with pytest.raises(JournalUnavailable, match="another program"):
                journal.append(NOTE, gate=GATE)
        assert journal.append(NOTE, gate=GATE).sequence == 1


def test_a_writer_that_falls_asleep_keeps_nobody_waiting(
    shelf: ServerShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes its transaction back, and what it wakes up to do does not count."""
    monkeypatch.setitem(link._SETTINGS, "idle_in_transaction_session_timeout", "2s")
    with shelf.open() as sleeper, shelf.open() as other:
        asleep = sleeper._engine.transaction()
        rows = asleep.__enter__()
        rows.execute("UPDATE lease SET step = 'late'")
        assert other.append(NOTE, gate=GATE).sequence == 1
        with pytest.raises(JournalUnavailable):
            asleep.__exit__(None, None, None)
        assert sleeper.append(NOTE, gate=GATE).sequence == 2


def test_a_statement_that_failed_inside_keeps_a_transaction_from_counting(
    journal: Journal, shelf: ServerShelf
) -> None:
    """The server takes such a transaction back and says so in one word, which is read."""
    with (
        pytest.raises(JournalUnavailable, match="did not keep"),
        journal._engine.transaction() as rows,
        pytest.raises(psycopg.errors.DivisionByZero),
    ):
        rows.execute("SELECT 1 / 0")
    with shelf.open() as other:
        assert other.head().sequence == 0


class Silent:
    """Rows that answer nothing to whatever they are asked."""

    def execute(self, sql: str, parameters: Sequence[str | int | None] = (), /) -> Answer:
        """Give no word on what became of it."""
        del sql, parameters
        return cast("Answer", object())


def test_an_answer_that_is_missing_is_no_commit() -> None:
    """What was not said to be kept does not count as kept."""
    with pytest.raises(JournalUnavailable, match="did not keep"):
        _commit(Silent(), "anywhere")


def test_a_journal_that_is_replaced_while_open_is_not_written(
    journal: Journal, shelf: ServerShelf
) -> None:
    """A server that was put back from a copy, or another one behind the name, is told."""
    journal.append(NOTE, gate=GATE)
    shelf.clear()
    with pytest.raises(JournalDamaged):
        journal.append(NOTE, gate=GATE)
    fill(shelf, 1)
    with pytest.raises(JournalDamaged, match="replaced"):
        journal.append(NOTE, gate=GATE)


def test_a_restart_of_the_server_is_lived_through(journal: Journal, shelf: ServerShelf) -> None:
    """While it is away that is said, with the code of a host that is away; then all goes on."""
    journal.append(NOTE, gate=GATE)
    shelf.server.stop()
    try:
        with pytest.raises(JournalUnreachable) as caught:
            journal.append(NOTE, gate=GATE)
        assert caught.value.exit_code is ExitCode.UNREACHABLE
    finally:
        shelf.server.start()
    assert journal.append(NOTE, gate=GATE).sequence == 2
    assert journal.verify().problems == ()


def test_a_connection_that_was_cut_between_two_events_is_not_noticed(
    journal: Journal, shelf: ServerShelf
) -> None:
    """Nothing had been asked on it yet, so a new one serves."""
    journal.append(NOTE, gate=GATE)
    shelf.server.cut_others(shelf.database)
    assert journal.append(NOTE, gate=GATE).sequence == 2


def test_a_lease_of_another_machine_ends_by_the_servers_clock(shelf: ServerShelf) -> None:
    """Their boots say nothing of each other, and neither do their own clocks."""
    with machine(shelf, "boot-1") as one, machine(shelf, "boot-2") as other:
        one.leases.take(GATE, holder="alice", host="desk-7", pid=1, ttl_s=60)
        with pytest.raises(GateBusy, match="alice on desk-7"):
            other.leases.take(GATE, holder="bob", host="desk-8", pid=1)
        held = other.leases.show(GATE, host="desk-8")
        assert held is not None
        assert held.alive
        assert held.age_s is not None
        token = one.leases.take(GateName("borne"), holder="a", host="desk-7", pid=1, ttl_s=0)
        assert other.leases.take(GateName("borne"), holder="b", host="desk-8", pid=1) == token + 1
        with pytest.raises(GateBusy, match="lost"):
            one.leases.renew(GateName("borne"), token)


def test_a_machine_of_the_same_name_is_another_machine(shelf: ServerShelf) -> None:
    """A process that is missing here says nothing of one that runs there."""
    name = "localhost"
    with machine(shelf, "boot-1") as one, machine(shelf, "boot-2") as other:
        one.leases.take(GATE, holder="alice", host=name, pid=4_000_000)
        here, there = (journal.leases.show(GATE, host=name) for journal in (one, other))
        assert here is not None
        assert there is not None
        assert (here.here, there.here) == (True, False)
        assert holder_gone(here)
        assert not holder_gone(there)


_RIVAL = """
import sys
from gatectl.clock import SystemClock
from gatectl.core.gate import GateName
from gatectl.errors import GateBusy
from gatectl.journal.journal import Journal
{opening}
print("ready", flush=True)
for gate in sys.stdin:
    try:
        token = journal.leases.take(GateName(gate.strip()), holder="x", host="{host}", pid=1)
    except GateBusy as busy:
        print(int(busy.exit_code), flush=True)
    else:
        print("token", token, flush=True)
"""


def test_of_two_machines_that_want_a_gate_one_gets_it(shelf: ServerShelf) -> None:
    """Two processes with names of two machines, twenty gates: each has one holder, and one 8."""
    rivals = [
        subprocess.Popen(  # noqa: S603 - the script above
            [sys.executable, "-c", _RIVAL.format(opening=shelf.script(), host=host)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for host in ("desk-7", "desk-8")
    ]
    gates = "".join(f"gate-{number}\n" for number in range(20))
    try:
        for rival in rivals:
            assert rival.stdout is not None
            assert rival.stdout.readline() == "ready\n"
        for rival in rivals:
            assert rival.stdin is not None
            rival.stdin.write(gates)
            rival.stdin.flush()
        told = [rival.communicate(timeout=60)[0].splitlines() for rival in rivals]
    finally:
        for rival in rivals:
            rival.kill()
    assert {frozenset(pair) for pair in zip(*told, strict=True)} == {frozenset(("token 1", "8"))}


def test_the_clock_of_this_machine_is_on_every_record(shelf: ServerShelf) -> None:
    """Leases go by the server's clock; when something was done is the word of who did it."""
    with machine(shelf, "boot-9") as journal:
        recorded = journal.append(NOTE, gate=GATE)
    assert (recorded.boot_id, recorded.at) == ("boot-9", HandClock().now())
    assert SystemClock().now() > recorded.at


def test_a_start_reads_what_is_new_and_some_of_the_old(
    shelf: ServerShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far a journal was seen to hold is for each machine to know, beside its own state."""
    for module in ("gatectl.journal.journal", "gatectl.journal.mark"):
        monkeypatch.setattr(f"{module}.NEWEST_ROWS", 10)
        monkeypatch.setattr(f"{module}.TURN_ROWS", 10)
    fill(shelf, 40)
    shelf.open().close()
    assert mark_path(shelf.mark).exists()
    shelf.tamper("UPDATE event SET body = replace(body, 'note', 'vote') WHERE sequence = 15")
    shelf.open().close()
    mark_path(shelf.mark).unlink()
    with pytest.raises(JournalDamaged, match="record 15"):
        shelf.open()

"""The journal that a configuration names, opened in a file or in a server, and used by verbs."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatectl.clock import HandClock
from gatectl.core.event import ActIntended, Noted, Recorded
from gatectl.core.gate import GateName, SecretRef
from gatectl.core.journalserver import JournalServer
from gatectl.errors import ExitCode, JournalUnavailable, JournalUnreachable
from gatectl.journal.opening import JournalPlace, open_journal
from gatectl.simulator.rehearsal import GATE as SITE_GATE
from gatectl.simulator.rehearsal import SimulatedSite
from tests.cli.keyboard import Keyboard
from tests.postgres_server import LOCKED, OwnServer

GATE = GateName("almelo")
PASSWORD = "canary-Hengelo-3"


def place(folder: Path, server: JournalServer | None = None) -> JournalPlace:
    """Name a place for a journal."""
    return JournalPlace(
        file=folder / "state" / "journal.db", evidence=folder / "evidence", server=server
    )


def test_without_a_server_the_journal_is_a_file(tmp_path: Path) -> None:
    """It is made where the configuration has its state."""
    here = place(tmp_path)
    with open_journal(
        here, clock=HandClock(), actor="a", origin="o", unsafe_any_file_system=True
    ) as journal:
        journal.append(Noted(text="x"), gate=GATE)
    assert here.file.exists()
    assert here.shown == str(here.file)


def test_a_missing_driver_is_told_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an error of the journal, so that closing goes on."""
    for name in [name for name in sys.modules if name.startswith("gatectl.journal.postgres.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    server = JournalServer(url="postgresql:///nothing")
    with pytest.raises(JournalUnavailable, match="psycopg is not installed") as caught:
        open_journal(place(tmp_path, server), clock=HandClock(), actor="a", origin="o")
    assert "pip install 'gatectl[postgres]'" in caught.value.hint


def test_a_password_is_fetched_when_it_is_needed(
    postgres_server: OwnServer, tmp_path: Path
) -> None:
    """A file that is not there is an error of the journal, and the password is in no sentence."""
    database = postgres_server.new_database()
    postgres_server.run("postgres", f"ALTER ROLE {LOCKED} PASSWORD '{PASSWORD}'")
    file = tmp_path / "password"
    login = SecretRef(kind="password_file", target=str(file))
    server = JournalServer(url=postgres_server.url(database, LOCKED), login=login)
    with pytest.raises(JournalUnreachable, match="cannot be had"):
        open_journal(place(tmp_path, server), clock=HandClock(), actor="a", origin="o")
    file.write_text(PASSWORD)
    file.chmod(0o600)
    with open_journal(place(tmp_path, server), clock=HandClock(), actor="a", origin="o") as journal:
        assert journal.append(Noted(text="x"), gate=GATE).sequence == 1


@pytest.fixture(name="keyboards")
def _keyboards(postgres_server: OwnServer, tmp_path: Path) -> Iterator[tuple[Keyboard, Keyboard]]:
    """Sit down at two machines that operate one site with one journal."""
    database = postgres_server.emptied()
    settings = (
        f'[settings]\njournal = "{postgres_server.url(database)}"\n'
        f'evidence_dir = "{tmp_path / "evidence"}"\n'
    )
    with SimulatedSite(speed=240.0) as site:
        machines = []
        for name in ("one", "other"):
            folder = tmp_path / name
            folder.mkdir()
            keyboard = Keyboard.at(site, folder)
            text = keyboard.config.read_text(encoding="utf-8")
            assert "[settings]\n" in text
            keyboard.config.write_text(text.replace("[settings]\n", settings, 1))
            machines.append(keyboard)
        yield machines[0], machines[1]


def test_two_machines_go_by_one_journal_also_after_the_server_was_away(
    keyboards: tuple[Keyboard, Keyboard], postgres_server: OwnServer, tmp_path: Path
) -> None:
    """What one did the other knows; closing needs no server, and is on record once it is back."""
    one, other = keyboards
    assert one.type("status").code == ExitCode.PROVEN
    postgres_server.stop()
    try:
        refused = other.type("verify")
        assert refused.code == ExitCode.UNREACHABLE
        assert "cannot be reached" in refused.one_sentence_and_a_hint()
        shut = one.type("close")
        assert shut.code == ExitCode.PROVEN, shut.err
        assert one.visits() == (False, True)
        assert "without the journal" in shut.err
        assert len(list(tmp_path.rglob("emergency-*.jsonl"))) == 1
    finally:
        postgres_server.start()
    assert one.type("log").code == ExitCode.PROVEN
    assert list(tmp_path.rglob("emergency-*.jsonl.taken-in"))
    seen = other.type("status", "--json")
    assert seen.gate["state"] == "closed"
    assert seen.gate["closed_by"] == ["close-acl"]
    assert one.type("collect").code == ExitCode.PROVEN
    verified = other.type("journal", "verify")
    assert verified.code == ExitCode.PROVEN, verified.err
    assert "records hold" in verified.out
    assert "pieces are what was kept" in verified.out
    assert "evidence: 0 pieces" not in verified.out
    bundled = other.type("bundle", "make", SITE_GATE, "-o", str(tmp_path / "b.tar"))
    assert bundled.code == ExitCode.PROVEN, bundled.err
    assert not list(tmp_path.rglob("journal.db"))
    told = other.type("doctor", "--json").document
    found = {finding["name"]: finding["answer"] for finding in told["findings"]}
    assert (found["journal"], found["journal-server"]) == ("pass", "pass")
    assert found["journal-rights"] == "fail"


def test_a_server_that_goes_away_in_mid_close_keeps_nobody_from_closing(
    keyboards: tuple[Keyboard, Keyboard],
    postgres_server: OwnServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the first intent the rest is done without it, and taken in later."""
    one, other = keyboards
    assert one.type("status").code == ExitCode.PROVEN
    stopped: list[Recorded] = []

    def stop_at_the_first_act(recorded: Recorded) -> None:
        if not stopped and isinstance(recorded.event, ActIntended):
            stopped.append(recorded)
            postgres_server.stop()

    monkeypatch.setattr("gatectl.cli.desk._log_listener", lambda: stop_at_the_first_act)
    try:
        shut = one.type("close")
    finally:
        if stopped:
            postgres_server.start()
    assert stopped
    assert shut.code == ExitCode.PROVEN, shut.err
    assert "without the journal" in shut.err
    assert one.visits() == (False, True)
    assert one.type("log").code == ExitCode.PROVEN
    assert other.type("status", "--json").gate["state"] == "closed"

import pytest

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.user_session import SessionKind, UserSession


def sign_in(box: Appliance, kind: SessionKind, user: str = "jdoe") -> UserSession:
    """Sign somebody in."""
    return box.begin_session(
        user=user, kind=kind, client_address="198.51.100.7", client_port=40_000
    )


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("ica", "kill icaconnection -all"),
        ("aaa", "kill aaa session -all"),
        ("rdp", "kill rdp connection -all"),
        ("pcoip", "kill pcoipConnection -all"),
    ],
)
def test_a_kill_ends_its_own_kind(
    primary: Appliance, cli: CliSession, kind: SessionKind, line: str
) -> None:
    """Each kind has its command, and the other kinds go on."""
    kinds: tuple[SessionKind, ...] = ("ica", "aaa", "rdp", "pcoip")
    sessions = {one: sign_in(primary, one) for one in kinds}
    assert cli.run(line) == " Done\n"
    assert [one for one, session in sessions.items() if not session.alive] == [kind]
    assert len(primary.sessions) == 3


def test_one_user_can_be_ended(primary: Appliance, cli: CliSession) -> None:
    """With a name only that user goes, and with nothing at all nobody does."""
    jdoe, other = sign_in(primary, "ica"), sign_in(primary, "ica", "other")
    assert cli.run("kill icaconnection").startswith("ERROR: Required argument missing")
    cli.run("kill vpn icaConnection -userName jdoe")
    assert (jdoe.alive, other.alive) == (False, True)


def test_nobody_is_no_line_at_all(cli: CliSession) -> None:
    """An empty table is just ` Done`."""
    for line in ("show vpn icaConnection", "show aaa session", "show rdp connections",
                 "clear lb persistentSessions"):  # fmt: skip
        assert cli.run(line) == " Done\n"


def test_a_kill_can_be_without_effect(primary: Appliance, cli: CliSession) -> None:
    """With the fault the answer is the same and the session goes on."""
    primary.faults.add("kill-ignored")
    session = sign_in(primary, "ica")
    assert cli.run("kill icaconnection -all") == " Done\n"
    assert session.alive

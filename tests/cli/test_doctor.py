"""`gatectl doctor`: what is well, what is not, and what mends it."""

from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from tests.cli.keyboard import Keyboard, Shown


def bad(shown: Shown) -> dict[str, dict[str, object]]:
    """Give the findings that are not well, by name."""
    return {one["name"]: one for one in shown.document["findings"] if one["answer"] != "pass"}


def test_a_site_that_is_well_has_nothing_to_mend(bystander: Keyboard) -> None:
    """Every finding passes, and nothing is sent that writes."""
    shown = bystander.type("doctor", "--json")
    assert shown.code == ExitCode.PROVEN, bad(shown)
    names = {one["name"] for one in shown.document["findings"]}
    assert names >= {
        *("configuration", "state-folder", "disk", "file-system", "emergency-path", "sqlite"),
        *("ssh-keygen", "credential", "host-key", "login", "rights", "node-disk", "clock-skew"),
        *("control", "management-path"),
    }
    assert shown.written == ()
    assert "are well" in bystander.type("doctor").out


def test_offline_nothing_is_contacted(bystander: Keyboard) -> None:
    """Only this machine is looked at."""
    shown = bystander.type("doctor", "--offline", "--json")
    assert shown.code == ExitCode.PROVEN
    assert shown.arrived == ()
    assert "login" not in {one["name"] for one in shown.document["findings"]}


def replaced(keyboard: Keyboard, old: str, new: str) -> Path:
    """Change the configuration."""
    path = keyboard.changed((old, new))
    path.chmod(0o600)
    return path


def test_a_wrong_host_key_is_mended_by_pinning(bystander: Keyboard) -> None:
    """Exit 4, and the command."""
    pinned = bystander.site.access().nodes[0].host_key_sha256
    config = replaced(bystander, pinned, "SHA256:" + "A" * 43)
    shown = bystander.type("doctor", "--json", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    assert str(bad(shown)["host-key"]["mend"]).startswith("gatectl hostkeys")


def test_hosts_without_a_pin_are_not_contacted(bystander: Keyboard) -> None:
    """There is nothing to trust yet, and nobody's password is sent."""
    pinned = bystander.site.access().nodes[0].host_key_sha256
    config = replaced(bystander, f'host_keys = ["{pinned}"]\n', "")
    shown = bystander.type("doctor", "--json", config=config)
    assert shown.code == ExitCode.UNREACHABLE
    assert shown.arrived == ()
    assert "host-key" in bad(shown)


def test_a_control_that_does_not_answer_is_named(bystander: Keyboard) -> None:
    """Without it, silence proves nothing."""
    control = bystander.site.access().control
    config = replaced(bystander, control, "127.0.0.1:1")
    shown = bystander.type("doctor", "--json", config=config)
    assert shown.code == ExitCode.DRIFT
    assert bad(shown)["control"]["mend"] == "nc -vz 127.0.0.1 1"


def test_a_wrong_password_is_found_before_the_night(bystander: Keyboard) -> None:
    """The login is tried, and the finding says what to look at."""
    for path in bystander.folder.glob("password-*"):
        path.write_text("wrong\n", encoding="utf-8")
    shown = bystander.type("doctor", "--json")
    assert shown.code == ExitCode.UNREACHABLE
    assert "credential" in str(bad(shown)["login"]["mend"])


def test_a_password_that_others_can_read_is_found(bystander: Keyboard) -> None:
    """With the command that mends it."""
    for path in bystander.folder.glob("password-*"):
        path.chmod(0o644)
    shown = bystander.type("doctor", "--offline", "--json")
    assert shown.code == ExitCode.DRIFT
    assert "chmod 600" in str(bad(shown)["credential"]["mend"])


def test_a_damaged_journal_is_exit_9(keyboard: Keyboard) -> None:
    """The record does not verify: that is looked into before anything else."""
    keyboard.type("status")
    journal = keyboard.folder / "state" / "journal.db"
    content = journal.read_bytes()
    assert content.count(b"sides.seen") > 0
    journal.write_bytes(content.replace(b'"outside":"open"', b'"outside":"shut"'))
    shown = keyboard.type("doctor", "--json")
    assert shown.code == ExitCode.TAMPERED
    assert bad(shown)["journal"]["mend"] == "gatectl journal verify"


@pytest.mark.parametrize(
    ("addition", "name"),
    [
        ('[[messages]]\nevents = ["held"]\ncommand = "/nonexistent/page"\n', "messages"),
        ('[[messages]]\nevents = ["held"]\nurl_file = "missing.urls"\n', "messages"),
    ],
)
def test_a_message_that_could_not_be_sent_is_found(
    bystander: Keyboard, addition: str, name: str
) -> None:
    """Nobody would be woken, and nobody would know."""
    path = bystander.folder / "messages.toml"
    path.write_text(addition + bystander.config.read_text(encoding="utf-8"), encoding="utf-8")
    path.chmod(0o600)
    shown = bystander.type("doctor", "--offline", "--json", config=path)
    assert shown.code == ExitCode.DRIFT
    assert name in bad(shown)

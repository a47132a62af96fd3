"""`gatectl schedule`: what a timer needs, printed or written to one's own folder."""

import os
from pathlib import Path

import pytest

from gatectl.errors import ExitCode
from gatectl.simulator.rehearsal import GATE
from tests.cli.keyboard import Keyboard

WINDOW = """
[[windows]]
kind = "allow"
schedule = "0 22 * * 5"
duration = "6h"
time_zone = "Europe/Amsterdam"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Live in a folder of this test's own."""
    monkeypatch.setitem(os.environ, "XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_audit_is_printed_for_systemd_and_for_cron(bystander: Keyboard) -> None:
    """Every morning, made up for when it was missed, with this configuration."""
    shown = bystander.type("schedule", "audit")
    assert shown.code == ExitCode.PROVEN
    assert shown.arrived == ()
    for wanted in (
        "# /etc/systemd/system/gatectl-audit.service",
        "Type=oneshot",
        "OnCalendar=*-*-* 06:00:00",
        "Persistent=yes",
        f"Environment=GATECTL_CONFIG={bystander.config}",
        "# 0 6 * * * gatectl ",
    ):
        assert wanted in shown.out


def test_maintenance_takes_its_time_from_the_window(bystander: Keyboard) -> None:
    """In the window's own zone, and never made up for."""
    path = bystander.folder / "windows.toml"
    path.write_text(WINDOW + bystander.config.read_text("utf-8"), encoding="utf-8")
    words = ("schedule", "maintain", "verify", "--gate", GATE, "--start-before", "30m", "--json")
    document = bystander.type(*words, config=path).document
    timer = document["units"][f"gatectl-maintain-verify-{GATE}.timer"]
    assert "OnCalendar=Fri *-*-* 22:00:00 Europe/Amsterdam" in timer
    assert "Persistent=no" in timer
    service = document["units"][f"gatectl-maintain-verify-{GATE}.service"]
    assert f"maintain verify --gate {GATE} --start-before 30m" in service


def test_secrets_of_systemd_are_handed_over(bystander: Keyboard) -> None:
    """Every credential that the configuration names is loaded, once."""
    text = bystander.config.read_text(encoding="utf-8")
    password = next(line for line in text.splitlines() if line.startswith("password_file"))
    path = bystander.changed((password, 'credential = "ns-a"'))
    shown = bystander.type("schedule", "audit", config=path)
    assert shown.out.count("LoadCredential=ns-a:/etc/gatectl/credentials/ns-a") == 1


def test_units_of_ones_own_are_installed(bystander: Keyboard, home: Path) -> None:
    """And the command that starts them is told."""
    shown = bystander.type("schedule", "audit", "--install", "--user")
    assert shown.code == ExitCode.PROVEN
    folder = home / "systemd" / "user"
    assert {one.name for one in folder.iterdir()} == {
        "gatectl-audit.service",
        "gatectl-audit.timer",
    }
    assert "systemctl --user enable --now gatectl-audit.timer" in shown.err
    assert "User=" not in (folder / "gatectl-audit.service").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "--install"),
        ("audit", "patch"),
        ("audit", "--start-before", "02:30"),
        ("maintain",),
        ("maintain", "verify"),
        ("maintain", "verify", "--cron", "0 25 * * *"),
        ("maintain", "verify", "--cron", "*/5 * * * *"),
        ("dance",),
    ],
)
def test_what_cannot_be_scheduled_is_refused(bystander: Keyboard, words: tuple[str, ...]) -> None:
    """Without a time, with a wrong one, or where only root may write."""
    shown = bystander.type("schedule", *words)
    assert shown.code == ExitCode.INVALID
    assert shown.out == ""

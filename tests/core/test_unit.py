"""Units and cron lines: what is in them, and what systemd itself says of them."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gatectl.core.unit import (
    Credential,
    NotTranslated,
    Schedule,
    calendar_of,
    cron_line,
    service_unit,
    timer_unit,
)

AUDIT = Schedule(
    name="gatectl-audit",
    title="gatectl audit",
    command=("/bin/true", "audit", "50% of $HOME", 'a "b"'),
    calendar="*-*-* 06:00:00",
    persistent=True,
    delay_s=900,
    user="root",
    credentials=(Credential(name="ns-a", path="/etc/gatectl/credentials/ns-a"),),
    config="/etc/gatectl/config.toml",
    writable=("-/srv/metrics",),
)
PATCH = replace(AUDIT, name="gatectl-maintain-patch", persistent=False, delay_s=0)


def test_a_service_runs_once_in_a_sandbox_with_its_secrets_handed_over() -> None:
    """Oneshot, a folder of its own, LoadCredential, and hardly any rights."""
    lines = service_unit(AUDIT).splitlines()
    for wanted in (
        "Type=oneshot",
        "StateDirectory=gatectl",
        "LoadCredential=ns-a:/etc/gatectl/credentials/ns-a",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "User=root",
        "ReadWritePaths=-/srv/metrics",
        "Environment=GATECTL_CONFIG=/etc/gatectl/config.toml",
    ):
        assert wanted in lines


def test_nothing_in_a_command_is_expanded_by_systemd() -> None:
    """Percent, dollar and quotes arrive as they were typed."""
    start = next(line for line in service_unit(AUDIT).splitlines() if line.startswith("ExecStart"))
    assert start == 'ExecStart=/bin/true audit "50%% of $$HOME" "a \\"b\\""'


def test_only_audits_are_made_up_for() -> None:
    """Work that was missed would begin in the morning, when the machine comes up."""
    assert "Persistent=yes" in timer_unit(AUDIT)
    assert "RandomizedDelaySec=900" in timer_unit(AUDIT)
    assert "Persistent=no" in timer_unit(PATCH)
    assert "RandomizedDelaySec" not in timer_unit(PATCH)


def test_a_users_own_unit_asks_for_no_rights_that_it_has_not() -> None:
    """No other user, and no sandbox that only root's manager can build."""
    text = service_unit(replace(AUDIT, user=""))
    assert "User=" not in text
    assert "ProtectSystem" not in text
    assert "NoNewPrivileges=yes" in text


def test_a_line_for_cron_has_its_percent_signs_escaped() -> None:
    """Cron ends the command at the first one that is not."""
    line = cron_line(replace(AUDIT, user="gatectl"), "0 6 * * *")
    assert line == r"""0 6 * * * gatectl /bin/true audit '50\% of $HOME' 'a "b"'"""


@pytest.mark.parametrize(
    ("cron", "calendar"),
    [
        ("0 6 * * *", "*-*-* 06:00:00 Europe/Amsterdam"),
        ("30 1 * * 6", "Sat *-*-* 01:30:00 Europe/Amsterdam"),
        ("0 22 * * mon-fri", "Mon..Fri *-*-* 22:00:00 Europe/Amsterdam"),
        ("0,30 2,3 1,15 * *", "*-*-01,15 02,03:00,30:00 Europe/Amsterdam"),
        ("5 4 24 12 *", "*-12-24 04:05:00 Europe/Amsterdam"),
        ("0 3 * * 7,1", "Sun,Mon *-*-* 03:00:00 Europe/Amsterdam"),
    ],
)
def test_plain_schedules_of_cron_become_calendars(cron: str, calendar: str) -> None:
    """The same times, in the other language, and systemd understands them."""
    assert calendar_of(cron, "Europe/Amsterdam") == calendar
    if shutil.which("systemd-analyze"):
        done = _systemd_analyze("calendar", calendar)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "cron", ["*/5 * * * *", "0 0 1 * 5", "0 1-3 * * *", "0 0 L * *", "0 3 * * 8"]
)
def test_schedules_that_have_no_plain_form_are_not_guessed(cron: str) -> None:
    """Then somebody says it in systemd's own words."""
    with pytest.raises(NotTranslated):
        calendar_of(cron, "UTC")


@pytest.mark.parametrize("schedule", [AUDIT, PATCH, replace(AUDIT, user="")])
def test_systemd_finds_nothing_to_object_to(schedule: Schedule, tmp_path: Path) -> None:
    """Its own checker reads both units without a word."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    plain = replace(schedule, command=("/bin/true", "audit"))
    for name, text in (
        (
            f"{plain.name}.service",
            service_unit(plain).replace("Documentation=man:gatectl(1)\n", ""),
        ),
        (f"{plain.name}.timer", timer_unit(plain)),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = _systemd_analyze("verify", *(str(path) for path in sorted(tmp_path.iterdir())))
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_objects_to_a_unit_that_is_wrong(tmp_path: Path) -> None:
    """The checker that finds nothing above would find something."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    path = tmp_path / "gatectl-audit.service"
    path.write_text(service_unit(AUDIT).replace("Type=oneshot", "Type=sometimes"), "utf-8")
    assert "sometimes" in _systemd_analyze("verify", str(path)).stderr


def _systemd_analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - systemd's own checker, with words of this test
        [shutil.which("systemd-analyze") or "systemd-analyze", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

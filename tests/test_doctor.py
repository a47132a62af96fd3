"""Findings about this machine: each can say no, and has what mends it."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatectl import doctor
from gatectl.clock import HandClock
from gatectl.config.configuration import Configuration, read_configuration
from gatectl.core.check import Answer
from gatectl.core.gate import ApprovalPolicy, GateName, Target
from gatectl.doctor import Finding, doctor_code, examine_machine, judged
from gatectl.errors import ExitCode
from gatectl.journal.ballast import Ballast
from gatectl.journal.journal import Journal
from tests.test_config import GOOD


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """Read a good configuration whose state lies in a folder of this test's own."""
    path = tmp_path / "config.toml"
    path.write_text(f'[settings]\nstate_dir = "{tmp_path}/state"\n{GOOD}', encoding="utf-8")
    path.chmod(0o600)
    return read_configuration(path)


def bad(configuration: Configuration) -> dict[str, Finding]:
    """Give what is not well, by name; the keys of the example are not there."""
    findings = {
        one.name: one for one in examine_machine(configuration) if one.answer is not Answer.PASS
    }
    findings.pop("credential", None)
    return findings


def test_a_fresh_machine_is_well(configuration: Configuration) -> None:
    """Folders that are not there yet are made when they are needed, and not by a look."""
    assert bad(configuration) == {}
    assert not configuration.settings.state_dir.exists()


def test_a_credential_that_is_not_there_is_found(configuration: Configuration) -> None:
    """Before the night in which it is needed."""
    found = [one for one in examine_machine(configuration) if one.name == "credential"]
    assert found[0].answer is Answer.FAIL


def test_a_state_folder_that_others_can_read_is_found(configuration: Configuration) -> None:
    """Evidence and journal are nobody else's business."""
    state = configuration.settings.state_dir
    state.mkdir()
    state.chmod(0o755)
    assert bad(configuration)["state-folder"].mend == f"chmod -R go-rwx {state}"


def test_a_disk_that_is_nearly_full_is_found(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence of two nodes takes gigabytes."""
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 1 << 62)
    assert "only" in bad(configuration)["disk"].found


def test_a_ballast_that_was_given_up_is_found(configuration: Configuration) -> None:
    """It is missing after a full disk, and until a run has found room for it again."""
    state = configuration.settings.state_dir
    clock = HandClock()
    Journal.open(
        state / "journal.db", clock=clock, actor="a", origin="b", unsafe_any_file_system=True
    ).close()
    assert "ballast" not in bad(configuration)
    Ballast(state).give_up()
    assert "gatectl status" in bad(configuration)["ballast"].mend


def test_an_old_sqlite_is_found(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal needs what newer ones have."""
    monkeypatch.setattr(doctor, "SQLITE_MIN", (99, 0, 0))
    assert "older than 99.0.0" in bad(configuration)["sqlite"].found


def test_a_missing_ssh_keygen_is_found(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approvals are verified with it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert bad(configuration)["ssh-keygen"].mend == "apt-get install openssh-client"


def test_a_configuration_that_others_can_change_is_found(configuration: Configuration) -> None:
    """Its group can, which reading it lets pass."""
    configuration.path.chmod(0o660)
    assert bad(configuration)["configuration"].mend == f"chmod go-w {configuration.path}"


def test_files_that_a_gate_needs_are_looked_for(
    configuration: Configuration, tmp_path: Path
) -> None:
    """The firmware, and the list of those who may approve."""
    name = GateName("almelo")
    signers = tmp_path / "signers"
    gate = replace(
        configuration.gates[name],
        target=Target(build="14.1-73.46", image=str(tmp_path / "image.tgz"), sha256="0" * 64),
        approval=ApprovalPolicy(needed=1, allowed_signers=str(signers)),
    )
    changed = replace(configuration, gates={name: gate})
    assert {"target-image", "signers"} <= set(bad(changed))
    signers.write_text("x", encoding="utf-8")
    signers.chmod(0o666)
    (tmp_path / "image.tgz").write_bytes(b"x")
    assert bad(changed)["signers"].mend == f"chmod go-w {signers}"
    signers.chmod(0o644)
    assert bad(changed) == {}


def test_the_worst_finding_decides() -> None:
    """And none at all has shown nothing."""
    well = judged("disk", "here", "", "enough", "")
    assert doctor_code((well,)) is ExitCode.PROVEN
    assert doctor_code((well, judged("disk", "here", "full", "", "rm"))) is ExitCode.DRIFT
    assert doctor_code(()) is ExitCode.UNEXPECTED

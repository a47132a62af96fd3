"""Whether this machine and its configuration are ready for the night: one finding a thing."""

import importlib.util
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gatectl.config.configuration import Configuration
from gatectl.config.upkeep import MessageWay
from gatectl.core.check import Answer
from gatectl.core.gate import Gate, SecretRef
from gatectl.emergencypath import emergency_trouble
from gatectl.errors import ExitCode, GatectlError, worst
from gatectl.journal.ballast import Ballast
from gatectl.journal.journal import Journal
from gatectl.journal.opening import JournalPlace
from gatectl.journal.sqlitefile import sqlite_version
from gatectl.probe.trust import trust_for
from gatectl.secret import resolve
from gatectl.signatures import openssh_version
from gatectl.storage import refuse_unsafe_file_system

FREE_BYTES_MIN: Final = 2_000_000_000
SQLITE_MIN: Final = (3, 35, 0)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, and the command that mends it."""

    name: str
    subject: str
    """The gate, node, vantage or file that it is about."""
    answer: Answer
    found: str
    mend: str = ""
    code: ExitCode = ExitCode.DRIFT
    """What it is worth to a timer when it is not well."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of this finding alone."""
        return ExitCode.PROVEN if self.answer is Answer.PASS else self.code


def doctor_code(findings: tuple[Finding, ...]) -> ExitCode:
    """Give the worst of all findings; none at all has shown nothing."""
    return worst([one.exit_code for one in findings] or [ExitCode.UNEXPECTED])


def judged(name: str, subject: str, trouble: str, well: str, mend: str) -> Finding:
    """Make a finding of a trouble, if there is one."""
    return Finding(
        name=name,
        subject=subject,
        answer=Answer.FAIL if trouble else Answer.PASS,
        found=trouble or well,
        mend=mend if trouble else "",
    )


def examine_machine(configuration: Configuration) -> Iterator[Finding]:
    """Look at this machine; nothing is contacted, made or changed."""
    path, state = configuration.path, configuration.settings.state_dir
    mode = path.stat().st_mode
    trouble = "other users can change it" if mode & _OTHERS_WRITE else ""
    yield judged("configuration", str(path), trouble, "reads well", f"chmod go-w {path}")
    yield _state_folder(state)
    yield from _state_disk(state)
    yield _ballast(state)
    trouble = emergency_trouble(state)
    mend = f"mkdir -p -m 700 {state}"
    yield judged("emergency-path", str(state), trouble, "a record can be kept", mend)
    yield _sqlite()
    yield _ssh_keygen()
    for way in configuration.messages:
        yield _message(way)
    for gate in configuration.gates.values():
        yield from _files_of(gate)


def _state_folder(state: Path) -> Finding:
    name, subject, mend = "state-folder", str(state), f"chmod -R go-rwx {state}"
    if not state.exists():
        return judged(name, subject, "", "not there yet, and made when it is needed", "")
    try:
        entries = [state, *state.iterdir()]
        open_ones = [one.name for one in entries if one.stat().st_mode & _OTHERS]
    except OSError as exc:
        return judged(name, subject, f"cannot be read: {exc.strerror}", "", f"ls -la {state}")
    trouble = f"other users can get at {', '.join(open_ones)}" if open_ones else ""
    return judged(name, subject, trouble, "yours alone", mend)


def _state_disk(state: Path) -> Iterator[Finding]:
    nearest = next((one for one in (state, *state.parents) if one.exists()), Path("/"))
    free_bytes = shutil.disk_usage(nearest).free
    gigabytes = f"{free_bytes / 1e9:.1f} GB free"
    trouble = f"only {gigabytes}" if free_bytes < FREE_BYTES_MIN else ""
    yield judged("disk", str(nearest), trouble, gigabytes, f"du -xh {nearest} | sort -h | tail")
    try:
        refuse_unsafe_file_system(nearest)
        trouble = ""
    except GatectlError as exc:
        trouble = exc.sentence
    mend = "set state_dir in [settings] to a folder on a local disk"
    yield judged("file-system", str(nearest), trouble, "a local disk", mend)


def _ballast(state: Path) -> Finding:
    subject = str(state / "ballast")
    if not (state / "journal.db").exists():
        return judged("ballast", subject, "", "laid together with the journal", "")
    there = Ballast(state).there()
    trouble = "" if there else "it is not there: a full disk would leave a run without a last word"
    # Any verb that writes the journal lays it again.
    mend = f"du -xh {state} | sort -h | tail, then `gatectl status` when there is room"
    return judged("ballast", subject, trouble, "room is kept for a last word", mend)


def examine_journal(place: JournalPlace, opened: Journal) -> Iterator[Finding]:
    """See whether the record verifies, and what it rests on."""
    verdict = opened.verify()
    first = verdict.problems[0].sentence if verdict.problems else ""
    found = judged(
        "journal", place.shown, first, f"{verdict.events} records hold", "gatectl journal verify"
    )
    yield replace(found, code=ExitCode.TAMPERED)
    for one in opened.conditions():
        yield judged(one.name, place.shown, one.trouble, one.found, one.mend)


def _sqlite() -> Finding:
    found = sqlite_version()
    shown = ".".join(str(part) for part in found)
    wanted = ".".join(str(part) for part in SQLITE_MIN)
    trouble = f"{shown}, older than {wanted}" if found < SQLITE_MIN else ""
    return judged("sqlite", "this Python", trouble, shown, "apt-get install libsqlite3-0")


def _ssh_keygen() -> Finding:
    mend = "apt-get install openssh-client"
    if shutil.which("ssh-keygen") is None:
        return judged("ssh-keygen", "this machine", "it is not installed", "", mend)
    try:
        return judged("ssh-keygen", "this machine", "", openssh_version(), mend)
    except GatectlError as exc:
        return judged("ssh-keygen", "this machine", exc.sentence, "", mend)


def _message(way: MessageWay) -> Finding:
    events = ", ".join(sorted(event.value for event in way.events))
    if way.command:
        program = way.command.split()[0]
        trouble = "" if shutil.which(program) else f"{program} is not there or cannot be run"
        return judged("messages", events, trouble, program, f"chmod +x {program}")
    if importlib.util.find_spec("apprise") is None:
        mend = "pip install 'gatectl[messages]'"
        return judged("messages", events, "the library apprise is not installed", "", mend)
    trouble, mend = _secret_trouble(way.addresses) if way.addresses else ("no way to anybody", "")
    return judged("messages", events, trouble, "its addresses can be read", mend)


def _secret_trouble(ref: SecretRef) -> tuple[str, str]:
    if ref.kind in {"prompt", "command", "agent"}:
        # Asking for it, or running somebody's program, is not for a look.
        return "", ""
    try:
        resolve(ref, ask=None)
    except GatectlError as exc:
        return exc.sentence, exc.hint or exc.default_hint
    return "", ""


def _files_of(gate: Gate) -> Iterator[Finding]:
    for node in gate.nodes:
        trouble, mend = _secret_trouble(node.host.secret)
        where = f"{gate.name}/{node.name}"
        yield judged("credential", where, trouble, "can be read", mend)
    if gate.target is not None:
        there = Path(gate.target.image).is_file()
        trouble = "" if there else f"{gate.target.image} is not there"
        mend = f"download {gate.target.build} from the vendor to {gate.target.image}"
        yield judged("target-image", gate.name, trouble, gate.target.image, mend)
    if gate.vserver.certificate_authorities:
        trouble = trust_for(gate.vserver).unreadable
        mend = "put the certificates of the authorities there, as PEM"
        found = gate.vserver.certificate_authorities
        yield judged("authorities", gate.name, trouble, found, mend)
    if gate.approval.needed or gate.approval.overrides:
        yield _signers(gate, Path(gate.approval.allowed_signers))


def _signers(gate: Gate, path: Path) -> Finding:
    try:
        mode = path.stat().st_mode
    except OSError as exc:
        return judged(
            "signers", gate.name, f"{path} cannot be read: {exc.strerror}", "", f"ls -l {path}"
        )
    trouble = f"other users can change {path}" if mode & _OTHERS_WRITE else ""
    return judged("signers", gate.name, trouble, str(path), f"chmod go-w {path}")

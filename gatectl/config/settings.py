"""What holds for all gates: where gatectl keeps its files, and in whose name it acts."""

import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatectl.config.document import Key
from gatectl.config.problem import Flaw
from gatectl.config.written import WrittenJournalLogin, WrittenSettings
from gatectl.core.gate import SecretRef
from gatectl.core.journalserver import JournalServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of this machine; every path is absolute."""

    state_dir: Path
    """Journal, evidence and log."""
    journal_server: JournalServer | None = None
    """Where the journal lies instead, for several machines."""
    evidence_dir: Path
    """Evidence alone; in `state_dir` unless several machines share it."""
    playbook_dirs: tuple[Path, ...]
    """Looked through before the playbooks that come with gatectl."""
    advisory_dir: Path | None = None
    """Bulletins of the site's own, and where imported ones go."""
    operator: str
    """Who is at work: as the configuration says, or else the account."""
    operator_is_account: bool = False
    """Then a pseudonym goes on record, and the account's name lies beside the journal."""


def resolve(text: str, folder: Path) -> Path:
    """Turn a path of a file into an absolute one: `~` is a home, the rest starts at `folder`."""
    return folder / Path(text).expanduser()


def settings_from(
    written: WrittenSettings, folder: Path, environment: Mapping[str, str]
) -> Settings:
    """Fill in what is not written."""
    state_dir = (
        resolve(written.state_dir, folder)
        if written.state_dir is not None
        else user_folder(environment, "XDG_STATE_HOME", ".local/state") / "gatectl"
    )
    return Settings(
        state_dir=state_dir,
        journal_server=_server(written, folder),
        evidence_dir=(
            state_dir / "evidence"
            if written.evidence_dir is None
            else resolve(written.evidence_dir, folder)
        ),
        playbook_dirs=tuple(resolve(text, folder) for text in written.playbook_dirs),
        advisory_dir=resolve(written.advisory_dir, folder) if written.advisory_dir else None,
        operator=written.operator or system_user(environment),
        operator_is_account=written.operator is None,
    )


def _server(written: WrittenSettings, folder: Path) -> JournalServer | None:
    if written.journal is None:
        return None
    login = written.journal_login
    return JournalServer(url=written.journal, login=_login(login, folder) if login else None)


def _login(written: WrittenJournalLogin, folder: Path) -> SecretRef:
    if written.password_file is not None:
        target = str(resolve(written.password_file, folder))
        return SecretRef(kind="password_file", target=target)
    if written.command is not None:
        return SecretRef(kind="command", target=written.command)
    return SecretRef(kind="credential", target=written.credential or "")


def user_folder(environment: Mapping[str, str], variable: str, default: str) -> Path:
    """Find an XDG folder; a relative one is ignored, as the XDG specification asks."""
    given = Path(environment.get(variable, ""))
    if given.is_absolute():
        return given
    home = environment.get("HOME", "") or _home_on_record()
    return Path(home) / default


def _home_on_record() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def system_user(environment: Mapping[str, str]) -> str:
    """Name who is at work: the system's own word, and who used sudo to become root."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    # A journal in which everybody is root answers no question later.
    return environment.get("SUDO_USER") or name if os.getuid() == 0 else name


def folder_flaws(texts: list[tuple[Key, str]], folder: Path) -> Iterator[Flaw]:
    """Find folders that are not there: what is in them would be missed without a word."""
    for key, text in texts:
        if not os.path.isdir(resolve(text, folder)):  # noqa: PTH112 - Path.is_dir may raise
            yield key, "is not a folder on this machine"

"""The configuration: found, read, checked as a whole, and asked for gates."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gatectl.config.bulletins import ADVISORY_DIR, Bulletin, own_folder, read_bulletins
from gatectl.config.consistency import Known, consistency_flaws, texts
from gatectl.config.document import Document, Key, read_document, read_toml
from gatectl.config.gates import gates_from
from gatectl.config.groups import groups_from
from gatectl.config.playbooks import JSON_SCHEMA_DIALECT, list_playbooks
from gatectl.config.problem import Flaw, located, near, refuse
from gatectl.config.settings import Settings, folder_flaws, resolve, settings_from, user_folder
from gatectl.config.shipped import shipped
from gatectl.config.upkeep import (
    MessageWay,
    known_drift_from,
    messages_from,
    upkeep_flaws,
    windows_from,
)
from gatectl.config.values import monstrous, typed, value_flaws
from gatectl.config.written import WrittenConfiguration
from gatectl.core.drift import KnownDrift
from gatectl.core.gate import AdvisoryId, Gate, GateName
from gatectl.core.playbook import Purpose
from gatectl.core.window import Window
from gatectl.errors import ConfigInvalid, InvalidInput

SYSTEM_CONFIGURATION = Path("/etc/gatectl/config.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A configuration in which nothing is wrong."""

    path: Path
    settings: Settings
    gates: Mapping[GateName, Gate]
    groups: Mapping[str, tuple[GateName, ...]] = field(default_factory=dict)
    windows: Mapping[GateName, tuple[Window, ...]] = field(default_factory=dict)
    """When work on each gate may begin."""
    known_drift: Mapping[GateName, tuple[KnownDrift, ...]] = field(default_factory=dict)
    messages: tuple[MessageWay, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was wrong, and nothing that a closing waits for."""
    bulletins: Mapping[AdvisoryId, Bulletin] = field(default_factory=dict)
    """Those that come with gatectl and the site's own."""

    def gate(self, name: str | None) -> Gate:
        """Find a gate by name; without a name, the only one that there is."""
        if name is None:
            if len(self.gates) == 1:
                return next(iter(self.gates.values()))
            raise InvalidInput(
                f"{self.path} has {len(self.gates)} gates: {', '.join(self.gates)}",
                hint="Say which one is meant.",
            )
        if name not in self.gates:
            raise InvalidInput(
                f"no gate is called {name[:100]!r} in {self.path}{near(name, self.gates)}"
            )
        return self.gates[GateName(name)]

    def group(self, name: str) -> tuple[GateName, ...]:
        """Find the gates of a group, in the order of the configuration."""
        if name not in self.groups:
            raise InvalidInput(
                f"no group or tag is called {name[:100]!r} in {self.path}{near(name, self.groups)}"
            )
        return self.groups[name]


def find_configuration(given: Path | None, environment: Mapping[str, str]) -> Path:
    """Choose the file: the given one, GATECTL_CONFIG, the user's own, then the system's."""
    if given is not None:
        return given
    if environment.get("GATECTL_CONFIG"):
        return Path(environment["GATECTL_CONFIG"])
    users = user_folder(environment, "XDG_CONFIG_HOME", ".config") / "gatectl" / "config.toml"
    for path in (users, SYSTEM_CONFIGURATION):
        if _is_there(path):
            return path
    raise ConfigInvalid(
        f"there is no configuration: neither {users} nor {SYSTEM_CONFIGURATION} exists",
        hint="`gatectl init` writes one to fill in; --config FILE names one elsewhere.",
    )


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # Not allowed to look: reading it will say so. Going on would silently take another one.
        return True
    return True


def read_configuration(
    path: Path,
    *,
    environment: Mapping[str, str] | None = None,
    unpinned: bool = False,
    closing: bool = False,
) -> Configuration:
    """Read a configuration; raises ConfigInvalid with a line for each thing that is wrong.

    `unpinned` is for the one command that pins host keys: there they may be missing still.
    `closing` is for the one that needs no bulletins: a site's own are left out where they are
    broken.
    """
    document = read_document(path)
    refuse(located(document, monstrous(document.data)))
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - a symlink's own folder is meant
    written = typed(TypeAdapter(WrittenConfiguration), document.data)
    objections = written if isinstance(written, list) else []
    # What is wrong with the folder is told among all flaws.
    own, _ = own_folder(document)
    bulletins, left_out = _bulletins(own, closing)
    flaws = _all_flaws(document, objections, folder, bulletins=bulletins, unpinned=unpinned)
    if closing and not isinstance(written, list):
        waived = [flaw for flaw in flaws if _is_of_bulletins(flaw[0])]
        left_out += tuple(str(problem) for problem in located(document, waived))
        flaws = [flaw for flaw in flaws if not _is_of_bulletins(flaw[0])]
    refuse(located(document, flaws))
    if isinstance(written, list):
        raise ConfigInvalid(f"{path} is not a configuration")
    gates = gates_from(written.gates, folder)
    given = os.environ if environment is None else environment
    return Configuration(
        path=path,
        settings=settings_from(written.settings, folder, given),
        gates={name: _naming(gate, bulletins) for name, gate in gates.items()},
        groups=groups_from(written),
        windows=windows_from(written),
        known_drift=known_drift_from(written),
        messages=messages_from(written, folder),
        bulletins=bulletins,
        left_out=left_out,
    )


def _is_of_bulletins(key: Key) -> bool:
    return key == ADVISORY_DIR or (key[:1] == ("gates",) and key[2:3] == ("advisories",))


def _naming(gate: Gate, bulletins: Collection[AdvisoryId]) -> Gate:
    """Let a gate name no bulletin that is left out."""
    if gate.advisories == "all":
        return gate
    return replace(gate, advisories=tuple(one for one in gate.advisories if one in bulletins))


def _bulletins(
    own: Path | None, closing: bool
) -> tuple[Mapping[AdvisoryId, Bulletin], tuple[str, ...]]:
    try:
        return read_bulletins(own), ()
    except ConfigInvalid as exc:
        if not closing:
            raise
        return read_bulletins(None), (exc.sentence,)


def _all_flaws(
    document: Document,
    objections: list[Flaw],
    folder: Path,
    *,
    bulletins: Collection[AdvisoryId],
    unpinned: bool,
) -> list[Flaw]:
    data = document.data
    # A gate may be called anything, `token` too; no other name in the file is a person's own.
    clear = value_flaws(data, names_free_at=("gates",))
    said = {key for key, _ in clear}
    own = _own_folders(data, {key for key, _ in objections})
    missing = list(folder_flaws(own, folder))
    folders = [resolve(text, folder) for key, text in own if key != ADVISORY_DIR]
    return [
        *clear,
        *(flaw for flaw in objections if flaw[0] not in said),
        *missing,
        *consistency_flaws(
            data, _known(folders if not missing else [], bulletins), unpinned=unpinned
        ),
        *upkeep_flaws(data),
    ]


def _own_folders(data: Mapping[str, Any], wrong: set[Any]) -> list[tuple[Key, str]]:
    settings = data.get("settings")
    if not isinstance(settings, dict):
        return []
    named: list[tuple[Key, str]] = [
        (("settings", "playbook_dirs", position), text)
        for position, text in texts(settings, "playbook_dirs")
    ]
    if isinstance(settings.get("advisory_dir"), str):
        named.append((ADVISORY_DIR, settings["advisory_dir"]))
    return [(key, text) for key, text in named if key not in wrong]


def _known(own_folders: list[Path], bulletins: Collection[AdvisoryId]) -> Known:
    playbooks = list_playbooks([*own_folders, shipped("playbooks")])

    @cache
    def closes(name: str) -> bool:
        # All gates of a fleet name the same few.
        return _purpose(playbooks[name]) in {Purpose.CLOSE, ""}

    return Known(playbooks=playbooks, closes=closes, advisories=bulletins)


def _purpose(path: Path) -> str:
    try:
        return str(read_toml(path).get("purpose", ""))
    except InvalidInput:
        # What is wrong with a playbook is said when it is used, and by `gatectl lint`.
        return ""


def configuration_schema() -> dict[str, Any]:
    """Make the JSON Schema of the configuration, for editors."""
    schema = TypeAdapter(WrittenConfiguration).json_schema()
    return {"$schema": JSON_SCHEMA_DIALECT, **schema, "title": "A gatectl configuration"}


def example_configuration() -> str:
    """Give the commented example that `gatectl init` writes."""
    return shipped("config.example.toml").read_text(encoding="utf-8")

"""Units in the folder of the user's service manager: written whole, never over another's."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gatectl.config.settings import user_folder
from gatectl.errors import InvalidInput

MARK: Final = "# Made by `gatectl schedule`; it is written anew there, not changed here.\n"


def user_units(environment: Mapping[str, str]) -> Path:
    """Name the folder in which a user's own units lie."""
    return user_folder(environment, "XDG_CONFIG_HOME", ".config") / "systemd" / "user"


def install_units(units: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    """Write units; one that somebody else has made is left alone, and then none is written."""
    paths = {folder / name: MARK + text for name, text in units.items()}
    for path in paths:
        if _is_somebody_elses(path):
            raise InvalidInput(
                f"{path} was not made by gatectl",
                hint="Move it away or choose another --name; nothing was written.",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            aside = path.with_name(f".{path.name}.{os.getpid()}")
            aside.write_text(text, encoding="utf-8")
            aside.replace(path)
    except OSError as exc:
        raise InvalidInput(f"{folder} cannot be written: {exc.strerror}") from exc
    return tuple(paths)


def _is_somebody_elses(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(len(MARK)) != MARK
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True

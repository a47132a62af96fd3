"""The bulletins that are known here: those that come with gatectl, and a site's own before them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatectl.config.document import read_document
from gatectl.config.problem import Problem, located, refuse
from gatectl.config.readlate import ReadLate
from gatectl.config.settings import resolve
from gatectl.config.shipped import advisory_in, read_advisories
from gatectl.core.advisory import Advisory
from gatectl.core.bulletinlint import lint_bulletin
from gatectl.core.gate import AdvisoryId
from gatectl.errors import ConfigInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """A bulletin, and where it comes from."""

    advisory: Advisory
    path: Path | None = None
    """A site's own file; none for one that comes with gatectl."""
    replaces: bool = False
    """Whether it takes the place of one that comes with gatectl."""


def read_bulletins(own: Path | None) -> Mapping[AdvisoryId, Bulletin]:
    """Find every bulletin; a site's own takes the place of the shipped one of that number.

    Raises ConfigInvalid with a line for each thing that is wrong in a site's files.
    """
    shipped = read_advisories()
    read: dict[AdvisoryId, Bulletin] = {}
    problems: list[Problem] = []
    for path in [] if own is None else _files(own):
        document = read_document(path)
        advisory = advisory_in(document)
        flaws = list(lint_bulletin(advisory))
        if advisory.id in read:
            flaws.append((("id",), f"{advisory.id} stands in {read[advisory.id].path} as well"))
        problems += located(document, flaws)
        read[advisory.id] = Bulletin(advisory=advisory, path=path, replaces=advisory.id in shipped)
    refuse(tuple(problems))
    names = dict.fromkeys((*shipped, *read))
    return ReadLate(names, lambda name: read.get(name) or Bulletin(advisory=shipped[name]))


def advisories_of(bulletins: Mapping[AdvisoryId, Bulletin]) -> Mapping[AdvisoryId, Advisory]:
    """Give the bulletins alone, to judge by."""
    return ReadLate(bulletins, lambda name: bulletins[name].advisory)


def own_folder(configuration: Path) -> Path | None:
    """Find a site's folder in its configuration, whatever else is wrong in that."""
    settings = read_document(configuration).data.get("settings")
    text = settings.get("advisory_dir") if isinstance(settings, dict) else None
    if not isinstance(text, str):
        return None
    folder = resolve(text, Path(os.path.abspath(configuration)).parent)  # noqa: PTH100 - as there
    if not folder.is_dir():
        raise ConfigInvalid(f"{configuration}: settings.advisory_dir: {folder} is not a folder")
    return folder


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as exc:
        raise ConfigInvalid(f"{folder} cannot be read: {exc.strerror}") from exc

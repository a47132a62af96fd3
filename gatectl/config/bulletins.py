"""The bulletins that are known here: those that come with gatectl, and a site's own before them."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gatectl.config.document import read_document
from gatectl.config.problem import Problem, located, refuse
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


class Bulletins(Mapping[AdvisoryId, Bulletin]):
    """All bulletins by their name; a shipped one is read when somebody needs it."""

    def __init__(
        self, shipped: Mapping[AdvisoryId, Advisory], own: Mapping[AdvisoryId, Bulletin]
    ) -> None:
        self._shipped = shipped
        self._own = own
        self._names = dict.fromkeys((*shipped, *own))

    def __getitem__(self, name: AdvisoryId) -> Bulletin:
        return self._own.get(name) or Bulletin(advisory=self._shipped[name])

    def __iter__(self) -> Iterator[AdvisoryId]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


def read_bulletins(own: Path | None) -> Bulletins:
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
    return Bulletins(shipped, read)


class Advisories(Mapping[AdvisoryId, Advisory]):
    """The bulletins alone, to judge by."""

    def __init__(self, bulletins: Mapping[AdvisoryId, Bulletin]) -> None:
        self._bulletins = bulletins

    def __getitem__(self, name: AdvisoryId) -> Advisory:
        return self._bulletins[name].advisory

    def __iter__(self) -> Iterator[AdvisoryId]:
        return iter(self._bulletins)

    def __len__(self) -> int:
        return len(self._bulletins)

    def __contains__(self, name: object) -> bool:
        return name in self._bulletins


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

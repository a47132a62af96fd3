"""The bulletins that are known here: those that come with gatectl, and a site's own before them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from gatectl.config.document import Document, Key, read_document
from gatectl.config.problem import Flaw, Problem, located, refuse
from gatectl.config.readlate import ReadLate
from gatectl.config.settings import folder_flaws, resolve
from gatectl.config.shipped import advisory_in, read_advisories
from gatectl.config.values import monstrous, typed
from gatectl.config.written import PathText
from gatectl.core.advisory import Advisory
from gatectl.core.bulletinlint import lint_bulletin
from gatectl.core.gate import AdvisoryId
from gatectl.errors import ConfigInvalid

ADVISORY_DIR: Key = ("settings", "advisory_dir")


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


def own_folder(document: Document) -> tuple[Path | None, list[Flaw]]:
    """Find a site's folder in its configuration, whatever else is wrong in that.

    Without a folder there, none is given; one that cannot be used is given as its flaws.
    """
    settings = document.data.get("settings")
    if not isinstance(settings, dict) or "advisory_dir" not in settings:
        return None, []
    named = {"advisory_dir": settings["advisory_dir"]}
    if monstrous(named):
        return None, [(ADVISORY_DIR, "is no path")]
    paths: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, PathText])
    written = typed(paths, named)
    if isinstance(written, list):
        return None, [(ADVISORY_DIR, sentence) for _, sentence in written]
    text = written["advisory_dir"]
    beside = Path(os.path.abspath(document.path)).parent  # noqa: PTH100 - a symlink's own folder is meant
    flaws = list(folder_flaws([(ADVISORY_DIR, text)], beside))
    return (None, flaws) if flaws else (resolve(text, beside), [])


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as exc:
        raise ConfigInvalid(f"{folder} cannot be read: {exc.strerror}") from exc

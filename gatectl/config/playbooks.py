"""Playbooks as files: where they lie, how they are found by name, and how they are read."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gatectl.config.document import Document, Key, parse_document, read_document, read_text
from gatectl.config.problem import Flaw, Problem, located, near, refuse
from gatectl.config.settings import Settings
from gatectl.config.shipped import shipped
from gatectl.config.values import monstrous, typed, value_flaws
from gatectl.core import lint
from gatectl.core.advisory import Build, BuildError
from gatectl.core.check import COMPARISONS
from gatectl.core.gate import Gate
from gatectl.core.playbook import (
    PLACEHOLDER,
    DeviceStep,
    Holds,
    Playbook,
    RequestStep,
    ScannerStep,
    ScannerWords,
)
from gatectl.errors import InvalidInput, PlaybookInvalid

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}\.toml")


def playbook_folders(settings: Settings | None) -> tuple[Path, ...]:
    """List where playbooks are looked for: the user's folders first, then those of gatectl."""
    own = settings.playbook_dirs if settings is not None else ()
    return (*own, shipped("playbooks"))


def list_playbooks(folders: Sequence[Path]) -> Mapping[str, Path]:
    """Find every playbook by name; of two with one name, the one in the earlier folder."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            paths = sorted(folder.iterdir())
        except OSError as exc:
            raise InvalidInput(
                f"the playbook folder {folder} cannot be read: {exc.strerror}"
            ) from exc
        for path in paths:
            if _FILE_NAME.fullmatch(path.name):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_playbook(name_or_path: str, folders: Sequence[Path]) -> Path:
    """Find the file that is meant: a text with a slash or `.toml` is a path, else it is a name."""
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return Path(name_or_path)
    known = list_playbooks(folders)
    if name_or_path not in known:
        raise InvalidInput(
            f"no playbook is called {name_or_path[:100]!r}{near(name_or_path, known)}",
            hint="`gatectl lint` lists the playbooks and checks them. Nothing was sent.",
        )
    return known[name_or_path]


def read_playbook(name_or_path: str, folders: Sequence[Path]) -> Playbook:
    """Read a playbook; raises PlaybookInvalid with a line for each thing that is wrong.

    The file is read each time, and what it says is understood once: many gates ask for the same
    one, and begin together.
    """
    path = find_playbook(name_or_path, folders)
    text = read_text(path, error=PlaybookInvalid)
    with _UNDERSTANDING:
        return _understood(path, text)


_UNDERSTANDING = threading.Lock()
"""Of the gates that begin together one does the work; else each of them would."""


@lru_cache(maxsize=64)
def _understood(path: Path, text: str) -> Playbook:
    document = parse_document(path, text, error=PlaybookInvalid)
    refuse(located(document, monstrous(document.data)), error=PlaybookInvalid)
    clear = value_flaws(document.data)
    playbook = typed(_adapter(), document.data)
    if isinstance(playbook, Playbook):
        flaws = [*clear, *_name_flaws(document), *_step_flaws(playbook)]
        refuse(located(document, flaws), error=PlaybookInvalid)
        return playbook
    refuse(located(document, [*clear, *playbook, *_name_flaws(document)]), error=PlaybookInvalid)
    raise PlaybookInvalid(f"{document.path} is not a playbook")


@cache
def _adapter() -> TypeAdapter[Playbook]:
    # Making it takes longer than reading a playbook, and a reopening reads several.
    return TypeAdapter(Playbook)


def _name_flaws(document: Document) -> list[Flaw]:
    name, stem = document.data.get("name"), document.path.stem
    if not isinstance(name, str) or name == stem:
        return []
    # It is found by the one and stands in the journal under the other.
    return [(("name",), f"must be {stem}, as the file is called")]


def _step_flaws(playbook: Playbook) -> Iterator[Flaw]:
    for number, step in enumerate(playbook.step):
        facts = step.only_if
        for name in ("build_at_least", "build_below"):
            yield from _build_flaws(("step", number, "only_if", name), getattr(facts, name))
        if isinstance(step, ScannerStep):
            yield from _pattern_flaws(("step", number, "says"), step.says)
        if not isinstance(step, DeviceStep | RequestStep):
            continue
        if not step.holds:
            # A check of nothing would hold at once.
            yield ("step", number, "holds"), "needs at least one entry"
        for position, holds in enumerate(step.holds):
            yield from _holds_flaws(("step", number, "holds", position), holds)


def _pattern_flaws(key: Key, words: ScannerWords) -> Iterator[Flaw]:
    for name in ("compromised", "error", "clean"):
        pattern = getattr(words, name).pattern
        try:
            re.compile(pattern)
        except re.error as exc:
            yield (*key, name, "pattern"), f"is not a regular expression: {exc}"


def _holds_flaws(key: Key, holds: Holds) -> Iterator[Flaw]:
    values = {name: getattr(holds, name) for name in COMPARISONS}
    # By identity: at_most = 0 is a comparison too, and 0 equals False.
    given = [name for name, value in values.items() if value is not None and value is not False]
    if len(given) != 1:
        named = " and ".join(given) or "none"
        yield key, f"needs exactly one of {', '.join(COMPARISONS)}; it has {named}"
    if holds.fixed_for == ():
        yield (*key, "fixed_for"), "needs at least one bulletin"
    yield from _build_flaws((*key, "at_least_build"), holds.at_least_build)
    try:
        re.compile(PLACEHOLDER.sub("x", holds.matches or ""))
    except re.error as exc:
        yield (*key, "matches"), f"is not a regular expression: {exc}"


def _build_flaws(key: Key, text: str | None) -> Iterator[Flaw]:
    if text is None or PLACEHOLDER.search(text):
        return
    try:
        Build.parse(text)
    except BuildError as exc:
        yield key, str(exc)


def lint_playbook(playbook: Playbook, path: Path, gates: tuple[Gate, ...] = ()) -> list[Problem]:
    """List what is wrong in a playbook that could be read, each with the line of its step."""
    document = read_document(path, error=PlaybookInvalid)
    place = {step.id: number for number, step in enumerate(playbook.step)}
    flaws: list[Flaw] = [
        (("step", place[problem.step]), problem.sentence)
        for problem in lint.lint_playbook(playbook, gates)
    ]
    return list(located(document, [*_name_flaws(document), *flaws]))


def playbook_schema() -> dict[str, Any]:
    """Make the JSON Schema of a playbook, for editors."""
    schema = _adapter().json_schema()
    return {"$schema": JSON_SCHEMA_DIALECT, **schema, "title": "A gatectl playbook"}


JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

"""The files that come with gatectl: bulletins, indicators, and where playbooks lie."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from gatectl.config.document import Document, read_document
from gatectl.config.problem import located, refuse
from gatectl.config.readlate import ReadLate
from gatectl.config.values import typed
from gatectl.core.advisory import Advisory
from gatectl.core.gate import AdvisoryId
from gatectl.core.indicators import Indicator
from gatectl.core.playbook import Written
from gatectl.errors import ConfigInvalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryFile(Written, Advisory):
    """One bulletin, as it is written; refusing unknown keys holds for its tables, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFile(Written):
    """One file of indicators, as it is written."""

    indicator: tuple[Indicator, ...]


PACKAGE = Path(__file__).resolve().parent.parent
"""The folder of the package, in a checkout or installed."""


def shipped(name: str) -> Path:
    """Find a file or folder: a wheel carries it inside the package, a checkout beside it."""
    inside = PACKAGE / name
    return inside if inside.exists() else PACKAGE.parent / name


def read_advisories(folder: Path = PACKAGE / "advisories") -> Mapping[AdvisoryId, Advisory]:
    """Give every bulletin that comes with gatectl, by its name; each is read when it is needed."""
    paths = {AdvisoryId(path.stem.upper()): path for path in sorted(folder.glob("*.toml"))}

    def read(name: AdvisoryId) -> Advisory:
        advisory = read_advisory(paths[name])
        if advisory.id != name:
            raise ConfigInvalid(
                f"{paths[name]} is the bulletin {advisory.id}, and is called {name}"
            )
        return advisory

    return ReadLate(paths, read)


def read_advisory(path: Path) -> Advisory:
    """Read one bulletin from a file, such as a draft that was imported and reviewed."""
    return advisory_in(read_document(path))


def read_indicators() -> tuple[Indicator, ...]:
    """Read every sign of a compromise that comes with gatectl."""
    adapter = TypeAdapter(IndicatorFile)
    documents = map(read_document, sorted((PACKAGE / "indicators").glob("*.toml")))
    return tuple(
        indicator
        for document in documents
        for indicator in _as_type(document, adapter, document.data).indicator
    )


@cache
def _advisory_type() -> TypeAdapter[AdvisoryFile]:
    # Making one takes longer than reading a bulletin with it.
    return TypeAdapter(AdvisoryFile)


def advisory_in(document: Document) -> Advisory:
    """Make a bulletin of a file; raises ConfigInvalid."""
    written = _as_type(document, _advisory_type(), document.data)
    # As the type itself: a plan that is read back from the journal holds that one, too.
    return Advisory(**{field.name: getattr(written, field.name) for field in fields(Advisory)})


def _as_type(document: Document, adapter: TypeAdapter[T], data: Mapping[str, Any]) -> T:
    value = typed(adapter, data)
    if isinstance(value, list):
        refuse(located(document, value))
        raise ConfigInvalid(f"{document.path} has no value of its type")
    return value

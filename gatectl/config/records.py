"""Public records, from JSON to their types."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from gatectl.config.problem import key_path
from gatectl.config.values import typed
from gatectl.core.csaf import CsafDocument
from gatectl.core.cverecord import CveRecord
from gatectl.errors import InvalidInput

T = TypeVar("T")

_SHOWN_MAX = 10


def cve_record(path: Path, data: Mapping[str, Any]) -> CveRecord:
    """Read a record of the CVE programme; raises InvalidInput with all that is wrong in it."""
    return _as_type(path, TypeAdapter(CveRecord), data)


def csaf_document(path: Path, data: Mapping[str, Any]) -> CsafDocument:
    """Read a CSAF document; raises InvalidInput with all that is wrong in it."""
    return _as_type(path, TypeAdapter(CsafDocument), data)


def _as_type(path: Path, adapter: TypeAdapter[T], data: Mapping[str, Any]) -> T:
    value = typed(adapter, data)
    if isinstance(value, list):
        flaws = [f"{key_path(key)} {sentence}" for key, sentence in value[:_SHOWN_MAX]]
        raise InvalidInput(f"{path} is not as such records are: {'; '.join(flaws)}")
    return value

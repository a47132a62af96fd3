"""What lint finds, as SARIF 2.1.0: for code scanning on forges and for editors."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gatectl import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULE = "gatectl-lint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """One problem and its place."""

    path: str
    line: int
    key: str
    """As `step[1].holds`; empty for the file as a whole."""
    sentence: str


_PLACE = re.compile(
    r"(?P<path>[^\n]+?):(?P<line>\d+):(?:\d+:)? ?(?:(?P<key>[\w.\[\]\"-]+)(?:: |$))?(?P<rest>.*)"
)


def locate(where: str, sentence: str) -> Iterator[Located]:
    """Find path, line and key of a problem as lint tells it, one a line of the sentence."""
    told = _PLACE.fullmatch(where)
    if told is not None:
        yield _located(told, sentence)
        return
    for line in sentence.splitlines():
        # What cannot be read at all is told with its place inside the sentence.
        found = _PLACE.fullmatch(line)
        if found is not None:
            yield _located(found, found["rest"])
        else:
            yield Located(path=where, line=1, key="", sentence=line)


def _located(found: re.Match[str], sentence: str) -> Located:
    return Located(
        path=found["path"], line=int(found["line"]), key=found["key"] or "", sentence=sentence
    )


def sarif_text(problems: Iterable[Located], folder: Path) -> str:
    """Write the problems as one document; paths below `folder` are told from there."""
    return json.dumps(_document(tuple(problems), folder), indent=2, ensure_ascii=True) + "\n"


def _document(problems: Sequence[Located], folder: Path) -> dict[str, Any]:
    driver = {
        "name": "gatectl lint",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": RULE,
                "name": "PlaybookOrConfigurationProblem",
                "shortDescription": {
                    "text": "A playbook or configuration that would not do what it says"
                },
                "defaultConfiguration": {"level": "error"},
            }
        ],
    }
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, folder) for one in problems],
            }
        ],
    }


def _result(one: Located, folder: Path) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(one.path, folder)},
            "region": {"startLine": max(1, one.line)},
        }
    }
    if one.key:
        location["logicalLocations"] = [{"fullyQualifiedName": one.key}]
    # Told apart by what is wrong where in the file's own terms, so that a line above changes
    # nothing.
    place = f"{Path(one.path).name}\0{one.key}\0{one.sentence}"
    return {
        "ruleId": RULE,
        "level": "error",
        "message": {"text": f"{one.key}: {one.sentence}" if one.key else one.sentence},
        "locations": [location],
        "partialFingerprints": {"problem/v1": hashlib.sha256(place.encode()).hexdigest()},
    }


def _uri(path: str, folder: Path) -> str:
    whole = Path(path).absolute()
    if whole.is_relative_to(folder.absolute()):
        return quote(str(whole.relative_to(folder.absolute())))
    return whole.as_uri()

"""SARIF: each problem with its place, in the form that code scanning takes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gatectl.exporters.sarif import RULE, Located, locate, sarif_text

FORM: dict[str, Any] = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "text": {
            "type": "object",
            "required": ["text"],
            "properties": {"text": {"type": "string", "minLength": 1}},
            "additionalProperties": False,
        },
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "additionalProperties": False,
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name"],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"type": "string"},
                                "semanticVersion": {"type": "string"},
                                "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
                            },
                        }
                    },
                },
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "rule": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string"},
                "name": {"type": "string"},
                "shortDescription": {"$ref": "#/$defs/text"},
                "defaultConfiguration": {"properties": {"level": {"enum": ["error"]}}},
            },
        },
        "result": {
            "type": "object",
            "required": ["ruleId", "level", "message", "locations"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"const": RULE},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/$defs/text"},
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
                "partialFingerprints": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "logicalLocations": {
                    "type": "array",
                    "items": {
                        "additionalProperties": False,
                        "properties": {"fullyQualifiedName": {"type": "string"}},
                    },
                },
                "physicalLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "artifactLocation": {
                            "required": ["uri"],
                            "properties": {"uri": {"type": "string", "format": "uri-reference"}},
                            "additionalProperties": False,
                        },
                        "region": {
                            "properties": {"startLine": {"type": "integer", "minimum": 1}},
                            "additionalProperties": False,
                        },
                    },
                },
            },
        },
    },
}
"""As much of the format as gatectl writes, with nothing else allowed."""

PROBLEM = Located(path="playbooks/a b.toml", line=12, key="step[1].holds", sentence="cannot fail")


def document(*problems: Located, folder: Path = Path()) -> dict[str, Any]:
    """Write problems and check the form of what came of it."""
    read: dict[str, Any] = json.loads(sarif_text(problems, folder))
    jsonschema.validate(read, FORM)
    return read


def test_a_problem_has_its_file_its_line_and_its_key() -> None:
    """Where a forge shows it beside the line."""
    (result,) = document(PROBLEM)["runs"][0]["results"]
    place = result["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "playbooks/a%20b.toml"
    assert place["physicalLocation"]["region"]["startLine"] == 12
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "step[1].holds"
    assert result["message"]["text"] == "step[1].holds: cannot fail"


def test_no_problem_is_a_run_without_results() -> None:
    """That lint ran and found nothing is told as well."""
    assert document()["runs"][0]["results"] == []


def test_a_file_elsewhere_is_told_by_its_whole_address(tmp_path: Path) -> None:
    """It is not in the repository."""
    (result,) = document(PROBLEM, folder=tmp_path)["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///")


def test_the_same_problem_a_few_lines_down_is_the_same_problem() -> None:
    """Its fingerprint does not move with the text above it."""
    moved = Located(path=PROBLEM.path, line=40, key=PROBLEM.key, sentence=PROBLEM.sentence)
    other = Located(path=PROBLEM.path, line=12, key=PROBLEM.key, sentence="another")
    prints = [
        result["partialFingerprints"]["problem/v1"]
        for result in document(PROBLEM, moved, other)["runs"][0]["results"]
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("where", "sentence", "located"),
    [
        (
            "/p/a.toml:12: step[1]",
            "the check passes",
            [Located(path="/p/a.toml", line=12, key="step[1]", sentence="the check passes")],
        ),
        (
            "/p/c.toml",
            "/p/c.toml:3: gates.x.port: must be at most 65535\n/p/c.toml:9:1: this is not TOML: no",
            [
                Located(
                    path="/p/c.toml", line=3, key="gates.x.port", sentence="must be at most 65535"
                ),
                Located(path="/p/c.toml", line=9, key="", sentence="this is not TOML: no"),
            ],
        ),
        (
            "missing",
            "no playbook is called 'missing'",
            [Located(path="missing", line=1, key="", sentence="no playbook is called 'missing'")],
        ),
    ],
)
def test_places_are_found_in_what_lint_says(
    where: str, sentence: str, located: list[Located]
) -> None:
    """Each line of a file's objections is a problem of its own."""
    assert list(locate(where, sentence)) == located


def test_the_form_refuses_what_is_not_of_it() -> None:
    """The checker of these tests can say no."""
    broken = json.loads(sarif_text([PROBLEM], Path()))
    broken["runs"][0]["results"][0]["level"] = "terrible"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, FORM)

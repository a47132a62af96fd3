"""The lock files, read; and the list of parts (CycloneDX) that follows from the runtime's."""

import json
import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".ci" / "locked"
PARTS = FOLDER / "gatectl.cdx.json"
OURSELVES = "gatectl"
_PINNED = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>.+?))? \\"
)
_HASH = re.compile(r" {4}--hash=sha256:(?P<hash>[0-9a-f]{64})(?: \\)?")
_CONSTRAINT = re.compile(r" {4}#(?: via)? {1,3}-c .+")
"""The runtime is pinned to what everything together is pinned to."""
_VIA = re.compile(r" {4}#(?: via)? {1,3}(?P<name>[a-z0-9-]+)(?: \(pyproject\.toml\))?")


@dataclass(slots=True, kw_only=True)
class Part:
    """One library at one version, the files that it may come in, and who needs it."""

    name: str
    version: str
    marker: str = ""
    """On which systems it is installed; empty for all."""
    hashes: list[str] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def parts_of(text: str) -> tuple[Part, ...]:
    """Read a lock file; raises ValueError for a line that is not understood."""
    parts: list[Part] = []
    for line in text.splitlines():
        if pinned := _PINNED.fullmatch(line):
            name, version, marker = pinned.groups()
            parts.append(Part(name=name, version=version, marker=marker or ""))
        elif found := _HASH.fullmatch(line):
            parts[-1].hashes.append(found["hash"])
        elif line.strip() in {"", "# via"} or _CONSTRAINT.fullmatch(line):
            continue
        elif found := _VIA.fullmatch(line):
            parts[-1].needed_by.append(found["name"])
        else:
            raise ValueError(f"a line of the lock file is not understood: {line!r}")
    return tuple(parts)


def bill_of_materials(parts: tuple[Part, ...], version: str) -> dict[str, Any]:
    """Tell in CycloneDX what is installed with gatectl, and what needs what."""
    itself = f"pkg:pypi/{OURSELVES}@{version}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": OURSELVES,
                "version": version,
                "purl": itself,
            }
        },
        "components": [_component(part) for part in parts],
        "dependencies": [
            {"ref": itself, "dependsOn": _needed_by(OURSELVES, parts)},
            *({"ref": part.reference, "dependsOn": _needed_by(part.name, parts)} for part in parts),
        ],
    }


def _component(part: Part) -> dict[str, Any]:
    marker = [{"name": "python:marker", "value": part.marker}] if part.marker else []
    return {
        "type": "library",
        "bom-ref": part.reference,
        "name": part.name,
        "version": part.version,
        "purl": part.reference,
        "properties": [
            *marker,
            *({"name": "python:file:sha256", "value": one} for one in part.hashes),
        ],
    }


def _needed_by(name: str, parts: tuple[Part, ...]) -> list[str]:
    return [part.reference for part in parts if name in part.needed_by]


def locked(name: str) -> tuple[Part, ...]:
    """Read one of the lock files."""
    return parts_of((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))


def written() -> str:
    """Give the list of parts as it should lie beside the lock files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return json.dumps(bill_of_materials(locked("runtime"), project["version"]), indent=1) + "\n"


if __name__ == "__main__":
    PARTS.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{PARTS.relative_to(ROOT)}: {len(locked('runtime'))} parts\n")

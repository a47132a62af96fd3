"""Groups of gates: lists and tags put together, and no gate that there is not."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from gatectl.config.document import read_toml
from gatectl.config.groups import groups_from
from gatectl.config.written import WrittenConfiguration
from gatectl.errors import ConfigInvalid

EXAMPLE = Path(__file__).resolve().parent.parent / "config.example.toml"


def written(groups: dict[str, list[str]], tags: dict[str, list[str]]) -> WrittenConfiguration:
    """Make a configuration of three gates like the example's, with these groups and tags."""
    data: dict[str, Any] = read_toml(EXAMPLE)
    (gate, *_) = data["gates"].values()
    gates = {name: {**gate, "tags": tags.get(name, [])} for name in ("a", "b", "c")}
    adapter = TypeAdapter(WrittenConfiguration)
    return adapter.validate_python({"gates": gates, "groups": groups})


def test_lists_and_tags_make_one_group() -> None:
    """A group has the gates that it lists and those that say it of themselves, in their order."""
    found = groups_from(written({"north": ["c", "a"]}, {"b": ["north", "test"], "c": ["north"]}))
    assert found == {"north": ("a", "b", "c"), "test": ("b",)}


def test_a_group_cannot_name_a_gate_that_there_is_not() -> None:
    """A closing that leaves out a gate because of a slip would be found out too late."""
    with pytest.raises(ConfigInvalid, match="'north' names 'd'"):
        groups_from(written({"north": ["a", "d"]}, {}))


def test_there_may_be_no_groups() -> None:
    """Nobody needs them."""
    assert groups_from(written({}, {})) == {}

"""From a name to a plan: the gate's own target, promised files, and refusals before any contact."""

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gatectl.config.shipped import shipped
from gatectl.core.gate import Gate, Target
from gatectl.core.plan import Direction
from gatectl.core.standing import Standing
from gatectl.desk import Desk
from gatectl.errors import ImageInvalid, InvalidInput, PlaybookInvalid, Refused
from gatectl.facts import FactsSeen
from gatectl.planner import Planner
from tests.builders import ALMELO, BULLETINS, make_facts, make_gate

SEEN = FactsSeen(roles=make_facts().roles, builds=make_facts().builds, trouble={}, propagates=False)


def planner(gate: Gate | None = None) -> Planner:
    """Plan for a gate with the playbooks and one bulletin."""
    desk = SimpleNamespace(playbook_folders=(shipped("playbooks"),), advisories=BULLETINS)
    return Planner(cast("Desk", desk), gate or make_gate())


def test_a_plan_rests_on_what_is_seen_and_what_is_on_record() -> None:
    """Roles and builds from the nodes, the state from the journal."""
    maker = planner()
    book = maker.playbook("close-acl")
    standing = Standing(gate=ALMELO, closed_by=("close-vserver",))
    plan = maker.plan(
        book,
        standing,
        SEEN,
        {},
        direction=Direction.DO,
        overrides={"window": "urgent"},
    )
    assert (plan.gate, plan.playbook) == (ALMELO, "close-acl")
    assert plan.facts.closed_by == ("close-vserver",)
    assert plan.facts.builds == SEEN.builds
    assert plan.overrides == {"window": "urgent"}


def test_the_gates_own_target_is_taken_where_none_is_given(tmp_path: Path) -> None:
    """All three of its words or none, and the file is looked at before anything is contacted."""
    image = tmp_path / "build.tgz"
    image.write_bytes(b"firmware")
    target = Target(
        build="12.1-55.18", image=str(image), sha256=hashlib.sha256(b"firmware").hexdigest()
    )
    maker = planner(replace(make_gate(), target=target))
    book = maker.playbook("patch")
    assert maker.with_target(book, {})["build"] == "12.1-55.18"
    assert dict(maker.with_target(maker.playbook("verify"), {})) == {}
    image.write_bytes(b"something else")
    with pytest.raises(ImageInvalid):
        maker.with_target(book, {})


def test_a_stale_plan_is_refused_and_a_fresh_one_is_not() -> None:
    """The same facts make the same plan; another role does not."""
    maker = planner()
    standing = Standing(gate=ALMELO)
    book = maker.playbook("close-acl")
    kept = maker.plan(book, standing, SEEN, {}, direction=Direction.DO, overrides={})
    maker.refuse_stale(kept, standing, SEEN)
    with pytest.raises(Refused, match="what holds the gate shut changed"):
        maker.refuse_stale(kept, replace(standing, closed_by=("close-acl",)), SEEN)


def test_what_is_missing_is_told_before_any_contact() -> None:
    """A patch without a build, and a playbook that is not there."""
    maker = planner()
    with pytest.raises(PlaybookInvalid):
        maker.with_target(maker.playbook("patch"), {})
    with pytest.raises(InvalidInput):
        maker.playbook("patsh")

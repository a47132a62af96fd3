"""A plan that is kept in a file: exactly this will be run, or nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from gatectl.core.gate import GateName, NodeName
from gatectl.core.plan import Digest, Plan, plan_changes


class PlanFileInvalid(Exception):
    """What was given is not a file of plans, or it was changed since it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """One plan, and the digest that it had when it was made."""

    digest: Digest
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """The plans of one command, one a gate."""

    kind: Literal["gatectl-plan"] = "gatectl-plan"
    version: Literal[1] = 1
    made: datetime
    made_by: str
    plans: Annotated[tuple[KeptPlan, ...], Field(min_length=1)]

    def of(self, gate: GateName) -> Plan | None:
        """Find the plan for a gate."""
        return next((kept.plan for kept in self.plans if kept.plan.gate == gate), None)

    @property
    def gates(self) -> tuple[GateName, ...]:
        """The gates that there are plans for."""
        return tuple(kept.plan.gate for kept in self.plans)


@cache
def _file_type() -> TypeAdapter[PlanFile]:
    return TypeAdapter(PlanFile)


def plan_file_text(plans: tuple[Plan, ...], *, made: datetime, made_by: str) -> str:
    """Write plans so that they can be read, compared and kept."""
    kept = tuple(KeptPlan(digest=plan.digest, plan=plan) for plan in plans)
    document = to_jsonable_python(PlanFile(made=made, made_by=made_by, plans=kept))
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def read_plan_file(text: str) -> PlanFile:
    """Read plans back; raises PlanFileInvalid for anything that is not as it was written."""
    try:
        file = _file_type().validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(piece) for piece in first["loc"]) or "the file"
        raise PlanFileInvalid(f"it is not a file of plans: {where}: {first['msg']}") from exc
    changed = [kept.plan.gate for kept in file.plans if kept.digest != kept.plan.digest]
    if changed:
        raise PlanFileInvalid(f"the plan for {', '.join(changed)} is not what was made")
    if len(set(file.gates)) < len(file.gates):
        raise PlanFileInvalid("it has two plans for one gate")
    return file


def stale_because(kept: Plan, now: Plan) -> tuple[str, ...]:
    """Say which facts have changed since a plan was made; nothing if it is still the same."""
    if kept.digest == now.digest:
        return ()
    facts = tuple(_more_facts(kept, now))
    told = [one for one in plan_changes(kept, now) if not (facts and one == _ORDER)]
    return (*facts, *told)


_ORDER = "the order of the steps has changed"
"""What plan_changes says when it finds nothing else; another fact may be the reason."""


def _more_facts(kept: Plan, now: Plan) -> list[str]:
    old, new = kept.facts, now.facts
    pairs: list[tuple[str, object, object]] = [
        ("what holds the gate shut", _listed(old.closed_by), _listed(new.closed_by)),
        ("whether the primary passes commands on", old.propagates, new.propagates),
        ("our own address", _mapped(old.own_addresses), _mapped(new.own_addresses)),
        ("since when nodes run", _mapped(old.boots), _mapped(new.boots)),
        ("the pinned host keys", _keys(old.host_keys), _keys(new.host_keys)),
        ("why it does not fit", _listed(kept.unfit), _listed(now.unfit)),
        ("the title", kept.title, now.title),
        ("the bulletin", kept.advisory, now.advisory),
        ("whether it needs a shut gate", kept.needs_shut, now.needs_shut),
    ]
    return [
        f"{what} changed from {was} to {is_now}" for what, was, is_now in pairs if was != is_now
    ]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


def _keys(pinned: Mapping[NodeName, tuple[str, ...]]) -> str:
    return _mapped({name: " or ".join(keys) for name, keys in pinned.items()})


def _mapped(values: Mapping[NodeName, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "none"

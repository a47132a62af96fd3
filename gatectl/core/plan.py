"""What shall be: a playbook for one gate, with every word filled in, and a digest of all of it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType, assert_never

from pydantic_core import to_jsonable_python

from gatectl.core.check import Expectation
from gatectl.core.gate import (
    SHUT_STATES,
    AdvisoryId,
    GateName,
    GateState,
    NodeName,
    Role,
    Side,
)
from gatectl.core.playbook import (
    OnFail,
    Purpose,
    Retry,
    ScannerWords,
)

PlannedId = NewType("PlannedId", str)
Digest = NewType("Digest", str)


class Direction(StrEnum):
    """Whether a playbook is carried out or taken back."""

    DO = "do"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """What was seen of a gate just before planning; a plan is only good for these."""

    state: GateState
    roles: Mapping[NodeName, Role]
    builds: Mapping[NodeName, str]
    closed_by: tuple[str, ...] = ()
    """The close methods that hold it shut."""
    propagates: bool = False
    """What the primary is told, the secondary is told by it; off while the builds differ."""
    own_addresses: Mapping[NodeName, str] = field(default_factory=dict)
    """The address of this machine on the way to each node, where that was asked."""
    boots: Mapping[NodeName, str] = field(default_factory=dict)
    """Since when each node runs, where that was asked."""
    host_keys: Mapping[NodeName, tuple[str, ...]] = field(default_factory=dict)
    """What was pinned for each node."""

    @property
    def shut(self) -> bool:
        """Whether the gate is, or is being, closed."""
        on_the_way = {GateState.CLOSING, GateState.CLOSED_UNSAVED}
        return self.state in SHUT_STATES or self.state in on_the_way


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What must be so, in the very session that acts, right before it does."""

    look: str
    holds: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTask:
    """See whether a claim about a node holds, and make it hold."""

    kind: Literal["device"] = "device"
    node: NodeName
    look: str
    holds: tuple[Expectation, ...]
    undone: bool
    """The claim is to be refuted: this step takes something back."""
    act: tuple[str, ...]
    idle: str | None
    again_after_changes: bool = False
    disconnects: bool
    changes: str | None = None
    """A look whose answer must be another one after the act."""
    guards: tuple[Guard, ...] = ()
    act_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTask:
    """Bring a file to a node."""

    kind: Literal["upload"] = "upload"
    node: NodeName
    file: str
    to: str
    sha256: str
    act_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerTask:
    """Run a vendor's scanner on a node, in a folder of its own that is gone afterwards."""

    kind: Literal["scanner"] = "scanner"
    node: NodeName
    file: str
    sha256: str
    folder: str
    script: str
    """Where the script lies in the folder."""
    run: str
    """The line that starts it."""
    words: ScannerWords
    act_timeout_s: float

    @property
    def remove(self) -> str:
        """The line that takes the folder away, whether it is there or not."""
        return f"shell rm -rf {self.folder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectTask:
    """Take evidence from a node."""

    kind: Literal["collect"] = "collect"
    node: NodeName
    looks: tuple[str, ...]
    paths: tuple[str, ...]
    listed: tuple[str, ...]
    size_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesTask:
    """Look from all vantages."""

    kind: Literal["sides"] = "sides"
    outside: Literal["open", "shut"]
    inside: Literal["open", "shut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTask:
    """Send one request and judge its answer."""

    kind: Literal["request"] = "request"
    side: Side
    method: str
    path: str
    holds: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeTask:
    """Judge the collected evidence."""

    kind: Literal["judge"] = "judge"


Task = DeviceTask | UploadTask | ScannerTask | CollectTask | SidesTask | RequestTask | JudgeTask


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step for one node (or for none), ready to be carried out."""

    id: PlannedId
    claim: str
    """What the step is about, the same on each node."""
    title: str
    task: Task
    retry: Retry
    on_fail: OnFail
    proves: str | None
    precheck: bool = False

    @property
    def node(self) -> NodeName | None:
        """The node that this step is about, if it is about one."""
        match self.task:
            case DeviceTask() | UploadTask() | ScannerTask() | CollectTask():
                return self.task.node
            case SidesTask() | RequestTask() | JudgeTask():
                return None
            case _ as never:
                assert_never(never)

    @property
    def writes(self) -> tuple[str, ...]:
        """The lines that would change something, as they would be sent."""
        match self.task:
            case DeviceTask(act=act):
                return act
            case UploadTask(file=file, to=to):
                return (f"put {file} {to}",)
            case ScannerTask(file=file, script=script, run=run) as scanner:
                return (f"put {file} {script}", run, scanner.remove)
            case CollectTask() | SidesTask() | RequestTask() | JudgeTask():
                return ()
            case _ as never:
                assert_never(never)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Exactly what a run will do."""

    gate: GateName
    playbook: str
    title: str
    purpose: Purpose
    direction: Direction
    needs_shut: bool
    parameters: Mapping[str, str]
    facts: GateFacts
    advisory: AdvisoryId | None
    overrides: Mapping[str, str]
    """What is known not to be so and goes on all the same: name and reason."""
    stops: Literal["packets", "requests"] = "packets"
    """What a closing keeps out: every packet, or HTTP requests alone."""
    unfit: tuple[str, ...] = ()
    """Why this playbook must not be used on this gate as it is."""
    steps: tuple[PlannedStep, ...]

    @property
    def digest(self) -> Digest:
        """SHA-256 of all that the plan says; two plans with one digest do the same."""
        text = json.dumps(to_jsonable_python(self), sort_keys=True, separators=(",", ":"))
        return Digest(hashlib.sha256(text.encode()).hexdigest())

    def step(self, name: PlannedId) -> PlannedStep:
        """Find a step; the name comes from this plan."""
        return next(step for step in self.steps if step.id == name)


def plan_changes(before: Plan, after: Plan) -> tuple[str, ...]:
    """Name what differs between two plans, one short sentence a difference."""
    old = {step.id: step for step in before.steps}
    new = {step.id: step for step in after.steps}
    changes = [f"step {name} is gone" for name in old if name not in new]
    changes += [f"step {name} is new" for name in new if name not in old]
    changes += [
        f"step {name} has changed" for name in old if name in new and old[name] != new[name]
    ]
    changes += [
        f"{what} changed from {was} to {now}" for what, was, now in _differences(before, after)
    ]
    if not changes and before.digest != after.digest:
        changes.append("the order of the steps has changed")
    return tuple(changes)


def _differences(before: Plan, after: Plan) -> Iterator[tuple[str, str, str]]:
    for node in sorted({*before.facts.builds, *after.facts.builds}):
        builds = (before.facts.builds.get(node, "none"), after.facts.builds.get(node, "none"))
        roles = (before.facts.roles.get(node, "none"), after.facts.roles.get(node, "none"))
        for what, (was, now) in (("build", builds), ("role", roles)):
            if was != now:
                yield f"{what} of {node}", str(was), str(now)
    if before.facts.state is not after.facts.state:
        yield "the gate", before.facts.state.value, after.facts.state.value
    for name in sorted({*before.parameters, *after.parameters}):
        was, now = before.parameters.get(name, "none"), after.parameters.get(name, "none")
        if was != now:
            yield f"parameter {name}", was, now

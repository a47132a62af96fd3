"""What a gate's nodes say of themselves before anything is planned: roles, builds, boots."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from gatectl.core.check import Observation, Seen, Unreadable
from gatectl.core.gate import Gate, NodeName, Role
from gatectl.core.looks import read_look
from gatectl.core.sighting import BOOT_LOOK
from gatectl.errors import ConversationCut, GatectlError
from gatectl.ports import Nodes

_LOOK_TIMEOUT_S = 30.0
_BUILD_LOOK = "show ns version"
_ROLE_LOOK = "show ha node"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsSeen:
    """Roles, builds and boots by node, and the nodes that could not be asked."""

    roles: Mapping[NodeName, Role]
    builds: Mapping[NodeName, str]
    trouble: Mapping[NodeName, GatectlError]
    propagates: bool
    """The primary passes commands on: switched on at both nodes, which run the same build."""
    boots: Mapping[NodeName, str] = field(default_factory=dict)
    """Since when each node runs, where that was asked and told."""

    def refuse_trouble(self) -> None:
        """Raise the first node's trouble: all but closing needs every node."""
        for error in self.trouble.values():
            raise error


@dataclass(frozen=True, slots=True, kw_only=True)
class _NodeFacts:
    role: Role
    build: str
    boot: str
    propagation: tuple[str, ...]
    """As the node reports it of itself and of its peer."""


def see_facts(gate: Gate, nodes: Nodes, *, boots: bool = False) -> FactsSeen:
    """Ask all nodes at once; every look only reads. A closing has no time to ask for boots."""
    names = [node.name for node in gate.nodes]
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        answers = dict(
            zip(names, pool.map(lambda name: _ask(nodes, name, boots=boots), names), strict=True)
        )
    seen = {name: got for name, got in answers.items() if isinstance(got, _NodeFacts)}
    return FactsSeen(
        roles={name: facts.role for name, facts in seen.items()},
        builds={name: facts.build for name, facts in seen.items()},
        boots={name: facts.boot for name, facts in seen.items() if facts.boot},
        propagates=_propagates(gate, seen),
        trouble={name: got for name, got in answers.items() if isinstance(got, GatectlError)},
    )


def _propagates(gate: Gate, seen: Mapping[NodeName, _NodeFacts]) -> bool:
    if not gate.is_pair or len(seen) < len(gate.nodes):
        return False
    told = [state.casefold() for facts in seen.values() for state in facts.propagation]
    same_build = len({facts.build for facts in seen.values()}) == 1
    return same_build and bool(told) and set(told) == {"enabled"}


def _ask(nodes: Nodes, node: NodeName, *, boots: bool) -> _NodeFacts | GatectlError:
    try:
        build = _look(nodes, node, _BUILD_LOOK)
        roles = _look(nodes, node, _ROLE_LOOK)
        boot = _boot(_look(nodes, node, BOOT_LOOK)) if boots else ""
    except GatectlError as exc:
        nodes.forget(node)
        return exc
    match build, roles:
        case Seen(records=(first, *_)), Seen(records=(*_,) as members) if "build" in first:
            return _NodeFacts(
                role=role_shown(roles),
                build=first["build"],
                boot=boot,
                propagation=tuple(member.get("propagation", "") for member in members),
            )
        case Unreadable(because=because), _:
            return ConversationCut(f"{node}: {because}")
        case _, Unreadable(because=because):
            return ConversationCut(f"{node}: {because}")
        case _:
            return ConversationCut(f"{node}: the answer to `{_BUILD_LOOK}` names no build")


def role_shown(observation: Observation) -> Role:
    """Read a node's own role from its answer to `show ha node`."""
    members = observation.records if isinstance(observation, Seen) else ()
    own = [member for member in members if member.get("local") == "yes"]
    return _role(own[0].get("role", "")) if own else Role.UNKNOWN


def _boot(seen: Observation) -> str:
    match seen:
        case Seen(records=({"boot_time": boot},)):
            return boot
        case _:
            # What rests on it is not proven then; everything else can go on.
            return ""


def _look(nodes: Nodes, node: NodeName, command: str) -> Observation:
    return read_look(command, nodes.transport(node).send(command, timeout_s=_LOOK_TIMEOUT_S))


def _role(text: str) -> Role:
    match text.casefold():
        case "primary":
            return Role.PRIMARY
        case "secondary":
            return Role.SECONDARY
        case _:
            return Role.UNKNOWN

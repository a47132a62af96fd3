"""What a gate's nodes show of their build, configuration and settings, to judge bulletins by."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gatectl.core.check import Observation, Unreadable
from gatectl.core.exposure import NodeSeen
from gatectl.core.gate import Gate, NodeName
from gatectl.core.looks import read_look
from gatectl.errors import GatectlError
from gatectl.ports import Nodes

_LOOK_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSeen:
    """The nodes as they show themselves, and the trouble there was in asking."""

    nodes: tuple[NodeSeen, ...]
    trouble: Mapping[NodeName, GatectlError]
    """The first error by node; what was asked after it has no answer."""


def see_settings(gate: Gate, nodes: Nodes, looks: Sequence[str]) -> SettingsSeen:
    """Ask all nodes at once; a node that cannot be asked is unknown, and hides no other."""
    names = [node.name for node in gate.nodes]
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        answers = list(pool.map(lambda name: _ask(nodes, name, looks), names))
    return SettingsSeen(
        nodes=tuple(
            NodeSeen(node=name, fips=gate.fips, shows=shows)
            for name, (shows, _) in zip(names, answers, strict=True)
        ),
        trouble={
            name: error
            for name, (_, error) in zip(names, answers, strict=True)
            if error is not None
        },
    )


def _ask(
    nodes: Nodes, node: NodeName, looks: Sequence[str]
) -> tuple[Mapping[str, Observation], GatectlError | None]:
    shows: dict[str, Observation] = {}
    for look in looks:
        try:
            shows[look] = read_look(
                look, nodes.transport(node).send(look, timeout_s=_LOOK_TIMEOUT_S)
            )
        except GatectlError as exc:
            nodes.forget(node)
            # No second try: a node that is gone would cost its whole wait once more a look.
            missing = Unreadable(because=f"{node}: {exc.sentence}")
            return {**dict.fromkeys(looks, missing), **shows}, exc
    return shows, None

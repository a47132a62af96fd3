"""Which box, in which boot and role, a node was seen to be: what a proof of it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from gatectl.core.gate import NodeName, Role
from gatectl.core.plan import GateFacts

BOOT_LOOK: Final = "shell sysctl -n kern.boottime"
"""The look whose answer is another one after each restart of an appliance."""
BOOT_FIELD: Final = "boot_time"

Bound = Literal["box", "boot", "role"]
"""How closely a proof belongs to what was seen: each word asks for what those before it ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A node as it was seen just before a run."""

    boot: str
    """The second in which it began to run; empty if it was not asked, or did not tell."""
    role: Role
    host_keys: tuple[str, ...]
    """The keys that were pinned: one of them it had to show."""

    def then(self, newer: "Sighting") -> "Sighting":
        """Take a newer sighting; where that did not ask for the boot, the old one stays known."""
        return newer if newer.boot else replace(newer, boot=self.boot)


def sightings_of(facts: GateFacts) -> dict[NodeName, Sighting]:
    """Give what the facts of a plan say of each node."""
    return {
        node: Sighting(
            boot=facts.boots.get(node, ""),
            role=facts.roles.get(node, Role.UNKNOWN),
            host_keys=keys,
        )
        for node, keys in facts.host_keys.items()
    }


def changed_since(
    node: NodeName,
    then: Mapping[NodeName, Sighting],
    now: Mapping[NodeName, Sighting],
    bound: Bound,
) -> str:
    """Say why what was proven of a node is not of the one that is there now; empty if it is."""
    was, is_now = then.get(node), now.get(node)
    if was is None or is_now is None:
        return f"nobody knows which box {node} was then"
    if was.host_keys != is_now.host_keys:
        return f"{node} is not the box that it was: other host keys are pinned for it"
    if bound == "box":
        return ""
    if not was.boot or not is_now.boot:
        return f"nobody knows in which boot of {node} that was seen"
    if was.boot != is_now.boot:
        return f"{node} was restarted since"
    if bound == "role" and was.role is not is_now.role:
        return f"the pair failed over since: {node} was {was.role}, and is {is_now.role}"
    return ""

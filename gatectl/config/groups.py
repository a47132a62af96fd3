"""Groups of gates: by their own list, and by the tags that gates give themselves."""

from collections.abc import Mapping

from gatectl.config.problem import near
from gatectl.config.written import WrittenConfiguration
from gatectl.core.gate import GateName
from gatectl.errors import ConfigInvalid


def groups_from(written: WrittenConfiguration) -> Mapping[str, tuple[GateName, ...]]:
    """Put groups and tags together; raises ConfigInvalid for a gate that there is not."""
    members: dict[str, set[str]] = {name: set(gates) for name, gates in written.groups.items()}
    for group, gates in members.items():
        for gate in sorted(gates - written.gates.keys()):
            raise ConfigInvalid(
                f"the group {group!r} names {gate!r}, and no gate is called so"
                f"{near(gate, written.gates)}"
            )
    for name, one in written.gates.items():
        for tag in one.tags:
            members.setdefault(tag, set()).add(name)
    return {
        group: tuple(GateName(name) for name in written.gates if name in names)
        for group, names in members.items()
    }

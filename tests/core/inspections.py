"""A gate that an audit finds as it should be, to be spoilt in one thing at a time."""

from datetime import timedelta

from gatectl.core.check import Observation, Seen, passed
from gatectl.core.exposure import CONFIGURATION_LOOK, NodeSeen
from gatectl.core.gate import Gate, GateState, NodeName
from gatectl.core.inspected import (
    CLOCK_LOOK,
    CONFIG_LOOK,
    DISK_LOOK,
    PAIR_LOOK,
    POLICIES_LOOK,
    RULES6_LOOK,
    RULES_LOOK,
    Inspected,
)
from gatectl.core.standing import SidesLook, Standing
from tests.builders import ALMELO, BULLETIN, START, make_gate, moment_at

FIXED = "12.1-55.18"
NOW = START + timedelta(hours=1)
PAIR = (
    {
        "id": "0",
        "address": "10.0.0.1",
        "state": "UP",
        "role": "Primary",
        "sync": "ENABLED",
        "propagation": "ENABLED",
    },
    {
        "id": "1",
        "address": "10.0.0.2",
        "state": "UP",
        "role": "Secondary",
        "sync": "SUCCESS",
        "propagation": "ENABLED",
    },
)


def shows_of(**changes: Observation) -> dict[str, Observation]:
    """Give what a node shows that is as it should be; changes go by the looks' short names."""
    shows: dict[str, Observation] = {
        "version": Seen(records=({"build": FIXED},)),
        "running": Seen(
            records=({"line": "set ns config -IPAddress 10.0.0.1 -netmask 255.0.0.0"},)
        ),
        "config": Seen(records=({"address": "10.0.0.1", "saved": "yes"},)),
        "rules": Seen(records=()),
        "rules6": Seen(records=()),
        "policies": Seen(records=()),
        "disk": Seen(
            records=(
                {"mount": "/flash", "available_mb": "1000", "capacity": "14%"},
                {"mount": "/var", "available_mb": "9000", "capacity": "7%"},
            )
        ),
        "clock": Seen(records=({"unix_time": str(int(NOW.timestamp()))},)),
        "pair": Seen(records=PAIR),
    }
    commands = {
        "version": "show ns version",
        "running": CONFIGURATION_LOOK,
        "config": CONFIG_LOOK,
        "rules": RULES_LOOK,
        "rules6": RULES6_LOOK,
        "policies": POLICIES_LOOK,
        "disk": DISK_LOOK,
        "clock": CLOCK_LOOK,
        "pair": PAIR_LOOK,
    }
    return {commands[name]: shown for name, shown in {**shows, **changes}.items()}


def standing_of(
    state: GateState = GateState.OPEN,
    *,
    outside: str = "open",
    inside: str = "open",
    wanted_shut: bool = False,
    closed_by: tuple[str, ...] = (),
) -> Standing:
    """Make what is known of the gate."""
    return Standing(
        gate=ALMELO,
        state=state,
        wanted_shut=wanted_shut,
        closed_by=closed_by,
        sides=SidesLook(outside=outside, inside=inside, because="as seen", at=NOW),  # type: ignore[arg-type]  # three words
    )


def seen_of(
    standing: Standing | None = None, gate: Gate | None = None, **changes: Observation
) -> Inspected:
    """Make what an audit has seen; changes are those of the first node's answers."""
    gate = gate or make_gate()
    names: list[NodeName] = [node.name for node in gate.nodes]
    return Inspected(
        gate=gate,
        standing=standing or standing_of(),
        nodes=tuple(
            NodeSeen(node=name, shows=shows_of(**(changes if name == names[0] else {})))
            for name in names
        ),
        advisories=(BULLETIN,),
        host_keys={node.name: node.host.host_keys for node in gate.nodes},
        certificate=NOW + timedelta(days=90),
        shown_build=passed("the page says so, too"),
        now=moment_at(NOW),
    )

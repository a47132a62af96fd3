"""Named things that go wrong, each chosen and placed by a seed.

A fault marks one or more appliances. What a mark does is played where it belongs: in the
appliance and its CLI, in the gateway (`gateway_connection`), or in the site that runs them
(`rehearsal`). A few faults happen by themselves when a command has taken effect.
"""

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NewType

from gatectl.simulator.appliance import Appliance
from gatectl.simulator.gateway_connection import UNAVAILABLE
from gatectl.simulator.gateway_doors import CONNECTIONS_SURVIVE
from gatectl.simulator.pair import Pair

FaultName = NewType("FaultName", str)
Where = Literal["one", "primary", "secondary", "each"]
Incident = Literal["power-off", "reboot", "failover", "late"]

UNREACHABLE: Final = "unreachable"
"""Mark on an appliance: nobody reaches its management address; it goes on serving."""

LATE_S: Final = 2.0
"""Real seconds that a late command takes."""
_SOON_S: Final = 0.02
"""Long enough for the reply to the command to leave first."""

_CHANGES: Final = ("add ns acl", "apply ns acls", "save ns config")
_TAKES_EFFECT: Final = ("apply ns acls", "bind responder global")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way for things to go wrong."""

    name: FaultName
    sentence: str
    """What happens, in a sentence for whoever rehearses it."""
    where: Where
    mark: str = ""
    """What is noted on the appliance; `{command}` becomes one of `commands`."""
    commands: tuple[str, ...] = ()
    incident: Incident | None = None
    """What happens by itself: at once without `commands`, else after one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFault:
    """A fault with what the seed decided."""

    fault: Fault
    nodes: tuple[str, ...]
    command: str
    """The beginning of the command at which it happens; empty when it is not tied to one."""


def _fault(
    name: str,
    sentence: str,
    where: Where,
    mark: str = "",
    *,
    commands: tuple[str, ...] = (),
    incident: Incident | None = None,
) -> Fault:
    return Fault(
        name=FaultName(name),
        sentence=sentence,
        where=where,
        mark=mark,
        commands=commands,
        incident=incident,
    )


_ALL: Final = (
    _fault("node-down", "One node is switched off.", "one", incident="power-off"),
    _fault(
        "half-unreachable",
        "One node's management address does not answer, while the node goes on serving.",
        "one",
        UNREACHABLE,
    ),
    _fault(
        "connection-cut",
        "The SSH connection is reset in the middle of a reply.",
        "each",
        "cut:{command}",
        commands=_CHANGES,
    ),
    _fault(
        "silence",
        "A command is never answered, and the connection stays open.",
        "each",
        "hang:{command}",
        commands=_CHANGES,
    ),
    _fault(
        "command-lost",
        "A command that changes something is answered with Done and does nothing.",
        "each",
        "command-lost:{command}",
        commands=_CHANGES,
    ),
    _fault(
        "command-late",
        "A command is answered with Done at once and takes effect some time later.",
        "each",
        "command-lost:{command}",
        commands=_CHANGES,
        incident="late",
    ),
    _fault(
        "unexpected-question",
        "A command asks a yes-or-no question that it never asked before.",
        "each",
        "question:{command}",
        commands=_CHANGES,
    ),
    _fault(
        "boots-old-build",
        "After the upgrade a node boots the build that it had.",
        "one",
        "boots-old-build",
    ),
    _fault("never-returns", "A node does not come back from a reboot.", "one", "never-returns"),
    _fault("disk-full", "A node has no space left on its disk.", "one", "disk-full"),
    _fault("install-fails", "The installer gives up on a node.", "one", "install-fails"),
    _fault("save-fails", "A node cannot save its configuration.", "one", "save-fails"),
    _fault("sync-never", "The nodes never finish to synchronise.", "each", "sync-never"),
    _fault("failover-refused", "A failover is refused.", "each", "failover-refused"),
    _fault(
        "spontaneous-reboot",
        "The primary reboots by itself in the middle of the work.",
        "primary",
        commands=_TAKES_EFFECT,
        incident="reboot",
    ),
    _fault(
        "unexpected-failover",
        "The nodes change their roles by themselves in the middle of the work.",
        "primary",
        commands=_TAKES_EFFECT,
        incident="failover",
    ),
    _fault(
        "host-key-changed",
        "A node has another host key after its next boot.",
        "one",
        "host-key-changes",
    ),
    _fault(
        "acl-apply-ignored",
        "Applying the access lists is answered with Done and changes nothing.",
        "each",
        "acl-apply-ignored",
    ),
    _fault(
        "mitigation-ignored",
        "Responder policies are configured and bound, and never run.",
        "each",
        "mitigation-ignored",
    ),
    _fault(
        "sessions-survive",
        "Killing sessions is answered with Done, and they go on.",
        "each",
        "kill-ignored",
    ),
    _fault(
        "connections-survive",
        "Packet rules keep out new connections only; those that stand go on.",
        "each",
        CONNECTIONS_SURVIVE,
    ),
    _fault(
        "gateway-503",
        "The gateway answers each visitor with its own 503 page.",
        "each",
        UNAVAILABLE,
    ),
)

FAULTS: Final[Mapping[str, Fault]] = {fault.name: fault for fault in _ALL}


def apply_fault(name: str, pair: Pair, rng: random.Random) -> AppliedFault:
    """Arrange for a fault; which node and which command it strikes is the seed's choice."""
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"no fault is called {name!r}; there are {', '.join(sorted(FAULTS))}")
    nodes = _struck(fault, pair, rng)
    command = rng.choice(fault.commands) if fault.commands else ""
    if fault.mark:
        for node in nodes:
            node.faults.add(fault.mark.format(command=command))
    if fault.incident is not None:
        _arrange(fault.incident, pair, nodes, command)
    return AppliedFault(fault=fault, nodes=tuple(node.name for node in nodes), command=command)


def _struck(fault: Fault, pair: Pair, rng: random.Random) -> tuple[Appliance, ...]:
    primary = pair.primary or pair.nodes[0]
    match fault.where:
        case "each":
            return pair.nodes
        case "primary":
            return (primary,)
        case "secondary":
            return tuple(node for node in pair.nodes if node is not primary)[:1] or (primary,)
        case "one":
            return (rng.choice(pair.nodes),)


def _arrange(incident: Incident, pair: Pair, nodes: tuple[Appliance, ...], command: str) -> None:
    """Let an incident happen now, or once a command arrives that begins in a certain way."""
    if not command:
        _happen(incident, pair, nodes[0], "")
        return
    for node in nodes:
        node.before_command.append(_once_at(incident, pair, command))


def _once_at(incident: Incident, pair: Pair, command: str) -> Callable[[Appliance, str], None]:
    strikes = itertools.count()

    def watch(node: Appliance, line: str) -> None:
        if not line.lower().startswith(command) or next(strikes):
            return
        wait_s = LATE_S if incident == "late" else _SOON_S
        # From the pair's own clock, because the command that is at work may hold the lock.
        pair.scheduler.after(wait_s, lambda: _happen(incident, pair, node, line))

    return watch


def _happen(incident: Incident, pair: Pair, node: Appliance, line: str) -> None:
    match incident:
        case "power-off":
            node.power_off()
        case "reboot":
            node.reboot()
        case "failover":
            pair.failover()
        case "late":
            node.run_quietly(line, origin="cli")

"""A gate (a gateway pair and the way to it), the states that it can be in, and how they follow.

Everything that affects the state machine lives here: `advance` is the only way to a new state.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import MappingProxyType
from typing import Literal, NewType

GateName = NewType("GateName", str)
NodeName = NewType("NodeName", str)
VantageName = NewType("VantageName", str)
AdvisoryId = NewType("AdvisoryId", str)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Side(StrEnum):
    """Where a look at the gate comes from."""

    INSIDE = "inside"
    OUTSIDE = "outside"


class Role(StrEnum):
    """What a node is in its pair; a standalone appliance is primary."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where a secret is found at the moment of use; never the secret itself."""

    kind: Literal["agent", "key_file", "password_file", "command", "credential", "prompt"]
    target: str = ""
    """A path, a command line or a systemd credential's name, by kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An SSH server that gatectl logs in to: a node of a pair, or a vantage."""

    name: str
    address: str
    port: int = 22
    username: str
    secret: SecretRef
    host_keys: tuple[str, ...]
    """Accepted fingerprints, `SHA256:...` as OpenSSH prints them; several during a rotation."""
    legacy_algorithms: bool = False
    session: Literal["interactive", "exec"] = "interactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One appliance of a gate."""

    name: NodeName
    host: Host


VserverKind = Literal["vpn", "cs", "authentication"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Another virtual server through which people come to the gateway."""

    kind: VserverKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vserver:
    """The virtual server that people sign in to."""

    name: str
    kind: VserverKind = "vpn"
    address: Address
    port: int = 443
    address6: IPv6Address | None = None
    """A second, IPv6 address, where the gateway has one."""
    server_name: str = ""
    """The name that clients ask for in TLS, if it is not the address."""
    fronts: tuple[Front, ...] = ()
    """Switched off with it by close-vserver: what stands before it or signs people in for it."""
    persistence: tuple[str, ...] = ()
    """Load balancing virtual servers that serve this gateway alone: who belongs where is forgotten
    when sessions are ended."""
    certificate_pins: tuple[str, ...] = ()
    """SHA-256 of the public keys that its certificate may have, `sha256//...` as curl takes them;
    without any, every key will do."""
    certificate_authorities: str = ""
    """A file of authorities, of which one must have signed its certificate; empty for any."""

    @property
    def ipv4(self) -> IPv4Address | None:
        """Its IPv4 address, if it has one."""
        return self.address if isinstance(self.address, IPv4Address) else None

    @property
    def ipv6(self) -> IPv6Address | None:
        """Its IPv6 address, if it has one."""
        return self.address if isinstance(self.address, IPv6Address) else self.address6


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """A place from which the gate is looked at, and what must always answer from there."""

    name: VantageName
    side: Side
    source: Address | None = None
    """The local address to connect from; none lets the system choose."""
    via: Host | None = None
    """An SSH host to look through; nothing is installed there."""
    control: tuple[str, int] | None = None
    """Host and port that answer whatever the gate does: without it silence proves nothing."""
    target: tuple[str, int] | None = None
    """The gate's address and port as seen from here, if translation changes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The firmware that a gate is to be patched to, when nobody says otherwise."""

    build: str
    image: str
    """A file on this machine."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Somebody whose agreement counts, and for what."""

    principal: str
    """The name in the list of allowed signers."""
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """Whose agreement a reopening needs."""

    needed: int = 0
    """How many different people; without a policy nobody else is asked, and that is told."""
    roles: tuple[str, ...] = ()
    """Each of these must be held by somebody who agrees."""
    people: tuple[Approver, ...] = ()
    allowed_signers: str = ""
    """An OpenSSH allowed_signers file."""
    revoked_keys: str = ""
    """Public keys, or a key revocation list, that count no more; empty for none."""
    operator_keys: tuple[str, ...] = ()
    """Fingerprints of keys of those who operate gatectl: nobody agrees with himself."""
    valid_s: int = 3600
    overrides: tuple[str, ...] = ()
    """Interlocks whose override needs a signature of its own."""

    def role_of(self, principal: str) -> str:
        """Tell in which role somebody agrees; empty for somebody who has none."""
        return next((one.role for one in self.people if one.principal == principal), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """People who work through a gate, counted, for the question who was affected."""

    group: str
    count: int
    side: Side
    """Outside if they come in from home or on the road, inside if from an office network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One way in: the nodes that serve it, whom it serves and from where it is watched."""

    name: GateName
    nodes: tuple[Node, ...]
    vserver: Vserver
    office_networks: tuple[Network, ...]
    close_methods: tuple[str, ...]
    acl_priorities: tuple[int, int]
    """First and last priority of the window that gatectl's rules may use."""
    advisories: tuple[AdvisoryId, ...] | Literal["all"]
    vantages: tuple[Vantage, ...]
    provisional_s: int = 900
    """How long an unconfirmed reopening lasts before the appliance itself ends it."""
    evidence_max_age_s: int = 1800
    """How old a proof may be when the gate is reopened on it."""
    fips: bool = False
    """FIPS and NDcPP builds are trains of their own; the device does not say which it runs."""
    target: Target | None = None
    in_service_since: date | None = None
    """Before this day nobody could reach the gate, so it was not exposed either."""
    off_box_examination: Literal["required", "advised"] = "required"
    """What a clean compromise check needs besides, where the gate stood exposed."""
    pool_networks: tuple[Network, ...] = ()
    """Addresses that people get who come in through this gate: none may close it from there."""
    accept_closed_page: bool = False
    """Whether outside may get gatectl's closed page from a gate that counts as shut."""
    expected_users: frozenset[str] | None = None
    """Users that the appliances should have, gatectl's own among them; none if nobody said."""
    users: tuple[UserGroup, ...] = ()
    measure_days: int = 7
    """Days within which a high/high bulletin asks for a measure or a risk decision."""
    approval: ApprovalPolicy = ApprovalPolicy()
    attestations: tuple[str, ...] = ()
    """What somebody must have given his word for before a reopening."""

    @property
    def is_pair(self) -> bool:
        """Whether there is a second node to take over."""
        return len(self.nodes) > 1

    def node(self, name: NodeName) -> Node:
        """Find a node; the name comes from a plan that was built from this gate."""
        return next(node for node in self.nodes if node.name == name)


class GateState(StrEnum):
    """What is known of a gate."""

    UNKNOWN = "unknown"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    CLOSED_UNSAVED = "closed-unsaved"
    """Shut now, but not in what is saved: a restart would open it again."""
    PATCHING = "patching"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    REOPENING = "reopening"
    HELD = "held"


class Signal(StrEnum):
    """What can happen to a gate."""

    SEEN_OPEN = "seen-open"
    """A vantage outside got an answer."""
    SEEN_SHUT = "seen-shut"
    """Running and saved configuration, outside and inside all say closed."""
    CLOSE_STARTED = "close-started"
    CLOSE_PROVEN = "close-proven"
    CLOSE_UNSAVED = "close-unsaved"
    """Everything says closed, but a node could not save it."""
    CLOSE_FAILED = "close-failed"
    PATCH_STARTED = "patch-started"
    PATCH_PROVEN = "patch-proven"
    VERIFY_STARTED = "verify-started"
    VERIFY_PASSED = "verify-passed"
    STEP_FAILED = "step-failed"
    """A step failed while the gate is proven shut."""
    REOPEN_STARTED = "reopen-started"
    REOPEN_ENDED = "reopen-ended"
    """An unconfirmed reopening ended and the gate was seen shut again."""
    CONFIRMED = "confirmed"
    DOUBT = "doubt"
    """Old evidence, lost contact, a crash in mid-step: what was known is not known any more."""


_S = GateState
_OPEN_STAYS_OPEN = {
    # Verifying or patching an open gate is reading, or refused by an interlock; it closes nothing.
    (_S.OPEN, Signal.VERIFY_STARTED): _S.OPEN,
    (_S.OPEN, Signal.VERIFY_PASSED): _S.OPEN,
    (_S.OPEN, Signal.STEP_FAILED): _S.OPEN,
    (_S.OPEN, Signal.SEEN_OPEN): _S.OPEN,
    (_S.UNKNOWN, Signal.SEEN_OPEN): _S.OPEN,
    (_S.REOPENING, Signal.SEEN_OPEN): _S.REOPENING,
}
_CLOSING = {
    **{(state, Signal.CLOSE_STARTED): _S.CLOSING for state in GateState},
    (_S.CLOSING, Signal.CLOSE_PROVEN): _S.CLOSED,
    (_S.CLOSING, Signal.CLOSE_UNSAVED): _S.CLOSED_UNSAVED,
    (_S.CLOSING, Signal.CLOSE_FAILED): _S.UNKNOWN,
    (_S.UNKNOWN, Signal.SEEN_SHUT): _S.CLOSED,
    **{
        (state, Signal.SEEN_SHUT): state
        for state in (
            _S.CLOSED,
            _S.CLOSED_UNSAVED,
            _S.PATCHING,
            _S.VERIFYING,
            _S.VERIFIED,
            _S.HELD,
        )
    },
    # Found reachable while it should be closed: the only answer is to close it again.
    **{
        (state, Signal.SEEN_OPEN): _S.CLOSING
        for state in (
            _S.CLOSING,
            _S.CLOSED,
            _S.CLOSED_UNSAVED,
            _S.PATCHING,
            _S.VERIFYING,
            _S.VERIFIED,
            _S.HELD,
        )
    },
}
_WORK = {
    **{
        (state, Signal.PATCH_STARTED): _S.PATCHING
        for state in (_S.CLOSED, _S.PATCHING, _S.VERIFYING, _S.VERIFIED, _S.HELD)
    },
    (_S.PATCHING, Signal.PATCH_PROVEN): _S.CLOSED,
    **{
        (state, Signal.VERIFY_STARTED): _S.VERIFYING
        for state in (_S.CLOSED, _S.VERIFYING, _S.VERIFIED, _S.HELD)
    },
    (_S.VERIFYING, Signal.VERIFY_PASSED): _S.VERIFIED,
    **{
        (state, Signal.STEP_FAILED): _S.HELD
        for state in (_S.CLOSED, _S.PATCHING, _S.VERIFYING, _S.VERIFIED, _S.HELD)
    },
}
_REOPENING = {
    (_S.VERIFIED, Signal.REOPEN_STARTED): _S.REOPENING,
    (_S.REOPENING, Signal.CONFIRMED): _S.OPEN,
    (_S.REOPENING, Signal.REOPEN_ENDED): _S.CLOSED,
    # Half opened is neither: close first, then look.
    (_S.REOPENING, Signal.STEP_FAILED): _S.CLOSING,
}

TRANSITIONS: MappingProxyType[tuple[GateState, Signal], GateState] = MappingProxyType(
    {
        **_OPEN_STAYS_OPEN,
        **_CLOSING,
        **_WORK,
        **_REOPENING,
        **{(state, Signal.DOUBT): _S.UNKNOWN for state in GateState},
    }
)
"""Every move that a gate can make; what is not here raises."""

SHUT_STATES = frozenset({_S.CLOSED, _S.PATCHING, _S.VERIFYING, _S.VERIFIED, _S.HELD})
"""The states in which nobody outside may get an answer."""


class IllegalSignal(Exception):
    """A signal that makes no sense in this state; the state has not changed."""

    def __init__(self, state: GateState, signal: Signal) -> None:
        super().__init__(f"a gate that is {state} cannot take the signal {signal}")
        self.state = state
        self.signal = signal


def advance(state: GateState, signal: Signal) -> GateState:
    """Give the state that follows; raises IllegalSignal where the table has no row."""
    try:
        return TRANSITIONS[state, signal]
    except KeyError:
        raise IllegalSignal(state, signal) from None


def can_take(state: GateState, signal: Signal) -> bool:
    """Whether the table has a row for this signal in this state."""
    return (state, signal) in TRANSITIONS


def state_diagram() -> str:
    """Draw the table as a Mermaid state diagram, one line a move, without the moves to doubt."""
    arrows: dict[tuple[GateState, GateState], list[str]] = signals_by_move()
    lines = ["stateDiagram-v2", "    [*] --> unknown"]
    for (before, after), signals in arrows.items():
        lines.append(f"    {before} --> {after}: {', '.join(signals)}")
    lines.append("    note right of unknown: doubt leads here from every state")
    lines.append("    note right of closing: close-started leads here from every state")
    return "\n".join(lines)


def signals_by_move() -> dict[tuple[GateState, GateState], list[str]]:
    """Group the signals by the move that they cause, leaving out what every state has."""
    arrows: dict[tuple[GateState, GateState], list[str]] = {}
    for (before, signal), after in TRANSITIONS.items():
        if signal in {Signal.DOUBT, Signal.CLOSE_STARTED} or before is after:
            continue
        arrows.setdefault((before, after), []).append(signal.value)
    return arrows

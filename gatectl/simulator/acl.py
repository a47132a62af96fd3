"""Extended ACLs: what a rule says, and which rule decides about a new connection."""

import ipaddress
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gatectl.simulator.texts import Refused

AclAction = Literal["ALLOW", "DENY", "BRIDGE"]
PRIORITY_STEP = 10


@dataclass(frozen=True, slots=True)
class Range:
    """A value or a range of values, or everything outside it."""

    first: str
    last: str = ""
    negated: bool = False

    def __str__(self) -> str:
        text = f"{self.first}-{self.last}" if self.last else self.first
        return f"{'!=' if self.negated else '='} {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AclRule:
    """One rule as it was configured."""

    name: str
    family: Literal[4, 6] = 4
    action: AclAction
    source: Range | None = None
    source_port: Range | None = None
    destination: Range | None = None
    destination_port: Range | None = None
    protocol: str = ""
    priority: int
    enabled: bool = True
    established: bool = False
    ttl_s: int = 0
    log_state: bool = False

    def line(self) -> str:
        """Write the command that makes this rule."""
        suffix = "v6" if self.family == 6 else ""  # noqa: PLR2004 - the IP version
        words = [f"add ns acl{'6' if suffix else ''} {self.name} {self.action}"]
        for option, part in (
            (f"srcIP{suffix}", self.source),
            ("srcPort", self.source_port),
            (f"destIP{suffix}", self.destination),
            ("destPort", self.destination_port),
        ):
            if part is not None:
                words.append(f"-{option} {part}")
        if self.ttl_s:
            words.append(f"-TTL {self.ttl_s}")
        if self.protocol:
            words.append(f"-protocol {self.protocol}")
        if self.established:
            words.append("-established")
        words.append(f"-priority {self.priority}")
        if not self.enabled:
            words.append("-state DISABLED")
        if self.log_state:
            words.append("-logstate ENABLED")
        return " ".join(words)

    def same_parameters(self, other: "AclRule") -> bool:
        """Say whether both would decide about the same traffic in the same way."""
        return self.parameters == other.parameters

    @property
    def parameters(self) -> tuple[object, ...]:
        """Everything that decides about traffic; the name and the priority are left out."""
        return (
            self.family, self.action, self.source, self.source_port, self.destination,
            self.destination_port, self.protocol, self.established,
        )  # fmt: skip

    def covers(self, *, source: str, destination: str, port: int, protocol: str) -> bool:
        """Say whether a new connection falls under this rule."""
        if not self.enabled or self.established:
            return False
        if _address(destination).version != self.family:
            return False
        if self.protocol and self.protocol.upper() != protocol.upper():
            return False
        return (
            _address_in(self.source, source)
            and _address_in(self.destination, destination)
            and _port_in(self.destination_port, port)
            and self.source_port is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRule:
    """A rule in the lookup table, from one `apply` to the next."""

    rule: AclRule
    expires: float | None
    """Real time (monotonic) at which the TTL takes it away."""

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and time.monotonic() >= self.expires


def decide(
    table: Iterable[AppliedRule], *, source: str, destination: str, port: int, protocol: str
) -> AclRule | None:
    """Give the first rule, by priority, that covers the connection."""
    for applied in sorted(table, key=lambda entry: entry.rule.priority):
        if not applied.expired and applied.rule.covers(
            source=source, destination=destination, port=port, protocol=protocol
        ):
            return applied.rule
    return None


def check_new(rule: AclRule, existing: Mapping[str, AclRule]) -> None:
    """Refuse a rule that the device would refuse."""
    if (rule.destination_port or rule.source_port) and rule.protocol not in ("TCP", "UDP"):
        raise Refused(871)
    for part in (rule.source, rule.destination):
        if part is not None:
            _check_address(part, rule.family)
    for other in existing.values():
        if other.name.lower() == rule.name.lower():
            continue
        if other.priority == rule.priority:
            raise Refused(872)
        if other.same_parameters(rule):
            raise Refused(869)


def next_priority(existing: Mapping[str, AclRule]) -> int:
    """Give the priority of a rule that was added without one: after all others."""
    return max((rule.priority for rule in existing.values()), default=0) + PRIORITY_STEP


def range_from(text: str) -> Range:
    """Read `= a-b` as the option parser hands it over."""
    operator, _, values = text.partition(" ")
    first, _, last = values.partition("-")
    return Range(first, last, negated=operator == "!=")


def _check_address(part: Range, family: int) -> None:
    for text in (part.first, part.last):
        if "/" in text:
            raise Refused(903 if family == 6 else 1110)  # noqa: PLR2004 - the IP version
        if not text:
            continue
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise Refused(1110) from None
        if address.version != family:
            raise Refused(1110)


@lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # The same few addresses are asked for with every connection.
    return ipaddress.ip_address(text)


def _address_in(part: Range | None, address: str) -> bool:
    if part is None:
        return True
    wanted = _address(address)
    first = _address(part.first)
    last = _address(part.last or part.first)
    if wanted.version != first.version:
        return False
    return (int(first) <= int(wanted) <= int(last)) != part.negated


def _port_in(part: Range | None, port: int) -> bool:
    if part is None:
        return True
    return (int(part.first) <= port <= int(part.last or part.first)) != part.negated

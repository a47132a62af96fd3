"""Who comes from where to which port, and which packet rules of the device would let them in."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from gatectl.core.gate import Address, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """New connections from outside some networks to an address: what a closing rule refuses."""

    destination: Address
    ports: tuple[int, ...]
    insiders: tuple[Network, ...]

    def let_in_by(self, rule: Mapping[str, str]) -> bool:
        """Say whether a packet rule lets such a connection in; what cannot be read does."""
        if rule.get("action", "").casefold() == "deny" or rule.get("active") == "DISABLED":
            return False
        if rule.get("protocol", "TCP").upper() not in {"TCP", "UDP"}:
            return False
        target = _span(rule.get("destination"))
        if target is not None and target.leaves_out(self.destination):
            return False
        ports = _port_span(rule.get("destination_port"))
        if ports is not None and not any(port in ports for port in self.ports):
            return False
        source = _span(rule.get("source"))
        return source is None or not any(source.lies_in(one) for one in self.insiders)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    first: Address
    last: Address
    negated: bool

    def leaves_out(self, address: Address) -> bool:
        if address.version != self.first.version:
            return True
        inside = int(self.first) <= int(address) <= int(self.last)
        return inside is self.negated

    def lies_in(self, network: Network) -> bool:
        if self.negated or network.version != self.first.version:
            return False
        return self.first in network and self.last in network


def _span(text: str | None) -> _Span | None:
    """Read a range of addresses; none for no limit, and for a limit in a form not known here."""
    negated = (text or "").startswith("!=")
    first, _, last = (text or "").removeprefix("!=").strip().partition("-")
    try:
        low, high = ip_address(first), ip_address(last or first)
    except ValueError:
        return None
    if low.version != high.version:
        return None
    return _Span(first=low, last=high, negated=negated)


def _port_span(text: str | None) -> range | None:
    first, _, last = (text or "").partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        return None
    return range(int(first), int(last or first) + 1)

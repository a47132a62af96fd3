"""The running configuration: records by name, and the commands that would make them."""

import copy
from dataclasses import dataclass, field
from typing import Literal

from gatectl.simulator.acl import AclRule

VserverKind = Literal["vpn", "lb", "cs", "authentication"]
FEATURES = (
    ("Web Logging", "WL"), ("Surge Protection", "SP"), ("Load Balancing", "LB"),
    ("Content Switching", "CS"), ("Cache Redirection", "CR"), ("Sure Connect", "SC"),
    ("Compression Control", "CMP"), ("Priority Queuing", "PQ"), ("SSL Offloading", "SSL"),
    ("Global Server Load Balancing", "GSLB"), ("Http DoS Protection", "HDOSP"),
    ("Content Filtering", "CF"), ("Integrated Caching", "IC"), ("SSL VPN", "SSLVPN"),
    ("AAA", "AAA"), ("OSPF Routing", "OSPF"), ("RIP Routing", "RIP"), ("BGP Routing", "BGP"),
    ("Rewrite", "REWRITE"), ("IPv6 protocol translation", "IPv6PT"),
    ("Application Firewall", "AppFw"), ("Responder", "RESPONDER"), ("HTML Injection", "HTMLI"),
    ("NetScaler Push", "push"), ("AppFlow", "AppFlow"), ("CloudBridge", "CloudBridge"),
    ("ISIS Routing", "ISIS"), ("CallHome", "CH"), ("AppQoE", "AppQoE"),
    ("Content Accelerator", "ContentAccelerator"), ("RISE", "RISE"), ("Front End Optimization",
    "FEO"), ("Large Scale NAT", "LSN"), ("RDP Proxy", "RDPProxy"), ("Reputation", "Rep"),
    ("URL Filtering", "URLFiltering"), ("Video Optimization", "VideoOptimization"),
    ("Forward Proxy", "ForwardProxy"), ("SSL Interception", "SSLInterception"),
    ("Adaptive TCP", "AdaptiveTCP"), ("Connection Quality Analytics", "CQA"),
    ("ContentInspection", "CI"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Vserver:
    """A virtual server of any kind."""

    kind: VserverKind
    name: str
    service: str
    address: str
    port: int
    enabled: bool = True
    dtls: bool = False
    down_state_flush: bool = True
    comment: str = ""
    redirect_url: str = ""

    def line(self) -> str:
        """Write the command that makes this vserver."""
        words = [f"add {self.kind} vserver {quoted(self.name)} {self.service}"]
        words.append(f"{self.address} {self.port}")
        if self.kind == "vpn":
            words.append(f"-dtls {'ON' if self.dtls else 'OFF'}")
        if not self.enabled:
            words.append("-state DISABLED")
        if not self.down_state_flush:
            words.append("-downStateFlush DISABLED")
        if self.redirect_url:
            words.append(f"-redirectURL {quoted(self.redirect_url)}")
        if self.comment:
            words.append(f"-comment {quoted(self.comment)}")
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpAddress:
    """An address that the device owns."""

    address: str
    mask: str
    kind: Literal["NSIP", "SNIP", "VIP"]
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderAction:
    """What a responder policy does when its rule is true."""

    name: str
    operation: str
    target: str = ""
    comment: str = ""

    def line(self) -> str:
        """Write the command that makes this action."""
        words = [f"add responder action {quoted(self.name)} {self.operation}"]
        if self.target:
            words.append(quoted(self.target))
        if self.comment:
            words.append(f"-comment {quoted(self.comment)}")
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderPolicy:
    """A rule and the action that it leads to."""

    name: str
    rule: str
    action: str
    undefined: str = ""
    comment: str = ""

    def line(self) -> str:
        """Write the command that makes this policy."""
        words = [f"add responder policy {quoted(self.name)} {quoted(self.rule)} {self.action}"]
        if self.undefined:
            words.append(self.undefined)
        if self.comment:
            words.append(f"-comment {quoted(self.comment)}")
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where a responder policy is bound: at a vserver, or globally when that is empty."""

    policy: str
    vserver: str = ""
    kind: str = "REQ_DEFAULT"
    priority: int
    then: str = "END"

    def line(self) -> str:
        """Write the command that makes this binding."""
        if not self.vserver:
            name = quoted(self.policy)
            return f"bind responder global {name} {self.priority} {self.then} -type {self.kind}"
        return (
            f"bind vpn vserver {quoted(self.vserver)} -policy {quoted(self.policy)} "
            f"-priority {self.priority} -gotoPriorityExpression {self.then} -type {self.kind}"
        )


@dataclass(slots=True, kw_only=True)
class Configuration:
    """Everything that `save ns config` would write; names are compared without case."""

    hostname: str
    nsip: str
    mask: str = "255.255.255.0"
    peer_nsip: str = ""
    ha_status: str = "ENABLED"
    ha_sync: bool = True
    ha_propagation: bool = True
    features: set[str] = field(default_factory=lambda: {"LB", "SSL", "SSLVPN", "AAA"})
    addresses: dict[str, IpAddress] = field(default_factory=dict)
    vservers: dict[str, Vserver] = field(default_factory=dict)
    """By kind and name: two kinds may share a name."""
    acls: dict[str, AclRule] = field(default_factory=dict)
    acl6s: dict[str, AclRule] = field(default_factory=dict)
    actions: dict[str, ResponderAction] = field(default_factory=dict)
    policies: dict[str, ResponderPolicy] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    tcp_parameters: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    """Objects of no interest here, by name, with the rest of the command that made them."""

    def rules(self, family: int) -> dict[str, AclRule]:
        """Give the configured ACLs of an IP version."""
        return self.acl6s if family == 6 else self.acls  # noqa: PLR2004 - the IP version

    def vserver(self, kind: VserverKind, name: str) -> Vserver | None:
        """Find a vserver."""
        return self.vservers.get(f"{kind}/{name.lower()}")

    def put_vserver(self, vserver: Vserver) -> None:
        """Add or replace a vserver, and own its address as the device does."""
        self.vservers[f"{vserver.kind}/{vserver.name.lower()}"] = vserver
        if vserver.address not in ("0.0.0.0", "", self.nsip):  # noqa: S104 - "not addressable"
            self.addresses.setdefault(
                vserver.address,
                IpAddress(address=vserver.address, mask="255.255.255.255", kind="VIP"),
            )

    def lines(self) -> list[str]:
        """Write the commands that make this configuration, in the order of the device."""
        found = [f"set ns config -IPAddress {self.nsip} -netmask {self.mask}"]
        names = [short for _, short in FEATURES if short in self.features]
        found += [f"enable ns feature {' '.join(names)}"] if names else []
        found.append(f"set ns hostName {quoted(self.hostname)}")
        found += self._ha_lines()
        found += self._address_lines()
        found += [
            f"set ns tcpparam -{name} {value}"
            for name, value in sorted(self.tcp_parameters.items())
        ]
        found += [f"add ns variable {name} {rest}" for name, rest in self.variables.items()]
        for rules in (self.acls, self.acl6s):
            found += [rule.line() for rule in sorted(rules.values(), key=lambda r: r.priority)]
        found += ["apply ns acls"] if self.acls else []
        found += ["apply ns acls6"] if self.acl6s else []
        found += [action.line() for action in self.actions.values()]
        found += [policy.line() for policy in self.policies.values()]
        found += [vserver.line() for vserver in self.vservers.values()]
        found += [binding.line() for binding in self.bindings]
        return found

    def _ha_lines(self) -> list[str]:
        found = [f"add HA node 1 {self.peer_nsip}"] if self.peer_nsip else []
        options = []
        if self.ha_status != "ENABLED":
            options.append(f"-haStatus {self.ha_status}")
        if not self.ha_sync:
            options.append("-haSync DISABLED")
        if not self.ha_propagation:
            options.append("-haProp DISABLED")
        return [*found, f"set HA node {' '.join(options)}"] if options else found

    def _address_lines(self) -> list[str]:
        found = []
        for entry in self.addresses.values():
            line = f"add ns ip {entry.address} {entry.mask} -type {entry.kind}"
            found.append(line if entry.enabled else f"{line} -state DISABLED")
        return found

    def copy_for(self, other: "Configuration") -> "Configuration":
        """Give what the peer should run: all of this, but what belongs to a node alone."""
        twin = copy.copy(self)
        for name in (
            "features", "addresses", "vservers", "acls", "acl6s", "actions", "policies",
            "bindings", "tcp_parameters", "variables",
        ):  # fmt: skip
            setattr(twin, name, copy.copy(getattr(self, name)))
        for name in (
            "hostname", "nsip", "mask", "peer_nsip", "ha_status", "ha_sync", "ha_propagation",
        ):  # fmt: skip
            setattr(twin, name, getattr(other, name))
        return twin


def quoted(text: str) -> str:
    """Write a word so that the CLI reads the same word back."""
    if text and not any(letter in text for letter in " \t\"'\\;|()<>&!"):
        return text
    written = []
    for position, letter in enumerate(text):
        if letter == '"':
            written.append('\\"')
        elif letter == "\\" and _needs_doubling(text, position):
            written.append("\\\\")
        else:
            written.append(letter)
    return f'"{"".join(written)}"'


def _needs_doubling(text: str, position: int) -> bool:
    following = text[position + 1 : position + 2]
    previous = text[position - 1 : position] if position else ""
    return following in ("", '"', "\\") or previous == "\\"

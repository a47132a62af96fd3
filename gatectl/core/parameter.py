"""Parameters: the words that fill a playbook in, and what a value may never contain."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from gatectl.core.advisory import Advisory, Build, BuildError
from gatectl.core.gate import Gate, Network
from gatectl.core.playbook import PLACEHOLDER, Parameter, ParameterType

_SAFE_VALUE = re.compile(r"[A-Za-z0-9_./:][A-Za-z0-9_.:/-]{0,126}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}")
_INT = re.compile(r"[0-9]{1,18}")
# Not a hyphen in front: the device, or a program on it, would take the path for an option.
_PATH = re.compile(r"(?!-)/?[A-Za-z0-9_.+@-]+(/[A-Za-z0-9_.+@-]+)*")
_RULES_AN_OFFICE = 3
_OPENING_RULES = 3
_DENY_RULES = 3


class PlanError(ValueError):
    """A playbook that cannot be filled in for this gate; the text says what is missing."""


def fill_in(text: str, words: Mapping[str, str], where: str) -> str:
    """Replace each `${name}`; raises PlanError for a name that nobody gave."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name not in words:
            known = ", ".join(sorted(words))
            raise PlanError(f"{where}: ${{{name}}} is not known here; known are {known}")
        return words[name]

    return PLACEHOLDER.sub(word, text)


def priorities_needed(office_networks: tuple[Network, ...]) -> int:
    """Count the priorities that gatectl's rules may take for this many office networks."""
    # The device keeps the rules of the two families apart, so both may use the same numbers.
    offices = max(len(list(ipv4(office_networks))), len(list(ipv6(office_networks))))
    return _OPENING_RULES + _RULES_AN_OFFICE * offices + _DENY_RULES


def gate_words(gate: Gate) -> dict[str, str]:
    """Give the words that every playbook may use; raises PlanError for too small a window."""
    first, last = gate.acl_priorities
    needed = priorities_needed(gate.office_networks)
    if last - first + 1 < needed:
        raise PlanError(
            f"the priority window {first}-{last} of {gate.name} is too small: "
            f"its office networks and gatectl's own rules take {needed} priorities"
        )
    return {
        "gate.name": gate.name,
        "vserver.name": gate.vserver.name,
        "vserver.kind": gate.vserver.kind,
        "vserver.address": str(gate.vserver.address),
        "vserver.port": str(gate.vserver.port),
        "vserver.address6": str(gate.vserver.ipv6 or ""),
        "offices.rule": _office_rule(gate.office_networks),
        "priority.first": str(first),
        "priority.last": str(last),
        "priority.open_tls": str(first),
        "priority.open_dtls": str(first + 1),
        "priority.open_http": str(first + 2),
        "priority.deny_tls": str(last - 2),
        "priority.deny_dtls": str(last - 1),
        "priority.deny_http": str(last),
        "provisional.seconds": str(gate.provisional_s),
    }


def office_words(gate: Gate) -> Iterator[dict[str, str]]:
    """Give the words of each IPv4 office network, in the order of the configuration."""
    networks = () if gate.vserver.ipv4 is None else tuple(ipv4(gate.office_networks))
    return _network_words(networks, gate)


def office6_words(gate: Gate) -> Iterator[dict[str, str]]:
    """Give the words of each IPv6 office network; none where the gateway has no such address."""
    networks = () if gate.vserver.ipv6 is None else tuple(ipv6(gate.office_networks))
    return _network_words(networks, gate)


def _network_words(networks: tuple[Network, ...], gate: Gate) -> Iterator[dict[str, str]]:
    first = gate.acl_priorities[0] + _OPENING_RULES
    for number, network in enumerate(networks, start=1):
        priority = first + _RULES_AN_OFFICE * (number - 1)
        yield {
            "office.number": str(number),
            "office.range": _range(network),
            "office.priority_tls": str(priority),
            "office.priority_dtls": str(priority + 1),
            "office.priority_http": str(priority + 2),
        }


def front_words(gate: Gate) -> Iterator[dict[str, str]]:
    """Give the words of each virtual server that is switched off together with the gateway."""
    for number, front in enumerate(gate.vserver.fronts, start=1):
        yield {"front.number": str(number), "front.kind": front.kind, "front.name": front.name}


def persistence_words(gate: Gate) -> Iterator[dict[str, str]]:
    """Give the words of each virtual server whose persistence belongs to the gateway alone."""
    for number, name in enumerate(gate.vserver.persistence, start=1):
        yield {"persistence.number": str(number), "persistence.name": name}


def setting_words(advisories: Iterable[Advisory]) -> Iterator[dict[str, str]]:
    """Give the words of each setting that the bulletins ask for besides a build, each once."""
    settings = {
        setting.set: setting for advisory in advisories for setting in advisory.required_settings
    }
    for number, setting in enumerate(settings.values(), start=1):
        yield {
            "setting.number": str(number),
            "setting.show": setting.show,
            "setting.field": setting.field,
            "setting.equals": setting.equals,
            "setting.set": setting.set,
        }


def ipv4(networks: tuple[Network, ...]) -> Iterator[IPv4Network]:
    """Keep the IPv4 networks: the device's packet rules are made apart for each family."""
    return (network for network in networks if isinstance(network, IPv4Network))


def ipv6(networks: tuple[Network, ...]) -> Iterator[IPv6Network]:
    """Keep the IPv6 networks."""
    return (network for network in networks if isinstance(network, IPv6Network))


def _office_rule(networks: tuple[Network, ...]) -> str:
    """Write the policy expression that is true for everybody but the IPv4 offices."""
    outside = [f"!CLIENT.IP.SRC.IN_SUBNET({network})" for network in ipv4(networks)]
    return " && ".join(outside) or "true"


def _range(network: Network) -> str:
    first, last = network.network_address, network.broadcast_address
    return str(first) if first == last else f"{first}-{last}"


def check_parameters(declared: Mapping[str, Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """Join what was given with the defaults; raises PlanError with all problems at once."""
    problems = [
        f"parameter {name} is not known; this playbook takes {', '.join(declared) or 'none'}"
        for name in given
        if name not in declared
    ]
    values: dict[str, str] = {}
    for name, parameter in declared.items():
        value = given.get(name, parameter.default)
        if value is None:
            problems.append(f"parameter {name} is missing: {parameter.help}")
            continue
        problem = value_problem(parameter.type, value)
        if problem:
            problems.append(f"parameter {name}: {problem}")
        values[name] = value
    if problems:
        raise PlanError("; ".join(problems))
    return values


def value_problem(kind: ParameterType, value: str) -> str:
    """Say why a value is not of its type, or nothing; refused, never escaped."""
    if kind is not ParameterType.PATH and _SAFE_VALUE.fullmatch(value) is None:
        return f"{value!r} has characters that have no place in a command"
    try:
        _READERS[kind](value)
    except (ValueError, BuildError) as exc:
        return str(exc)
    return ""


def _match(pattern: re.Pattern[str], what: str) -> Callable[[str], object]:
    def read(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise ValueError(f"{value!r} is not {what}")
        return value

    return read


_READERS: Mapping[ParameterType, Callable[[str], object]] = {
    ParameterType.IP: ip_address,
    ParameterType.CIDR: ip_network,
    ParameterType.NAME: _match(_NAME, "a name of letters, digits, dot, hyphen and underscore"),
    ParameterType.BUILD: Build.parse,
    ParameterType.INT: _match(_INT, "a whole number"),
    ParameterType.PATH: _match(_PATH, "a path of plain characters"),
    ParameterType.SHA256: _match(_SHA256, "a SHA-256 of 64 hexadecimal digits"),
}

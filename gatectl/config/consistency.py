"""What must agree between the keys of a configuration.

These checks read the values as they stand in the file, so that they speak up together with the
objections to single values: whoever corrects a file should not have to come back for the rest.
A value of the wrong kind is skipped here, because that has been said already.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any, Literal

from gatectl.config.document import Key
from gatectl.config.problem import Flaw, near
from gatectl.core.gate import Network, Side
from gatectl.core.parameter import priorities_needed

SECRET_KINDS: tuple[
    Literal["agent", "key_file", "password_file", "command", "credential", "prompt"], ...
] = ("agent", "key_file", "password_file", "command", "credential", "prompt")
_LARGEST_PORT = 65_535

_NOTHING_PINNED = (
    "has no fingerprint, so no host would be trusted; `gatectl hostkeys` shows and pins them"
)
_NO_CREDENTIAL = (
    "has no credential; give one of agent = true, key_file, password_file, command, credential "
    "or prompt = true"
)

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names that a configuration may refer to."""

    playbooks: Collection[str]
    closes: Callable[[str], bool]
    """Says of a playbook whether it closes a gate; it has to be read for that."""
    advisories: Collection[str]

    def close_methods(self) -> tuple[str, ...]:
        """List all playbooks that close a gate."""
        return tuple(name for name in self.playbooks if self.closes(name))


def consistency_flaws(data: Table, known: Known, *, unpinned: bool) -> list[Flaw]:
    """Find all that does not agree; with `unpinned`, host keys may still be missing."""
    gates = data.get("gates")
    if not isinstance(gates, dict):
        return []
    return [
        flaw
        for name, gate in gates.items()
        if isinstance(gate, dict)
        for flaw in _gate_flaws(("gates", name), gate, known, unpinned=unpinned)
    ]


def _gate_flaws(key: Key, gate: Table, known: Known, *, unpinned: bool) -> Iterator[Flaw]:
    yield from _networks(key, gate)
    yield from _priorities(key, gate)
    yield from _close_methods(key, gate, known)
    yield from _advisories(key, gate, known)
    nodes = _tables(gate, "nodes", key)
    vantages = _tables(gate, "vantages", key)
    yield from _same_names(nodes, "node")
    yield from _same_names(vantages, "vantage")
    yield from _same_addresses(nodes)
    yield from _sides(key, vantages)
    for place, login in [*nodes, *_logins(vantages)]:
        yield from _credential(place, login)
        if not unpinned and login.get("host_keys", []) == []:
            yield (*place, "host_keys"), _NOTHING_PINNED
    for place, vantage in vantages:
        yield from _vantage(place, vantage)


def _tables(table: Table, name: str, key: Key) -> list[tuple[Key, Table]]:
    entries = table.get(name)
    return [
        ((*key, name, position), entry)
        for position, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    ]


def _logins(vantages: list[tuple[Key, Table]]) -> Iterator[tuple[Key, Table]]:
    for place, vantage in vantages:
        if isinstance(vantage.get("via"), dict):
            yield (*place, "via"), vantage["via"]


def _networks(key: Key, gate: Table) -> Iterator[Flaw]:
    key = (*key, "office_networks")
    networks = office_networks(gate)
    for position, network in networks.items():
        if network.prefixlen == 0:
            yield (*key, position), f"{network} is everybody, so closing would shut nobody out"
        if network in [other for place, other in networks.items() if place < position]:
            yield (*key, position), f"{network} is named twice"
    old = [one for one in networks.values() if isinstance(one, IPv4Network)]
    new = [one for one in networks.values() if isinstance(one, IPv6Network)]
    for family in (collapse_addresses(old), collapse_addresses(new)):
        if any(one.prefixlen == 0 and one not in networks.values() for one in family):
            yield key, "these networks together are everybody, so closing would shut nobody out"
    yield from _family(key, gate, networks)


def _family(key: Key, gate: Table, networks: Mapping[int, Network]) -> Iterator[Flaw]:
    vserver = gate.get("vserver")
    address = vserver.get("address") if isinstance(vserver, dict) else None
    if not isinstance(address, str) or "%" in address:
        return
    try:
        version = ip_address(address).version
    except ValueError:
        return
    if networks and all(one.version != version for one in networks.values()):
        sentence = (
            f"has no IPv{version} network, while the vserver has an IPv{version} address: "
            "closing would shut the offices out as well"
        )
        yield key, sentence


def office_networks(gate: Table) -> dict[int, Network]:
    """Read the office networks that can be read, by their position."""
    found: dict[int, Network] = {}
    for position, text in texts(gate, "office_networks"):
        try:
            found[position] = ip_network(text)
        except ValueError:
            continue
    return found


def _priorities(key: Key, gate: Table) -> Iterator[Flaw]:
    match gate.get("acl_priorities"):
        case [int(first), int(last)]:
            needed = priorities_needed(tuple(office_networks(gate).values()))
            if last < first:
                yield (*key, "acl_priorities"), "must name the lower priority first"
            elif last - first + 1 < needed:
                sentence = (
                    f"has room for {last - first + 1} rules; the office networks and gatectl's "
                    f"own rules take {needed}"
                )
                yield (*key, "acl_priorities"), sentence
        case _:
            return


def texts(table: Table, name: str) -> list[tuple[int, str]]:
    """List the texts in a list, with their positions; entries of other kinds are left out."""
    entries = table.get(name)
    return [
        (position, entry)
        for position, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(entry, str)
    ]


def _close_methods(key: Key, gate: Table, known: Known) -> Iterator[Flaw]:
    methods = texts(gate, "close_methods")
    for position, name in methods:
        place = (*key, "close_methods", position)
        if name not in known.playbooks:
            yield place, "is not a playbook that is known here" + near(name, known.close_methods())
        elif not known.closes(name):
            yield place, f"{name} is a playbook, but its purpose is not to close"
        if name in [other for before, other in methods if before < position]:
            yield place, f"{name} is named twice"


def _advisories(key: Key, gate: Table, known: Known) -> Iterator[Flaw]:
    for position, name in texts(gate, "advisories"):
        if name not in known.advisories:
            advice = '; write advisories = "all" for all of them'
            yield (
                (*key, "advisories", position),
                "is not a bulletin that gatectl knows"
                + (advice if name == "all" else near(name, known.advisories)),
            )


def _same_names(entries: list[tuple[Key, Table]], what: str) -> Iterator[Flaw]:
    seen: set[str] = set()
    for place, entry in entries:
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield (*place, "name"), f"another {what} of this gate has this name already"
        seen.add(name)


def _same_addresses(nodes: list[tuple[Key, Table]]) -> Iterator[Flaw]:
    seen: set[tuple[str, int]] = set()
    for place, node in nodes:
        host, port = node.get("host"), node.get("port", 22)
        if not isinstance(host, str) or not isinstance(port, int):
            continue
        if (host.lower(), port) in seen:
            yield (*place, "host"), "another node of this gate has this address and port already"
        seen.add((host.lower(), port))


def _sides(key: Key, vantages: list[tuple[Key, Table]]) -> Iterator[Flaw]:
    if not vantages:
        # That there is none at all has been said already.
        return
    sides = {vantage.get("side") for _, vantage in vantages if _is_text(vantage.get("side"))}
    why = {
        Side.OUTSIDE: "nothing could prove that the gate is shut",
        Side.INSIDE: "nothing could prove that the offices are still in",
    }
    for side in Side:
        if side.value not in sides:
            yield (*key, "vantages"), f'has none with side = "{side}": {why[side]}'


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _credential(place: Key, login: Table) -> Iterator[Flaw]:
    given = [kind for kind in SECRET_KINDS if kind in login]
    if not given:
        yield place, _NO_CREDENTIAL
    elif len(given) > 1:
        yield place, f"has {' and '.join(given)}; exactly one credential may be given"


def _vantage(place: Key, vantage: Table) -> Iterator[Flaw]:
    if "source" in vantage and "via" in vantage:
        yield (*place, "source"), "cannot be used with via: the other host chooses its address"
    for name in ("control", "target"):
        port = str(vantage.get(name, "")).rpartition(":")[2]
        # Longer ones, and texts that are not host:port at all, have been objected to already.
        readable = port.isascii() and port.isdecimal() and len(port) <= len(str(_LARGEST_PORT))
        if readable and not 1 <= int(port) <= _LARGEST_PORT:
            yield (*place, name), f"must have a port from 1 to {_LARGEST_PORT}"

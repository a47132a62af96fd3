"""Commands about addresses, features, host name and TCP settings."""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import replace

from gatectl.simulator.command import Call, Command
from gatectl.simulator.configuration import FEATURES, IpAddress
from gatectl.simulator.shows import feature_lines, ip_lines
from gatectl.simulator.texts import TEXTS, Refused

TCP_DEFAULTS = {"WS": "DISABLED", "SACK": "DISABLED", "enhancedISNgeneration": "DISABLED"}


def checked_address(text: str) -> str:
    """Give an address in its usual form, or refuse what is none."""
    if text == "*":
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Refused(1110) from None


def _switch_feature(*, enabled: bool) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        known = {short.lower(): short for _, short in FEATURES}
        names = [known.get(name.lower(), "") for name in call.values("names")]
        if not all(names):
            raise Refused(1097)
        features = call.configuration.features
        call.configuration.features = features | set(names) if enabled else features - set(names)

    return run


def _switch_ip(*, enabled: bool) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        address = checked_address(call.operand("address"))
        found = call.configuration.addresses.get(address)
        if found is None:
            raise Refused(258)
        if found.kind == "NSIP":
            raise Refused(257)
        call.configuration.addresses[address] = replace(found, enabled=enabled)
        call.box.vservers_changed()

    return run


def _add_ip(call: Call) -> None:
    address = checked_address(call.operand("address"))
    if address in call.configuration.addresses:
        raise Refused(273)
    kinds: dict[str, IpAddress] = {
        kind: IpAddress(
            address=address,
            mask=call.operand("mask"),
            kind=kind,
            enabled=call.option("state") != "DISABLED",
        )
        for kind in ("SNIP", "VIP")
    }
    call.configuration.addresses[address] = kinds[call.option("type") or "SNIP"]


def _set_ns_config(call: Call) -> Iterable[str]:
    if call.option("IPAddress"):
        call.configuration.nsip = checked_address(call.option("IPAddress"))
    if call.option("netmask"):
        call.configuration.mask = call.option("netmask")
    return [f"Warning: {TEXTS[1120]}"]


def _set_hostname(call: Call) -> None:
    call.configuration.hostname = call.operand("name")


def _set_tcp(call: Call) -> None:
    call.configuration.tcp_parameters.update(call.arguments.options)


def _show_tcp(call: Call) -> Iterable[str]:
    values = {**TCP_DEFAULTS, **call.configuration.tcp_parameters}
    return [
        "\tTCP parameters",
        f"\tWindow Scaling status : {values['WS']}",
        f"\tSACK status : {values['SACK']}",
        f"\tEnhanced ISN Generation : {values['enhancedISNgeneration']}",
    ]


def _add_variable(call: Call) -> None:
    name, _, rest = call.rest.partition(" ")
    if not name:
        raise Refused(1095, detail=" [name]")
    call.configuration.variables[name] = rest


def _show_variable(call: Call) -> Iterable[str]:
    return [
        f"{number})\tName: {name}\t{rest}"
        for number, (name, rest) in enumerate(call.configuration.variables.items(), 1)
    ]


COMMANDS = (
    Command(
        text="enable ns feature",
        run=_switch_feature(enabled=True),
        operands="names+",
        writes=True,
        propagates=True,
    ),
    Command(
        text="disable ns feature",
        run=_switch_feature(enabled=False),
        operands="names+",
        writes=True,
        propagates=True,
    ),
    Command(text="show ns feature", run=lambda call: feature_lines(call.box)),
    Command(
        text="add ns ip",
        run=_add_ip,
        operands="address mask",
        writes=True,
        propagates=True,
        options="type:SNIP|VIP state:ENABLED|DISABLED "
        "arp:ENABLED|DISABLED snmp:ENABLED|DISABLED hostRoute:ENABLED|DISABLED "
        "mgmtAccess:ENABLED|DISABLED",
    ),
    Command(
        text="enable ns ip",
        run=_switch_ip(enabled=True),
        operands="address",
        writes=True,
        propagates=True,
    ),
    Command(
        text="disable ns ip",
        run=_switch_ip(enabled=False),
        operands="address",
        writes=True,
        propagates=True,
    ),
    Command(text="show ns ip", run=lambda call: ip_lines(call.box), operands="address?"),
    Command(
        text="set ns config", run=_set_ns_config, writes=True, options="IPAddress:word netmask:word"
    ),
    Command(text="set ns hostName", run=_set_hostname, operands="name", writes=True),
    Command(
        text="set ns tcpparam",
        run=_set_tcp,
        writes=True,
        propagates=True,
        options="enhancedISNgeneration:ENABLED|DISABLED WS:ENABLED|DISABLED SACK:ENABLED|DISABLED",
    ),
    Command(text="show ns tcpparam", run=_show_tcp),
    Command(text="add ns variable", run=_add_variable, raw=True, writes=True, propagates=True),
    Command(text="show ns variable", run=_show_variable, operands="name?"),
)

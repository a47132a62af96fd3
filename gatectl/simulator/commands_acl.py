"""Commands about extended ACLs; the lookup table changes only with `apply`."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from gatectl.simulator.acl import AclAction, AclRule, Range, check_new, next_priority, range_from
from gatectl.simulator.command import Call, Command
from gatectl.simulator.shows_policy import acl_lines
from gatectl.simulator.texts import TEXTS, Refused

PROTOCOL_NUMBERS = {"1": "ICMP", "6": "TCP", "17": "UDP"}
_COMMON = (
    "srcPort:range destPort:range protocol:TCP|UDP|ICMP|ICMPV6|IGMP|GRE|ESP|AH|OSPFIGP "
    "protocolNumber:0..255 priority:1..100000 TTL:1..2147483647 established:flag "
    "logstate:ENABLED|DISABLED ratelimit:1..10000 vlan:0..4094 interface:word srcMac:word "
    "icmpType:0..65536 icmpCode:0..65536 td:0..4094 type:CLASSIC|DFD stateful:YES|NO"
)


def _rule(call: Call, family: int, base: AclRule) -> AclRule:
    """Read the options of `add` and `set` on top of a rule."""
    suffix = "v6" if family == 6 else ""  # noqa: PLR2004 - the IP version
    options = call.arguments.options

    def part(name: str, current: Range | None) -> Range | None:
        return range_from(options[name]) if name in options else current

    protocol = options.get("protocol", PROTOCOL_NUMBERS.get(options.get("protocolNumber", ""), ""))
    log_state = options.get("logstate", "")
    return replace(
        base,
        source=part(f"srcIP{suffix}", base.source),
        source_port=part("srcPort", base.source_port),
        destination=part(f"destIP{suffix}", base.destination),
        destination_port=part("destPort", base.destination_port),
        protocol=protocol or base.protocol,
        priority=int(options.get("priority", base.priority)),
        ttl_s=int(options.get("TTL", base.ttl_s)),
        established=base.established or "established" in options,
        enabled=options.get("state", "ENABLED") == "ENABLED"
        if "state" in options
        else base.enabled,
        log_state=log_state == "ENABLED" if log_state else base.log_state,
    )


def _add(family: int) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        rules = call.configuration.rules(family)
        name = call.operand("name")
        if name.lower() in rules:
            raise Refused(273)
        if not (name[0].isalnum() or name[0] == "_"):
            raise Refused(1075)
        fresh = AclRule(
            name=name,
            family=6 if family == 6 else 4,  # noqa: PLR2004 - the IP version
            action=cast("AclAction", call.operand("action")),
            priority=next_priority(rules),
        )
        rule = _rule(call, family, fresh)
        check_new(rule, rules)
        rules[name.lower()] = rule

    return run


def _existing(call: Call, family: int, name: str) -> AclRule:
    rule = call.configuration.rules(family).get(name.lower())
    if rule is None:
        removed = name.lower() in call.box.applied[family]
        raise Refused(870 if removed else 258)
    return rule


def _change_warning(family: int) -> list[str]:
    return [f"Warning: {TEXTS[902 if family == 6 else 880]}"]  # noqa: PLR2004 - the IP version


def _set(family: int) -> Callable[[Call], Iterable[str]]:
    def run(call: Call) -> Iterable[str]:
        rules = call.configuration.rules(family)
        rule = _rule(call, family, _existing(call, family, call.operand("name")))
        check_new(rule, rules)
        rules[rule.name.lower()] = rule
        return _change_warning(family)

    return run


def _switch(family: int, *, enabled: bool) -> Callable[[Call], Iterable[str]]:
    def run(call: Call) -> Iterable[str]:
        for name in call.values("names"):
            rule = _existing(call, family, name)
            changed = replace(rule, enabled=enabled)
            call.configuration.rules(family)[rule.name.lower()] = changed
        return _change_warning(family)

    return run


def _remove(family: int) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        for name in call.values("names"):
            rule = _existing(call, family, name)
            del call.configuration.rules(family)[rule.name.lower()]

    return run


def _apply(family: int) -> Callable[[Call], None]:
    return lambda call: call.box.apply_acls(family)


def _clear(family: int) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        call.configuration.rules(family).clear()
        call.box.apply_acls(family)

    return run


def _renumber(family: int) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        rules = call.configuration.rules(family)
        ordered = sorted(rules.values(), key=lambda rule: rule.priority)
        for number, rule in enumerate(ordered, 1):
            rules[rule.name.lower()] = replace(rule, priority=number * 10)

    return run


def _show(family: int) -> Callable[[Call], Iterable[str]]:
    def run(call: Call) -> Iterable[str]:
        return acl_lines(call.box, family, call.operand("name"))

    return run


def _commands(family: int) -> tuple[Command, ...]:
    noun = "acl6" if family == 6 else "acl"  # noqa: PLR2004 - the IP version
    plural = "acls6" if family == 6 else "acls"  # noqa: PLR2004 - the IP version
    suffix = "v6" if family == 6 else ""  # noqa: PLR2004 - the IP version
    options = f"srcIP{suffix}:range destIP{suffix}:range {_COMMON}"
    return (
        Command(
            text=f"add ns {noun}",
            run=_add(family),
            writes=True,
            propagates=True,
            operands="name action:ALLOW|DENY|BRIDGE",
            options=f"{options} state:ENABLED|DISABLED",
        ),
        Command(
            text=f"set ns {noun}",
            run=_set(family),
            writes=True,
            propagates=True,
            operands="name",
            options=options,
        ),
        Command(
            text=f"rm ns {noun}",
            run=_remove(family),
            writes=True,
            propagates=True,
            operands="names+",
        ),
        Command(
            text=f"enable ns {noun}",
            run=_switch(family, enabled=True),
            writes=True,
            propagates=True,
            operands="names+",
        ),
        Command(
            text=f"disable ns {noun}",
            run=_switch(family, enabled=False),
            writes=True,
            propagates=True,
            operands="names+",
        ),
        Command(
            text=f"apply ns {plural}",
            run=_apply(family),
            writes=True,
            propagates=True,
            options="type:CLASSIC|DFD",
        ),
        Command(
            text=f"clear ns {plural}",
            run=_clear(family),
            writes=True,
            propagates=True,
            options="type:CLASSIC|DFD",
        ),
        Command(text=f"renumber ns {plural}", run=_renumber(family), writes=True, propagates=True),
        Command(text=f"show ns {noun}", run=_show(family), operands="name?"),
    )


COMMANDS = (
    *_commands(4),
    *_commands(6),
    Command(text="show ns simpleacl", run=lambda _call: [], operands="name?"),
)

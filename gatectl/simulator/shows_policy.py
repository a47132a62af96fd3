"""What `show` prints about rules, policies and who is signed in: layouts as recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatectl.simulator.texts import Refused

if TYPE_CHECKING:
    from gatectl.simulator.acl import AclRule
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.configuration import Binding
    from gatectl.simulator.user_session import SessionKind, UserSession

COLUMN = 39
SERVER_LABEL = "XenApp/XenDesktop IP(XenApp/XenDesktop Port)"


def acl_lines(box: Appliance, family: int, name: str) -> list[str]:
    """Show the configured rules, and those that wait for their removal to be applied."""
    configured = box.configuration.rules(family)
    table = {key: entry.rule for key, entry in box.applied[family].items() if not entry.expired}
    if name and name.lower() not in configured and name.lower() not in table:
        raise Refused(258)
    rules = {**table, **configured}
    found: list[str] = []
    ordered = sorted(rules.values(), key=lambda rule: rule.priority)
    for number, rule in enumerate(
        [rule for rule in ordered if not name or rule.name.lower() == name.lower()], 1
    ):
        key = rule.name.lower()
        status = "APPLIED" if table.get(key) == rule else "NOTAPPLIED"
        if key not in configured:
            status = "REMOVED"
        found += _acl_block(rule, number, hits=box.hits[f"acl{family}/{key}"], status=status)
    return found


def _acl_block(rule: AclRule, number: int, *, hits: int, status: str) -> list[str]:
    suffix = "v6" if rule.family == 6 else ""  # noqa: PLR2004 - the IP version

    def part(name: str, value: object) -> str:
        return f"{name} {value}" if value is not None else name

    def columns(left: str, right: str) -> str:
        return f"\t{left:<{COLUMN}}{right}"

    source = part(f"srcIP{suffix}", rule.source)
    destination = part(f"destIP{suffix}", rule.destination)
    return [
        f"{number})\tName: {rule.name}",
        columns(f"Action: {rule.action}", f"Hits: {hits}"),
        f"\t{source}",
        f"\t{destination}",
        "\tsrcMac:",
        f"\tProtocol: {rule.protocol}".rstrip(),
        columns(part("srcPort", rule.source_port), part("destPort", rule.destination_port)),
        columns("Vlan:", "Interface:"),
        columns(
            f"Active Status: {'ENABLED' if rule.enabled else 'DISABLED'}",
            f"Applied Status: {status}",
        ),
        columns(f"Priority: {rule.priority}", "NAT: NO"),
        f"\tTTL: {rule.ttl_s}" if rule.ttl_s else "\tTTL:",
        f"\tLog Status: {'ENABLED' if rule.log_state else 'DISABLED'}",
        "\tForward Session: NO",
        "\tStateful: NO",
    ]


def action_lines(box: Appliance, name: str) -> list[str]:
    """Show responder actions."""
    actions = box.configuration.actions
    if name and name.lower() not in actions:
        raise Refused(258)
    found: list[str] = []
    wanted = [actions[name.lower()]] if name else list(actions.values())
    for number, action in enumerate(wanted, 1):
        policies = box.configuration.policies.values()
        references = sum(p.action.lower() == action.name.lower() for p in policies)
        found += [
            f"{number})\tName: {action.name}",
            f"\tOperation: {action.operation}",
            f"\tTarget:{action.target}",
            f"\tHits: {box.hits[f'action/{action.name.lower()}']}",
            "\tUndef Hits: 0",
            f"\tAction Reference Count: {references}",
        ]
    return found


def policy_lines(box: Appliance, name: str) -> list[str]:
    """Show responder policies, and for one where it is bound."""
    policies = box.configuration.policies
    if name and name.lower() not in policies:
        raise Refused(258)
    found: list[str] = []
    wanted = [policies[name.lower()]] if name else list(policies.values())
    for number, policy in enumerate(wanted, 1):
        found += [
            f"\tName: {policy.name}" if name else f"{number})\tName: {policy.name}",
            f"\tRule: {policy.rule}",
            f"\tResponder Action: {policy.action}",
            f"\tUndefAction: {policy.undefined or 'Use Global'}",
            f"\tHits: {box.hits[f'policy/{policy.name.lower()}']}",
            "\tUndef Hits: 0",
        ]
    if name:
        found += _bound_lines([b for b in box.configuration.bindings if b.policy == policy.name])
    return found


def _bound_lines(bindings: list[Binding]) -> list[str]:
    if not bindings:
        return []
    found = ["", "\tPolicy is bound to following entities"]
    for number, binding in enumerate(bindings, 1):
        where = f"VPN VSERVER {binding.vserver}" if binding.vserver else "REQ GLOBAL"
        found += [
            f"{number})\tBound to: {where} {binding.kind}",
            f"\tPriority: {binding.priority}",
            f"\tGotoPriorityExpression: {binding.then}",
        ]
    return found


def global_lines(box: Appliance) -> list[str]:
    """Show the global bind points that have policies."""
    bound = [binding for binding in box.configuration.bindings if not binding.vserver]
    found: list[str] = []
    for number, kind in enumerate(sorted({binding.kind for binding in bound}), 1):
        count = sum(binding.kind == kind for binding in bound)
        found += [
            f"{number})\tGlobal bindpoint: {kind}",
            f"\tNumber of bound policies: {count}",
            "",
        ]
    return found


def session_lines(box: Appliance, kind: SessionKind, *, user: str, summary: bool) -> list[str]:
    """Show who is signed in; nobody is no line at all."""
    found = [s for s in box.sessions if s.kind == kind and (not user or s.user == user)]
    if not found:
        return []
    if kind == "aaa":
        return _aaa_lines(found)
    if summary:
        return _summary_lines(found)
    lines: list[str] = []
    for number, session in enumerate(found, 1):
        lines += [
            f"{number})\tUser name: {session.user}\tDomain name: CORP",
            f"\tClient IP(Client Port): {session.client_address}({session.client_port})",
            f"\t{SERVER_LABEL}: {session.server_address}({session.server_port})",
        ]
    return lines


def _aaa_lines(sessions: list[UserSession]) -> list[str]:
    found = [
        "\tClintIp (ClientPort)   ->  ServerIp(ServerPort)",
        "\t-------------------------   \t  ----------------------------",
    ]
    for user in dict.fromkeys(session.user for session in sessions):
        found.append(f"User Name: {user}")
        found += [
            f"\t{s.client_address:<15} ({s.client_port:<5}) -> "
            f"{s.server_address:<15} ({s.server_port:<5})"
            for s in sessions
            if s.user == user
        ]
    return found


def _summary_lines(sessions: list[UserSession]) -> list[str]:
    rule = "-" * 123
    head = (
        "      User       TransType Domain             ClientIP          ClientPort "
        "XenAppXenDesktopIP     XenAppXenDesktopPort"
    )
    rows = [
        f"{number:<5} {s.user:<14} {'TCP':<9} {'CORP':<20} {s.client_address:<17} "
        f"{s.client_port:<10} {s.server_address:<22} {s.server_port}"
        for number, s in enumerate(sessions, 1)
    ]
    return [rule, head, rule, *rows]

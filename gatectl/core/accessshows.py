"""Parsers of what lets people in or keeps them out: virtual servers, access rules, responder."""

import re

from gatectl.core.check import Record
from gatectl.core.layout import Labels, NotUnderstood, bare, need

_VSERVER = re.compile(
    r"(?P<name>\S+) \((?P<address>[0-9A-Fa-f:.]+):(?P<port>\d+|\*)\)"
    r"(?: - (?P<protocol>\S+))?(?:\s+Type: (?P<type>\S+))?\s*$"
)
_VSERVER_LINE = Labels({"State": "state", "Dtls": "dtls", "Effective State": "effective_state"})


def read_vserver(lines: list[str]) -> tuple[Record, ...]:
    """Read virtual servers of any kind: name, address and state; the rest differs by build."""
    records: list[dict[str, str]] = []
    for line in lines:
        header = _VSERVER.fullmatch(bare(line))
        if header is not None:
            records.append({k: v for k, v in header.groupdict().items() if v is not None})
        elif records:
            records[-1] = {**_VSERVER_LINE.read(line), **records[-1]}
        else:
            raise NotUnderstood(f"{line.strip()!r} stands before the first virtual server")
    for record in records:
        need(record, ("name", "address", "port", "state"))
    return tuple(records)


_ACL = Labels(
    {
        "Name": "name",
        "Action": "action",
        "Hits": "hits",
        "srcIP": "source",
        "srcIPv6": "source",
        "destIP": "destination",
        "destIPv6": "destination",
        "srcPort": "source_port",
        "destPort": "destination_port",
        "srcMac": "source_mac",
        "Protocol": "protocol",
        "Vlan": "vlan",
        "Interface": "interface",
        "Active Status": "active",
        "Applied Status": "applied",
        "Priority": "priority",
        "NAT": "nat",
        "TTL": "ttl",
        "Log Status": "log",
        "Forward Session": "forward_session",
        "Stateful": "stateful",
    }
)


def read_acl(lines: list[str]) -> tuple[Record, ...]:
    """Read access rules; a field that is not there does not restrict the rule."""
    records = _ACL.records(lines, first="name", needs=("name", "action", "active", "applied"))
    for record in records:
        for field in ("ttl", "hits", "priority"):
            # A unit may stand behind the figure.
            if figure := re.match(r"\d+", record.get(field, "")):
                record[field] = figure[0]
        if protocol := re.match(r"[A-Za-z]+(?=\s*\(\d+\)$)", record.get("protocol", "")):
            record["protocol"] = protocol[0]
    return records


_RESPONDER_POLICY = Labels(
    {
        "Name": "name",
        "Rule": "rule",
        "Responder Action": "action",
        "UndefAction": "undef_action",
        "Hits": "hits",
        "Undef Hits": "undef_hits",
        "Bound to": "bound_to",
        "Priority": "priority",
    }
)


def read_responder_policy(lines: list[str]) -> tuple[Record, ...]:
    """Read responder policies with the first place that each is bound to."""
    return _RESPONDER_POLICY.records(lines, first="name", needs=("name", "rule", "action"))


_RESPONDER_ACTION = Labels({"Name": "name", "Operation": "operation", "Target": "target"})


def read_responder_action(lines: list[str]) -> tuple[Record, ...]:
    """Read responder actions."""
    return _RESPONDER_ACTION.records(lines, first="name", needs=("name", "operation"))


_RESPONDER_GLOBAL = Labels(
    {
        "Global bindpoint": "bindpoint",
        "Number of bound policies": "policies",
        "Policy Name": "policy",
        "Priority": "priority",
    }
)


def read_responder_global(lines: list[str]) -> tuple[Record, ...]:
    """Read the global bind points and how many policies each has."""
    return _RESPONDER_GLOBAL.records(lines, first="bindpoint", needs=("bindpoint",))

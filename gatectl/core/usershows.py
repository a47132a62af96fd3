"""Parsers of who is connected through the gateway: ICA, AAA, RDP and PCoIP sessions."""

import re

from gatectl.core.check import Record
from gatectl.core.layout import Labels, NotUnderstood

_ENDPOINT = re.compile(r"(?P<address>[0-9A-Fa-f:.]+)\s*\(\s*(?P<port>\d+)\s*\)")
_ICA = Labels(
    {
        "User name": "user",
        "Domain name": "domain",
        "Client IP(Client Port)": "client",
        "XenApp/XenDesktop IP(XenApp/XenDesktop Port)": "server",
        "Node Id": "node_id",
    }
)
_ICA_ROW = re.compile(
    r"\s*\d+\s+(?P<user>\S+)\s+(?:TCP|UDP)\s+(?:\S+\s+)?(?P<client>[0-9A-Fa-f:.]+)\s+(?P<port>\d+)"
    r"\s+(?P<server>[0-9A-Fa-f:.]+)\s+(?P<server_port>\d+)\s*"
)
_RULE = re.compile(r"[-\s>]+")


def read_ica(lines: list[str]) -> tuple[Record, ...]:
    """Read the ICA sessions, from the plain form or from the summary's table."""
    if lines and _RULE.fullmatch(lines[0]):
        return _read_ica_table(lines)
    records = _ICA.records(lines, first="user", needs=("user", "client"))
    for record in records:
        for field in ("client", "server"):
            if match := _ENDPOINT.match(record.get(field, "")):
                record[field] = match["address"]
    return records


def _read_ica_table(lines: list[str]) -> tuple[Record, ...]:
    records: list[Record] = []
    for line in lines:
        row = _ICA_ROW.fullmatch(line)
        if row is not None:
            records.append({field: row[field] for field in ("user", "client", "server")})
        elif not (_RULE.fullmatch(line) or line.split()[:2] == ["User", "TransType"]):
            raise NotUnderstood(f"{line.strip()!r} is not a session")
    return tuple(records)


_AAA_USER = re.compile(r"\s*(?:\d+\)\s*)?User ?name:\s*(\S.*?)\s*", re.IGNORECASE)
_AAA_ROW = re.compile(rf"\s*{_ENDPOINT.pattern}\s*->\s*(?P<server>[0-9A-Fa-f:.]+)\s*\(.*\)\s*")


def read_aaa(lines: list[str]) -> tuple[Record, ...]:
    """Read the signed-in users, a record for each of their connections."""
    records: list[dict[str, str]] = []
    for line in lines:
        if user := _AAA_USER.fullmatch(line):
            records.append({"user": user[1]})
        elif row := _AAA_ROW.fullmatch(line):
            if not records:
                raise NotUnderstood("a connection stands before its user")
            connection = {"client": row["address"], "server": row["server"]}
            if "client" in records[-1]:
                records.append({"user": records[-1]["user"], **connection})
            else:
                records[-1].update(connection)
        elif not (_RULE.fullmatch(line) or re.match(r"\s*Cl\w*Ip", line)):
            raise NotUnderstood(f"{line.strip()!r} is no user and no connection")
    return tuple(records)


_CONNECTION = Labels(
    {
        "User name": "user",
        "Username": "user",
        "User": "user",
        "Client IP": "client",
        "ClientIP": "client",
        "Client IP(Client Port)": "client",
        "Target IP": "server",
        "Server IP": "server",
        "Server IP(Server Port)": "server",
    }
)


def read_user_connection(lines: list[str]) -> tuple[Record, ...]:
    """Read RDP or PCoIP connections, of which only the user's label is certain."""
    records = _CONNECTION.records(lines, first="user", needs=("user",))
    for record in records:
        if match := _ENDPOINT.match(record.get("client", "")):
            record["client"] = match["address"]
    return records

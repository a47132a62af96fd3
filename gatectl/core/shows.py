"""Parsers of what a node shows of itself: lenient in white space and numbering, strict in labels.

Each takes the lines that are not blank and returns records. A record that lacks what it must have
is not a record: the answer was cut, or it is of a build that is not known here.
"""

import re

from gatectl.core.check import Record
from gatectl.core.layout import Labels, NotUnderstood, bare, read_one, table

_VERSION = re.compile(
    r"NetScaler NS(?P<release>\d+\.\d+): Build (?P<build>\d+\.\d+)(?:\.\w+)?,\s*"
    r"Date: (?P<date>.+?)(?:\s+\(64-bit\))?\s*$"
)


def read_version(lines: list[str]) -> tuple[Record, ...]:
    """Read release and build in the form that bulletins use."""
    found = [match for line in lines if (match := _VERSION.search(line))]
    if len(found) != 1:
        raise NotUnderstood("there is not exactly one line with a build")
    return ({"build": f"{found[0]['release']}-{found[0]['build']}", "date": found[0]["date"]},)


_HOSTNAME = Labels({"Hostname": "hostname"})


def read_hostname(lines: list[str]) -> tuple[Record, ...]:
    """Read the host name; none may be set."""
    return (read_one(lines, _HOSTNAME, ("hostname",)),) if lines else ()


_HARDWARE = Labels(
    {
        "Platform": "platform",
        "Host Id": "host_id",
        "Serial no": "serial",
        "Encoded serial no": "encoded_serial",
        "Manufactured on": "manufactured",
        "CPU": "cpu",
    }
)


def read_hardware(lines: list[str]) -> tuple[Record, ...]:
    """Read what the appliance is."""
    return (read_one(lines, _HARDWARE, ("platform",)),)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = re.compile(r"\w{3} +(\w{3}) +(\d+) +(\d+):(\d+):(\d+) +(\d{4})")
_CONFIG = Labels(
    {
        "NetScaler IP": "address",
        "Node": "role_text",
        "System Time": "system_time",
        "Last Config Changed Time": "changed",
        "Last Config Saved Time": "saved_at",
        "Config Changed since Last Saved Config": "unsaved",
    }
)


def read_config(lines: list[str]) -> tuple[Record, ...]:
    """Read who the node is and whether its configuration is saved."""
    record = read_one(lines, _CONFIG, ("address",))
    record["address"] = record["address"].split()[0]
    unsaved = record.pop("unsaved", "").casefold()
    if unsaved in {"true", "false"}:
        record["saved"] = "no" if unsaved == "true" else "yes"
    elif unsaved:
        raise NotUnderstood(f"changed since last saved: {unsaved!r}")
    else:
        record["saved"] = _saved_by_time(record)
    return (record,)


def _saved_by_time(record: Record) -> str:
    # Older builds only tell two times, to the second.
    changed, saved = _moment(record.get("changed", "")), _moment(record.get("saved_at", ""))
    if changed is None or saved is None:
        raise NotUnderstood("it does not say when the configuration was changed and saved")
    if changed == saved:
        raise NotUnderstood("changed and saved in the same second, in an order that is not told")
    return "yes" if saved > changed else "no"


def _moment(text: str) -> tuple[int, ...] | None:
    match = _TIME.search(text)
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(match[group]) for group in range(2, 7))
    return (year, _MONTHS.index(match[1]), day, hour, minute, second)


_HA_NODE = Labels(
    {
        "Node ID": "id",
        "IP": "address",
        "Node State": "state",
        "Master State": "role",
        "Sync State": "sync",
        "Propagation": "propagation",
        "INC State": "inc",
    }
)


def read_ha_node(lines: list[str]) -> tuple[Record, ...]:
    """Read the nodes of the pair; number 0 is always the node that is asked."""
    records = _HA_NODE.records(lines, first="id", needs=("id", "address", "state", "role"))
    if not records:
        raise NotUnderstood("it names no node, not even itself")
    for record in records:
        address, _, hostname = record["address"].partition(" ")
        record["address"] = address
        if hostname:
            record["hostname"] = hostname.strip(" ()")
        record["local"] = "yes" if record["id"] == "0" else "no"
    return records


def read_ip(lines: list[str]) -> tuple[Record, ...]:
    """Read the addresses of the node."""
    records = []
    for row in table(lines, first="ipaddress"):
        record = {"address": row["ipaddress"], "type": row["type"], "state": row["state"]}
        if "vserver" in row:
            record["vserver"] = row["vserver"]
        records.append(record)
    return tuple(records)


def read_feature(lines: list[str]) -> tuple[Record, ...]:
    """Read the features and whether each is on."""
    records = []
    for row in table(lines, first="feature"):
        if row["status"] not in {"ON", "OFF"}:
            raise NotUnderstood(f"{row['feature']} is {row['status']!r}")
        acronym, status = row["acronym"], row["status"]
        records.append({"name": row["feature"], "acronym": acronym, "status": status})
    return tuple(records)


def read_license(lines: list[str]) -> tuple[Record, ...]:
    """Read what is licensed, a record a line."""
    records = []
    for line in lines:
        name, colon, value = line.strip().partition(":")
        if not colon:
            raise NotUnderstood(f"{line.strip()!r} has no value")
        if value.strip():
            records.append({"name": name.strip(), "value": value.strip()})
    return tuple(records)


_ISN = re.compile(r"Enhanced\s*ISN\s*Generation\s*[:=]?\s*(\w+)", re.IGNORECASE)


def read_tcpparam(lines: list[str]) -> tuple[Record, ...]:
    """Read the TCP settings that bulletins ask for; builds without the setting show none."""
    if not lines:
        raise NotUnderstood("it is empty")
    record = {"lines": str(len(lines))}
    for line in lines:
        if match := _ISN.search(line):
            record["enhanced_isn_generation"] = match[1].upper()
    return (record,)


_VARIABLE = Labels({"Name": "name", "Type": "type"})


def read_variable(lines: list[str]) -> tuple[Record, ...]:
    """Read the variables that are configured."""
    return _VARIABLE.records(lines, first="name", needs=("name",))


_ARCHIVE = re.compile(r"(?:[A-Za-z ]+:\s*)?(\S+\.tgz)\b.*")


def read_backup(lines: list[str]) -> tuple[Record, ...]:
    """Read the names of the system backups."""
    found = (_ARCHIVE.fullmatch(bare(line)) for line in lines)
    records = tuple({"name": match[1]} for match in found if match)
    if lines and not records:
        raise NotUnderstood(f"{lines[0].strip()!r} names no backup")
    return records

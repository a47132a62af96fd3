"""What `show` prints about the node, the pair and the network: layouts as recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gatectl.simulator.configuration import FEATURES
from gatectl.simulator.texts import Refused

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance

IP_COLUMNS = "Ipaddress        Traffic Domain  Type             Mode     Arp      Icmp     "
IP_RULES = "---------        --------------  ----             ----     ---      ----     "
_INTERFACES = (
    "\tEnabled Interfaces : 0/1",
    "\tDisabled Interfaces : None",
    "\tHA MON ON Interfaces : None",
    "\tInterfaces on which heartbeats are not seen : None",
    "\tInterfaces causing Partial Failure: None",
    "\tSSL Card Status: NOT PRESENT",
)


def ha_node_lines(box: Appliance, *, only: str = "") -> list[str]:
    """Show this node first, then the peer as this node sees it."""
    found: list[str] = []
    if only in ("", "0"):
        found += _node_lines(box, number=0, seen_by=box)
        found += [
            "\tHello Interval: 200 msecs",
            "\tDead Interval: 3 secs",
            f"\tNode in this Master State for: {_since(box.role_since)} (days:hrs:min:sec)",
        ]
    peer = box.pair.peer(box)
    if peer is not None and only in ("", "1"):
        found += _node_lines(peer, number=1, seen_by=box)
    if not found:
        raise Refused(258)
    return found


def _node_lines(node: Appliance, *, number: int, seen_by: Appliance) -> list[str]:
    pair = node.pair
    there = node is seen_by or node.phase == "up"
    status = node.configuration.ha_status
    shown = {"STAYSECONDARY": "STAYSECONDARY", "DISABLED": "DISABLED"}.get(status, "UP")
    role = "Secondary" if node.is_secondary else "Primary"
    host = f" ({node.configuration.hostname})" if node is seen_by else ""
    return [
        f"{number + 1})\tNode ID:      {number}",
        f"\tIP:\t{node.nsip}{host}",
        f"\tNode State: {shown if there else 'DOWN'}",
        f"\tMaster State: {role if there else 'Unknown'}",
        "\tFail-Safe Mode: OFF",
        "\tINC State: DISABLED",
        f"\tSync State: {pair.sync_text(node) if there else 'UNKNOWN'}",
        f"\tPropagation: {pair.propagation_text(node) if there else 'UNKNOWN'}",
        *_INTERFACES,
    ]


def _since(moment: float) -> str:
    seconds = int(time.time() - moment)
    return f"{seconds // 86400}:{seconds // 3600 % 24}:{seconds // 60 % 60}:{seconds % 60}"


def config_lines(box: Appliance) -> list[str]:
    """Show addresses, role, and whether what runs is what is saved."""
    peer = box.pair.peer(box)
    role = "Standalone"
    if peer is not None:
        role = f"Secondary (Primary is {peer.nsip})" if box.is_secondary else "Primary"
    changed = box.changed_since_saved()
    return [
        f"\tNetScaler IP: {box.nsip}  (mask: {box.configuration.mask})",
        "\t NW FWMODE: NOFIREWALL",
        "\tNumber of MappedIP(s): 0",
        f"\tNode: {role}",
        "",
        f"\tSystem Time: {clock(time.time())}",
        f"\tLast Config Changed Time: {clock(box.last_changed)}",
        f"\tLast Config Saved Time: {clock(box.last_saved)}",
        f"\tConfig Changed since Last Saved Config: {'TRUE' if changed else 'FALSE'}",
    ]


def clock(moment: float) -> str:
    """Write a time as the device does."""
    return time.asctime(time.gmtime(moment))


def hardware_lines(box: Appliance) -> list[str]:
    """Show a virtual platform; its serial number tells the nodes apart."""
    serial = f"KEZ{sum(box.nsip.encode()) % 100:02d}D864S"
    return [
        "\tPlatform: NetScaler Virtual Appliance 450010",
        "\tManufactured on: 11/14/2015",
        "\tCPU: 2400MHZ",
        "\tHost Id: 1006665862",
        f"\tSerial no:  {serial}",
        f"\tEncoded serial no:  {serial}",
    ]


def license_lines(_box: Appliance) -> list[str]:
    """Show that everything is licensed."""
    found = ["\tLicense status:"]
    found += [f"\t{name:>28}: YES" for name, _ in FEATURES]
    return [*found, "\tLicense Type: Platinum License", "\tLicensing mode: Local"]


def feature_lines(box: Appliance) -> list[str]:
    """Show the features and which of them are on."""
    found = [
        "\tFeature                        Acronym              Status",
        "\t-------                        -------              ------",
    ]
    for number, (name, short) in enumerate(FEATURES, 1):
        status = "ON" if short in box.configuration.features else "OFF"
        found.append(f" {number})\t{name:<30} {short:<20} {status}")
    return found


def ip_lines(box: Appliance) -> list[str]:
    """Show the addresses that the device owns."""
    kinds = {"NSIP": "NetScaler IP", "SNIP": "SNIP", "VIP": "VIP"}
    rows = [(box.nsip, "NSIP", True)]
    rows += [(a.address, a.kind, a.enabled) for a in box.configuration.addresses.values()]
    found = [
        f"\t{IP_COLUMNS}Vserver  State",
        f"\t{IP_RULES}-------  ------",
    ]
    for number, (address, kind, enabled) in enumerate(rows, 1):
        vserver = "Enabled" if kind == "VIP" else "NA"
        found.append(
            f"{number})\t{address:<16} {0:<15} {kinds[kind]:<16} {'Active':<8} {'Enabled':<8} "
            f"{'Enabled':<8} {vserver:<8} {'Enabled' if enabled else 'Disabled'}"
        )
    return found

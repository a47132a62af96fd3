"""What `show` prints about virtual servers: layouts as recorded from devices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gatectl.simulator.shows import clock
from gatectl.simulator.texts import Refused

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.configuration import Vserver, VserverKind


def vserver_lines(box: Appliance, kind: VserverKind, name: str) -> list[str]:
    """Show all vservers of a kind, or one; one alone has no number."""
    if name:
        vserver = box.configuration.vserver(kind, name)
        if vserver is None:
            raise Refused(258)
        return ["\t" + line.lstrip("\t") for line in _vserver_block(box, vserver)]
    found: list[str] = []
    wanted = [v for v in box.configuration.vservers.values() if v.kind == kind]
    for number, vserver in enumerate(wanted, 1):
        first, *rest = _vserver_block(box, vserver)
        found += [f"{number})\t{first}", *rest]
    return found


def _vserver_block(box: Appliance, vserver: Vserver) -> list[str]:
    kinds = {"vpn": "VPN", "lb": "ADDRESS", "cs": "CONTENT", "authentication": "AAA"}
    since = box.state_since(vserver)
    state = box.vserver_state(vserver)
    found = [
        f"{vserver.name} ({vserver.address}:{vserver.port}) - {vserver.service}"
        f"\tType: {kinds[vserver.kind]}" + (" " if vserver.kind == "lb" else ""),
        f"\tState: {state}",
        f"\tLast state change was at {clock(since)}",
        f"\tTime since last state change: {_long_since(since)}",
    ]
    if vserver.kind == "lb":
        found.append(f"\tEffective State: {'DOWN' if state != 'UP' else state}")
    found += [
        "\tClient Idle Timeout: 180 sec",
        f"\tDown state flush: {'ENABLED' if vserver.down_state_flush else 'DISABLED'}",
        "\tDisable Primary Vserver On Down : DISABLED",
    ]
    found += [f"\tComment: {vserver.comment}"] if vserver.comment else []
    found.append("\tAppflow logging: ENABLED")
    found += _KIND_LINES[vserver.kind](box, vserver)
    found += [
        "\tListen Policy: NONE",
        "\tIcmpResponse: PASSIVE",
        "\tRHIstate: PASSIVE" if vserver.kind == "lb" else "\tRHIstate:  PASSIVE",
        "\tTraffic Domain: 0",
    ]
    return found


def _vpn_lines(box: Appliance, vserver: Vserver) -> list[str]:
    users = len({s.user for s in box.sessions if s.vserver == vserver.name})
    return [
        "\tAuthentication : ON",
        f"\tCurrent AAA Users: {users}",
        f"\tTotal Connected Users: {users}",
        f"\tDtls : {'ON' if vserver.dtls else 'OFF'}\tL2Conn: OFF",
    ]


def _lb_lines(_box: Appliance, _vserver: Vserver) -> list[str]:
    return [
        "\tPort Rewrite : DISABLED",
        "\tNo. of Bound Services :  0 (Total) \t 0 (Active)",
        "\tConfigured Method: LEASTCONNECTION",
        "\tMode: IP",
        "\tPersistence: NONE",
        "\tVserver IP and Port insertion: OFF ",
        "\tPush: DISABLED\tPush VServer: ",
        "\tPush Multi Clients: NO",
        "\tPush Label Rule: none",
        "\tL2Conn: OFF",
        "\tSkip Persistency: None",
    ]


def _cs_lines(_box: Appliance, _vserver: Vserver) -> list[str]:
    return [
        "\tPort Rewrite : DISABLED",
        "\tState Update: DISABLED",
        "\tDefault: \tContent Precedence: RULE",
        "\tVserver IP and Port insertion: OFF",
        "\tL2Conn: OFF\tCase Sensitivity: ON",
        "\tAuthentication: OFF",
        "\t401 Based Authentication: OFF",
        "\tPush: DISABLED\tPush VServer: ",
        "\tPush Label Rule: none",
    ]


def _authentication_lines(_box: Appliance, _vserver: Vserver) -> list[str]:
    return ["\tAuthentication : ON"]


_KIND_LINES = {
    "vpn": _vpn_lines,
    "lb": _lb_lines,
    "cs": _cs_lines,
    "authentication": _authentication_lines,
}


def _long_since(moment: float) -> str:
    passed = max(0.0, time.time() - moment)
    seconds = int(passed)
    return (
        f"{seconds // 86400} days, {seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:"
        f"{seconds % 60:02d}.{int(passed * 1000) % 1000:03d}"
    )

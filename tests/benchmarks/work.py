"""The work that every client does: twelve commands that look, in order, each answer checked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One command: its answer, what that must hold, and a recorded answer that must not pass."""

    command: str
    answer: str
    shows: str
    """A text that is in the right answer alone."""
    field: str
    """What gatectl reads out of it, and what that must equal."""
    equals: str
    refuses: str


def _pair(state: str) -> str:
    return (
        "1)\tNode ID:      0\n\tIP:\t10.0.0.5 (ns-a)\n\tNode State: UP\n"
        "\tMaster State: Primary\n\tFail-Safe Mode: OFF\n\tINC State: DISABLED\n"
        f"\tSync State: ENABLED\n\tPropagation: {state}\n\tEnabled Interfaces : 0/1 1/1\n"
        "\tDisabled Interfaces : None\n\tHello Interval: 200 msecs\n\tDead Interval: 3 secs\n"
    )


def _feature(name: str, acronym: str, state: str) -> str:
    return (
        f"\t{'Feature':30} {'Acronym':20} Status\n\t{'-' * 7:30} {'-' * 7:20} {'-' * 6}\n"
        f" 1)\t{name:30} {acronym:20} {state}\n"
    )


def _vserver(state: str) -> str:
    return (
        f"1)\tgw_ext (203.0.113.10:443) - SSL\tType: CONTENT\n\tState: {state}\n"
        "\tEffective State: UP\n\tClient Idle Timeout: 180 sec\n\tDtls : ON\tL2Conn: OFF\n"
    )


def _rule(action: str) -> str:
    return (
        f"1)\tName: GATECTL_DENY\n\tAction: {action}                          Hits: 4\n"
        "\tsrcIP\n\tdestIP = 203.0.113.10\n\tProtocol: TCP\n\tdestPort = 443\n"
        "\tActive Status: ENABLED                 Applied Status: APPLIED\n"
        "\tPriority: 10                           NAT: NO\n"
    )


def _config(unsaved: str) -> str:
    return (
        "\tNetScaler IP: 10.0.0.5  (mask: 255.255.255.0)\n\tNode: Primary\n\n"
        f"\tConfig Changed since Last Saved Config: {unsaved}\n"
    )


def _version(build: str) -> str:
    return f"\tNetScaler NS13.1: Build {build}.nc, Date: Jul 10 2023, 11:19:53   (64-bit)\n"


def _isn(state: str) -> str:
    return f"\tTCP parameters\n\tEnhanced ISN Generation : {state}\n"


def _session(client: str) -> str:
    return (
        "ClientIp (ClientPort) ->ServerIp(ServerPort)\n-------------------\n"
        f"User name: alice\n\t{client}     (51522 ) -> 203.0.113.10    (443  )\n"
    )


def _ica(client: str) -> str:
    return (
        f"1)\tUser name: bob\tDomain name: CORP\n\tClient IP(Client Port): {client}(57014)\n"
        "\tXenApp/XenDesktop IP(XenApp/XenDesktop Port): 10.112.1.126(2598)\n"
    )


def _policy(action: str) -> str:
    return f"\tName: mitigation\n\tRule: HTTP.REQ.IS_VALID\n\tResponder Action: {action}\n"


def _address(state: str) -> str:
    head = ("Ipaddress", "Traffic Domain", "Type", "Mode", "Arp", "Icmp", "Vserver", "State")
    row = ("10.0.0.5", "0", "NetScaler IP", "Active", "Enabled", "Enabled", "NA", state)
    return "".join(
        f"{before}\t" + "".join(f"{cell:17}" for cell in cells).rstrip() + "\n"
        for before, cells in (("", head), ("", tuple("-" * len(c) for c in head)), ("1)", row))
    )


def _look(command: str, shows: str, field: str, equals: str, answer: str, refuses: str) -> Look:
    return Look(
        command=command,
        answer=answer,
        shows=shows,
        field=field,
        equals=equals,
        refuses=f"{refuses} Done\n",
    )


LOOKS = (
    _look("show ns version", "49.15", "build", "13.1-49.15", _version("49.15"), _version("30.1")),
    _look("show ns hostname", "ns-a", "hostname", "ns-a", "\tHostname:  ns-a\n", "\tHostname: b\n"),
    _look("show ha node", "Primary", "propagation", "ENABLED", _pair("ENABLED"), _pair("OFF")),
    _look("show ns ip", "10.0.0.5", "state", "Enabled", _address("Enabled"), _address("Disabled")),
    _look("show vpn vserver gw_ext", "gw_ext", "state", "UP", _vserver("UP"), _vserver("DOWN")),
    _look(
        "show aaa session", "alice", "client", "10.9.0.7", _session("10.9.0.7"), _session("8.8.8.8")
    ),
    _look("show vpn icaConnection", "bob", "client", "10.9.0.8", _ica("10.9.0.8"), _ica("8.8.8.8")),
    _look(
        "show ns feature",
        "SSLVPN",
        "status",
        "ON",
        _feature("SSL VPN", "SSLVPN", "ON"),
        _feature("SSL VPN", "SSLVPN", "OFF"),
    ),
    _look("show ns acl GATECTL_DENY", "APPLIED", "action", "DENY", _rule("DENY"), _rule("ALLOW")),
    _look("show ns config", "10.0.0.5", "saved", "yes", _config("FALSE"), _config("TRUE")),
    _look(
        "show responder policy mitigation",
        "DROP",
        "action",
        "DROP",
        _policy("DROP"),
        _policy("NOOP"),
    ),
    _look(
        "show ns tcpparam",
        "ENABLED",
        "enhanced_isn_generation",
        "ENABLED",
        _isn("ENABLED"),
        _isn("DISABLED"),
    ),
)


def playbook() -> str:
    """Write the looks down as gatectl reads them."""
    steps = "".join(
        f"""
[[step]]
id      = "look-{number}"
title   = "See the answer to {one.command}"
on      = "each-node"
look    = '''{one.command}'''
holds   = [{{ field = "{one.field}", equals = "{one.equals}" }}]
refuses = '''
{one.refuses}'''
on_fail = "continue"
"""
        for number, one in enumerate(LOOKS, 1)
    )
    return f'name    = "looks"\ntitle   = "Twelve looks"\npurpose = "verify"\n{steps}'

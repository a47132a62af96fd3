"""The error texts of the CLI, by their number, and the exception that carries one."""

TEXTS = {
    256: "NetScaler not running",
    257: "Operation not permitted",
    258: "No such resource",
    269: "Permission denied",
    273: "Resource already exists",
    278: "Invalid argument",
    284: "No space left on device",
    304: "Address already in use",
    315: "Resource in use",
    347: "Command propagation failed",
    349: (
        "Command failed on secondary node, but succeeded on primary node. Configuration will be "
        "synchronized to ensure secondary and primary have same configuration."
    ),
    363: "Operation not permitted on stand-alone node",
    364: "Operation not possible due to invalid peer state. Rectify and retry.",
    365: "Operation not possible as system state is invalid. Use show node for more information.",
    366: "Operation not possible now. Please wait for system to stabilize before retrying.",
    367: "Operation permitted only on secondary node.",
    368: "Operation permitted only on primary node.",
    410: "Synchronization disabled",
    411: "Node disabled",
    412: "Synchronization is in progress",
    444: "Session expired or killed. Please login again",
    446: "Connection limit to CFE exceeded",
    603: "Configuration is being saved, please try again later",
    613: "Configuration is not saved",
    869: "ACL with identical parameter specification already exists",
    870: "ACL has already been removed",
    871: "Port can be specified only if protocol is TCP (6) or UDP (17)",
    872: "ACL with this priority already exists",
    880: "ACL modified, apply ACLs to activate change",
    902: "ACL6 modified, apply ACLs6 to activate change",
    903: "Prefix length should not be configured in ACL6. (Use range instead)",
    1028: (
        "You are connected to a secondary node; configuration changes made in this session will "
        "not be propagated to, or saved on, other nodes"
    ),
    1043: "Internal error",
    1067: "Feature(s) not enabled",
    1075: (
        "Invalid name; names must begin with an alphanumeric character or underscore and must "
        "contain only alphanumerics, '_', '#', '.', ' ', ':', '@', '=' or '-'"
    ),
    1088: "No such command",
    1089: "Ambiguous command name",
    1090: "No such argument",
    1091: "Required argument value missing",
    1093: "Argument pre-requisite missing",
    1095: "Required argument missing",
    1097: "Invalid argument value",
    1098: "Too many arguments",
    1099: "Ambiguous argument name",
    1105: "Ambiguous argument value",
    1108: "Integer value exceeds maximum",
    1109: "Integer value below minimum",
    1110: "Invalid IP address",
    1115: "Unmatched quote",
    1120: (
        "The configuration must be saved and the system rebooted for these settings to take effect"
    ),
    1126: "External program failed",
    1128: "Incomplete command",
    1146: "Please confirm whether you want force-failover (Y/N)? [N]:",
    1147: ("Force Failover may cause configuration loss, peer health not optimum. Reason(s):"),
    1149: "Do you want to save the config after sync (Y/N)? [Y]:",
    1155: "No such file",
    2097: "Policy not bound",
    2824: "Invalid responder action",
}

RPC_WARNING = (
    "Warning: One or more RPC nodes are configured with default passwords. For enhanced "
    "security, you must change the default RPC node password."
)


class Refused(Exception):
    """A command that the device answers with an ERROR line."""

    def __init__(self, code: int, *, detail: str = "", column: int | None = None) -> None:
        self.code = code
        self.column = column
        """Where in the line the offending word starts, for the caret."""
        super().__init__(f"{TEXTS[code]}{detail}")

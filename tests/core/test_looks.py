from pathlib import Path

import pytest

from gatectl.core.check import Record, Seen, Unreadable
from gatectl.core.framing import read_reply
from gatectl.core.looks import read_look
from gatectl.core.netscaler import Reply

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"


def look(command: str, text: str, *, error: str | None = None) -> tuple[Record, ...]:
    """Read a look that must be understood."""
    observation = read_look(command, Reply(text=text, error=error))
    assert isinstance(observation, Seen), observation
    return observation.records


def refused(command: str, text: str, *, error: str | None = None) -> str:
    """Read a look that must not be understood, and return the reason."""
    observation = read_look(command, Reply(text=text, error=error))
    assert isinstance(observation, Unreadable), observation
    return observation.because


VERSION = "\tNetScaler NS13.0: Build 79.1002.nc, Date: Jul  7 2021, 10:31:36   (64-bit)"
ACL = """\
1)\tName: GATECTL_DENY_443
\tAction: DENY                          Hits: 4
\tsrcIP
\tdestIP = 203.0.113.10
\tsrcMac:
\tProtocol: TCP
\tsrcPort                                destPort = 443
\tVlan:                                  Interface:
\tActive Status: ENABLED                 Applied Status: NOTAPPLIED
\tPriority: 20                           NAT: NO
\tTTL: 3600 (seconds)
\tLog Status: DISABLED
2)\tName: other
\tAction: ALLOW                          Hits: 0
\tsrcIP != 192.168.0.0-192.168.255.255
\tActive Status: DISABLED                Applied Status: APPLIED
\tPriority: 10                           NAT: NO
\tTTL:
"""
CONFIG = """\
\tNetScaler IP: 10.100.30.240  (mask: 255.255.255.0)
\t NW FWMODE: NOFIREWALL
\tNode: Secondary (Primary is 10.100.30.241)

\tSystem Time: Mon Jun 15 09:11:33 2015
\tLast Config Changed Time: Mon Jun 15 09:11:01 2015
\tLast Config Saved Time: {saved}
"""
VSERVER = """\
1)\tgw_ext (203.0.113.10:443) - SSL\tType: VPN
\tState: OUT OF SERVICE
\tEffective State: DOWN
\tDtls : ON\tL2Conn: OFF

1)\tVPN Session Policy Name: SETVPNPARAMS_POL\tPriority: 0
"""
IP = """\
\tIpaddress        Traffic Domain  Type             Mode     Arp      Icmp     Vserver  State
\t---------        --------------  ----             ----     ---      ----     -------  ------
1)\t10.100.30.200    0               NetScaler IP     Active   Enabled  Enabled  NA       Enabled
3)\t203.0.113.10     0               VIP              Active   Enabled  Enabled  Enabled  Disabled
"""
FEATURE = """\
\tFeature                        Acronym              Status
\t-------                        -------              ------
 1)\tWeb Logging                    WL                   ON
 \tResponder                      RESPONDER            OFF
"""
ICA = """\
1)\tUser name: jdoe\tDomain name: CORP
\tClient IP(Client Port): 10.46.255.88(57014)
\tXenApp/XenDesktop IP(XenApp/XenDesktop Port): 10.112.1.126(2598)
"""
ICA_TABLE = """\
--------------------------------------------------------------------------------
      User       TransType Domain             ClientIP          ClientPort XenAppXenDesktopIP   Port
--------------------------------------------------------------------------------
1     jdoe           TCP       CORP                 10.46.255.88      57014      10.112.1.126   2598
"""
AAA = """\
\tClintIp (ClientPort)   ->  ServerIp(ServerPort)
\t-------------------------   \t  ----------------------------
User Name: Joe
\t10.102.0.39     (2318 ) -> 10.102.4.245    (443  )
\t10.102.0.40     (2320 ) -> 10.102.4.245    (443  )
User Name: Ann
"""
POLICY = """\
\tName: ctx267027
\tRule: HTTP.REQ.URL.DECODE_USING_TEXT_MODE.CONTAINS("/vpns/") && !CLIENT.SSLVPN.IS_SSLVPN
\tResponder Action: respondwith403
\tUndefAction: Use Global
\tHits: 0
\tUndef Hits: 0
\tPolicy is bound to following entities
1)\tBound to: REQ GLOBAL REQ_OVERRIDE
\tPriority: 1
"""
DF = """\
Filesystem  1K-blocks     Used    Avail Capacity  Mounted on
/dev/md0c      345678   300000    12345    96%    /
/dev/ad0s1a   1600000   400000  1100000    27%    /flash
"""
HASH = "a" * 64


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("show ns version", VERSION, [{"build": "13.0-79.1002"}]),
        ("show version", VERSION.strip(), [{"date": "Jul  7 2021, 10:31:36"}]),
        ("show ns hostName", "\tHostname:  ns-a", [{"hostname": "ns-a"}]),
        ("show ns hostName", "", []),
        (
            "show ns config",
            CONFIG.format(saved="Mon Jun 15 08:58:20 2015"),
            [{"saved": "no", "address": "10.100.30.240"}],
        ),
        (
            "show ns config",
            CONFIG.format(saved="Mon Jun 15 09:11:02 2015"),
            [{"saved": "yes", "role_text": "Secondary (Primary is 10.100.30.241)"}],
        ),
        (
            "show ns config",
            CONFIG.format(saved="x") + "\tConfig Changed since Last Saved Config: TRUE",
            [{"saved": "no"}],
        ),
        (
            "show ns config",
            CONFIG.format(saved="x") + "\tConfig Changed since Last Saved Config: FALSE",
            [{"saved": "yes"}],
        ),
        (
            "show ns acl",
            ACL,
            [
                {
                    "name": "GATECTL_DENY_443",
                    "action": "DENY",
                    "destination": "203.0.113.10",
                    "destination_port": "443",
                    "protocol": "TCP",
                    "priority": "20",
                    "active": "ENABLED",
                    "applied": "NOTAPPLIED",
                    "hits": "4",
                    "ttl": "3600",
                },
                {"name": "other", "source": "!= 192.168.0.0-192.168.255.255"},
            ],
        ),
        (
            "show vpn vserver gw_ext",
            VSERVER,
            [
                {
                    "name": "gw_ext",
                    "address": "203.0.113.10",
                    "port": "443",
                    "protocol": "SSL",
                    "type": "VPN",
                    "state": "OUT OF SERVICE",
                    "dtls": "ON",
                }
            ],
        ),
        ("show vpn vserver", "gw (2001:db8::1:443)\nState:UP", [{"address": "2001:db8::1"}]),
        (
            "show ns ip",
            IP,
            [
                {"address": "10.100.30.200", "type": "NetScaler IP", "state": "Enabled"},
                {"address": "203.0.113.10", "type": "VIP", "state": "Disabled"},
            ],
        ),
        (
            "show ns feature",
            FEATURE,
            [{"name": "Web Logging"}, {"acronym": "RESPONDER", "status": "OFF"}],
        ),
        (
            "show vpn icaConnection",
            ICA,
            [{"user": "jdoe", "client": "10.46.255.88", "server": "10.112.1.126"}],
        ),
        (
            "show vpn icaConnection -summary",
            ICA_TABLE,
            [{"user": "jdoe", "client": "10.46.255.88", "server": "10.112.1.126"}],
        ),
        ("show vpn icaConnection", "", []),
        (
            "show aaa session",
            AAA,
            [
                {"user": "Joe", "client": "10.102.0.39", "server": "10.102.4.245"},
                {"user": "Joe", "client": "10.102.0.40"},
                {"user": "Ann"},
            ],
        ),
        (
            "show rdp connections",
            "1)\tUser name: jdoe\n\tClient IP: 10.0.0.9",
            [{"user": "jdoe", "client": "10.0.0.9"}],
        ),
        (
            "show responder policy ctx267027",
            POLICY,
            [{"name": "ctx267027", "action": "respondwith403", "hits": "0", "priority": "1"}],
        ),
        (
            "show responder action",
            '1)\tName: a\n\tOperation: respondwith\n\tTarget:"HTTP/1.1 403 Forbidden\\r\\n\\r\\n"',
            [{"operation": "respondwith", "target": '"HTTP/1.1 403 Forbidden\\r\\n\\r\\n"'}],
        ),
        (
            "show responder global",
            "1)\tGlobal bindpoint: REQ_OVERRIDE\n\tNumber of bound policies: 1",
            [{"bindpoint": "REQ_OVERRIDE", "policies": "1"}],
        ),
        (
            "show ns hardware",
            "\tPlatform: NetScaler Virtual Appliance 450010\n\tHost Id: 1\n\tSerial no:  KEZ",
            [{"platform": "NetScaler Virtual Appliance 450010", "host_id": "1", "serial": "KEZ"}],
        ),
        (
            "show ns tcpparam",
            "\tWindow Scaling status : DISABLED\n\tEnhanced ISN generation: ENABLED",
            [{"enhanced_isn_generation": "ENABLED"}],
        ),
        ("show ns variable", "1)\tName: v\tType: ulong", [{"name": "v", "type": "ulong"}]),
        ("show system backup", "1)\tName: b.tgz\tLevel: full", [{"name": "b.tgz"}]),
        ("show ns license", "License status:\n  Web Logging: YES", [{"name": "Web Logging"}]),
        ("show ns runningConfig", "#NS13.0 Build 79.64\nset x", [{}, {"line": "set x"}]),
        ("show ns acl | grep DENY", "\tAction: DENY", [{"line": "Action: DENY"}]),
        ("diff ns config", "", []),
        ("shell sha256 /f", f"SHA256 (/f) = {HASH}", [{"path": "/f", "sha256": HASH}]),
        ("shell df -k", DF, [{"mount": "/", "available_mb": "12"}, {"available_mb": "1074"}]),
        (
            "shell df -h /var",
            "Filesystem Size Used Avail Capacity Mounted on\n/dev/x 14G 1G 1.5G 8% /var",
            [{"mount": "/var", "available_mb": "1536", "capacity": "8%"}],
        ),
        (
            "shell sysctl -n kern.boottime",
            "{ sec = 1579340000, usec = 123 } Sat Jan 18 09:33:20 2020",
            [{"boot_time": "1579340000"}],
        ),
        ("shell date -u +%s", "1579340000", [{"unix_time": "1579340000"}]),
        (
            "shell grep kernel /flash/boot/loader.conf",
            'kernel="/ns-12.1-55.18"\nkernel_options="x"',
            [{"kernel": "ns-12.1-55.18"}, {"line": 'kernel_options="x"'}],
        ),
        ("shell ps -aux", "USER PID\nroot 1", [{"line": "USER PID"}, {"line": "root 1"}]),
    ],
)
def test_a_look_gives_the_fields_that_playbooks_name(
    command: str, text: str, expected: list[dict[str, str]]
) -> None:
    """Each parser gives its records, with at least the fields expected here."""
    records = look(command, text)
    assert len(records) == len(expected)
    for record, fields in zip(records, expected, strict=True):
        assert fields.items() <= dict(record).items()


def test_a_rule_without_a_destination_has_no_such_field() -> None:
    """A label without a value must not look like an empty address."""
    first, second = look("show ns acl", ACL)
    assert "source" not in first
    assert "destination" not in second
    assert "ttl" not in second


@pytest.mark.parametrize(
    "error",
    [
        "No such resource",
        "No such resource [id, 123]",
        "No such resource [name, gw]",
        "ACL rule does not exist",
        "No such Vserver",
    ],
)
def test_a_definite_not_there_is_seen_as_nothing(error: str) -> None:
    """The device knows the answer: there is none of it."""
    assert look("show ns acl GATECTL_DENY", "", error=error) == ()


@pytest.mark.parametrize(
    ("command", "text", "error"),
    [
        ("show ns acl A", "", "Connection limit to CFE exceeded"),
        ("show ns acl A", "", "No such command"),
        ("show ns acl A", "", "NetScaler not running"),
        ("shell cat /x", "", "No such resource"),
        ("shell cat /x", "cat: /x: No such file or directory", "External program failed"),
        ("shell ls /x", "", "External program failed"),
        ("shell grep a /x", "grep: /x: No such file or directory", "External program failed"),
        ("shell grep a /x", "", "Permission denied"),
    ],
)
def test_any_other_error_is_unreadable(command: str, text: str, error: str) -> None:
    """An error is never taken for an absence, and its words are in the reason."""
    assert error in refused(command, text, error=error)


def test_grep_that_finds_nothing_has_seen_nothing() -> None:
    """A search fails without a word when no line matches, and with a nought when it counts."""
    assert look("shell grep a /f", "", error="External program failed") == ()
    counted = look("shell grep -c a /f", "0", error="External program failed")
    assert counted == ({"line": "0"},)


def test_a_user_without_a_crontab_has_none() -> None:
    """The program fails where there is none, and says so; another failure is not that."""
    said = "crontab: no crontab for nobody"
    assert look("shell crontab -l -u nobody", said, error="External program failed") == ()
    assert refused("shell crontab -l -u nobody", "", error="External program failed")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("show ns version", ""),
        ("show ns version", "NetScaler NS14.1 build 73.37.nc"),
        ("show ns version", f"{VERSION}\n{VERSION}"),
        ("show ns config", "\tNode: Standalone"),
        ("show ns config", CONFIG.format(saved="never")),
        ("show ns config", CONFIG.format(saved="Mon Jun 15 09:11:01 2015")),
        (
            "show ns config",
            CONFIG.format(saved="x") + "\tConfig Changed since Last Saved Config: ?",
        ),
        ("show ha node", ""),
        ("show ha node", "1)\tNode ID:      0\n\tIP:\t10.0.0.1"),
        ("show ns acl", "1)\tName: A\n\tAction: DENY"),
        ("show ns acl", "Regel: A"),
        ("show vpn vserver", "1)\tgw (1.2.3.4:443) - SSL\tType: VPN"),
        ("show vpn vserver", "State: UP"),
        ("show ns feature", "\tWeb Logging   WL   ON"),
        ("show ns feature", FEATURE.replace("OFF", "?")),
        ("show ns ip", IP.replace("VIP  ", "")),
        ("show vpn icaConnection", "jdoe is here"),
        ("show vpn icaConnection -summary", "-----\nsomething"),
        ("show aaa session", "\t10.0.0.1 (1) -> 10.0.0.2 (2)"),
        ("show aaa session", "who knows"),
        ("show ns tcpparam", ""),
        ("show system backup", "nothing here"),
        ("shell sha256 /f", ""),
        ("shell sha256 /f", "sha256: /f: No such file or directory"),
        ("shell df -k", "/dev/x 1 2 3 4% /"),
        ("shell df -k", "Filesystem 1K-blocks\n/dev/x"),
        ("shell df -h", "Filesystem Size Used Avail Capacity Mounted on\n/dev/x a b c 4% /"),
        ("shell grep kernel /f", 'kernel="/ns-1"\nkernel="/ns-2"'),
        ("show ns acl; reboot", ""),
    ],
)
def test_a_text_that_is_not_known_is_unreadable(command: str, text: str) -> None:
    """Nothing is guessed from a text that was cut, changed or is of another build."""
    assert refused(command, text)


def transcript(path: Path) -> tuple[str, Reply]:
    """Read a recording: the command from its name or first line, and the reply."""
    command = path.name.split("@")[0].replace("-", " ")
    lines = path.read_text().splitlines()
    while lines and lines[0].startswith("# "):
        lines.pop(0)
    while lines and lines[0].startswith("> "):
        command = lines.pop(0).removeprefix("> ").strip() or command
    return command, read_reply(lines, command=command)


@pytest.mark.parametrize(
    "path",
    sorted(TRANSCRIPTS.glob("show-*@*.txt")) or [pytest.param(None, marks=pytest.mark.skip)],
    ids=lambda path: path.name if path else "none",
)
def test_every_recorded_answer_of_a_real_device_is_read(path: Path) -> None:
    """Parser and simulator meet only here, at what real appliances printed."""
    command, reply = transcript(path)
    observation = read_look(command, reply)
    assert isinstance(observation, Seen), f"{command}: {observation}"
    assert observation.records or reply.error or not reply.text.strip()


HA_NODES = """\
1)  Node ID:      0
    IP:   10.123.1.168 (ns-b)
    Node State: STAYSECONDARY
    Master State: Secondary
    Fail-Safe Mode: OFF
    Sync State: SUCCESS
    Propagation: ENABLED
    Enabled Interfaces : 0/1
    Node in this Master State for: 0:0:1:17 (days:hrs:min:sec)
2)  Node ID:      1
    IP:   10.123.1.143
    Node State: UP
    Master State: Primary
    Sync State: AUTO DISABLED
    Propagation: DISABLED
"""


@pytest.mark.parametrize("command", ["show ha node", "show node"])
def test_the_nodes_of_a_pair_are_read_with_their_roles(command: str) -> None:
    """Node 0 is always the one that is asked, whatever its role is."""
    mine, peer = look(command, HA_NODES)
    assert (mine["local"], mine["role"], mine["state"]) == ("yes", "Secondary", "STAYSECONDARY")
    assert (mine["address"], mine["hostname"], mine["sync"]) == ("10.123.1.168", "ns-b", "SUCCESS")
    assert (peer["local"], peer["role"], peer["sync"]) == ("no", "Primary", "AUTO DISABLED")
    assert peer["propagation"] == "DISABLED"


@pytest.mark.parametrize("command", ["show rdp connections", "show vpn pcoipConnection"])
def test_a_feature_that_is_off_has_no_sessions(command: str) -> None:
    """Else no gateway without RDP could ever be proven closed."""
    off = Reply(text="", error="Feature(s) not enabled [RDPProxy]")
    assert read_look(command, off) == Seen(records=())
    assert isinstance(read_look("show ns acl", off), Unreadable)

"""Units for systemd and lines for cron that run gatectl at its times; text in, text out."""

from dataclasses import dataclass
from typing import Final

SERVICE_FOLDER: Final = "gatectl"
_SANDBOX = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome={home}
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A secret that systemd hands over: its name, and the file that it is in."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is to be run, when, and as whom."""

    name: str
    """Of the units, without their endings."""
    title: str
    command: tuple[str, ...]
    calendar: str
    """When, as systemd's OnCalendar writes it."""
    persistent: bool
    """A missed time is made up for: right for looks, and wrong for work, which never begins late.
    """
    delay_s: int = 0
    """At most so much later, by chance, so that not all gates are asked at once."""
    limit_s: int = 14_400
    user: str = ""
    """The account of a system unit; empty for a unit of the user's own."""
    credentials: tuple[Credential, ...] = ()
    config: str = ""
    writable: tuple[str, ...] = ()


def service_unit(schedule: Schedule) -> str:
    """Write the service: it runs once, may do little, and has its secrets handed over."""
    own = not schedule.user
    lines = [
        "[Unit]",
        f"Description={_plain(schedule.title)}",
        "Documentation=man:gatectl(1)",
        *([] if own else ["Wants=network-online.target", "After=network-online.target"]),
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(_word(word) for word in schedule.command)}",
        f"TimeoutStartSec={schedule.limit_s}",
        # What a signal interrupts is put on record, which takes a moment.
        "TimeoutStopSec=120",
        "KillMode=mixed",
        f"StateDirectory={SERVICE_FOLDER}",
        "StateDirectoryMode=0700",
    ]
    if schedule.user:
        # Journal and evidence then lie in the folder that systemd makes for this service.
        lines += [f"User={schedule.user}", "Environment=XDG_STATE_HOME=/var/lib"]
    if schedule.config:
        lines.append(f"Environment=GATECTL_CONFIG={_word(schedule.config)}")
    lines += [
        f"LoadCredential={one.name}:{one.path.replace('%', '%%')}" for one in schedule.credentials
    ]
    lines += [f"ReadWritePaths={_word(path)}" for path in schedule.writable]
    if own:
        # A user's own manager cannot do more than this without rights that it has not.
        lines += ["NoNewPrivileges=yes", "LockPersonality=yes", "UMask=0077"]
    else:
        lines += _SANDBOX.format(home="read-only").splitlines()
    return "\n".join(lines) + "\n"


def timer_unit(schedule: Schedule) -> str:
    """Write the timer that starts the service."""
    lines = [
        "[Unit]",
        f"Description={_plain(schedule.title)}: its times",
        "",
        "[Timer]",
        f"OnCalendar={_plain(schedule.calendar)}",
        f"Persistent={'yes' if schedule.persistent else 'no'}",
        "AccuracySec=1s",
        *([f"RandomizedDelaySec={schedule.delay_s}"] if schedule.delay_s else []),
        f"Unit={schedule.name}.service",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def cron_line(schedule: Schedule, cron: str) -> str:
    """Write the line for crontab; a percent sign would end the command there."""
    words = " ".join(_shell_word(word) for word in schedule.command).replace("%", r"\%")
    user = f"{schedule.user} " if schedule.user else ""
    return f"{cron} {user}{words}"


def _plain(text: str) -> str:
    return " ".join(text.replace("%", "%%").split())


_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class NotTranslated(Exception):
    """A schedule of cron's that has no plain form as a calendar of systemd's."""


def calendar_of(cron: str, zone: str) -> str:
    """Write a plain schedule of cron's as OnCalendar does; raises NotTranslated for others."""
    minute, hour, day, month, weekday = cron.split()
    if day != "*" and weekday != "*":
        # Cron takes either of them, systemd takes both.
        raise NotTranslated(f"{cron!r} names a day of the month and of the week")
    numbers = [_numbers(field) for field in (month, day, hour, minute)]
    days = f"{_weekdays(weekday)} " if weekday != "*" else ""
    return f"{days}*-{numbers[0]}-{numbers[1]} {numbers[2]}:{numbers[3]}:00 {zone}"


def _numbers(field: str) -> str:
    if field == "*":
        return "*"
    parts = field.split(",")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise NotTranslated(f"{field!r} is more than numbers")
    return ",".join(f"{int(part):02d}" for part in parts)


def _weekdays(field: str) -> str:
    named = []
    for part in field.replace("-", ",-,").split(","):
        if part == "-":
            named.append("..")
        elif part.isdecimal() and int(part) < len(_WEEKDAYS):
            named.append(_WEEKDAYS[int(part)])
        elif part.capitalize() in _WEEKDAYS:
            named.append(part.capitalize())
        else:
            raise NotTranslated(f"{field!r} is more than days of the week")
    return ",".join(named).replace(",..,", "..")


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@+-")


def _word(text: str) -> str:
    """Write one word as systemd reads it: quoted where need be, and nothing in it expanded."""
    escaped = text.replace("%", "%%").replace("$", "$$")
    if text and set(escaped) <= _SAFE | {"%", "$"}:
        return escaped
    quoted = escaped.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"'


def _shell_word(text: str) -> str:
    if text and set(text) <= _SAFE:
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"

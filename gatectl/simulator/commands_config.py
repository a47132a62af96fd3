"""Commands about the configuration as a whole: show, save, compare."""

import difflib
import time
from collections.abc import Iterable

from gatectl.simulator.builds import version_line
from gatectl.simulator.command import Call, Command
from gatectl.simulator.shows import config_lines, hardware_lines, license_lines
from gatectl.simulator.texts import Refused

SAVE_FAULTS = ("save-fails", "disk-full")


def _running(call: Call) -> Iterable[str]:
    return [*call.box.header_lines(), *call.configuration.lines()]


def _saved(call: Call) -> Iterable[str]:
    return call.box.saved_text().splitlines()


def _save(call: Call) -> None:
    if any(fault in call.box.faults for fault in SAVE_FAULTS):
        raise Refused(284)
    call.box.save()


def _diff(call: Call) -> Iterable[str]:
    saved = call.box.saved_lines()
    running = call.configuration.lines()
    return [
        line
        for line in difflib.unified_diff(
            saved, running, "savedConfig", "runningConfig", n=0, lineterm=""
        )
        if not line.startswith("@@")
    ]


def _show_hostname(call: Call) -> Iterable[str]:
    return [f"\tHostname:  {call.configuration.hostname}"]


def _show_version(call: Call) -> Iterable[str]:
    return [version_line(call.box.claimed_build or call.box.build)]


def _create_backup(call: Call) -> None:
    name = call.operand("name") or time.strftime("backup_%d_%m_%Y_%H_%M", time.gmtime())
    name = name.removesuffix(".tgz")
    call.box.create_backup(name)


def _show_backup(call: Call) -> Iterable[str]:
    files = call.box.files
    found: list[str] = []
    names = [name for name in files.names("/var/ns_sys_backup") if name.endswith(".tgz")]
    wanted = call.operand("name")
    if wanted and wanted not in names:
        raise Refused(258)
    for number, name in enumerate([wanted] if wanted else names, 1):
        entry = files.stat(f"/var/ns_sys_backup/{name}")
        found += [
            f"{number})\tFilename: {name}",
            f"\tLevel: {call.option('level') or 'basic'}",
            f"\tSize (in KB): {max(1, entry.size // 1024)}",
            f"\tCreation Time: {time.asctime(time.gmtime(entry.modified))}",
            f"\tVersion: NS{call.box.build}",
        ]
    return found


COMMANDS = (
    Command(text="show ns version", run=_show_version),
    Command(text="show ns hardware", run=lambda call: hardware_lines(call.box)),
    Command(text="show ns hostName", run=_show_hostname),
    Command(text="show ns config", run=lambda call: config_lines(call.box)),
    Command(text="show ns license", run=lambda call: license_lines(call.box)),
    Command(text="show ns runningConfig", run=_running, options="withDefaults:flag"),
    Command(text="show ns savedConfig", run=_saved),
    Command(text="show ns ns.conf", run=_saved),
    Command(text="save ns config", run=_save, options="all:flag", writes=True, propagates=True),
    Command(text="savec", run=_save, writes=True, propagates=True),
    Command(
        text="diff ns config",
        run=_diff,
        operands="files*",
        options="outtype:cli|xml template:flag ignoreDeviceSpecific:flag",
    ),
    Command(
        text="create system backup",
        run=_create_backup,
        operands="name?",
        writes=True,
        options="level:basic|full comment:word uselocaltimezone:flag",
    ),
    Command(
        text="show system backup", run=_show_backup, operands="name?", options="level:basic|full"
    ),
)

"""An appliance going down and coming up: the kernel, the RAM disk, the saved configuration."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from gatectl.simulator.configuration import Configuration
from gatectl.simulator.tree import plant

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance

LOOPING_BUILD = "13.1-64.23"
BOOT_SCRIPT = "/flash/nsconfig/rc.netscaler"


def switch_off(box: Appliance) -> None:
    """Go down and stay there until `power_on`."""
    with box.pair.change():
        if box.phase == "down":
            return
        box.phase = "down"
        box.boot_number += 1
        box.end_sessions("down")
        box.pair.node_down(box)
        box.emit("down")


def switch_on(box: Appliance) -> None:
    """Start to boot after a `power_off`."""
    with box.pair.change():
        if box.phase != "down":
            return
        box.boot_number += 1
        number = box.boot_number
    dark_s = box.switches.boot_s - box.switches.boot_login_s
    box.pair.scheduler.after(box.switches.real_s(dark_s), lambda: _open_tcp(box, number))


def _open_tcp(box: Appliance, number: int) -> None:
    with box.pair.change():
        if number != box.boot_number:
            return
        box.phase = "tcp-only"
        box.emit("booting")
    login_s = box.switches.real_s(box.switches.boot_login_s)
    box.pair.scheduler.after(login_s, lambda: _come_up(box, number))


def _come_up(box: Appliance, number: int) -> None:
    with box.pair.change():
        if number != box.boot_number:
            return
        box.build = _kernel_to_boot(box)
        box.files.forget_ram()
        plant(box.files, build=box.build, name=box.name, nsip=box.nsip, ram_only=True)
        _load_saved(box)
        _run_boot_script(box)
        if _loops(box):
            box.phase = "down"
            box.emit("down")
            return
        box.boots += 1
        box.extra_processes.clear()
        box.boot_time = time.time()
        box.phase = "up"
        box.pair.node_up(box)
        box.emit("up")


def _kernel_to_boot(box: Appliance) -> str:
    text = box.files.read_text("/flash/boot/loader.conf")
    found = re.search(r'^kernel="/ns-([\d.]+-[\d.]+)"', text, re.MULTILINE)
    if found is None or "boots-old-build" in box.faults:
        return box.build
    return found[1] if box.files.exists(f"/flash/ns-{found[1]}.gz") else box.build


def _load_saved(box: Appliance) -> None:
    old = box.configuration
    box.configuration = Configuration(
        hostname=box.name, nsip=old.nsip, mask=old.mask, features=set()
    )
    box.applied = {4: {}, 6: {}}
    box.hits.clear()
    for line in box.saved_lines():
        box.run_quietly(line, origin="boot")
    box.apply_acls(4)
    box.apply_acls(6)
    box.last_changed = time.time()


def _run_boot_script(box: Appliance) -> None:
    box.nsapi = {"skip_systemaccess_policyeval": 1}
    script = "/flash/nsconfig/rc.netscaler"
    text = box.files.read_text(script) if box.files.exists(script) else ""
    for name, value in re.findall(r"^nsapimgr_wr\.sh -ys (\w+)=(\d+)", text, re.MULTILINE):
        box.nsapi[name] = int(value)


def _loops(box: Appliance) -> bool:
    looping = box.switches.variable_boot_loop and box.build == LOOPING_BUILD
    return looping and bool(box.configuration.variables)

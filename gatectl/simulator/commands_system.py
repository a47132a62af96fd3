"""Commands about the box itself: reboot, shutdown, support archive, system sessions."""

import time
from collections.abc import Iterable

from gatectl.simulator.archive import pack
from gatectl.simulator.command import Call, Command

REBOOT_QUESTION = "Are you sure you want to restart NetScaler (Y/N)? [N]:"
SHUTDOWN_QUESTION = "Are you sure you want to completely stop NetScaler (Y/N)? [N]:"
LAST_WORDS_S = 0.03


def _reboot(call: Call) -> None:
    if not call.option("f"):
        answer = call.terminal.ask(REBOOT_QUESTION)
        if not answer.strip().lower().startswith("y"):
            return
    if call.box.says_done_before_reboot():
        call.terminal.write(" Done\n")
    call.session.mode = "closed"
    # The reply needs a moment to leave the box before its connections die.
    call.box.reboot_after(LAST_WORDS_S)
    call.terminal.wait(LAST_WORDS_S * 20)


def _shutdown(call: Call) -> None:
    if not call.option("f"):
        answer = call.terminal.ask(SHUTDOWN_QUESTION)
        if not answer.strip().lower().startswith("y"):
            return
    call.session.mode = "closed"
    call.box.power_off()


def _techsupport(call: Call) -> Iterable[str]:
    box = call.box
    release = box.build.split("-")[0]
    letter = "S" if box.is_secondary else "P"
    now = time.gmtime()
    stamp = f"{now.tm_mday}{time.strftime('%b%Y_%H_%M', now)}"
    archive = f"/var/tmp/support/collector_{letter}_{box.nsip}_{stamp}.tar.gz"  # noqa: S108 - on the device
    peer = box.pair.peer(box)
    lines = [
        "showtechsupport data collector tool - $Revision$!",
        f"NetScaler version {release}",
        "Creating /var/tmp/support ....",
        f"The NS IP of this box is {box.nsip}",
        "This is not HA configuration" if peer is None else "This is HA configuration",
        "Copying selected configuration files ....",
        "Running shell commands ....",
        "Running CLI show commands ....",
        "Collecting ns.log, newnslog and other logs ....",
        "Creating archive ....",
    ]
    box.files.place_link("/var/tmp/support/support.tgz", archive)  # noqa: S108 - on the device
    box.files.write(archive, pack(box.files, ("/flash/nsconfig", "/var/log")))
    pointer = "/var/tmp/support/support.tgz  ---- points to ---> "  # noqa: S108 - on the device
    return [*lines, f"{pointer}{archive}"]


def _show_sessions(call: Call) -> Iterable[str]:
    return [
        f"{number})\tSid: {id(session) % 1000}\tUserName: {session.username}\t"
        f"Client IP: {session.peer}\tType: CLI"
        for number, session in enumerate(call.box.open_sessions, 1)
    ]


COMMANDS = (
    Command(text="reboot", run=_reboot, options="f:flag warm:flag", writes=True, locked=False),
    Command(text="shutdown", run=_shutdown, options="f:flag", writes=True, locked=False),
    Command(
        text="show techsupport",
        run=_techsupport,
        writes=True,
        options="scope:NODE|CLUSTER file:word",
    ),
    Command(text="show system session", run=_show_sessions),
)

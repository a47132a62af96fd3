"""The device's own logs of what people do on it: what a compromise check will read later."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.commandline import CliSession

LOG_LIMIT_BYTES = 5_000_000


def note_command(box: Appliance, session: CliSession, command: str) -> None:
    """Write a CLI command into ns.log."""
    now = time.gmtime()
    status = "ERROR" if session.failed else "Success"
    _append(
        box,
        "ns.log",
        f"<local0.info> {box.nsip}  {time.strftime('%m/%d/%Y:%H:%M:%S', now)} GMT "
        f"{box.name} 0-PPE-0 : default CLI CMD_EXECUTED {len(box.history)} 0 :  "
        f'User {session.username} - Remote_ip {session.peer} - Command "{command}" - '
        f'Status "{status}"',
    )


def note_shell(box: Appliance, username: str, command: str) -> None:
    """Write a command of the root shell into bash.log."""
    text = f'{username} on /dev/pts/0 shell_command="{command}"'
    _append(box, "bash.log", f"<local7.notice> {box.name} bash[1502]: {text}")


def note_login(box: Appliance, username: str, peer: str) -> None:
    """Write a login into auth.log."""
    text = f"Accepted keyboard-interactive/pam for {username} from {peer} port 51022 ssh2"
    _append(box, "auth.log", f"<auth.info> {box.name} sshd[1420]: {text}")


def _append(box: Appliance, name: str, text: str) -> None:
    """Add a line, unless the disk is full or the log has been long enough."""
    path = f"/var/log/{name}"
    stamp = time.asctime(time.gmtime())[4:19]
    with contextlib.suppress(OSError):
        if not box.files.exists(path) or box.files.stat(path).size < LOG_LIMIT_BYTES:
            box.files.append(path, f"{stamp} {text}\n")

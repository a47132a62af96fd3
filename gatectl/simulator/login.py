"""One SSH connection to an appliance: who may log in, and what a channel runs."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.server import InteractiveQuery

from gatectl.simulator import devicelog, scp
from gatectl.simulator.command import Disconnected
from gatectl.simulator.dialogue import interact, run_request
from gatectl.simulator.terminal import ChannelTerminal, IdleTooLong
from gatectl.simulator.texts import TEXTS, Refused

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance

ROWS = 24
REFUSES_LOGINS = "refuses-logins"
"""Mark on an appliance: no password and no key is right."""
REPLY_FIRST_S = 0.002
"""The answer to a channel request has to leave before the program's first output."""
BANNER = (
    "###############################################################################\n"
    "#                                                                             #\n"
    "#        WARNING: Access to this system is for authorized users only          #\n"
    "#         Disconnect IMMEDIATELY if you are not an authorized user!           #\n"
    "#                                                                             #\n"
    "###############################################################################\n"
)


class Login(paramiko.ServerInterface):
    """What one connection may do."""

    def __init__(self, box: Appliance, peer: str) -> None:
        self._box = box
        self._peer = peer
        self._username = ""
        self._ptys: dict[int, int] = {}
        """Rows of the terminal, by channel."""

    # Authentication.

    def get_banner(self) -> tuple[str, str] | tuple[None, None]:
        """Warn before the login."""
        return (BANNER, "en") if self._box.switches.banner else (None, None)

    def get_allowed_auths(self, username: str) -> str:
        """Name the methods."""
        del username
        methods = "publickey,keyboard-interactive"
        return f"{methods},password" if self._box.switches.password_method else methods

    def _login(self, username: str, *, right: bool) -> int:
        if not right or self._box.phase != "up" or REFUSES_LOGINS in self._box.faults:
            return AUTH_FAILED
        self._username = username
        devicelog.note_login(self._box, username, self._peer)
        return AUTH_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:
        """Check the method `password`."""
        right = self._box.switches.password_method
        right = right and self._box.check_password(username, password)
        return self._login(username, right=right)

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        """Ask for the password as PAM does."""
        del submethods
        self._username = username
        return InteractiveQuery("", "", ("Password:", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int | InteractiveQuery:
        """Check what was typed."""
        right = len(responses) == 1 and self._box.check_password(self._username, responses[0])
        return self._login(self._username, right=right)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Check a key against those of the box."""
        known = list(self._box.authorized_keys)
        path = "/nsconfig/ssh/authorized_keys"
        if self._box.files.exists(path):
            known += self._box.files.read_text(path).splitlines()
        offered = key.get_base64()
        right = username == self._box.username and any(
            offered in line.split() for line in known if not line.startswith("#")
        )
        return self._login(username, right=right)

    # Channels.

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Open sessions only; forwarding is refused."""
        del chanid
        if kind == "session":
            return OPEN_SUCCEEDED
        return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(  # noqa: PLR0917 - paramiko calls it so
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        """Give a terminal."""
        del term, width, pixelwidth, pixelheight, modes
        self._ptys[channel.get_id()] = height or ROWS
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        """Note the new size."""
        del width, pixelwidth, pixelheight
        self._ptys[channel.get_id()] = height or ROWS
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        """Start the CLI."""
        self._start(channel, None)
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """Start one command."""
        self._start(channel, command.decode("utf-8", "surrogateescape"))
        return True

    def _start(self, channel: paramiko.Channel, command: str | None) -> None:
        threading.Thread(
            target=self._work, args=(channel, command), name="simulator-session", daemon=True
        ).start()

    def _work(self, channel: paramiko.Channel, command: str | None) -> None:
        time.sleep(REPLY_FIRST_S)
        switches = self._box.switches
        seed = f"{switches.seed}/{channel.get_id()}"
        terminal = ChannelTerminal(
            channel,
            pty=channel.get_id() in self._ptys,
            rows=self._ptys.get(channel.get_id(), ROWS),
            split=random.Random(seed) if switches.split_writes else None,  # noqa: S311 - no secret
        )
        with contextlib.suppress(Disconnected, OSError, EOFError):
            if command is not None and scp.is_scp(command):
                status = scp.serve(self._box, command, terminal)
            else:
                status = self._session(terminal, command)
            if command is None or switches.exec_exit_status != "none" or scp.is_scp(command):
                channel.send_exit_status(status)
        with contextlib.suppress(OSError, EOFError):
            channel.close()

    def _session(self, terminal: ChannelTerminal, command: str | None) -> int:
        try:
            session = self._box.start_cli(
                username=self._username, interactive=command is None, peer=self._peer
            )
        except Refused as refusal:
            terminal.write(f"ERROR: {refusal}\n")
            return 1
        try:
            if command is None:
                interact(session, terminal)
                return 0
            failed = run_request(session, command, terminal)
            return int(failed and self._box.switches.exec_exit_status == "error")
        except IdleTooLong:
            terminal.write(f"\nERROR: {TEXTS[444]}\n")
            return 1
        finally:
            self._box.end_cli(session, note_login=command is None)

"""The SSH side of an appliance: logins, channels, and connections that die with the box."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

import paramiko

from gatectl.simulator.hostkeys import make_host_keys
from gatectl.simulator.login import Login
from gatectl.simulator.sftp import SftpService, VirtualSftp
from gatectl.simulator.terminal import abort

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance

BACKLOG = 64
SILENT = "silent"
"""Mark on an appliance: it takes connections, and never says a word."""
LOGIN_S = 60.0
LEGACY_KEX = ("diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1")
# What a client does wrong, or a reboot cuts, is not for the console of whoever runs us.
_SILENT = "gatectl.simulator.ssh.transport"


class SshFront:
    """A listening SSH server in front of an appliance; follows the appliance's power."""

    def __init__(
        self,
        appliance: Appliance,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        username: str = "",
        password: str = "",
    ) -> None:
        self.appliance = appliance
        if username:
            appliance.username = username
        if password:
            appliance.password = password
        self._host = host
        self._port = port
        self._keys = make_host_keys()
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._transports: list[paramiko.Transport] = []
        self._unanswered: list[socket.socket] = []
        self._closed = False
        self._boots = appliance.boots
        silent = logging.getLogger(_SILENT)
        silent.propagate = False
        silent.addHandler(logging.NullHandler())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the port is known after `start`."""
        return self._host, self._port

    @property
    def host_key_sha256(self) -> str:
        """The fingerprint of the key that modern clients see."""
        return self._keys.ed25519_sha256

    @property
    def host_keys_sha256(self) -> tuple[str, ...]:
        """The fingerprints of all host keys."""
        return self._keys.ed25519_sha256, self._keys.rsa_sha256

    def start(self) -> None:
        """Listen, and follow the appliance from now on."""
        self._open()
        self.appliance.subscribe(self._follow)

    def close(self) -> None:
        """Stop listening and break every connection off."""
        self._closed = True
        self._shut()
        with self._lock:
            transports, self._transports = self._transports, []
            unanswered, self._unanswered = self._unanswered, []
        for transport in transports:
            transport.close()
        for connection in unanswered:
            connection.close()

    def _follow(self, event: str) -> None:
        if self._closed:
            return
        if event == "down":
            self._shut()
            with self._lock:
                transports, self._transports = self._transports, []
            for transport in transports:
                abort(transport)
        elif event == "booting":
            if "host-key-changes" in self.appliance.faults:
                self.appliance.faults.discard("host-key-changes")
                self._keys = make_host_keys()
            self._open()

    def _open(self) -> None:
        if self._listening is not None:
            return
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self._host, self._port))
        listening.listen(BACKLOG)
        self._port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(
            target=self._accept, args=(listening,), name="simulator-ssh", daemon=True
        ).start()

    def _shut(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, peer = listening.accept()
            except OSError:
                return
            if "unreachable" in self.appliance.faults:
                connection.close()
                continue
            if SILENT in self.appliance.faults:
                with self._lock:
                    self._unanswered.append(connection)
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(
                target=self._serve, args=(connection, peer[0]), name="simulator-login", daemon=True
            ).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            transport = paramiko.Transport(connection)
        except (paramiko.SSHException, OSError):
            connection.close()
            return
        with self._lock:
            self._transports = [t for t in self._transports if t.is_active()]
            self._transports.append(transport)
        self._configure(transport)
        try:
            transport.start_server(server=Login(self.appliance, peer))
        except (paramiko.SSHException, OSError, EOFError):
            transport.close()
            return
        self._reap(transport)

    def _configure(self, transport: paramiko.Transport) -> None:
        transport.set_log_channel(_SILENT)
        # The device's SSH does not say what software it is built on.
        transport.local_version = "SSH-2.0-OpenSSH_7.5"
        if self.appliance.switches.ssh_profile == "legacy":
            options = transport.get_security_options()
            options.kex = tuple(name for name in LEGACY_KEX if name in options.kex) or options.kex
            transport.add_server_key(self._keys.rsa)
            options.key_types = (
                ("ssh-rsa",) if "ssh-rsa" in options.key_types else ("rsa-sha2-256",)
            )
        else:
            transport.add_server_key(self._keys.rsa)
            transport.add_server_key(self._keys.ed25519)
        transport.set_subsystem_handler("sftp", SftpService, VirtualSftp, self.appliance)

    def _reap(self, transport: paramiko.Transport) -> None:
        """Throw out who does not log in in time."""
        deadline = time.monotonic() + LOGIN_S
        while transport.is_active() and not transport.is_authenticated():
            if time.monotonic() > deadline or self._closed:
                transport.close()
                return
            time.sleep(0.05)

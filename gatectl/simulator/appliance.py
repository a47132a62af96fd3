"""One simulated appliance: its state, and what decides about a connection or a request."""

from __future__ import annotations

import hmac
import random
import threading
import time
from collections.abc import Callable
from typing import Literal

from gatectl.simulator import builds, disturbance, power
from gatectl.simulator.archive import pack
from gatectl.simulator.command import Disconnected, ScriptedTerminal, Terminal
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.configuration import Configuration, Vserver
from gatectl.simulator.filesystem import FileSystem
from gatectl.simulator.history import HistoryEntry, Origin, entry
from gatectl.simulator.pair import Pair
from gatectl.simulator.serving import Serving
from gatectl.simulator.switches import Switches
from gatectl.simulator.texts import Refused
from gatectl.simulator.tree import plant

SAVED_PATH = "/flash/nsconfig/ns.conf"
KEPT_CONFIGURATIONS = 5
Phase = Literal["up", "down", "tcp-only"]


class Appliance(Serving):
    """One node: configuration, files, sessions, power; its peer is known to the pair."""

    def __init__(
        self,
        *,
        name: str,
        pair: Pair,
        build: str,
        configuration: Configuration,
        username: str = "nsroot",
        password: str = "nsroot",  # noqa: S107 - the vendor's well-known default
    ) -> None:
        super().__init__()
        self.name = name
        self.pair = pair
        self.build = build
        self.claimed_build = ""
        """What it says that it runs, where that is another build than the one that it serves."""
        self.configuration = configuration
        self.username = username
        self.password = password
        self.switches = pair.switches
        seed = f"{pair.switches.seed}/{name}"
        self.random = random.Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        self.faults: set[str] = set()
        self.authorized_keys: list[str] = []
        self.phase: Phase = "up"
        self.boot_time = self.role_since = self.last_changed = self.last_saved = time.time()
        self.boots = 1
        self.sync_state = "ENABLED"
        self.sync_number = 0
        self.last_login = ""
        self.nsapi: dict[str, int] = {"skip_systemaccess_policyeval": 1}
        self.history: list[HistoryEntry] = []
        self.open_sessions: list[CliSession] = []
        self.extra_processes: list[tuple[str, str]] = []
        """Owner and command line of what `ps` shows beside the usual, until the next boot."""
        self.before_command: list[Callable[[Appliance, str], None]] = []
        """Called with each line before it is carried out: a door for more faults."""
        self._subscribers: list[Callable[[str], None]] = []
        self.boot_number = 0
        self._history_lock = threading.Lock()
        self.files = FileSystem(is_full=lambda: "disk-full" in self.faults)
        plant(self.files, build=build, name=name, nsip=configuration.nsip)
        self.apply_acls(4)
        self.apply_acls(6)
        self.save()

    # Role and name.

    @property
    def nsip(self) -> str:
        """The node's own management address."""
        return self.configuration.nsip

    @property
    def is_secondary(self) -> bool:
        """Whether the node follows; a stand-alone node never does."""
        return len(self.pair.nodes) > 1 and self.pair.master is not self

    # Telling others.

    def subscribe(self, callback: Callable[[str], None]) -> None:
        """Call back on: config, acl, role, down, booting, up, sessions."""
        self._subscribers.append(callback)

    def emit(self, event: str) -> None:
        """Tell the subscribers, as soon as the change under way is complete."""

        def tell() -> None:
            for callback in list(self._subscribers):
                callback(event)

        self.pair.defer(tell)

    def record(self, origin: Origin, command: str, *, writes: bool) -> HistoryEntry:
        """Put a command that has just arrived into the history."""
        found = entry(
            self.pair.numbering, node=self.name, origin=origin, command=command, writes=writes
        )
        with self._history_lock:
            self.history.append(found)
        return found

    def writes(self) -> list[HistoryEntry]:
        """Give the entries that could have changed the box."""
        with self._history_lock:
            return [found for found in self.history if found.writes]

    # The CLI.

    def check_password(self, username: str, password: str) -> bool:
        """Say whether a login is right."""
        same = hmac.compare_digest(password.encode(), self.password.encode())
        return same and username == self.username

    def start_cli(self, *, username: str, interactive: bool, peer: str) -> CliSession:
        """Begin a session; refused when there are too many."""
        with self.pair.lock:
            if len(self.open_sessions) >= self.switches.session_limit:
                raise Refused(446)
            session = CliSession(self, username=username, interactive=interactive, peer=peer)
            self.open_sessions.append(session)
        return session

    def end_cli(self, session: CliSession, *, note_login: bool = False) -> None:
        """End a session, and make room for another."""
        session.mode = "closed"
        with self.pair.lock:
            if session in self.open_sessions:
                self.open_sessions.remove(session)
            if note_login:
                now = time.asctime(time.gmtime())
                self.last_login = f"Last login: {now} from {session.peer}"

    def local_session(self) -> CliSession:
        """Give a session that somebody at the root shell opens."""
        return CliSession(self, username=self.username, interactive=False, peer="local")

    def run_quietly(self, line: str, *, origin: Origin) -> bool:
        """Run a line that no person typed; False when it was refused."""
        session = CliSession(
            self, username=self.username, interactive=False, peer="", origin=origin
        )
        terminal = ScriptedTerminal()
        try:
            session.execute(line, terminal)
        except Disconnected:
            return False
        return not session.failed

    def disturb(self, line: str, terminal: Terminal) -> bool:
        """Let faults strike at a line; True when its reply is to be cut off."""
        for callback in list(self.before_command):
            callback(self, line)
        return disturbance.before(self.faults, line, terminal)

    def loses(self, line: str) -> bool:
        """Say whether a writing command is lost, or put off until later."""
        if disturbance.take(self.faults, "command-late", line):
            wait_s = self.switches.real_s(disturbance.LATE_S)
            self.pair.scheduler.after(wait_s, lambda: self._run_late(line))
            return True
        return disturbance.take(self.faults, "command-lost", line)

    def _run_late(self, line: str) -> None:
        if self.phase == "up":
            self.run_quietly(line, origin="cli")

    # Configuration.

    def header_lines(self) -> list[str]:
        """Give the two comment lines at the top of a configuration."""
        when = time.asctime(time.gmtime(self.last_saved))
        return [builds.header_line(self.build), f"# Last modified by `save config`, {when}"]

    def saved_text(self) -> str:
        """Give ns.conf as it lies on the disk."""
        return self.files.read_text(SAVED_PATH) if self.files.exists(SAVED_PATH) else ""

    def saved_lines(self) -> list[str]:
        """Give the commands in ns.conf."""
        return [line for line in self.saved_text().splitlines() if not line.startswith("#")]

    def changed_since_saved(self) -> bool:
        """Say whether a reboot would lose something."""
        return self.saved_lines() != self.configuration.lines()

    def save(self) -> None:
        """Write ns.conf, and keep the ones before it."""
        for number in range(KEPT_CONFIGURATIONS - 1, 0, -1):
            older = f"{SAVED_PATH}.{number - 1}"
            if self.files.exists(older):
                self.files.rename(older, f"{SAVED_PATH}.{number}")
        if self.files.exists(SAVED_PATH):
            self.files.rename(SAVED_PATH, f"{SAVED_PATH}.0")
        self.last_saved = time.time()
        text = "\n".join([*self.header_lines(), *self.configuration.lines(), ""])
        self.files.write(SAVED_PATH, text, mode=0o600)

    def create_backup(self, name: str) -> None:
        """Write a backup of the configuration."""
        path = f"/var/ns_sys_backup/{name}.tgz"
        if self.files.exists(path):
            raise Refused(273)
        if "disk-full" in self.faults:
            raise Refused(284)
        self.files.write(path, pack(self.files, ("/flash/nsconfig",)))

    def adopt(self, primary: Appliance) -> None:
        """Take over the primary's configuration, as HA synchronisation does."""
        self.record("sync", "sync ha config", writes=True)
        self.configuration = primary.configuration.copy_for(self.configuration)
        self.applied = {family: dict(table) for family, table in primary.applied.items()}
        self.last_changed = time.time()

    # Power.

    def says_done_before_reboot(self) -> bool:
        """Say whether this reboot answers before the connection drops."""
        chance = self.switches.done_before_reboot
        return chance == "always" or (chance == "random" and self.random.random() < 0.5)  # noqa: PLR2004 - a coin

    def reboot_after(self, wait_s: float) -> None:
        """Reboot a moment from now, from another thread."""
        self.pair.scheduler.after(wait_s, self.reboot)

    def power_off(self) -> None:
        """Go down and stay there until `power_on`."""
        power.switch_off(self)

    def power_on(self) -> None:
        """Start to boot after a `power_off`."""
        power.switch_on(self)

    def reboot(self) -> None:
        """Go down at once, and come back unless a fault forbids it."""
        power.switch_off(self)
        if "never-returns" not in self.faults:
            power.switch_on(self)


def make_pair(
    *,
    count: Literal[1, 2] = 2,
    build: str = "12.1-55.13",
    switches: Switches | None = None,
    vserver_name: str = "gw_ext",
    vip: str = "203.0.113.10",
    vip_port: int = 443,
    nsips: tuple[str, str] = ("192.0.2.11", "192.0.2.12"),
    names: tuple[str, str] = ("ns-a", "ns-b"),
    username: str = "nsroot",
    password: str = "nsroot",  # noqa: S107 - the vendor's well-known default
    dtls: bool = False,
    redirect_port: int | None = None,
) -> Pair:
    """Make one or two appliances that serve one gateway, running and saved."""
    pair = Pair(switches or Switches())
    nodes = []
    for number in range(count):
        configuration = Configuration(
            hostname=names[number],
            nsip=nsips[number],
            peer_nsip=nsips[1 - number] if count > 1 else "",
        )
        door = Vserver(
            kind="vpn", name=vserver_name, service="SSL", address=vip, port=vip_port, dtls=dtls
        )
        configuration.put_vserver(door)
        if redirect_port is not None:
            configuration.put_vserver(
                Vserver(
                    kind="lb",
                    name=f"{vserver_name}_redirect",
                    service="HTTP",
                    address=vip,
                    port=redirect_port,
                    redirect_url=f"https://{vip}:{vip_port}/",
                )
            )
        nodes.append(
            Appliance(
                name=names[number],
                pair=pair,
                build=build,
                configuration=configuration,
                username=username,
                password=password,
            )
        )
    pair.start(tuple(nodes))
    return pair

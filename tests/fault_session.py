"""Sessions of the fault world: straight to the simulator, and able to break."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from gatectl.clock import HandClock
from gatectl.core.netscaler import Reply
from gatectl.errors import ConversationCut, Unreachable
from gatectl.simulator.appliance import Appliance
from gatectl.simulator.command import Disconnected, ScriptedTerminal
from gatectl.simulator.commandline import CliSession
from gatectl.simulator.filesystem import Entry
from gatectl.transport.contract import Progress, RemoteFile, Stream
from tests.fault_clock import WorldClock

OFFICE = "192.0.2.20"


class Surroundings(Protocol):
    """The world as a session meets it."""

    @property
    def clock(self) -> WorldClock:
        """Everybody's clock."""

    @property
    def lock(self) -> AbstractContextManager[object]:
        """Held while a command is at work: two threads of one process may ask at once."""

    def refuse_the_dead(self) -> None:
        """Raise if the process that asks is dead."""

    def silent(self, box: Appliance) -> bool:
        """Whether nothing gets to or from this node at present."""

    def send(self, transport: "WorldTransport", command: str, timeout_s: float) -> Reply | None:
        """Carry a command out, or let it meet what was arranged for it."""

    def act(
        self,
        transport: "WorldTransport",
        apply: Callable[[], Reply | None],
        pretend: Callable[[], Reply],
        timeout_s: float,
    ) -> Reply | None:
        """Carry an act out, or let it meet its fate."""


class WorldTerminal(ScriptedTerminal):
    """A terminal whose waiting takes the world's time."""

    def __init__(self, clock: WorldClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, wait_s: float) -> None:
        """Let time pass."""
        self._clock.sleep(wait_s)


class WorldTransport:
    """One session with one node; one attempt a call, as the contract says."""

    def __init__(self, world: Surroundings, box: Appliance) -> None:
        self._world = world
        self.box = box
        self.session: CliSession | None = None
        self.broken: Literal["", "rst", "silence"] = ""
        self._boot = -1

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Send one command, and meet whatever was arranged for it."""
        reply = self._converse(command, timeout_s)
        if reply is None:
            raise ConversationCut(f"{self.box.name}: the session ended in the answer")
        return reply

    def send_expecting_disconnect(self, command: str, *, timeout_s: float) -> Reply | None:
        """Send a command that ends the session."""
        return self._converse(command, timeout_s)

    def put(
        self,
        source: Path,
        target: str,
        *,
        sha256: str,  # noqa: ARG002 - the simulator's own shell says what lies there
        timeout_s: float,
        progress: Progress | None = None,  # noqa: ARG002 - nobody watches
    ) -> None:
        """Bring a file there."""
        with self._world.lock:
            self._connect(timeout_s)
            content = source.read_bytes()
            self._world.act(
                self,
                lambda: self.box.files.write(target, content),
                lambda: Reply(text=""),
                timeout_s,
            )

    def get(
        self,
        path: str,
        sink: BinaryIO,
        *,
        limit: int,
        progress: Progress | None = None,  # noqa: ARG002 - nobody watches
    ) -> RemoteFile:
        """Fetch a file."""
        with self._world.lock:
            self._connect(30.0)
            content = self.box.files.read(path)[:limit]
            sink.write(content)
            return self._remote(path, self.box.files.stat(path), sha256(content).hexdigest())

    def walk(self, path: str, *, limit: int) -> Iterator[RemoteFile]:
        """Find the files below a path."""
        with self._world.lock:
            self._connect(30.0)
            if not self.box.files.exists(path):
                return
            found = list(self.box.files.walk(path))
        for name, entry in itertools.islice(found, limit):
            if entry.kind != "dir":
                yield self._remote(name, entry, "")

    def dial(self, host: str, port: int, *, timeout_s: float) -> Stream:
        """Nobody looks through a node."""
        raise OSError(f"no way to {host}:{port} in {timeout_s} s")

    def close(self) -> None:
        """End the session."""
        if self.session is not None:
            self.box.end_cli(self.session)
            self.session = None

    def _converse(self, command: str, timeout_s: float) -> Reply | None:
        with self._world.lock:
            self._connect(timeout_s)
            return self._world.send(self, command, timeout_s)

    def _connect(self, timeout_s: float) -> None:
        self._world.refuse_the_dead()
        if self.session is not None:
            self.refuse_broken(timeout_s)
            return
        if self.box.phase != "up" or self._world.silent(self.box):
            self._world.clock.sleep(1.0)
            raise Unreachable(f"{self.box.name} does not answer")
        self.session = self.box.start_cli(username="nsroot", interactive=False, peer=OFFICE)
        self._boot = self.box.boot_number

    def refuse_broken(self, timeout_s: float) -> None:
        """Raise when the session ended behind our back."""
        if self.broken == "silence":
            self._world.clock.sleep(timeout_s)
        dead = self.session is None or self.session.mode == "closed"
        if self.broken or dead or self.box.phase != "up" or self._boot != self.box.boot_number:
            raise ConversationCut(f"{self.box.name}: the session is gone")

    def run(self, command: str) -> Reply | None:
        """Let the appliance carry a command out; none if the session ended in it."""
        if self.session is None:
            raise AssertionError("a command is carried out in a session")
        terminal = WorldTerminal(self._world.clock)
        try:
            self.session.execute(command, terminal)
        except Disconnected:
            return None
        return parsed(terminal.text)

    @staticmethod
    def _remote(path: str, entry: Entry, digest: str) -> RemoteFile:
        return RemoteFile(
            path=path,
            kind="link" if entry.kind == "link" else "file",
            size=entry.size,
            mode=entry.mode,
            uid=0,
            gid=0,
            mtime=datetime.fromtimestamp(entry.modified, tz=HandClock().now().tzinfo),
            sha256=digest,
        )


def parsed(text: str) -> Reply:
    """Take a whole answer apart: what was said, a refusal, warnings."""
    lines = text.splitlines()
    if lines and lines[-1].strip() == "Done":
        lines.pop()
    error = next((line[6:].strip() for line in lines if line.startswith("ERROR:")), None)
    warnings = tuple(line for line in lines if line.startswith("Warning:"))
    said = [line for line in lines if not line.startswith(("ERROR:", "Warning:"))]
    return Reply(text="\n".join(said), error=error, warnings=warnings)

"""A whole site in one process: the pair, SSH in front of each node, and the gateway.

`SimulatedSite` is for rehearsals and tests, `serve` for a site that stays up until it is told to
stop. Everything listens on loopback, and nothing is left behind on the disk.
"""

import contextlib
import hashlib
import json
import random
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final, Literal, Self, TextIO

from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.simulator.builds import numbers
from gatectl.simulator.certificates import make_certificate
from gatectl.simulator.control_target import ControlTarget
from gatectl.simulator.faults import FAULTS, UNREACHABLE, AppliedFault, apply_fault
from gatectl.simulator.firmware import image_name, make_image
from gatectl.simulator.gateway import Deny, Gateway
from gatectl.simulator.history import HistoryEntry
from gatectl.simulator.site_configuration import NodeAccess, SiteAccess, write_configuration
from gatectl.simulator.ssh import SshFront
from gatectl.simulator.switches import Switches
from gatectl.simulator.traces import plant_traces
from gatectl.simulator.web import UnknownPath
from gatectl.simulator.worker import RemoteWorker

DEFAULT_BUILD: Final = "12.1-55.13"
GATE: Final = "rehearsal"
VSERVER: Final = "gw_ext"
INSIDE: Final = "127.0.0.2"
OUTSIDE: Final = "127.0.0.3"

_VIP: Final = "127.0.0.1"
_USERNAME: Final = "nsroot"
_PORTS: Final = range(20_000, 32_000)
"""Below the range that the system gives to outgoing connections, which would take them."""
_PORT_TRIES: Final = 200
_BREAK_IN_AGE_S: Final = 3 * 86_400
_SIGNAL_CHECK_S: Final = 0.5
"""A wait without end would keep Python from running the signal's handler on some systems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A firmware image on this computer's disk."""

    build: str
    path: Path
    sha256: str


def fault_sentences() -> dict[str, str]:
    """Say what each fault does, by its name."""
    return {name: fault.sentence for name, fault in FAULTS.items()}


class SimulatedSite:
    """A running site; a context manager that leaves nothing behind."""

    def __init__(
        self,
        *,
        name: str = GATE,
        address: str = _VIP,
        nodes: Literal[1, 2] = 2,
        build: str = DEFAULT_BUILD,
        switches: Switches | None = None,
        seed: int = 0,
        speed: float = 60.0,
        deny: Deny = "reset",
        dtls: bool = False,
        fixed_build_answer: UnknownPath = "404",
        overlay: Path | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        self.name: Final = name
        self._address: Final = address
        numbers(build)  # a name that is no build is refused before anything has to be undone
        self._random: Final = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self._closing: Final = contextlib.ExitStack()
        self._folder: Final = Path(
            self._closing.enter_context(tempfile.TemporaryDirectory(prefix="gateway-site-"))
        )
        self.port: Final = self._hold_port()
        self.password: Final = secrets.token_urlsafe(12)
        self.pair: Final = make_pair(
            count=nodes,
            build=build,
            switches=replace(switches or Switches(), seed=seed, speed=speed),
            vserver_name=VSERVER,
            vip=address,
            vip_port=self.port,
            username=_USERNAME,
            password=self.password,
            dtls=dtls,
        )
        self._closing.callback(self.pair.close)
        self.certificate: Final = make_certificate(
            self._folder, host_name="gw.example", address=address
        )
        self.gateway: Final = Gateway(
            self.pair,
            certificate=self.certificate,
            deny=deny,
            fixed_build_answer=fixed_build_answer,
        )
        self._closing.callback(self.gateway.close)
        self._fronts: Final[dict[str, SshFront]] = {}
        self._control: ControlTarget | None = None
        self._overlay_at_start: Final = overlay
        self._faults_at_start: Final = tuple(faults)
        self._workers: Final[list[RemoteWorker]] = []
        self.applied_faults: Final[list[AppliedFault]] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Start everything, and return when it answers."""
        if self._overlay_at_start is not None:
            self.overlay(self._overlay_at_start)
        for node in self.pair.nodes:
            front = SshFront(
                node,
                host=self._address,
                port=self._hold_port(),
                username=_USERNAME,
                password=self.password,
            )
            self._fronts[node.name] = front
            self._closing.callback(front.close)
            front.start()
        self._control = ControlTarget()
        self._closing.callback(self._control.close)
        self.gateway.start()
        for name in self._faults_at_start:
            self.apply_fault(name)

    def close(self) -> None:
        """Stop everything, workers first; each wait is bounded."""
        while self._workers:
            self._workers.pop().close()
        self._closing.close()

    def access(self) -> SiteAccess:
        """Describe how the site is reached."""
        if self._control is None:
            raise RuntimeError("the site has not been started")
        return SiteAccess(
            gate=self.name,
            nodes=tuple(self._node_access(node) for node in self.pair.nodes),
            vserver=VSERVER,
            address=self._address,
            port=self.port,
            inside=INSIDE,
            outside=OUTSIDE,
            control=self._control.address,
        )

    def ready(self) -> dict[str, object]:
        """Describe the site for whoever wants to connect, as JSON holds it."""
        access = self.access()
        return {
            "nodes": [asdict(node) for node in access.nodes],
            "vserver": {"name": access.vserver, "host": access.address, "port": access.port},
            "sources": {"inside": access.inside, "outside": access.outside},
        }

    def configuration(self, folder: Path) -> str:
        """Write password files into a folder and give the text of a gatectl configuration."""
        return write_configuration(self.access(), folder)

    def image(self, build: str) -> Image:
        """Write a firmware image; it lies there until the site is closed."""
        content = make_image(build)
        path = self._folder / image_name(build)
        path.write_bytes(content)
        return Image(build=build, path=path, sha256=hashlib.sha256(content).hexdigest())

    def overlay(self, directory: Path) -> None:
        """Lay a folder over the file system of each node."""
        for node in self.pair.nodes:
            node.files.overlay(directory)

    def compromise(self) -> dict[str, tuple[str, ...]]:
        """Plant published traces of a break-in on each node; gives the paths by node."""
        at = time.time() - _BREAK_IN_AGE_S
        return {
            node.name: plant_traces(node.files, rng=self._random, at=at) for node in self.pair.nodes
        }

    def apply_fault(self, name: str) -> AppliedFault:
        """Arrange for a named fault; the site's seed decides what it strikes."""
        applied = apply_fault(name, self.pair, self._random)
        self.applied_faults.append(applied)
        self._close_unreachable()
        return applied

    def mark(self, fault: str) -> None:
        """Put one mark on every node."""
        for node in self.pair.nodes:
            node.faults.add(fault)
        self._close_unreachable()

    def _close_unreachable(self) -> None:
        for node in self.pair.nodes:
            if UNREACHABLE in node.faults:
                self._fronts[node.name].close()

    def workers(self, *, outside: int = 2, inside: int = 2) -> list[RemoteWorker]:
        """Let people sign in; they work until they are cut or the site is closed."""
        sources = [OUTSIDE] * outside + [INSIDE] * inside
        made = [
            RemoteWorker(source=source, host=self._address, port=self.port, user=f"worker{number}")
            for number, source in enumerate(sources, len(self._workers) + 1)
        ]
        for worker in made:
            worker.connect()
            self._workers.append(worker)
        return made

    def history(self) -> list[HistoryEntry]:
        """Give every command that arrived at any node, in order."""
        entries = [entry for node in self.pair.nodes for entry in tuple(node.history)]
        return sorted(entries, key=lambda entry: entry.sequence)

    def reachable(self, source: str) -> bool:
        """Tell the truth: whether a visitor from this address would be let in."""
        return self.gateway.serves(source, VSERVER)

    def _hold_port(self) -> int:
        """Take a port for as long as the site runs, also while its owner has it closed."""
        reserved = self._closing.enter_context(_reserve_port(self._address))
        port: int = reserved.getsockname()[1]
        return port

    def _node_access(self, node: Appliance) -> NodeAccess:
        front = self._fronts[node.name]
        host, port = front.address
        return NodeAccess(
            name=node.name,
            host=host,
            port=port,
            username=_USERNAME,
            password=self.password,
            host_key_sha256=front.host_key_sha256,
        )


def serve(
    *,
    nodes: Literal[1, 2] = 2,
    build: str = DEFAULT_BUILD,
    seed: int = 0,
    speed: float = 60.0,
    deny: Deny = "reset",
    files: Path | None = None,
    faults: Sequence[str] = (),
    compromised: bool = False,
    config_out: Path | None = None,
    target: str | None = None,
    output: TextIO | None = None,
) -> None:
    """Run a site until SIGINT or SIGTERM; says how to reach it as one line of JSON.

    Must be called from the main thread, because signals are only delivered there.
    """
    with (
        told_to_stop() as stop,
        SimulatedSite(
            nodes=nodes,
            build=build,
            seed=seed,
            speed=speed,
            deny=deny,
            overlay=files,
            faults=faults,
        ) as site,
    ):
        if compromised:
            site.compromise()
        ready = {**site.ready(), "config": None if config_out is None else str(config_out)}
        if config_out is not None:
            folder = config_out.absolute().parent
            text = site.configuration(folder)
            if target is not None:
                image = site.image(target)
                text += (
                    f"\n[gates.{GATE}.target]\n"
                    f'build = "{image.build}"\nimage = "{image.path}"\nsha256 = "{image.sha256}"\n'
                )
            config_out.write_text(text, encoding="utf-8")
        print(json.dumps(ready), file=output or sys.stdout, flush=True)
        wait_for(stop)


def wait_for(stop: threading.Event) -> None:
    """Come back when somebody has told us to stop."""
    while not stop.wait(_SIGNAL_CHECK_S):
        pass


@contextlib.contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set while the block runs."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        del number, frame  # either signal means the same
        stop.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, told) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reserve_port(address: str) -> socket.socket:
    # Not from the seed: two sites with the same seed may run side by side.
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    for _ in range(_PORT_TRIES):
        try:
            reserved.bind((address, secrets.choice(_PORTS)))
        except OSError:
            continue
        # Bound without the option, it met everybody else's; with it, our listeners may join.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return reserved
    reserved.close()
    raise OSError("no port is free for the site")

"""One or two appliances, which of them is the master, and what goes from one to the other."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gatectl.simulator.history import Numbering
from gatectl.simulator.scheduler import Scheduler
from gatectl.simulator.texts import Refused

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.switches import Switches


class Pair:
    """The HA side; a pair of one is a stand-alone appliance."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.lock = threading.RLock()
        self.scheduler = Scheduler()
        self.numbering = Numbering()
        self.nodes: tuple[Appliance, ...] = ()
        self._master: Appliance | None = None
        self._switching = False
        self._depth = 0
        self._deferred: deque[Callable[[], None]] = deque()

    def close(self) -> None:
        """Stop everything that would still happen."""
        self.scheduler.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock for a change; what was deferred runs after it is given back.

        Subscribers take locks of their own, so they are never called with ours held.
        """
        try:
            with self.lock:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    outermost = self._depth == 0
        finally:
            if outermost:
                while self._deferred:
                    with contextlib.suppress(IndexError):
                        self._deferred.popleft()()

    def defer(self, action: Callable[[], None]) -> None:
        """Run the action when the change under way is complete."""
        self._deferred.append(action)

    def start(self, nodes: tuple[Appliance, ...]) -> None:
        """Take the nodes in; the first is the primary."""
        with self.change():
            self.nodes = nodes
            self._master = nodes[0]
            for node in nodes[1:]:
                node.sync_state = "SUCCESS"

    @property
    def master(self) -> Appliance | None:
        """The node with the primary role, whether or not it is up."""
        return self._master

    @property
    def primary(self) -> Appliance | None:
        """The node that serves: master, and up."""
        master = self._master
        return master if master is not None and master.phase == "up" else None

    @property
    def secondary(self) -> Appliance | None:
        """The node that is up and waits."""
        for node in self.nodes:
            if node is not self._master and node.phase == "up":
                return node
        return None

    def peer(self, node: Appliance) -> Appliance | None:
        """Give the other node, if there is one."""
        for other in self.nodes:
            if other is not node:
                return other
        return None

    @property
    def mixed_builds(self) -> bool:
        """Whether the nodes run different builds, which stops sync and propagation."""
        different = len({node.build for node in self.nodes}) > 1
        return different and self.switches.mixed_builds_stop_sync

    @property
    def healthy(self) -> bool:
        """Whether a failover would lose nothing."""
        secondary = self.secondary
        return secondary is not None and self.sync_text(secondary) == "SUCCESS"

    def sync_text(self, node: Appliance) -> str:
        """Give the words for `Sync State:`."""
        if self.peer(node) is None:
            return "ENABLED"
        if not node.configuration.ha_sync:
            return "DISABLED"
        if self.mixed_builds:
            return "AUTO DISABLED"
        return node.sync_state if node.is_secondary else "ENABLED"

    def propagation_text(self, node: Appliance) -> str:
        """Give the words for `Propagation:`."""
        if not node.configuration.ha_propagation:
            return "DISABLED"
        return "AUTO DISABLED" if self.mixed_builds and len(self.nodes) > 1 else "ENABLED"

    def propagate(self, origin: Appliance, line: str) -> bool:
        """Run a command on the peer of the primary; False when it failed there."""
        peer = self.peer(origin)
        if peer is None or not origin.is_primary or peer.phase != "up" or self.mixed_builds:
            return True
        if not origin.configuration.ha_propagation or not peer.configuration.ha_propagation:
            return True
        return peer.run_quietly(line, origin="propagation")

    def settings_changed(self) -> None:
        """Look again at what HA settings allow; a secondary that may sync again does."""
        secondary = self.secondary
        if secondary is not None and secondary.sync_state != "SUCCESS":
            self.start_sync(secondary)

    def check_failover(self, node: Appliance) -> None:
        """Refuse a failover that cannot be."""
        peer = self.peer(node)
        if peer is None:
            raise Refused(363)
        if self._switching:
            raise Refused(366)
        if any("failover-refused" in one.faults for one in self.nodes):
            raise Refused(365)
        primary, secondary = self.primary, self.secondary
        if primary is None or secondary is None:
            raise Refused(364)
        if secondary.configuration.ha_status in ("STAYSECONDARY", "DISABLED"):
            raise Refused(364)
        if primary.configuration.ha_status in ("STAYPRIMARY", "DISABLED"):
            raise Refused(365)

    def start_failover(self) -> None:
        """Let the roles change after the usual delay."""
        with self.change():
            self._switching = True
        self.scheduler.after(self.switches.real_s(self.switches.failover_s), self.failover)

    def failover(self) -> None:
        """Change the roles now, if both nodes are up."""
        with self.change():
            self._switching = False
            old, new = self.primary, self.secondary
            if old is None or new is None:
                return
            self._give_role(new)
            self.start_sync(old)

    def _give_role(self, node: Appliance) -> None:
        old = self._master
        self._master = node
        node.sync_state = "ENABLED"
        if old is not None and old is not node:
            old.end_sessions("failover")
            old.role_since = time.time()
        node.role_since = time.time()
        for one in self.nodes:
            one.emit("role")

    def node_down(self, node: Appliance) -> None:
        """Note that a node went away; the other takes over after a while if that was the master."""
        if node is not self._master:
            return
        peer = self.peer(node)
        if peer is None:
            return
        self._master = None
        delay_s = self.switches.real_s(self.switches.failover_s)
        self.scheduler.after(delay_s, lambda: self._take_over(peer))

    def _take_over(self, node: Appliance) -> None:
        with self.change():
            allowed = node.configuration.ha_status in ("ENABLED", "STAYPRIMARY")
            if self._master is None and node.phase == "up" and allowed:
                self._give_role(node)

    def node_up(self, node: Appliance) -> None:
        """Note that a node is back: it leads if nobody does, and follows otherwise."""
        node.role_since = time.time()
        if self._master is None and self.secondary in (None, node):
            if node.configuration.ha_status not in ("STAYSECONDARY", "DISABLED"):
                self._give_role(node)
        elif self._master is not node:
            self.start_sync(node)
        waiting = self.secondary
        if waiting is not None and waiting is not node and waiting.sync_state != "SUCCESS":
            self.start_sync(waiting)
        for one in self.nodes:
            one.emit("role")

    def start_sync(self, node: Appliance) -> None:
        """Begin to copy the primary's configuration to the node."""
        node.sync_state = "IN PROGRESS"
        if self._sync_stopped(node):
            return
        node.sync_number += 1
        number = node.sync_number
        self.scheduler.after(
            self.switches.real_s(self.switches.sync_s), lambda: self._finish_sync(node, number)
        )

    def _sync_stopped(self, node: Appliance) -> bool:
        primary = self.primary
        return (
            self.mixed_builds
            or primary is None
            or not node.configuration.ha_sync
            or not primary.configuration.ha_sync
        )

    def _finish_sync(self, node: Appliance, number: int) -> None:
        with self.change():
            primary = self.primary
            if node.sync_number != number or node.phase != "up" or not node.is_secondary:
                return
            if primary is None or self._sync_stopped(node):
                return
            if any("sync-never" in one.faults for one in self.nodes):
                return
            node.adopt(primary)
            node.sync_state = "SUCCESS"
            node.emit("config")

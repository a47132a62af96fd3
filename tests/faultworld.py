"""The whole world in one process: two simulated appliances, their clock, an operator who can die.

Time passes only when somebody sleeps. Commands go straight to the simulator, over sessions that can
break; looks from the vantages are made from what the simulator itself would let in. A fault is
struck at one named boundary of one act, see `tests/faultcases.py`.
"""

import contextlib
import random
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

from gatectl.clock import HandClock
from gatectl.config.shipped import read_advisories, read_indicators
from gatectl.core.event import (
    ActIntended,
    EvidenceId,
    Recorded,
    StepEnded,
)
from gatectl.core.gate import Gate, Host, NodeName
from gatectl.core.netscaler import Reply
from gatectl.core.standing import Standing
from gatectl.desk import Connect, Desk
from gatectl.errors import GatectlError
from gatectl.journal.chain import Link
from gatectl.journal.history import GateHistory
from gatectl.journal.journal import Journal
from gatectl.journal.lease import LeaseToken
from gatectl.journal.schema import create_tables
from gatectl.journal.sqlitefile import SqliteFile
from gatectl.operation import Operation
from gatectl.simulator.appliance import Appliance, make_pair
from gatectl.simulator.switches import Switches
from tests.builders import PLAYBOOKS, make_gate
from tests.fault_checker import Checker
from tests.fault_clock import WorldClock, WorldScheduler, whole_process_at
from tests.fault_lookout import OUTSIDE, VIP, VSERVER, WorldLookout
from tests.fault_session import WorldTransport

OLD_BUILD = "12.1-55.13"
FIXED_BUILD = "12.1-55.18"

Boundary = Literal["B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7"]
Fate = Literal["not arrived", "applied", "answer lost", "late"]
Fault = Literal["kill", "power", "rst", "silence", "reboot"]


class Killed(BaseException):
    """The operator's process ends here, between two instructions; nothing of it runs any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault, at one boundary of one step's act, with one fate of the command."""

    step: str
    boundary: Boundary
    fate: Fate
    fault: Fault
    late_s: float
    """After how long a command of the fate `late` is carried out."""


class MortalConnection:
    """The journal's connection: a dead process writes nothing, not even what cleans up."""

    def __init__(self, world: "World") -> None:
        self._rows = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._world = world

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._rows.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement, if there is still somebody to run it."""
        self._world.refuse_the_dead()
        if sql.startswith("INSERT INTO event") and parameters[3] == "act.intended":
            self._world.before_intent(str(parameters[4]))
        return self._rows.execute(sql, parameters)

    def lose_power(self) -> None:
        """Take back what was not committed, as the next start does."""
        if self._rows.in_transaction:
            self._rows.execute("ROLLBACK")


class RememberingJournal(Journal):
    """A journal that understands each record once: a case folds the same ones many times."""

    def __init__(self, connection: MortalConnection, clock: WorldClock) -> None:
        self._understood: dict[object, Recorded] = {}
        super().__init__(
            # It answers to the few calls that the journal makes.
            SqliteFile(cast("sqlite3.Connection", connection)),
            clock=clock,
            actor="alice",
            origin="desk-7",
        )

    def _read_back(self, link: Link) -> Recorded:
        if link.hash not in self._understood:
            self._understood[link.hash] = super()._read_back(link)
        return self._understood[link.hash]


class Memory:
    """Keeps evidence as long as the test lasts."""

    def __init__(self) -> None:
        self._kept: dict[EvidenceId, bytes] = {}

    def keep(self, content: bytes) -> EvidenceId:
        """Keep a piece."""
        evidence = EvidenceId(sha256(content).hexdigest())
        self._kept[evidence] = content
        return evidence

    def read(self, evidence: EvidenceId) -> bytes:
        """Give it back."""
        return self._kept[evidence]


class Nobody:
    """Never wants a run to end."""

    def check(self) -> None:
        """Let it go on."""


class World:
    """The pair, the operator's machine, and the fault that is arranged."""

    def __init__(self, seed: int = 0, *, playbooks: tuple[Path, ...] = ()) -> None:
        self.clock = WorldClock()
        self._playbooks = (*playbooks, PLAYBOOKS)
        with whole_process_at(self.clock):
            self._begin(seed)

    def _begin(self, seed: int) -> None:
        self.lock = threading.RLock()
        self.random = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self.dead = False
        self.strike: Strike | None = None
        """The fault that is arranged."""
        self.then: Strike | None = None
        """The one that is arranged when that has struck."""
        self.last_struck: Strike | None = None
        self.strikes = 0
        self.silent_until: dict[str, datetime] = {}
        self._acting: ActIntended | None = None
        self._acted = False
        self._live: list[WorldTransport] = []
        self.pair = make_pair(
            build=OLD_BUILD, switches=Switches(speed=1.0, seed=seed), vserver_name=VSERVER, vip=VIP
        )
        self.pair.scheduler.close()
        self.pair.scheduler = WorldScheduler(self.clock)
        self.boxes = {box.name: box for box in self.pair.nodes}
        self.checker = Checker(
            truth=lambda: self.reachable(OUTSIDE), build=self._serving_build, fixed=FIXED_BUILD
        )
        for box in self.pair.nodes:
            box.subscribe(lambda event: self.checker.look(f"{event} on a node"))
        # Nobody examines the simulated boxes elsewhere, and nobody could reach them before.
        self.gate = replace(
            make_gate(offices=("192.0.2.0/26",)),
            in_service_since=self.clock.now().date(),
            off_box_examination="advised",
        )
        self._connection = MortalConnection(self)
        create_tables(self._connection, created=self.clock.now())
        self.journal = RememberingJournal(self._connection, self.clock)
        self._history = GateHistory(self.journal, self.gate.name)
        self.desk = self._make_desk()
        self._abandoned: LeaseToken | None = None
        self._keep_lease()
        self.intended: list[str] = []
        """The steps whose act was sent, in their order."""

    def _make_desk(self) -> Desk:
        def emergency(error: GatectlError) -> Desk:
            raise AssertionError("the journal of this world never fails") from error

        def lookout(gate: Gate, connect: Connect) -> WorldLookout:
            del connect  # looks are made from the simulator's truth
            return WorldLookout(self, gate)

        return Desk(
            journal=self.journal,
            evidence=Memory(),
            clock=MortalClock(self),
            connect=self._connect,
            lookout=lookout,
            advisories=read_advisories(),
            indicators=read_indicators,
            playbook_folders=self._playbooks,
            listeners=(self._hear,),
            stop=Nobody(),
            actor="alice",
            emergency=emergency,
        )

    def operation(self) -> Operation:
        """Sit down as a process that begins now."""
        return Operation(self.desk, self.gate)

    def standing(self) -> Standing:
        """Tell what is on record by now; only what is new since the last time is read."""
        return self._history.standing()

    @property
    def serving(self) -> Appliance | None:
        """The node that answers visitors."""
        return self.pair.primary

    def reachable(self, source: str) -> bool:
        """Tell the truth: whether somebody from there would get in."""
        primary = self.pair.primary
        if primary is None:
            return False
        return any(
            listener.protocol == "TCP"
            and primary.admits(
                source=source,
                destination=listener.address,
                port=listener.port,
                protocol="TCP",
                count=False,
            )
            for listener in primary.listeners()
        )

    def _serving_build(self) -> str:
        primary = self.pair.primary
        return primary.build if primary is not None else FIXED_BUILD

    # Life and death of the operator's process.

    def refuse_the_dead(self) -> None:
        """Raise in whatever a dead process still tries to do."""
        if self.dead:
            raise Killed

    def revive(self) -> None:
        """Start the operator's machine or process again: a new desk at the old journal."""
        self._connection.lose_power()
        if self.last_struck is not None and self.last_struck.fault == "power":
            self.clock.hand.reboot(f"boot-{self.strikes + 1}")
        self.dead = False
        lease = self.journal.leases.show(self.gate.name)
        self._abandoned = lease.token if lease is not None else None

    def silent(self, box: Appliance) -> bool:
        """Whether nothing gets to or from this node at present."""
        until = self.silent_until.get(box.name)
        return until is not None and self.clock.now() < until

    def _keep_lease(self) -> None:
        """Do what the thread of a living process does, by this world's clock."""
        lease = self.journal.leases.show(self.gate.name) if not self.dead else None
        if lease is not None and lease.token != self._abandoned:
            with contextlib.suppress(GatectlError):
                self.journal.leases.renew(self.gate.name, lease.token)
        self.clock.after(15.0, self._keep_lease)

    def settle(self, seconds: float) -> None:
        """Let time pass in which nobody does anything."""
        self.clock.sleep(seconds)
        self.checker.look("rest")

    def _die(self) -> None:
        self.dead = True
        for transport in self._live:
            # The kernel of a dead process ends its connections; what was sent goes on.
            transport.close()
        raise Killed

    # Where the fault strikes.

    def before_intent(self, body: str) -> None:
        """B0: the intent is not durable yet."""
        if self.strike is not None and f'"step":"{self.strike.step}"' in body:
            self._at("B0", None)

    def _hear(self, recorded: Recorded) -> None:
        self.checker.hear(recorded)
        match recorded.event:
            case ActIntended() as intended:
                self.intended.append(intended.step)
                if self.strike is not None and intended.step == self.strike.step:
                    self._acting, self._acted = intended, False
                    self._at("B1", None)
            case StepEnded(step=step):
                if self.strike is not None and step == self.strike.step:
                    self._at("B7", None)
                    self._acting = None
            case _:
                pass

    def send(self, transport: WorldTransport, command: str, timeout_s: float) -> Reply | None:
        """Carry a command out, unless it is the act that is to be struck, or the look after it."""
        acting = self._acting
        here = acting is not None and transport.box.name == acting.node
        if acting is not None and here and not self._acted and command == acting.lines[0]:
            return self.act(
                transport,
                lambda: transport.run(command),
                lambda: Reply(text=""),
                timeout_s,
            )
        reply = transport.run(command)
        if acting is not None and here and self._acted and command not in acting.lines:
            self._at("B6", transport)
        self.checker.look(command)
        return reply

    def act(
        self,
        transport: WorldTransport,
        apply: Callable[[], Reply | None],
        pretend: Callable[[], Reply],
        timeout_s: float,
    ) -> Reply | None:
        """Let the one act meet its fate, and the fault strike at its boundary."""
        strike = self.strike
        self._acted = True
        self._at("B2", transport)
        transport.refuse_broken(timeout_s)
        mine = self.strike is strike and self._acting is not None
        if strike is None or not mine or strike.boundary not in {"B3", "B4", "B5"}:
            return apply()
        reply: Reply | None = pretend()
        if strike.fate in {"applied", "answer lost"}:
            reply = apply()
        elif strike.fate == "late":
            self._put_off(transport, apply, strike.late_s)
        self.checker.look(strike.boundary)
        self._at(strike.boundary, transport)
        if strike.boundary in {"B3", "B4"} or strike.fate == "answer lost":
            if not transport.broken:
                transport.broken = "rst"
            transport.refuse_broken(timeout_s)
        return reply

    def _put_off(
        self, transport: WorldTransport, apply: Callable[[], Reply | None], late_s: float
    ) -> None:
        """Carry a command out later, if the node and the session that it came in still live."""
        box, boot, session = transport.box, transport.box.boot_number, transport.session
        if session is None:
            raise AssertionError("what is late came in a session")
        # The appliance ends the session when the command is done, whatever became of its client.
        transport.session = None

        def land() -> None:
            if box.phase == "up" and box.boot_number == boot and session.mode != "closed":
                lander = WorldTransport(self, box)
                lander.session = session
                transport.session, kept = session, transport.session
                apply()
                transport.session = kept
                box.end_cli(session)
                self.checker.look("a late command")

        self.clock.after(late_s, land)

    def _at(self, boundary: Boundary, transport: WorldTransport | None) -> None:
        strike = self.strike
        if strike is None or strike.boundary != boundary:
            return
        box = self._box_of(transport)
        self.strikes += 1
        self.last_struck = strike
        self.strike, self.then = self.then, None
        self._acting, self._acted = None, False
        match strike.fault:
            case "kill" | "power":
                self._die()
            case "rst" | "silence":
                self._break(box, strike.fault)
            case "reboot":
                box.reboot()

    def _break(self, box: Appliance, how: Literal["rst", "silence"]) -> None:
        if how == "silence":
            later = HandClock(self.clock.now())
            later.sleep(90.0)
            self.silent_until[box.name] = later.now()
        for one in self._live:
            if one.box is box:
                one.broken = how

    def _box_of(self, transport: WorldTransport | None) -> Appliance:
        if transport is not None:
            return transport.box
        if self._acting is not None:
            return self.boxes[self._acting.node]
        node = self.strike.step.rpartition("@")[2] if self.strike is not None else ""
        return self.boxes.get(node, self.pair.nodes[0])

    def _connect(self, host: Host) -> WorldTransport:
        transport = WorldTransport(self, self.boxes[NodeName(host.name)])
        self._live = [one for one in self._live if one.session is not None][-8:]
        self._live.append(transport)
        return transport


class MortalClock:
    """The world's clock in the hands of a process that may be dead."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        """Give the wall clock's time."""
        return self._world.clock.now()

    def boot_time_ns(self) -> int:
        """Give the time since the boot."""
        return self._world.clock.boot_time_ns()

    def boot_id(self) -> str:
        """Name this boot."""
        return self._world.clock.boot_id()

    def sleep(self, seconds: float) -> None:
        """Wait, if there is still somebody who waits."""
        self._world.refuse_the_dead()
        self._world.clock.sleep(seconds)
        self._world.checker.look("a wait")

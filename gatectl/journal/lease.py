"""Who may act on a gate: a lease with an end, and a token that grows with every grant."""

import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NewType, assert_never

from gatectl.core.event import RunId
from gatectl.core.gate import GateName
from gatectl.core.moment import UNKNOWN_BOOT
from gatectl.errors import GateBusy, LeaseLost, Refused
from gatectl.journal.ballast import with_room
from gatectl.journal.engine import LeaseTime, Rows

LeaseToken = NewType("LeaseToken", int)
"""Fences: whoever holds a smaller one than the newest has lost the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCounts:
    """A fence: this very lease counts at this moment."""

    kind: Literal["lease-counts"] = "lease-counts"
    gate: GateName
    token: LeaseToken


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseUntaken:
    """A fence: nobody broke this lease or took the gate; that it ran out is no loss."""

    kind: Literal["lease-untaken"] = "lease-untaken"
    gate: GateName
    token: LeaseToken


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A fence: nobody has gone on with a run, or ended it, after a record of it."""

    kind: Literal["left-alone"] = "left-alone"
    run: RunId
    since: int


Fence = LeaseCounts | LeaseUntaken | LeftAlone
"""What must hold in the transaction in which something is written."""

TTL_S = 60.0

LEASE_SCHEMA = """CREATE TABLE lease (
  gate TEXT PRIMARY KEY NOT NULL,
  token INTEGER NOT NULL,
  holder TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  step TEXT NOT NULL,
  since TEXT NOT NULL,
  since_boot_ns INTEGER NOT NULL,
  until_boot_ns INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  released INTEGER NOT NULL
)"""
"""Times are by the clock of the leases, which on one machine is its boot-time clock."""

_GRANT = """INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (gate) DO UPDATE SET token = excluded.token, holder = excluded.holder,
  host = excluded.host, pid = excluded.pid, step = excluded.step, since = excluded.since,
  since_boot_ns = excluded.since_boot_ns, until_boot_ns = excluded.until_boot_ns,
  boot_id = excluded.boot_id, released = 0"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A grant as it was found, and whether it still counts."""

    gate: GateName
    token: LeaseToken
    holder: str
    host: str
    pid: int
    step: str
    since: datetime
    age_s: float | None
    """Since the grant, by the clock of the leases; none if that was in another boot."""
    alive: bool
    here: bool
    """Whether the holder was a process of this very machine, so that it can be looked for."""

    def sentence(self) -> str:
        """Tell who has it, in words for the one who has to wait."""
        age = "before a reboot" if self.age_s is None else f"{self.age_s:.0f} s ago"
        return (
            f"{self.gate} is held by {self.holder} on {self.host} (process {self.pid}) "
            f"at step {self.step or '-'} since {self.since.isoformat()}, {age}; "
            f"token {self.token}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A row of the table."""

    token: int
    holder: str
    host: str
    pid: int
    step: str
    since: str
    since_boot_ns: int
    until_boot_ns: int
    boot_id: str

    def timed(self, now: LeaseTime) -> bool:
        """Whether its times can be compared with the present."""
        return now.shared or self.boot_id == now.boot_id

    def alive(self, now: LeaseTime, host: str) -> bool:
        """Whether the grant counts; when that cannot be told, it does."""
        if self.timed(now):
            return now.time_ns < self.until_boot_ns
        # Nobody of an earlier boot of this host is left. Another host's clock tells us nothing:
        # its lease counts until somebody who knows breaks it.
        return self.host != host

    def here(self, now: LeaseTime, host: str) -> bool:
        """Whether it was granted to this machine: among several, a name alone does not tell."""
        same_boot = self.boot_id == now.boot_id != UNKNOWN_BOOT
        return self.host == host and (same_boot or not now.shared)

    def seen(self, gate: GateName, now: LeaseTime, host: str) -> Lease:
        """Put it in terms of the present."""
        return Lease(
            gate=gate,
            token=LeaseToken(self.token),
            holder=self.holder,
            host=self.host,
            pid=self.pid,
            step=self.step,
            since=datetime.fromisoformat(self.since),
            age_s=(now.time_ns - self.since_boot_ns) / 1e9 if self.timed(now) else None,
            alive=self.alive(now, host),
            here=self.here(now, host),
        )


def fence_from(fields: Mapping[str, Any], gate: GateName) -> Fence:
    """Read a fence back from its fields; raises Refused for one of another gate, or of no kind."""
    match fields:
        case {"kind": "lease-counts", "gate": named, "token": int(token)} if named == gate:
            return LeaseCounts(gate=gate, token=LeaseToken(token))
        case {"kind": "lease-untaken", "gate": named, "token": int(token)} if named == gate:
            return LeaseUntaken(gate=gate, token=LeaseToken(token))
        case {"kind": "left-alone", "run": str(run), "since": int(since)}:
            return LeftAlone(run=RunId(run), since=since)
        case _:
            raise Refused(f"this is no fence of {gate}")


class Leases:
    """Grants, renews, ends and shows leases, each in one transaction of the journal."""

    def __init__(
        self,
        *,
        transaction: Callable[[], AbstractContextManager[Rows]],
        reading: Callable[[], AbstractContextManager[Rows]],
        note: Callable[[Rows, GateName, str], None],
        time: Callable[[Rows], LeaseTime],
    ) -> None:
        self._transaction = transaction
        self._reading = reading
        self._note = note
        """Writes a note in the journal, within the open transaction."""
        self._time = time

    @with_room
    def take(
        self,
        gate: GateName,
        *,
        holder: str,
        host: str,
        pid: int,
        step: str = "",
        ttl_s: float = TTL_S,
    ) -> LeaseToken:
        """Get the gate for yourself, or learn from GateBusy who has it."""
        with self._transaction() as rows:
            now = self._time(rows)
            stored = _stored(rows, gate)
            if stored is not None and stored.alive(now, host):
                raise _busy(stored.seen(gate, now, host))
            token = LeaseToken(_newest_token(rows, gate) + 1)
            rows.execute(
                _GRANT,
                (
                    *(gate, token, holder, host, pid, step),
                    *(now.at.isoformat(), now.time_ns, _until_ns(now, ttl_s), now.boot_id),
                ),
            )
            if stored is not None:
                left = stored.seen(gate, now, host).sentence()
                self._note(rows, gate, f"lease {token} granted to {holder}; left behind: {left}")
        return token

    def renew(
        self, gate: GateName, token: LeaseToken, *, step: str | None = None, ttl_s: float = TTL_S
    ) -> None:
        """Hold on for another while; LeaseLost tells a holder that woke up too late."""
        with self._transaction() as rows:
            self._check_counts(rows, gate, token)
            now = self._time(rows)
            rows.execute(
                "UPDATE lease SET until_boot_ns = ?, step = coalesce(?, step) WHERE gate = ?",
                (_until_ns(now, ttl_s), step, gate),
            )

    @with_room
    def release(self, gate: GateName, token: LeaseToken) -> None:
        """Give the gate back; one who has lost it gives back nothing."""
        with self._transaction() as rows:
            rows.execute(
                "UPDATE lease SET released = 1 WHERE gate = ? AND token = ?", (gate, token)
            )

    def show(self, gate: GateName, *, host: str | None = None) -> Lease | None:
        """Tell who has the gate, or who left it behind without giving it back."""
        with self._reading() as rows:
            stored = _stored(rows, gate)
            now = self._time(rows)
        return stored.seen(gate, now, host or socket.gethostname()) if stored else None

    @with_room
    def break_(self, gate: GateName, token: LeaseToken, *, reason: str) -> None:
        """End somebody else's lease, for a reason that goes on record."""
        if not reason.strip():
            raise Refused("a lease is broken only for a reason", hint="Say why: --reason TEXT.")
        with self._transaction() as rows:
            stored = _stored(rows, gate)
            if stored is None or stored.token != token:
                raise Refused(
                    f"{gate} is not held with token {token}",
                    hint=f"`gatectl lease show {gate}` tells who holds it now.",
                )
            rows.execute("UPDATE lease SET released = 1 WHERE gate = ?", (gate,))
            left = stored.seen(gate, self._time(rows), socket.gethostname()).sentence()
            self._note(rows, gate, f"lease {token} broken: {reason}; {left}")

    def require(self, gate: GateName, token: LeaseToken) -> None:
        """Raise LeaseLost unless this very lease counts at this moment; nothing is written."""
        with self._reading() as rows:
            self.check(rows, LeaseCounts(gate=gate, token=token))

    def check(self, rows: Rows, fence: Fence) -> None:
        """Raise LeaseLost unless a fence stands, for whoever writes in this transaction."""
        match fence:
            case LeaseCounts(gate=gate, token=token):
                self._check_counts(rows, gate, token)
            case LeaseUntaken(gate=gate, token=token):
                stored = _stored(rows, gate)
                if stored is None or stored.token != token:
                    raise LeaseLost(f"the lease {token} of {gate} was lost")
            case LeftAlone(run=run, since=since):
                _check_left_alone(rows, run, since)
            case _ as never:
                assert_never(never)

    def _check_counts(self, rows: Rows, gate: GateName, token: LeaseToken) -> None:
        now = self._time(rows)
        stored = _stored(rows, gate)
        if stored is None or stored.token != token:
            who = stored.seen(gate, now, stored.host).sentence() if stored else "nobody has it now"
            raise LeaseLost(f"the lease {token} of {gate} was lost: {who}")
        if not stored.timed(now) or now.time_ns >= stored.until_boot_ns:
            raise LeaseLost(
                f"the lease {token} of {gate} has ended before it was renewed",
                hint="`gatectl resume` takes the gate again and looks before it acts.",
            )


def _check_left_alone(rows: Rows, run: RunId, since: int) -> None:
    row = rows.execute(
        "SELECT 1 FROM event WHERE run = ? AND sequence > ?"
        " AND kind IN ('run.resumed', 'run.ended') LIMIT 1",
        (run, since),
    ).fetchone()
    if row is not None:
        raise LeaseLost(f"somebody else has gone on with run {run}")


def _until_ns(now: LeaseTime, ttl_s: float) -> int:
    return now.time_ns + round(ttl_s * 1e9)


def _busy(lease: Lease) -> GateBusy:
    return GateBusy(
        lease.sentence(),
        hint=f"Wait for that run, or `gatectl lease break {lease.gate} --token {lease.token} "
        "--reason TEXT`. `gatectl close` never waits.",
    )


def _newest_token(rows: Rows, gate: GateName) -> int:
    row = rows.execute("SELECT token FROM lease WHERE gate = ?", (gate,)).fetchone()
    return int(row[0]) if row else 0


def _stored(rows: Rows, gate: GateName) -> _Stored | None:
    row = rows.execute(
        "SELECT token, holder, host, pid, step, since, since_boot_ns, until_boot_ns, boot_id"
        " FROM lease WHERE gate = ? AND released = 0",
        (gate,),
    ).fetchone()
    if row is None:
        return None
    token, holder, host, pid, step, since, since_boot_ns, until_boot_ns, boot_id = row
    return _Stored(
        token=token,
        holder=holder,
        host=host,
        pid=pid,
        step=step,
        since=since,
        since_boot_ns=since_boot_ns,
        until_boot_ns=until_boot_ns,
        boot_id=boot_id,
    )

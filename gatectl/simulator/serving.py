"""What an appliance serves: listeners, and who and what is let through them."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gatectl.simulator import builds, policy
from gatectl.simulator.acl import AppliedRule, decide
from gatectl.simulator.configuration import Binding, Configuration, Vserver
from gatectl.simulator.expression import Request
from gatectl.simulator.texts import Refused
from gatectl.simulator.user_session import SessionKind, UserSession

if TYPE_CHECKING:
    from gatectl.simulator.pair import Pair
    from gatectl.simulator.switches import Switches


@dataclass(frozen=True, slots=True)
class Listener:
    """An address and port that the gateway answers on."""

    address: str
    port: int
    protocol: Literal["TCP", "UDP"]
    vserver: str
    kind: Literal["vpn", "lb", "cs", "authentication"]


class Serving:
    """The part of an appliance that clients of the gateway meet."""

    pair: Pair
    switches: Switches
    configuration: Configuration
    build: str
    boot_time: float
    faults: set[str]

    def __init__(self) -> None:
        self.applied: dict[int, dict[str, AppliedRule]] = {4: {}, 6: {}}
        """The rules that filter, by IP version: from one `apply` to the next."""
        self.hits: Counter[str] = Counter()
        self._user_sessions: list[UserSession] = []
        self._state_since: dict[str, tuple[str, float]] = {}

    @property
    def is_primary(self) -> bool:
        """Whether the node is up and leads."""
        return self.pair.primary is self

    def emit(self, event: str) -> None:
        """Tell whoever subscribed."""
        raise NotImplementedError

    def vservers_changed(self) -> None:
        """Close what is no longer served, and the sessions that came in through it."""
        for vserver in self.configuration.vservers.values():
            if self.vserver_state(vserver) == "UP":
                continue
            if self.switches.down_state_flush and vserver.down_state_flush:
                self._end_sessions_at(vserver.name)
        self.emit("config")

    def _end_sessions_at(self, vserver_name: str) -> None:
        self.end_sessions("vserver down", lambda session: session.vserver == vserver_name)

    # What is served.

    def vserver_state(self, vserver: Vserver) -> str:
        """Give the word for `State:`, and note when it changed."""
        address = self.configuration.addresses.get(vserver.address)
        usable = address is None or address.enabled
        state = "OUT OF SERVICE" if not vserver.enabled else "UP" if usable else "DOWN"
        key = f"{vserver.kind}/{vserver.name.lower()}"
        known = self._state_since.get(key)
        if known is None or known[0] != state:
            since = self.boot_time if known is None and state == "UP" else time.time()
            self._state_since[key] = (state, since)
        return state

    def state_since(self, vserver: Vserver) -> float:
        """Give when a vserver's state changed last."""
        self.vserver_state(vserver)
        return self._state_since[f"{vserver.kind}/{vserver.name.lower()}"][1]

    def listeners(self) -> frozenset[Listener]:
        """Give what the gateway answers on: nothing unless this node leads and is up."""
        return frozenset(self._listeners())

    def _listeners(self) -> Iterator[Listener]:
        with self.pair.lock:
            vservers = list(self.configuration.vservers.values()) if self.is_primary else []
        for vserver in vservers:
            if vserver.port == 0 or self.vserver_state(vserver) != "UP":
                continue
            name, kind = vserver.name, vserver.kind
            yield Listener(vserver.address, vserver.port, "TCP", name, kind)
            if vserver.dtls:
                yield Listener(vserver.address, vserver.port, "UDP", name, kind)

    def apply_acls(self, family: int) -> None:
        """Make the configured rules the ones that filter; a DENY ends what it covers."""
        if "acl-apply-ignored" in self.faults:
            return
        before = self.applied[family]
        fresh: dict[str, AppliedRule] = {}
        for key, rule in self.configuration.rules(family).items():
            known = before.get(key)
            fresh[key] = (
                known
                if known is not None and known.rule == rule
                else self._timed(AppliedRule(rule=rule, expires=None), key)
            )
        self.applied[family] = fresh
        self.end_sessions("acl", lambda session: not self._lets(session))
        self.emit("acl")

    def _timed(self, applied: AppliedRule, key: str) -> AppliedRule:
        """Give a rule with a TTL its end, and let it disappear then."""
        rule = applied.rule
        if not rule.ttl_s:
            return applied
        wait_s = self.switches.real_s(rule.ttl_s)
        timed = AppliedRule(rule=rule, expires=time.monotonic() + wait_s)

        def expire() -> None:
            with self.pair.change():
                if self.applied[rule.family].get(key) == timed:
                    del self.applied[rule.family][key]
                    self.configuration.rules(rule.family).pop(key, None)
                    self.emit("acl")

        self.pair.scheduler.after(wait_s, expire)
        return timed

    def _lets(self, session: UserSession) -> bool:
        return self.admits(
            source=session.client_address,
            destination=session.entry_address,
            port=session.entry_port,
            protocol="TCP",
            count=False,
        )

    def admits(
        self, *, source: str, destination: str, port: int, protocol: str, count: bool = True
    ) -> bool:
        """Say whether the applied ACLs let a connection in; what no rule covers gets in."""
        with self.pair.lock:
            family = 6 if ":" in destination else 4
            rule = decide(
                self.applied[family].values(),
                source=source,
                destination=destination,
                port=port,
                protocol=protocol,
            )
            if rule is None:
                return True
            if count:
                self.hits[f"acl{family}/{rule.name.lower()}"] += 1
            return rule.action != "DENY"

    def responder(
        self, *, path: str, source: str, vserver: str, phase: policy.RequestPhase = "request"
    ) -> policy.ResponderAnswer | None:
        """Give what a responder policy does to a request, if any does something."""
        if "mitigation-ignored" in self.faults:
            return None
        with self.pair.lock:
            configuration = self.configuration
            if not policy.responder_works(configuration, self.build, self.switches):
                return None
            bindings = policy.order(
                configuration,
                vserver=vserver,
                phase=phase,
                hides_sign_in=policy.hides_sign_in(self.build, self.switches),
            )
            found = policy.answer(configuration, bindings, Request(path=path, source=source))
            if found is not None:
                self.hits[f"policy/{found.policy.lower()}"] += 1
                self.hits[f"action/{found.action.lower()}"] += 1
            return found

    def check_bind_point(self, kind: str) -> None:
        """Refuse a bind point that the build does not have."""
        since = policy.AAA_BIND_POINT_SINCE
        if kind == "AAA_REQUEST" and builds.release(self.build) < since:
            raise Refused(1097, detail=f" [{kind}]")

    def bind(self, binding: Binding) -> None:
        """Bind a policy; the same one at the same point only once."""
        known = self.configuration.bindings
        if any(_same_point(binding, other) for other in known):
            raise Refused(273)
        self.configuration.bindings = [*known, binding]

    def unbind(self, name: str, *, vserver: str, kind: str) -> None:
        """Take a binding away; without a kind, wherever it is."""
        known = self.configuration.bindings
        kept = [
            binding
            for binding in known
            if binding.policy.lower() != name.lower()
            or binding.vserver.lower() != vserver.lower()
            or (kind and binding.kind != kind)
        ]
        if len(kept) == len(known):
            raise Refused(2097)
        self.configuration.bindings = kept

    # Who is signed in.

    @property
    def sessions(self) -> list[UserSession]:
        """Everybody who is signed in now."""
        with self.pair.lock:
            self._user_sessions = [s for s in self._user_sessions if s.alive]
            return list(self._user_sessions)

    def begin_session(
        self,
        *,
        user: str,
        kind: SessionKind,
        client_address: str,
        client_port: int,
        vserver: str = "",
    ) -> UserSession:
        """Sign somebody in through a vserver, the first VPN one if none is named."""
        with self.pair.change():
            entries = [v for v in self.configuration.vservers.values() if v.kind == "vpn"]
            named = [v for v in entries if not vserver or v.name.lower() == vserver.lower()]
            door = next(iter(named or entries), None)
            session = UserSession(
                user=user,
                kind=kind,
                client_address=client_address,
                client_port=client_port,
                vserver=door.name if door else vserver,
                entry_address=door.address if door else "0.0.0.0",  # noqa: S104 - a device value
                entry_port=door.port if door else 0,
                server_address="10.112.1.126",
                server_port=2598 if kind == "ica" else 443,
            )
            self._user_sessions.append(session)
            self.emit("sessions")
        return session

    def end_sessions(
        self, reason: str, wanted: Callable[[UserSession], bool] = lambda _session: True
    ) -> None:
        """End the sessions that are meant, once the change under way is complete."""
        for session in [s for s in self.sessions if wanted(s)]:
            self.pair.defer(functools.partial(session.end, reason))
            self.emit("sessions")

    def kill_sessions(self, kind: SessionKind, *, user: str) -> None:
        """End the sessions of a kind, of one user or of all."""
        if "kill-ignored" not in self.faults:
            self.end_sessions("killed", lambda s: s.kind == kind and (not user or s.user == user))

    def clear_persistence(self) -> None:
        """Forget which server a client belongs to; nothing here depends on it."""


def _same_point(one: Binding, other: Binding) -> bool:
    return (one.policy.lower(), one.vserver.lower(), one.kind) == (
        other.policy.lower(),
        other.vserver.lower(),
        other.kind,
    )

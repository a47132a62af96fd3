"""One gate's outside: the sessions with its nodes and the looks from its vantages."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, assert_never

from gatectl.core.check import Unreadable
from gatectl.core.fingerprint import Finding, Unrecognised, join_findings
from gatectl.core.gate import Gate, Host, NodeName, Side, Vantage, VantageName
from gatectl.core.page import HttpAnswer
from gatectl.core.reach import Look, VantageReport
from gatectl.errors import GatectlError, Unreachable
from gatectl.ports import RequestSeen
from gatectl.probe.exchange import NoAnswer, agree, open_stream
from gatectl.probe.held import HeldConnection
from gatectl.probe.request import answer_record, look_for_build, request
from gatectl.probe.stream import (
    Deadline,
    Dialler,
    PlainStream,
    Stream,
    Target,
    local_dialler,
)
from gatectl.probe.survey import survey
from gatectl.probe.trust import Trust, trust_for
from gatectl.transport.contract import Transport

Connect = Callable[[Host], Transport]
"""Makes a session that connects at its first command; a read-only one for whatever only looks."""


class NodeSessions:
    """The sessions with the nodes of one gate, one a node, until they are forgotten."""

    def __init__(self, gate: Gate, connect: Connect) -> None:
        self._gate = gate
        self._connect = connect
        self._open: dict[NodeName, Transport] = {}

    def transport(self, node: NodeName) -> Transport:
        """Give the session of a node; it connects at its first command."""
        if node not in self._open:
            self._open[node] = self._connect(self._gate.node(node).host)
        return self._open[node]

    def forget(self, node: NodeName) -> None:
        """Drop a session that was cut, so that the next use opens a new one."""
        transport = self._open.pop(node, None)
        if transport is not None:
            transport.close()

    def close(self) -> None:
        """Let go of all sessions."""
        for node in tuple(self._open):
            self.forget(node)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSeen:
    """The certificate that a vantage was shown."""

    vantage: Vantage
    der: bytes
    """Nothing where none was shown."""
    because: str
    """Why none was shown, or why the one that was is not accepted."""


class GateLookout:
    """The looks at one gate, from this machine and through SSH hosts."""

    def __init__(self, gate: Gate, connect: Connect, *, timeout_s: float = 3.0) -> None:
        self._gate = gate
        self._connect = connect
        self._timeout_s = timeout_s
        self._hosts: dict[VantageName, Transport] = {}
        # Looks from one vantage dial at the same time, over one connection.
        self._making = threading.Lock()
        self._held: list[HeldConnection] = []

    def hold(self) -> None:
        """Begin to open a connection from each vantage outside, to ask it again in every survey.

        A closing begins with this: who is in already must be seen, too.
        """
        for vantage in self._gate.vantages:
            # A password is not asked for in the background, while a node's may be asked for.
            asks = vantage.via is not None and vantage.via.secret.kind == "prompt"
            if vantage.side is Side.OUTSIDE and not asks:
                held = HeldConnection(
                    vantage,
                    dial=self._dialler(vantage),
                    target=self._target(vantage),
                    server_name=self._gate.vserver.server_name,
                    timeout_s=self._timeout_s,
                )
                self._held.append(held)
                held.begin()

    def survey(self) -> tuple[VantageReport, ...]:
        """Look from every vantage at once; a vantage that cannot look is unknown, never shut."""
        diallers = {vantage.name: self._dialler(vantage) for vantage in self._gate.vantages}
        gate = self._gate
        with ThreadPoolExecutor(max_workers=max(1, len(self._held))) as pool:
            # Asked at the same time, for one that is silent takes as long as a look that is.
            alive = [pool.submit(held.look) for held in self._held]
            reports = survey(
                gate.vantages,
                gate.vserver,
                diallers,
                timeout_s=self._timeout_s,
                trust=trust_for(gate.vserver),
            )
            seen = [look for one in alive if (look := one.result()) is not None]
        reports = tuple(_with_held(report, seen) for report in reports)
        if not gate.accept_closed_page:
            return reports
        return tuple(replace(report, closed_page_is_shut=True) for report in reports)

    def request(self, side: Side, method: str, path: str) -> RequestSeen:
        """Send one request from the first vantage of a side."""
        vantage = self._first(side)
        if vantage is None:
            because = f"no vantage looks from {side}"
            return RequestSeen(observation=Unreadable(because=because), raw=b"")
        try:
            got = request(
                self._dialler(vantage),
                self._target(vantage),
                method=method,
                path=path,
                server_name=self._gate.vserver.server_name,
                timeout_s=self._timeout_s,
                trust=trust_for(self._gate.vserver),
            )
        except GatectlError as exc:
            observation = Unreadable(because=f"{vantage.name}: {exc.sentence}")
            return RequestSeen(observation=observation, raw=b"")
        return RequestSeen(observation=answer_record(got), raw=_raw(got))

    def build(self) -> Finding:
        """Tell the build by what a visitor is shown, from outside and from inside at once."""
        sides = [side for side in Side if self._first(side) is not None]
        with ThreadPoolExecutor(max_workers=len(Side)) as pool:
            found = list(pool.map(self._shown_build, sides))
        shown = [one for one in found if not isinstance(one, Unrecognised)]
        if shown:
            # Two ways to one gate: where they show two builds, neither is believed.
            return join_findings(shown[0], shown[-1])
        told = (f"{side}: {one.because}" for side, one in zip(sides, found, strict=True))
        return Unrecognised(because="; ".join(told) or "no vantage could look")

    def _first(self, side: Side) -> Vantage | None:
        return next((v for v in self._gate.vantages if v.side is side), None)

    def _shown_build(self, side: Side) -> Finding:
        vantage = self._first(side)
        if vantage is None:
            return Unrecognised(because="no vantage looks from there")
        try:
            return look_for_build(
                self._dialler(vantage),
                self._target(vantage),
                server_name=self._gate.vserver.server_name,
                timeout_s=self._timeout_s,
                trust=trust_for(self._gate.vserver),
            )
        except GatectlError as exc:
            return Unrecognised(because=exc.sentence)

    def certificates(self) -> Iterator[CertificateSeen]:
        """Look at the certificate that people are shown, from each vantage, offices first."""
        trust = trust_for(self._gate.vserver)
        # They see it behind a gate that is shut, too.
        for vantage in sorted(self._gate.vantages, key=lambda one: one.side is Side.OUTSIDE):
            shown, because = self._shown(vantage, Trust())
            refusal = "" if trust.accepts_any or not shown else self._shown(vantage, trust)[1]
            yield CertificateSeen(vantage=vantage, der=shown, because=because or refusal)

    def certificate(self) -> bytes:
        """Give the certificate that people are shown, in DER; raises Unreachable."""
        because = "no vantage could look"
        for seen in self.certificates():
            if seen.der:
                return seen.der
            because = f"{seen.vantage.name}: {seen.because}"
        raise Unreachable(because)

    def _shown(self, vantage: Vantage, trust: Trust) -> tuple[bytes, str]:
        """Give the certificate if it is accepted, and why not."""
        target = self._target(vantage)
        deadline = Deadline.after(self._timeout_s)
        stream = open_stream(self._dialler(vantage), target, deadline)
        if isinstance(stream, NoAnswer):
            return b"", stream.because or stream.kind.value
        with contextlib.closing(stream):
            name = self._gate.vserver.server_name or target[0]
            agreed = agree(PlainStream(stream, deadline), trust=trust, server_name=name)
            if isinstance(agreed, NoAnswer):
                return b"", agreed.because
            return agreed.certificate(), "" if agreed.certificate() else "none was shown"

    def close(self) -> None:
        """Let go of the SSH hosts, and of what is held through them."""
        for held in self._held:
            held.close()
        self._held.clear()
        for transport in self._hosts.values():
            transport.close()
        self._hosts.clear()

    def _target(self, vantage: Vantage) -> Target:
        return vantage.target or (str(self._gate.vserver.address), self._gate.vserver.port)

    def _dialler(self, vantage: Vantage) -> Dialler:
        if vantage.via is None:
            return local_dialler(vantage.source)
        host = vantage.via

        def dial(address: str, port: int, timeout_s: float) -> Stream:
            with self._making:
                if vantage.name not in self._hosts:
                    self._hosts[vantage.name] = self._connect(host)
                transport = self._hosts[vantage.name]
            return transport.dial(address, port, timeout_s=timeout_s)

        return dial


def _with_held(report: VantageReport, seen: list[Look]) -> VantageReport:
    mine = tuple(look for look in seen if look.vantage == report.vantage)
    return replace(report, gate=(*report.gate, *mine))


def _raw(got: HttpAnswer | NoAnswer) -> bytes:
    match got:
        case HttpAnswer():
            return got.raw
        case NoAnswer():
            return b""
        case _ as never:
            assert_never(never)

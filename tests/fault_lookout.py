"""Looks at the fault world from its vantages, made from what the simulator itself would answer."""

from typing import Literal, Protocol

from gatectl.core.check import Unreadable
from gatectl.core.gate import Gate, Side, Vantage
from gatectl.core.page import End, HttpAnswer, Page, read_answer
from gatectl.core.reach import Look, LookKind, VantageReport
from gatectl.ports import RequestSeen
from gatectl.probe.request import answer_record
from gatectl.simulator import web
from gatectl.simulator.appliance import Appliance
from tests.fault_session import OFFICE

OUTSIDE = "198.18.0.99"
VIP = "203.0.113.10"
VSERVER = "gw_ext"


class Scene(Protocol):
    """The world as a visitor meets it."""

    def refuse_the_dead(self) -> None:
        """Raise if the process that asks is dead."""

    def reachable(self, source: str) -> bool:
        """Tell whether somebody from there gets in."""

    @property
    def serving(self) -> Appliance | None:
        """The node that answers."""


class WorldLookout:
    """Looks from the vantages, made from what the simulator lets in."""

    def __init__(self, world: Scene, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    def hold(self) -> None:
        """Open nothing: who is in already is no part of these stories."""

    def survey(self) -> tuple[VantageReport, ...]:
        """Look from every vantage."""
        self._world.refuse_the_dead()
        return tuple(self._report(vantage) for vantage in self._gate.vantages)

    def request(self, side: Side, method: str, path: str) -> RequestSeen:
        """Ask for a page, over no wire."""
        self._world.refuse_the_dead()
        source = _source(side)
        box = self._world.serving
        if box is None or not self._world.reachable(source):
            return RequestSeen(observation=Unreadable(because=f"nobody answers {side}"), raw=b"")
        raw = _answered(box, method, path, source)
        got = read_answer(raw, end=End.CLOSED)
        if not isinstance(got, HttpAnswer):
            return RequestSeen(observation=Unreadable(because=f"no HTTP: {got}"), raw=raw)
        return RequestSeen(observation=answer_record(got), raw=raw)

    def close(self) -> None:
        """Let go of nothing."""

    def _report(self, vantage: Vantage) -> VantageReport:
        there = self._world.reachable(_source(vantage.side))
        look = Look(
            vantage=vantage.name,
            side=vantage.side,
            target=VIP,
            port=443,
            wire="https",
            kind=LookKind.ANSWERED if there else LookKind.DROPPED,
            status=200 if there else None,
            page=Page.SIGN_ON if there else None,
        )
        control = Look(
            vantage=vantage.name,
            side=vantage.side,
            target="192.0.2.1",
            port=443,
            wire="tcp",
            kind=LookKind.CONNECTED,
        )
        return VantageReport(vantage=vantage.name, side=vantage.side, control=control, gate=(look,))


def _source(side: Side) -> str:
    return OUTSIDE if side is Side.OUTSIDE else OFFICE


def _answered(box: Appliance, method: str, path: str, source: str) -> bytes:
    """Answer as the gateway does: by a responder policy, or else by what lies there."""
    phase: Literal["aaa", "request"] = "aaa" if web.is_sign_in_traffic(path) else "request"
    policy = box.responder(path=path, source=source, vserver=VSERVER, phase=phase)
    if policy is not None:
        return policy.payload
    request = web.Request(method=method, target=path)
    answer = web.answer(request, web.Appearance(build=box.build))
    return answer.to_bytes() if isinstance(answer, web.Answer) else b""

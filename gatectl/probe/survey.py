"""All looks from all vantages at once, each with its control."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final

from gatectl.core.gate import Vantage, VantageName, Vserver
from gatectl.core.reach import Look, LookKind, VantageReport
from gatectl.errors import Unreachable
from gatectl.probe.datagram import look_dtls
from gatectl.probe.exchange import LOOK_TIMEOUT_S, blank_look
from gatectl.probe.stream import Dialler, Stream, Target, local_dialler
from gatectl.probe.trust import Trust
from gatectl.probe.visit import control_answers, look_at

_ANY: Final = Trust()
_GRACE_S: Final = 1.0
"""What a look may take over its own time before it is left behind."""
_LOGIN_S: Final = 20.0
"""How long an SSH host may take to log us in, before the looks through it begin."""
_FIRST_DIAL_S: Final = 1.0
_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80
_ENDED_WITHOUT_ANSWER: Final = frozenset({LookKind.REFUSED, LookKind.RESET, LookKind.DROPPED})

DatagramLook = Callable[[Vantage, Target, float], Look]
"""How UDP is looked at; it cannot go through an SSH host."""


def look_at_datagrams(vantage: Vantage, target: Target, timeout_s: float) -> Look:
    """Look over UDP from this machine."""
    return look_dtls(vantage, target=target, timeout_s=timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    blank: Look
    """What is reported if the look never ends."""
    make: Callable[[], Look]


def survey(
    vantages: Iterable[Vantage],
    vserver: Vserver,
    diallers: Mapping[VantageName, Dialler],
    *,
    timeout_s: float = LOOK_TIMEOUT_S,
    trust: Trust = _ANY,
    datagrams: DatagramLook | None = look_at_datagrams,
) -> tuple[VantageReport, ...]:
    """Look from all vantages; each look has `timeout_s`, and one that is late is not waited for.

    A vantage without a dialler of its own looks from this machine, unless it needs an SSH host.
    """
    trust.context()  # An authority that cannot be read is the caller's error, not a look's.
    given = tuple(vantages)
    dials = _dials_that_work(given, vserver, diallers)
    controls: dict[VantageName, _Job] = {}
    gates: dict[VantageName, list[_Job]] = {}
    for vantage in given:
        dial = dials[vantage.name]
        if vantage.control is not None:
            controls[vantage.name] = _control_job(vantage, vantage.control, dial, timeout_s)
        gates[vantage.name] = [
            *_page_jobs(vantage, vserver, dial, timeout_s, trust),
            *_datagram_jobs(vantage, vserver, timeout_s, datagrams),
            *_jobs_of_nobody(vantage, given, vserver),
        ]
    everything = [*controls.values(), *(job for jobs in gates.values() for job in jobs)]
    looks = _in_parallel(everything, timeout_s)
    # A way that broke during the looks makes an open gate seem shut: a control that answered
    # before must still answer after them.
    doubtful = [
        controls[name]
        for name, jobs in gates.items()
        if name in controls and any(looks[job].kind in _ENDED_WITHOUT_ANSWER for job in jobs)
    ]
    looks |= _in_parallel(doubtful, timeout_s)
    return tuple(
        VantageReport(
            vantage=vantage.name,
            side=vantage.side,
            control=looks[controls[vantage.name]] if vantage.name in controls else None,
            gate=tuple(_weigh(vantage, looks[job]) for job in gates[vantage.name]),
        )
        for vantage in given
    )


def _dials_that_work(
    vantages: tuple[Vantage, ...], vserver: Vserver, diallers: Mapping[VantageName, Dialler]
) -> dict[VantageName, Dialler]:
    """Log in to the SSH hosts, once each; through one that failed nothing is tried again.

    Logging in may take longer than a look, and many looks at once would be many wrong logins.
    """
    dials = {vantage.name: _dialler(vantage, diallers) for vantage in vantages}
    ways: dict[VantageName, _Job] = {}
    for vantage in vantages:
        target = vantage.control or next(iter(_targets(vantage, vserver)), None)
        if vantage.via is not None and target is not None:
            ways[vantage.name] = _control_job(vantage, target, dials[vantage.name], _FIRST_DIAL_S)
    seen = _in_parallel([*ways.values()], _LOGIN_S)
    for name, job in ways.items():
        if seen[job].kind is LookKind.NOT_LOOKED:
            dials[name] = _closed_way(seen[job].detail)
    return dials


def _dialler(vantage: Vantage, diallers: Mapping[VantageName, Dialler]) -> Dialler:
    if vantage.name in diallers:
        return diallers[vantage.name]
    if vantage.via is None:
        return local_dialler(vantage.source)
    return _closed_way(f"there is no connection to {vantage.via.name} to look through")


def _closed_way(because: str) -> Dialler:
    def dial(_host: str, _port: int, _timeout_s: float) -> Stream:
        raise Unreachable(because)

    return dial


def _control_job(vantage: Vantage, target: Target, dial: Dialler, timeout_s: float) -> _Job:
    return _Job(
        blank=blank_look(vantage, target, "tcp"),
        make=lambda: control_answers(vantage, dial=dial, target=target, timeout_s=timeout_s),
    )


def _page_jobs(
    vantage: Vantage, vserver: Vserver, dial: Dialler, timeout_s: float, trust: Trust
) -> list[_Job]:
    def job(target: Target, *, tls: bool) -> _Job:
        return _Job(
            blank=blank_look(vantage, target, "https" if tls else "http"),
            make=lambda: look_at(
                vantage,
                dial=dial,
                target=target,
                server_name=vserver.server_name,
                timeout_s=timeout_s,
                tls=tls,
                trust=trust,
            ),
        )

    targets = _targets(vantage, vserver)
    jobs = [job(target, tls=True) for target in targets]
    # Port 80 is the gateway's only where 443 is; elsewhere it may be anybody's.
    if vserver.port == _HTTPS_PORT:
        jobs += [
            job((host, _HTTP_PORT), tls=False) for host, port in targets if port == _HTTPS_PORT
        ]
    return jobs


def _datagram_jobs(
    vantage: Vantage, vserver: Vserver, timeout_s: float, look: DatagramLook | None
) -> list[_Job]:
    if look is None or vantage.via is not None:
        return []

    def job(target: Target) -> _Job:
        return _Job(
            blank=blank_look(vantage, target, "dtls"),
            make=lambda: look(vantage, target, timeout_s),
        )

    return [job(target) for target in _targets(vantage, vserver)]


def _jobs_of_nobody(
    vantage: Vantage, vantages: tuple[Vantage, ...], vserver: Vserver
) -> list[_Job]:
    """Say what is not looked at, so that silence about an address is never a shut address."""
    side = [other for other in vantages if other.side is vantage.side]
    covered = {_version(host) for other in side for host, _ in _targets(other, vserver)}
    missing: tuple[Target, ...] = ()
    if vantage is side[0]:
        missing = tuple(one for one in _addresses(vserver) if _version(one[0]) not in covered)
    if not missing and not _targets(vantage, vserver):
        missing = _addresses(vserver)[:1]
    return [_not_looked(blank_look(vantage, target, "https")) for target in missing]


def _not_looked(blank: Look) -> _Job:
    look = replace(blank, detail="no source address of this IP version is configured")
    return _Job(blank=look, make=lambda: look)


def _targets(vantage: Vantage, vserver: Vserver) -> tuple[Target, ...]:
    if vantage.target is not None:
        return (vantage.target,)
    source = vantage.source
    return tuple(
        target
        for target in _addresses(vserver)
        if source is None or source.version == _version(target[0])
    )


def _addresses(vserver: Vserver) -> tuple[Target, ...]:
    given = (vserver.address, vserver.address6)
    return tuple((str(address), vserver.port) for address in given if address is not None)


def _version(host: str) -> int:
    try:
        return ip_address(host).version
    except ValueError:
        # A name in a vantage's own target stands for the IPv4 address behind a translation.
        return 4


def _weigh(vantage: Vantage, look: Look) -> Look:
    if look.kind is not LookKind.RESET or vantage.via is None or vantage.control is not None:
        return look
    # Inside an SSH channel the end of the channel and the gate's own reset look the same.
    detail = "the SSH channel ended before any byte, and no control tells why"
    return replace(look, kind=LookKind.SILENT, detail=detail)


def _in_parallel(jobs: list[_Job], timeout_s: float) -> dict[_Job, Look]:
    ended: queue.SimpleQueue[tuple[_Job, Look]] = queue.SimpleQueue()

    def run(job: _Job) -> None:
        ended.put((job, job.make()))

    for job in jobs:
        # Daemons, for a name server that never answers must not keep the process alive.
        threading.Thread(target=run, args=(job,), name="look", daemon=True).start()
    late = f"no result within {timeout_s:g} s"
    looks = {job: replace(job.blank, detail=job.blank.detail or late) for job in jobs}
    ends_s = time.monotonic() + timeout_s + _GRACE_S
    for _ in jobs:
        try:
            job, look = ended.get(timeout=max(0.0, ends_s - time.monotonic()))
        except queue.Empty:
            break
        looks[job] = look
    return looks

"""How long a gate stood exposed: exploitable, unmitigated, reachable, and exploitation public.

Doubt counts as exposed: a gate that was not seen shut was reachable, and the build that gatectl
saw first is taken to have been there before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from gatectl.core.advisory import Advisory, Build, BuildError
from gatectl.core.event import (
    Ending,
    Mode,
    Recorded,
    RunEnded,
    RunId,
    RunStarted,
    SidesSeen,
    Signalled,
)
from gatectl.core.exposure import Applicability, NodeSeen, build_of, in_ranges, judge_node
from gatectl.core.gate import AdvisoryId, NodeName, Signal
from gatectl.core.plan import Direction, Plan
from gatectl.core.playbook import Purpose

KINDS = ("run.started", "run.ended", "sides.seen", "gate.signalled")
"""The kinds of events that tell it."""

Exploitable = Callable[[NodeName, str], bool]
"""Whether a node would be, or may be, exploitable with a build."""

_REACHABLE = frozenset({Signal.SEEN_OPEN, Signal.REOPEN_STARTED, Signal.CONFIRMED, Signal.DOUBT})
_SHUT = frozenset({Signal.CLOSE_PROVEN, Signal.SEEN_SHUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time; without an end it goes on."""

    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedTime:
    """When a gate stood exposed to a bulletin."""

    periods: tuple[Period, ...]
    first_seen: datetime | None
    """When gatectl first put an exploitable build on record; before that it is an assumption."""
    length: timedelta
    because: str

    @property
    def since(self) -> datetime | None:
        """The first moment; none if there was no such time."""
        return self.periods[0].begin if self.periods else None


def exposed_time(
    advisory: Advisory,
    history: Iterable[Recorded],
    *,
    exploitable: Exploitable,
    builds_now: Mapping[NodeName, str],
    now: datetime,
) -> ExposedTime:
    """Find the exposed time of a gate from its journal and from what its nodes run now."""
    if advisory.known_exploited is None:
        because = f"no exploitation of {advisory.id} is known"
        return _told((), None, now, because)
    public = datetime.combine(advisory.known_exploited, time(), tzinfo=UTC)
    records = list(history)
    moments = list(_moments(records, advisory, builds_now))
    first_seen = _first_seen(records, exploitable)
    periods = tuple(_periods(moments, exploitable, builds_now, public, now))
    because = f"exploitation is public since {advisory.known_exploited}"
    if periods and first_seen is None:
        because += "; that the build was there all the time is assumed, no run has put it on record"
    elif periods and first_seen is not None and periods[0].begin < first_seen:
        because += (
            f"; before {first_seen:%Y-%m-%d %H:%M} UTC, when gatectl put it on record, "
            "the build is assumed"
        )
    return _told(periods, first_seen, now, because)


def exposed_times(
    seen: Iterable[NodeSeen],
    advisories: Iterable[Advisory],
    history: Iterable[Recorded],
    now: datetime,
) -> Mapping[AdvisoryId, ExposedTime]:
    """Find the exposed time of a gate for each bulletin, as its nodes are configured now.

    Nodes that show nothing but their name are taken to have what each bulletin needs.
    """
    nodes = {one.node: one for one in seen}
    records = tuple(history)
    builds = {name: build_of(one) for name, one in nodes.items()}
    builds_now = {name: str(build) for name, build in builds.items() if isinstance(build, Build)}
    return {
        advisory.id: exposed_time(
            advisory,
            records,
            exploitable=partial(_exploitable, nodes, advisory),
            builds_now=builds_now,
            now=now,
        )
        for advisory in advisories
    }


def _exploitable(
    nodes: Mapping[NodeName, NodeSeen], advisory: Advisory, node: NodeName, build: str
) -> bool:
    seen = nodes.get(node, NodeSeen(node=node, shows={})).running(build)
    against = set(advisory.exploited_cves or advisory.cves)
    found = [one for one in judge_node(seen, advisory).cves if one.cve in against]
    return any(one.answer in {Applicability.APPLIES, Applicability.UNKNOWN} for one in found)


def earliest(times: Iterable[ExposedTime]) -> datetime | None:
    """Give the first moment at which a gate stood exposed to any of several bulletins."""
    return min((one.since for one in times if one.since is not None), default=None)


def exposed_in_service(
    times: Iterable[ExposedTime], in_service_since: date | None
) -> datetime | None:
    """Give the first moment of any exposed time during which the gate was in service at all."""
    start = datetime.combine(in_service_since, time(), tzinfo=UTC) if in_service_since else None
    moments = [
        period.begin if start is None else max(period.begin, start)
        for one in times
        for period in one.periods
        if start is None or period.end is None or period.end > start
    ]
    return min(moments, default=None)


def _first_seen(records: list[Recorded], exploitable: Exploitable) -> datetime | None:
    for recorded in records:
        if isinstance(recorded.event, RunStarted):
            builds = recorded.event.plan.facts.builds
            if any(exploitable(node, build) for node, build in builds.items()):
                return recorded.at
    return None


def _told(
    periods: tuple[Period, ...], first_seen: datetime | None, now: datetime, because: str
) -> ExposedTime:
    length = sum(((one.end or now) - one.begin for one in periods), timedelta())
    return ExposedTime(periods=periods, first_seen=first_seen, length=length, because=because)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What was known at one moment."""

    builds: Mapping[NodeName, str]
    shut: bool = False
    mitigated: bool = False
    ignored: tuple[tuple[str, str], ...] = ()

    def exploited(self, exploitable: Exploitable) -> bool:
        return any(
            exploitable(node, build) and not (self.mitigated and self._heeds(build))
            for node, build in self.builds.items()
        )

    def _heeds(self, build: str) -> bool:
        try:
            return not in_ranges(Build.parse(build), self.ignored)
        except BuildError:
            return False

    def exposed(self, exploitable: Exploitable) -> bool:
        return not self.shut and self.exploited(exploitable)


def _moments(
    records: list[Recorded], advisory: Advisory, builds_now: Mapping[NodeName, str]
) -> Iterator[tuple[datetime | None, _State]]:
    """Give the state from each record on; the first one has no time, for it was so before."""
    first: dict[NodeName, str] = {}
    for recorded in records:
        if isinstance(recorded.event, RunStarted):
            first = {**recorded.event.plan.facts.builds, **first}
    state = _State(builds={**builds_now, **first}, ignored=advisory.mitigation_ignored)
    yield None, state
    runs: dict[RunId | None, tuple[Plan, Mode]] = {}
    for recorded in records:
        if isinstance(recorded.event, RunStarted):
            runs[recorded.run] = (recorded.event.plan, recorded.event.mode)
        state = _after(state, recorded, runs, advisory)
        yield recorded.at, state


def _after(
    state: _State,
    recorded: Recorded,
    runs: Mapping[RunId | None, tuple[Plan, Mode]],
    advisory: Advisory,
) -> _State:
    match recorded.event:
        case RunStarted(plan=plan, mode=mode):
            state = replace(state, builds={**state.builds, **plan.facts.builds})
            undone = mode is Mode.REAL and plan.direction is Direction.UNDO
            lifted = undone and _mitigates(plan, advisory)
            return replace(state, mitigated=False) if lifted else state
        case RunEnded(ending=Ending.PROVEN) if recorded.run in runs:
            return _after_proven(state, *runs[recorded.run], advisory)
        case SidesSeen(outside=outside):
            return replace(state, shut=outside == "shut")
        case Signalled(signal=signal) if signal in _REACHABLE:
            return replace(state, shut=False)
        case Signalled(signal=signal) if signal in _SHUT:
            return replace(state, shut=True)
        case _:
            return state


def _after_proven(state: _State, plan: Plan, mode: Mode, advisory: Advisory) -> _State:
    if mode is Mode.DRY or plan.direction is Direction.UNDO:
        return state
    if plan.purpose is Purpose.PATCH and "build" in plan.parameters:
        return replace(state, builds=dict.fromkeys(state.builds, plan.parameters["build"]))
    if _mitigates(plan, advisory):
        return replace(state, mitigated=True)
    return state


def _mitigates(plan: Plan, advisory: Advisory) -> bool:
    named = plan.advisory == advisory.id or plan.playbook == advisory.mitigation
    covered = set(advisory.mitigation_cves or advisory.cves)
    against = set(advisory.exploited_cves or advisory.cves)
    return plan.purpose is Purpose.MITIGATE and named and against <= covered


def _periods(
    moments: list[tuple[datetime | None, _State]],
    exploitable: Exploitable,
    builds_now: Mapping[NodeName, str],
    public: datetime,
    now: datetime,
) -> Iterator[Period]:
    last = moments[-1][1]
    present = replace(last, builds={**last.builds, **builds_now})
    # A build that changed without gatectl did so at some time after the last record.
    told = [(max(at or public, public), state.exposed(exploitable)) for at, state in moments]
    told[-1] = (told[-1][0], told[-1][1] or present.exposed(exploitable))
    told.append((max(now, public), present.exposed(exploitable)))
    begin: datetime | None = None
    for at, exposed in told:
        if exposed and begin is None:
            begin = at
        elif not exposed and begin is not None:
            if at > begin:
                yield Period(begin=begin, end=at)
            begin = None
    if begin is not None and begin <= now:
        yield Period(begin=begin, end=None)

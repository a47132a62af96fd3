"""Whether a playbook is fit for a gate, whether a step applies to it, and on which nodes."""

from collections.abc import Iterator, Mapping

from gatectl.core.advisory import Build, BuildError
from gatectl.core.gate import Gate, NodeName, Role
from gatectl.core.parameter import PlanError
from gatectl.core.plan import GateFacts
from gatectl.core.playbook import Facts, Unfit


def unfit(reasons: tuple[Unfit, ...], gate: Gate, facts: GateFacts) -> Iterator[str]:
    """Say why a playbook must not be used here; a build that is not known is no reason."""
    for reason in reasons:
        if reason.vserver_kind is not None and gate.vserver.kind in reason.vserver_kind:
            yield f"{gate.vserver.name}: {reason.because}"
        if reason.builds is None:
            continue
        for node, build in facts.builds.items():
            if in_range(build, *reason.builds):
                yield f"{node} runs {build}: {reason.because}"


def in_range(build: str, first: str, last: str) -> bool:
    """Say whether a build lies in a range; another train is in none.

    A range names no edition, so the numbers alone tell: where editions share them, it is for both.
    """
    installed = Build.parse(build)
    try:
        return Build.parse(first) <= installed <= Build.parse(last)
    except BuildError:
        return False


def applies(only_if: Facts, gate: Gate, facts: GateFacts, given: Mapping[str, str]) -> bool:
    """Say whether a step's conditions hold for a gate as it was seen, with what was given."""
    are = {
        "ha": gate.is_pair,
        "shut": facts.shut,
        "ipv4": gate.vserver.ipv4 is not None,
        "ipv6": gate.vserver.ipv6 is not None,
        "primary_behind": _primary_behind(facts, given),
    }
    if any(getattr(only_if, name) not in {None, holds} for name, holds in are.items()):
        return False
    if only_if.closed_by is not None and only_if.closed_by not in facts.closed_by:
        return False
    if only_if.not_closed_by is not None and only_if.not_closed_by in facts.closed_by:
        return False
    if any(given.get(name) != value for name, value in (only_if.given or {}).items()):
        return False
    return _builds_apply(only_if, gate, facts)


def _primary_behind(facts: GateFacts, given: Mapping[str, str]) -> bool:
    primaries = [name for name, role in facts.roles.items() if role is Role.PRIMARY]
    wanted = given.get("build")
    return any(facts.builds.get(name) != wanted for name in primaries)


def _builds_apply(only_if: Facts, gate: Gate, facts: GateFacts) -> bool:
    if only_if.release_at_least is not None:
        wanted = release_number(only_if.release_at_least)
        seen = [release_number(Build.parse(one).train.release) for one in facts.builds.values()]
        if not seen or min(seen) < wanted:
            return False
    if (only_if.build_at_least or only_if.build_below) and len(facts.builds) < len(gate.nodes):
        # A build that is not known is in no range.
        return False
    builds = [Build.parse(build) for build in facts.builds.values()]
    return all(
        _build_in_range(build, only_if.build_at_least, only_if.build_below) for build in builds
    )


def release_number(release: str) -> tuple[int, ...]:
    """Give a release such as 13.1 as numbers that can be compared."""
    return tuple(int(part) for part in release.split("."))


def _build_in_range(build: Build, at_least: str | None, below: str | None) -> bool:
    first = Build.parse(at_least) if at_least else None
    last = Build.parse(below) if below else None
    if first is not None and (build.train != first.train or build < first):
        return False
    return last is None or (build.train == last.train and build < last)


def nodes_for(on: str, gate: Gate, facts: GateFacts) -> tuple[NodeName, ...]:
    """Resolve `primary`, `secondary` and `each-node` (the primary first) by the roles seen."""
    order = (Role.PRIMARY, Role.SECONDARY, Role.UNKNOWN)
    names = sorted(
        (node.name for node in gate.nodes),
        key=lambda name: order.index(facts.roles.get(name, Role.UNKNOWN)),
    )
    if on == "each-node":
        return tuple(names)
    role = Role(on)
    found = tuple(name for name in names if facts.roles.get(name) is role)
    if not found and (role is Role.PRIMARY or gate.is_pair):
        raise PlanError(f"no node of {gate.name} is {role} now, so it cannot be planned for")
    return found

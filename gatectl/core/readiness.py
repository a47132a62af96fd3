"""Whether a plan fits the gate: the build to install, the closing method, our own way in."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from gatectl.core.advisory import Advisory, Build
from gatectl.core.check import Verdict, all_of, failed, passed, unknown
from gatectl.core.gate import Address, AdvisoryId, Gate, Node
from gatectl.core.netscaler import hides_management
from gatectl.core.plan import Plan
from gatectl.core.planning import in_force
from gatectl.core.playbook import Purpose

RELEASES = ("10.1", "10.5", "11.0", "11.1", "12.0", "12.1", "13.0", "13.1", "14.1")
"""In the vendor's order: an upgrade takes one step at a time (netscaler.md 3.4)."""

_NOTHING_INSTALLED = passed("this playbook installs nothing")


def judge_release_step(plan: Plan, gate: Gate) -> Verdict:
    """Judge whether the target is of the installed release or of the one right after it."""
    target = _target(plan, gate)
    if target is None:
        return _NOTHING_INSTALLED
    return all_of(
        _one_step(node, Build.parse(build).train.release, target.train.release)
        for node, build in plan.facts.builds.items()
    )


def _one_step(node: str, installed: str, target: str) -> Verdict:
    if installed not in RELEASES or target not in RELEASES:
        return unknown(f"{node}: the order of the releases {installed} and {target} is not known")
    steps = RELEASES.index(target) - RELEASES.index(installed)
    if steps > 1:
        following = RELEASES[RELEASES.index(installed) + 1]
        return failed(f"{node}: from {installed} to {target} goes over {following} first")
    if steps < 0:
        return failed(f"{node}: {target} is an older release than {installed}")
    return passed(f"{node}: {installed} to {target} is one step at the most")


def judge_edition(plan: Plan, gate: Gate) -> Verdict:
    """Judge whether FIPS and NDcPP appliances stay in their own builds, and others out of them."""
    target = _target(plan, gate)
    if target is None:
        return _NOTHING_INSTALLED
    installed = {
        node: Build.parse(build, fips=gate.fips) for node, build in plan.facts.builds.items()
    }
    return all_of(
        passed(f"{node} stays {target.train.edition}")
        if build.train.edition is target.train.edition
        else failed(f"{node} runs {build} ({build.train}), and {target} is of {target.train}")
        for node, build in installed.items()
    )


def judge_known_bad(plan: Plan, gate: Gate, advisories: Mapping[AdvisoryId, Advisory]) -> Verdict:
    """Judge whether a bulletin warns of the very build that is to be installed."""
    target = _target(plan, gate)
    if target is None:
        return _NOTHING_INSTALLED
    warnings = [
        f"{target}: {broken.because} ({advisory.id})"
        for advisory in advisories.values()
        for broken in advisory.avoid
        if Build.parse(broken.build, fips=gate.fips) == target
    ]
    if warnings:
        return failed("; ".join(warnings))
    return passed(f"no bulletin warns of {target}")


def _target(plan: Plan, gate: Gate) -> Build | None:
    wanted = plan.parameters.get("build")
    return None if wanted is None else Build.parse(wanted, fips=gate.fips)


def judge_fit(plan: Plan) -> Verdict:
    """Judge whether the playbook does on this gate what it says."""
    if plan.unfit:
        return failed("; ".join(plan.unfit))
    return passed("nothing speaks against this playbook here")


_ABOUT_HTTP = frozenset(
    {"gateway", "gateway-or-aaa", "saml-sp-or-idp", "saml-idp", "http-vserver", "url-expression"}
)


def about_http(advisory: Advisory) -> bool:
    """Say whether all faults of a bulletin need an HTTP request; what is not known does not."""
    if any(check.weight == "proof" for check in advisory.safe_checks):
        return True
    kinds = {precondition.kind for precondition in advisory.preconditions}
    return bool(kinds) and kinds <= _ABOUT_HTTP


def judge_coverage(plan: Plan, gate: Gate, advisories: Mapping[AdvisoryId, Advisory]) -> Verdict:
    """Judge whether a method that stops HTTP requests alone may be the only one of a gate."""
    if plan.purpose is not Purpose.CLOSE or plan.stops == "packets":
        return passed("this playbook stops more than HTTP requests")
    if gate.close_methods != (plan.playbook,):
        return passed(f"{plan.playbook} is not the only close method of {gate.name}")
    wider = [one.id for one in in_force(gate, advisories) if not about_http(one)]
    if wider:
        return failed(
            f"{plan.playbook} is the only close method and stops HTTP requests alone, while "
            f"{', '.join(wider)} may need none"
        )
    return passed("every bulletin in force is about HTTP requests")


def judge_management_path(plan: Plan, gate: Gate) -> Verdict:
    """Judge whether a line of the plan could cut gatectl off from a node."""
    cuts = [
        f"{line!r} could cut the way to {node.name}"
        for node in gate.nodes
        for line in dict.fromkeys(line for step in plan.steps for line in step.writes)
        if _cuts(line, node)
    ]
    if cuts:
        return failed("; ".join(cuts))
    return passed("no line touches a node's own address")


_PORT = re.compile(r"-destPort\s+=\s+(\d+)(?:-(\d+))?(?=\s|$)", re.IGNORECASE)


def _cuts(line: str, node: Node) -> bool:
    addresses = tuple(_address(node.host.address))
    if not addresses or not hides_management(line, addresses):
        return False
    port = _PORT.search(line)
    if port is None:
        return True
    # A rule about other ports leaves the way to this one alone.
    return int(port[1]) <= node.host.port <= int(port[2] or port[1])


def _address(text: str) -> Iterator[Address]:
    try:
        yield ip_address(text)
    except ValueError:
        # A name says nothing about rules for addresses.
        return


def judge_own_connection(plan: Plan, gate: Gate) -> Verdict:
    """Judge whether whoever closes the gate would be cut off with everybody else."""
    if plan.purpose is not Purpose.CLOSE:
        return passed("only a closing cuts those who come in through the gate")
    own = {f"the way to {node}": text for node, text in plan.facts.own_addresses.items()}
    own |= {
        f"the vantage {vantage.name}": str(vantage.source)
        for vantage in gate.vantages
        if vantage.source is not None
    }
    inside = [
        f"{what} starts at {text}, an address that {gate.name} itself gives out"
        for what, text in own.items()
        if any(address in pool for address in _address(text) for pool in gate.pool_networks)
    ]
    if inside:
        return failed("; ".join(inside))
    return passed("gatectl does not come in through this gate, as far as is known")

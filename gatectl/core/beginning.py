"""What must be so before a run begins its work; all that stands in its way is told at once."""

from collections.abc import Iterator, Mapping

from gatectl.core.advisory import Advisory, Build, BuildError, Exposure, exposure_of_build
from gatectl.core.check import Answer, Verdict, all_of, failed, passed, unknown
from gatectl.core.fitness import in_range
from gatectl.core.gate import SHUT_STATES, AdvisoryId, Gate, GateState, NodeName
from gatectl.core.interlock import Blocker, judge_same_nodes
from gatectl.core.plan import Plan
from gatectl.core.planning import in_force
from gatectl.core.playbook import Purpose
from gatectl.core.readiness import (
    judge_coverage,
    judge_edition,
    judge_fit,
    judge_known_bad,
    judge_management_path,
    judge_own_connection,
    judge_release_step,
)
from gatectl.core.run import Run
from gatectl.core.standing import Standing


def judge_beginning(
    gate: Gate, standing: Standing, plan: Plan, run: Run, advisories: Mapping[AdvisoryId, Advisory]
) -> tuple[Blocker, ...]:
    """Judge whether a run may begin its work: all that stands in its way, overridden or not."""
    judged = [
        ("gate-shut", judge_state(standing, needs_shut=plan.needs_shut), "gatectl close GATE"),
        ("same-nodes", judge_same_nodes(gate, standing, plan), "gatectl verify GATE"),
        ("target-build", judge_target(plan, advisories, gate), "another --build"),
        ("release-step", judge_release_step(plan, gate), "another --build"),
        ("edition", judge_edition(plan, gate), "another --build"),
        ("known-bad-build", judge_known_bad(plan, gate, advisories), "another --build"),
        ("mitigation-works", judge_mitigation(plan, advisories), "gatectl close GATE"),
        ("method-fits", judge_fit(plan), "another method in close_methods"),
        ("covers-bulletins", judge_coverage(plan, gate, advisories), "another method beside it"),
        ("management-path", judge_management_path(plan, gate), _OVERRIDE.format("management-path")),
        ("own-connection", judge_own_connection(plan, gate), _OVERRIDE.format("own-connection")),
        *_judged_prechecks(plan, run),
    ]
    return tuple(
        Blocker(interlock=name, verdict=verdict, clears=clears.replace("GATE", gate.name))
        for name, verdict, clears in judged
        if not verdict.passed
    )


_OVERRIDE = "--override {} --reason TEXT"


def _judged_prechecks(plan: Plan, run: Run) -> Iterator[tuple[str, Verdict, str]]:
    for step in plan.steps:
        record = run.record(step.id)
        if step.precheck:
            verdict = record.verdict or unknown("it was not looked at")
            if plan.purpose is Purpose.CLOSE and verdict.answer is Answer.UNKNOWN:
                # A node that does not answer keeps nobody from closing the other one.
                verdict = passed(f"not known: {verdict.because}")
            at = f"{step.node}: " if step.node else ""
            told = Verdict(answer=verdict.answer, because=f"{at}{verdict.because}")
            yield step.claim, told, _OVERRIDE.format(step.claim)


def judge_state(standing: Standing, *, needs_shut: bool) -> Verdict:
    """Judge whether a playbook that needs a shut gate may begin."""
    if not needs_shut:
        return passed("this playbook does not need a shut gate")
    if standing.state in SHUT_STATES and standing.closed_by:
        return passed(f"the gate is {standing.state}")
    if standing.state is GateState.UNKNOWN:
        return unknown(f"whether the gate is shut is not known: {standing.state_because}")
    return failed(f"the gate is {standing.state}; close it first")


def judge_target(plan: Plan, advisories: Mapping[AdvisoryId, Advisory], gate: Gate) -> Verdict:
    """Judge whether the build to install is worth installing on every node."""
    wanted = plan.parameters.get("build")
    if wanted is None:
        return passed("this playbook installs nothing")
    target = Build.parse(wanted, fips=gate.fips)
    verdicts = [_target_fixed(target, bulletin) for bulletin in in_force(gate, advisories)]
    verdicts += [_not_older(target, node, build, gate) for node, build in plan.facts.builds.items()]
    return all_of(verdicts)


def _target_fixed(target: Build, advisory: Advisory) -> Verdict:
    exposure = exposure_of_build(target, advisory)
    if exposure.kind in {Exposure.Kind.FIXED, Exposure.Kind.NOT_AFFECTED}:
        return passed(exposure.because)
    answer = Answer.UNKNOWN if exposure.kind is Exposure.Kind.UNKNOWN else Answer.FAIL
    return Verdict(answer=answer, because=f"target build: {exposure.because}")


def _not_older(target: Build, node: NodeName, installed: str, gate: Gate) -> Verdict:
    running = Build.parse(installed, fips=gate.fips)
    try:
        older = target < running
    except BuildError:
        # Another train: the vendor's order of releases is checked by a person, not by a number.
        return passed(f"{node} goes from {running} to {target}, another train")
    if older:
        return failed(f"{target} is older than {running}, which runs on {node}")
    return passed(f"{target} is not older than {running} on {node}")


def judge_mitigation(plan: Plan, advisories: Mapping[AdvisoryId, Advisory]) -> Verdict:
    """Judge whether a mitigation can work on the installed builds at all."""
    advisory = advisories.get(plan.advisory) if plan.advisory else None
    if advisory is None:
        return passed("no bulletin says that this mitigation is ignored on some builds")
    ignored = [
        f"{node} runs {build}, which accepts the mitigation for {advisory.id} and ignores it"
        for node, build in plan.facts.builds.items()
        if any(in_range(build, first, last) for first, last in advisory.mitigation_ignored)
    ]
    if ignored:
        return failed("; ".join(ignored))
    return passed(f"no node runs a build that ignores the mitigation for {advisory.id}")

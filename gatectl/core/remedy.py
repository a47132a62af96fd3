"""What to install on a node and what to do besides, from all the bulletins that apply to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gatectl.core.advisory import Advisory, AfterPatch, Build
from gatectl.core.check import Answer
from gatectl.core.exposure import Applicability, NodeExposure
from gatectl.core.gate import AdvisoryId

_MATTERS = frozenset({Applicability.APPLIES, Applicability.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """What to install: a build, another release, or nothing."""

    kind: Literal["nothing", "build", "other-release", "unknown"]
    build: str = ""
    others: tuple[str, ...] = ()
    """Builds of other releases that are fixed, where this one gets no fix."""
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """All that a node needs."""

    install: Install
    settings: tuple[str, ...]
    """Commands for the settings without which the build is not enough."""
    besides: tuple[AfterPatch, ...]


def remedy(
    exposures: Iterable[NodeExposure],
    advisories: Mapping[AdvisoryId, Advisory],
    *,
    fips: bool,
) -> Remedy:
    """Sum up what the bulletins ask of one node; those that do not matter ask nothing."""
    matter = [one for one in exposures if one.answer in _MATTERS]
    settings = [
        found.setting.set
        for one in matter
        for found in one.settings
        if found.verdict.answer is not Answer.PASS
    ]
    besides = [step for one in matter for step in advisories[one.advisory].after_patch]
    return Remedy(
        install=_install([(one, advisories[one.advisory]) for one in matter], fips=fips),
        settings=tuple(dict.fromkeys(settings)),
        besides=tuple(dict.fromkeys(besides)),
    )


def install_for(build: Build, advisory: Advisory) -> Install:
    """Say what a bulletin wants installed on a node that runs this build."""
    train = str(build.train)
    fips = train.endswith("-FIPS")
    if train in advisory.unfixed:
        return Install(kind="other-release", because=f"{train} gets no fix for {advisory.id}")
    wanted = advisory.install.get(train) or advisory.fixed.get(train)
    if wanted is None:
        because = f"{advisory.id} names no build for {train}"
        return Install(kind="unknown", because=because)
    if build >= Build.parse(wanted, fips=fips):
        return Install(kind="nothing", because=f"{build} is fixed for {advisory.id}")
    warning = next((one.because for one in advisory.avoid if one.build == wanted), "")
    because = f"fixed for {advisory.id}"
    if warning:
        because += f"; a later build is better than {wanted}: {warning}"
    return Install(kind="build", build=wanted, because=because)


def _install(matter: list[tuple[NodeExposure, Advisory]], *, fips: bool) -> Install:
    wanted: list[Install] = []
    for exposure, advisory in matter:
        if not exposure.build:
            return Install(kind="unknown", because="the running build is not known")
        wanted.append(install_for(Build.parse(exposure.build, fips=fips), advisory))
    bulletins = [advisory for _, advisory in matter]
    stuck = [a.id for one, a in zip(wanted, bulletins, strict=True) if one.kind == "other-release"]
    train = str(Build.parse(matter[0][0].build, fips=fips).train) if matter else ""
    if stuck:
        return Install(
            kind="other-release",
            others=_other_releases(bulletins, fips=train.endswith("-FIPS")),
            because=f"{train} gets no fix for {', '.join(stuck)}",
        )
    silent = [one.because for one in wanted if one.kind == "unknown"]
    builds = [one for one in wanted if one.kind == "build"]
    if builds:
        # All of one train, that of the node, so the highest has the fixes of the others too. What
        # the inventory says is no help: a release may have its FIPS builds among later numbers.
        best = max(builds, key=lambda one: Build.parse(one.build, fips=train.endswith("-FIPS")))
        return replace(best, because="; ".join([best.because, *silent]))
    if silent:
        return Install(kind="unknown", because="; ".join(silent))
    return Install(kind="nothing", because="the running build has every fix that is needed")


def _other_releases(bulletins: list[Advisory], *, fips: bool) -> tuple[str, ...]:
    """Give the lowest build of each release, in the same edition, that has every fix."""
    trains = {train for advisory in bulletins for train in advisory.fixed}
    found: list[Build] = []
    for train in sorted(one for one in trains if one.endswith("-FIPS") is fips):
        if all(_is_told(train, advisory) for advisory in bulletins):
            wanted = [a.install.get(train) or a.fixed[train] for a in bulletins if train in a.fixed]
            found.append(max(Build.parse(text, fips=fips) for text in wanted))
    return tuple(str(build) for build in found)


def _is_told(train: str, advisory: Advisory) -> bool:
    return train in {*advisory.fixed, *advisory.later, *advisory.unaffected}

"""What a bulletin means for one node: its build, its configuration and its settings together.

Judged CVE by CVE, for a bulletin may have one for everybody and one for SAML alone. A look that
failed is unknown, and never "not configured".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from gatectl.core.advisory import (
    Advisory,
    Build,
    BuildError,
    Exposure,
    Precondition,
    RequiredSetting,
    exposure_of_build,
)
from gatectl.core.check import (
    Answer,
    Expectation,
    Observation,
    Seen,
    Unreadable,
    Verdict,
    all_of,
    failed,
    judge,
    passed,
    unknown,
)
from gatectl.core.gate import AdvisoryId, NodeName

BUILD_LOOK: Final = "show ns version"
CONFIGURATION_LOOK: Final = "show ns runningConfig"
_PARTITION: Final = re.compile(r"(?i)^add ns partition (\S+)")
_OWN_ADDRESS: Final = re.compile(r"(?i)^set ns config\b.*-IPAddress ")
"""Stands in every configuration: without it, the answer was cut or shows only a part."""
_SHOWN_CHARACTERS: Final = 100


class Applicability(StrEnum):
    """Whether a bulletin matters for a node; only the last three say that it does not."""

    APPLIES = "applies"
    UNKNOWN = "unknown"
    NOT_CONFIGURED = "not-configured"
    """The build has the fault, and what it takes to reach it was looked for and is not there."""
    FIXED = "fixed"
    NOT_AFFECTED = "not-affected"


_WORST_FIRST = tuple(Applicability)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSeen:
    """What a node showed of itself, by the command that was asked."""

    node: NodeName
    fips: bool = False
    shows: Mapping[str, Observation]

    def show(self, command: str) -> Observation:
        """Give the answer to a command; one that was not asked is no answer."""
        return self.shows.get(command, Unreadable(because=f"`{command}` was not looked at"))

    def running(self, build: str) -> "NodeSeen":
        """Give the same node as it would be with another build."""
        version = Seen(records=({"build": build},))
        return NodeSeen(node=self.node, fips=self.fips, shows={**self.shows, BUILD_LOOK: version})


@dataclass(frozen=True, slots=True, kw_only=True)
class CveFinding:
    """What one CVE of a bulletin means for a node."""

    cve: str
    answer: Applicability
    reasons: tuple[str, ...]

    @property
    def because(self) -> str:
        """The reasons as one sentence."""
        return "; ".join(self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFinding:
    """Whether a setting that is needed besides the build is in place."""

    setting: RequiredSetting
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeExposure:
    """What a bulletin means for a node, with the reasons."""

    node: NodeName
    advisory: AdvisoryId
    build: str
    """Empty where the node did not tell it."""
    answer: Applicability
    because: str
    cves: tuple[CveFinding, ...]
    settings: tuple[SettingFinding, ...]
    avoid: str
    """Why the running build should not be kept, though it is fixed; empty where it may."""


def needed_looks(advisories: Iterable[Advisory]) -> tuple[str, ...]:
    """List the commands whose answers are needed to judge these bulletins, each once."""
    looks = [BUILD_LOOK, CONFIGURATION_LOOK]
    for advisory in advisories:
        looks += [one.show for one in advisory.preconditions if one.show]
        looks += [one.show for one in advisory.required_settings]
    return tuple(dict.fromkeys(looks))


def judge_node(seen: NodeSeen, advisory: Advisory) -> NodeExposure:
    """Judge a bulletin for a node; its worst CVE decides."""
    build = build_of(seen)
    settings = tuple(
        SettingFinding(setting=one, verdict=_judge_setting(one, seen))
        for one in advisory.required_settings
    )
    cves = tuple(_judge_cve(cve, advisory, build, settings, seen) for cve in advisory.cves)
    if not cves:
        # Without this, a bulletin that names no CVE would apply to nobody.
        nothing = f"{advisory.id} names no CVE"
        cves = (CveFinding(cve="", answer=Applicability.UNKNOWN, reasons=(nothing,)),)
    worst = min((one.answer for one in cves), key=_WORST_FIRST.index)
    return NodeExposure(
        node=seen.node,
        advisory=advisory.id,
        build=str(build) if isinstance(build, Build) else "",
        answer=worst,
        because="; ".join(
            dict.fromkeys(why for one in cves if one.answer is worst for why in one.reasons)
        ),
        cves=cves,
        settings=settings,
        avoid=_reason_to_avoid(build, advisory),
    )


def build_of(seen: NodeSeen) -> Build | Unreadable:
    """Read the node's build from its answer, in the edition that the inventory names."""
    match seen.show(BUILD_LOOK):
        case Unreadable() as unreadable:
            return unreadable
        case Seen(records=records):
            try:
                return Build.parse(records[0]["build"], fips=seen.fips)
            except (BuildError, LookupError):
                return Unreadable(because=f"{seen.node} names no build that can be read")
        case _ as never:
            assert_never(never)


def in_ranges(build: Build, ranges: tuple[tuple[str, str], ...]) -> bool:
    """Whether a build is in one of these ranges; a range of another train holds none of it."""
    for first, last in ranges:
        low, high = Build.parse(first), Build.parse(last)
        if low.train == build.train == high.train and low <= build <= high:
            return True
    return False


def _judge_cve(
    cve: str,
    advisory: Advisory,
    build: Build | Unreadable,
    settings: tuple[SettingFinding, ...],
    seen: NodeSeen,
) -> CveFinding:
    def found(answer: Applicability, *reasons: str) -> CveFinding:
        return CveFinding(cve=cve, answer=answer, reasons=tuple(filter(None, reasons)))

    if isinstance(build, Unreadable):
        return found(Applicability.UNKNOWN, f"the build is not known: {build.because}")
    by_build = _exposure_to_cve(build, cve, advisory)
    match by_build.kind:
        case Exposure.Kind.NOT_AFFECTED:
            return found(Applicability.NOT_AFFECTED, by_build.because)
        case Exposure.Kind.UNKNOWN:
            # What a bulletin asks of the configuration, it asks for the trains that it lists.
            return found(Applicability.UNKNOWN, by_build.because)
        case Exposure.Kind.FIXED:
            besides = [one.verdict for one in settings if cve in one.setting.cves]
            fault = all_of(besides) if besides else passed("")
        case Exposure.Kind.EXPOSED:
            fault = failed(by_build.because)
        case _ as never:
            assert_never(never)
    if fault.passed:
        return found(Applicability.FIXED, by_build.because, fault.because)
    there = _judge_preconditions(cve, advisory, build, seen)
    if there.answer is Answer.FAIL:
        return found(Applicability.NOT_CONFIGURED, fault.because, there.because)
    doubt = Answer.UNKNOWN in {fault.answer, there.answer}
    answer = Applicability.UNKNOWN if doubt else Applicability.APPLIES
    return found(answer, fault.because, there.because)


def _exposure_to_cve(build: Build, cve: str, advisory: Advisory) -> Exposure:
    whole = exposure_of_build(build, advisory)
    if whole.kind is not Exposure.Kind.EXPOSED:
        return whole
    for partial in advisory.partly_fixed:
        first = Build.parse(partial.build)
        # Such a fix was made for one line of builds; a later line begins without it.
        same_line = first.train == build.train and first.major == build.major
        if cve in partial.cves and same_line and build >= first:
            because = f"{build} is fixed for {cve} (since {first}, in that line of builds)"
            return Exposure(kind=Exposure.Kind.FIXED, because=because)
    return whole


def _judge_preconditions(cve: str, advisory: Advisory, build: Build, seen: NodeSeen) -> Verdict:
    """Judge whether what a CVE needs is configured: one of the alternatives is enough."""
    wanted = [
        one
        for one in advisory.preconditions
        if (not one.cves or cve in one.cves) and not in_ranges(build, one.not_on)
    ]
    if not wanted:
        # A bulletin that was imported, or that says nothing of this CVE: everybody has it.
        return passed("")
    verdicts = [_judge_precondition(one, seen) for one in wanted]
    for answer in (Answer.PASS, Answer.UNKNOWN):
        reasons = [one.because for one in verdicts if one.answer is answer]
        if reasons:
            return Verdict(answer=answer, because=reasons[0])
    return failed(" and ".join(dict.fromkeys(one.because for one in verdicts)))


def _judge_precondition(precondition: Precondition, seen: NodeSeen) -> Verdict:
    if not precondition.pattern:
        return passed("every appliance has what it takes")
    match seen.show(precondition.show):
        case Unreadable(because=because):
            return unknown(f"whether {precondition.kind} is configured is not known: {because}")
        case Seen(records=records):
            lines = [record.get("line", "") for record in records]
        case _ as never:
            assert_never(never)
    pattern = re.compile(precondition.pattern)
    line = next((line for line in lines if pattern.search(line)), "")
    if line:
        return passed(f"{precondition.kind} is configured: {_short(line)}")
    if precondition.show == CONFIGURATION_LOOK and not any(map(_OWN_ADDRESS.search, lines)):
        return unknown(f"whether {precondition.kind} is configured is not known: only a part "
                       "of the configuration was shown")  # fmt: skip
    return failed(f"{precondition.kind} is not configured")


def _judge_setting(setting: RequiredSetting, seen: NodeSeen) -> Verdict:
    expected = Expectation(field=setting.field, equals=setting.equals)
    here = judge(seen.show(setting.show), (expected,))
    if not here.passed:
        return Verdict(answer=here.answer, because=f"{setting.set}: {here.because}")
    if not setting.each_partition:
        return here
    match seen.show(CONFIGURATION_LOOK):
        case Unreadable(because=because):
            return unknown(f"{here.because}, but admin partitions are not known: {because}")
        case Seen(records=records):
            found = (_PARTITION.search(record.get("line", "")) for record in records)
            names = [match[1] for match in found if match]
        case _ as never:
            assert_never(never)
    if names:
        # A session sees one partition, and going to another one is not a look.
        elsewhere = ", ".join(names)
        return unknown(f"{here.because} in the default partition; not looked at: {elsewhere}")
    return here


def _reason_to_avoid(build: Build | Unreadable, advisory: Advisory) -> str:
    if isinstance(build, Unreadable):
        return ""
    return next((one.because for one in advisory.avoid if str(build) == one.build), "")


def _short(line: str) -> str:
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[: _SHOWN_CHARACTERS - 1]}…"

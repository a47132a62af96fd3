"""Builds, ordered inside their train, and what a bulletin says of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import total_ordering
from typing import Literal, Self

from gatectl.core.gate import AdvisoryId

_BUILD = re.compile(
    r"(?P<release>\d{1,2}\.\d{1,2})[- ](?P<major>\d{1,4})\.(?P<minor>\d{1,5})", re.ASCII
)
_FIPS_MAJOR_OF_13_1 = 37
_FIPS_MAJOR_OF_12_1 = 55
_LAST_STANDARD_MINOR_OF_12_1_55 = 24
_FIRST_FIPS_MINOR_OF_12_1_55 = 289
_FIRST_FIPS_OF_14_1 = (72, 61)
"""From here on 14.1-FIPS shares its numbers with 14.1."""


class BuildError(ValueError):
    """A text that is no build, or two builds that cannot be compared."""


class Edition(StrEnum):
    """The two lines in which one release is maintained, with build numbers of their own."""

    STANDARD = "standard"
    FIPS = "fips"


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """A release in one edition: the only thing inside which build numbers have an order."""

    release: str
    edition: Edition = Edition.STANDARD

    def __str__(self) -> str:
        """Name the train as bulletins do."""
        return self.release if self.edition is Edition.STANDARD else f"{self.release}-FIPS"


@total_ordering
@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A firmware build, such as 13.1-49.13."""

    train: Train
    major: int
    minor: int

    @classmethod
    def parse(cls, text: str, *, fips: bool = False) -> Self:
        """Read `13.1-49.13`; raises BuildError.

        `fips` is what the inventory says, and counts where the number leaves it open.
        """
        found = _BUILD.fullmatch(text.strip())
        if found is None:
            raise BuildError(f"{text!r} is not a build; write it as 13.1-49.13")
        release, major, minor = found["release"], int(found["major"]), int(found["minor"])
        is_fips = _is_fips(release, major, minor, stated=fips)
        edition = Edition.FIPS if is_fips else Edition.STANDARD
        return cls(train=Train(release=release, edition=edition), major=major, minor=minor)

    def __str__(self) -> str:
        """Write the build as the device and the bulletins do."""
        return f"{self.train.release}-{self.major}.{self.minor}"

    def __lt__(self, other: "Build") -> bool:
        """Compare inside one train; raises BuildError for two trains."""
        if self.train != other.train:
            raise BuildError(f"{self} ({self.train}) and {other} ({other.train}) are two trains")
        return (self.major, self.minor) < (other.major, other.minor)


def _is_fips(release: str, major: int, minor: int, *, stated: bool) -> bool:
    # netscaler.md 6.3. Whoever calls a standard build FIPS would have it judged by another line's
    # numbers, and found fixed: so the number decides wherever it can.
    match release:
        case "13.1":
            return major == _FIPS_MAJOR_OF_13_1
        case "12.1":
            between = stated and minor > _LAST_STANDARD_MINOR_OF_12_1_55
            first = _FIRST_FIPS_MINOR_OF_12_1_55
            return major == _FIPS_MAJOR_OF_12_1 and (minor >= first or between)
        case "14.1":
            return stated and (major, minor) >= _FIRST_FIPS_OF_14_1
        case _:
            return stated


PreconditionKind = Literal[
    "any",
    "gateway",
    "gateway-or-aaa",
    "saml-sp-or-idp",
    "saml-idp",
    "management",
    "dtls",
    "http-vserver",
    "url-expression",
    "oracle-lb",
    "ftp-rtsp-nat",
    "lb-ipv6-or-hdx",
    "pcoip",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What must be configured for a bulletin to matter; several are alternatives."""

    kind: PreconditionKind
    cves: tuple[str, ...] = ()
    """Those that need it; empty for all of the bulletin."""
    show: str = ""
    """The command that shows it; empty where every appliance has it."""
    pattern: str = ""
    """Regular expression, searched in each line of the answer."""
    not_on: tuple[tuple[str, str], ...] = ()
    """Build ranges, first and last, on which this one does not count."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredSetting:
    """A setting without which a fixed build is not enough."""

    cves: tuple[str, ...]
    show: str
    field: str
    equals: str
    set: str
    each_partition: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterPatch:
    """Something to do besides installing the build."""

    what: str
    when: Literal["before-reboot", "all-nodes-patched", "any-time", "if-compromised"]
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenBuild:
    """A build that is fixed for the bulletin and should not be installed."""

    build: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialFix:
    """A build below the first fixed one that is fixed for some CVEs."""

    build: str
    cves: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeCheck:
    """A request that shows the fault without using it."""

    name: str
    path: str
    """Sent as it stands; it must be blocked."""
    method: Literal["GET", "HEAD"] = "GET"
    served: str = "/vpn/index.html"
    """What people ask for: unless it is served, no answer to the other request says anything."""
    weight: Literal["proof", "marker"]
    """A marker is a hint, and proves nothing."""
    vulnerable: str
    """What the answer of a vulnerable gateway is, in words."""
    vulnerable_when: Mapping[str, str] = field(default_factory=dict)
    """The same as fields of the answer and a regular expression for each; all must be found."""
    fixed_when: Mapping[str, str] = field(default_factory=dict)
    """The mark of a fixed build, for a marker."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One bulletin: what it is about and what is fixed where."""

    id: AdvisoryId
    title: str
    published: date
    cves: tuple[str, ...]
    fixed: Mapping[str, str]
    """First fixed build by train, `13.1` or `13.1-FIPS`."""
    unaffected: tuple[str, ...] = ()
    """Trains that never had the fault."""
    source: str = ""
    mitigation: str = ""
    """Name of the playbook that mitigates it, where there is one."""
    mitigation_ignored: tuple[tuple[str, str], ...] = ()
    """Build ranges, first and last, that accept the mitigation and ignore it."""
    unfixed: tuple[str, ...] = ()
    """Trains that have the fault and get no fix: every build of them is exposed."""
    later: tuple[str, ...] = ()
    """Trains that first came out after the fix, and have it from their first build on."""
    install: Mapping[str, str] = field(default_factory=dict)
    """Build to install by train, where the first fixed one is not the one to take."""
    mitigation_cves: tuple[str, ...] = ()
    """What the mitigation is for; empty for all of the bulletin."""
    mitigation_note: str = ""
    known_exploited: date | None = None
    """First day on which exploitation is known to have been public."""
    exploited_cves: tuple[str, ...] = ()
    kev: date | None = None
    """Day of its listing by CISA."""
    kev_due: date | None = None
    preconditions: tuple[Precondition, ...] = ()
    required_settings: tuple[RequiredSetting, ...] = ()
    after_patch: tuple[AfterPatch, ...] = ()
    avoid: tuple[BrokenBuild, ...] = ()
    partly_fixed: tuple[PartialFix, ...] = ()
    safe_checks: tuple[SafeCheck, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """Who said it, by field or field.key, with [C], [I], [M] or [U]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What a bulletin means for a build, with the reason."""

    class Kind(StrEnum):
        """The four answers; unknown is never fixed."""

        FIXED = "fixed"
        NOT_AFFECTED = "not-affected"
        EXPOSED = "exposed"
        UNKNOWN = "unknown"

    kind: Kind
    because: str


def exposure_of_build(build: Build, advisory: Advisory) -> Exposure:
    """Judge by the build alone; a train that the bulletin does not list is unknown."""
    train = str(build.train)
    if train in advisory.unaffected:
        because = f"{train} never had {advisory.id}"
        return Exposure(kind=Exposure.Kind.NOT_AFFECTED, because=because)
    if train in advisory.later:
        because = f"{train} first came out after the fix for {advisory.id}"
        return Exposure(kind=Exposure.Kind.NOT_AFFECTED, because=because)
    if train in advisory.unfixed:
        because = f"{build} is exposed to {advisory.id}; {train} gets no fix"
        return Exposure(kind=Exposure.Kind.EXPOSED, because=because)
    first = advisory.fixed.get(train)
    if first is None:
        because = f"{advisory.id} lists no fixed build for {train} ({build} is installed)"
        return Exposure(kind=Exposure.Kind.UNKNOWN, because=because)
    fips = build.train.edition is Edition.FIPS
    if build >= Build.parse(first, fips=fips):
        because = f"{build} is fixed for {advisory.id} (since {first})"
        return Exposure(kind=Exposure.Kind.FIXED, because=because)
    because = f"{build} is exposed to {advisory.id}, fixed since {first}"
    return Exposure(kind=Exposure.Kind.EXPOSED, because=because)

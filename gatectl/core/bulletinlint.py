"""What is wrong in a bulletin that reads well: builds of the wrong train, looks that may write."""

import re
from collections.abc import Iterable, Iterator

from gatectl.core.advisory import Advisory, Build, BuildError, Train
from gatectl.core.netscaler import is_read_only

Key = tuple[str | int, ...]
Flaw = tuple[Key, str]

_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_ANSWER_FIELDS = frozenset(
    {"status", "reason", "body", "body_empty", "server", "location", "last_modified", "length"}
    | {"page"}
)
_TRAIN = re.compile(r"(?P<release>\d{1,2}\.\d{1,2})(?P<fips>-FIPS)?", re.ASCII)


def lint_bulletin(advisory: Advisory) -> Iterator[Flaw]:
    """Find all that would make a bulletin say nothing, something wrong, or write on a node."""
    if _ID.fullmatch(advisory.id) is None:
        yield ("id",), f"{advisory.id!r} is not a number such as CTX697096"
    if not advisory.cves:
        yield ("cves",), "needs at least one CVE; without any, nobody could be exposed"
    for position, cve in enumerate(advisory.cves):
        if _CVE.fullmatch(cve) is None:
            yield ("cves", position), f"{cve!r} is not written as CVE-2026-88771"
    yield from _trains(advisory)
    yield from _builds(advisory)
    yield from _conditions(advisory)
    yield from _checks(advisory)
    yield from _cves(advisory)


def _trains(advisory: Advisory) -> Iterator[Flaw]:
    lists = {
        "unaffected": advisory.unaffected,
        "unfixed": advisory.unfixed,
        "later": advisory.later,
    }
    told: dict[str, str] = dict.fromkeys(advisory.fixed, "fixed")
    for name, trains in lists.items():
        for position, train in enumerate(trains):
            if _TRAIN.fullmatch(train) is None:
                yield (name, position), f"{train!r} is not a train such as 13.1 or 13.1-FIPS"
            elif train in told:
                yield (name, position), f"{train} stands in {told[train]} as well"
            told.setdefault(train, name)
    if not told:
        yield ("fixed",), "needs a train: without any, every build is unknown"


def _builds(advisory: Advisory) -> Iterator[Flaw]:
    for name, builds in (("fixed", advisory.fixed), ("install", advisory.install)):
        for train, text in builds.items():
            yield from _of_train((name, train), train, text)
    for name, texts in (
        ("avoid", [one.build for one in advisory.avoid]),
        ("partly_fixed", [one.build for one in advisory.partly_fixed]),
    ):
        for position, text in enumerate(texts):
            yield from _readable((name, position, "build"), text)
    yield from _ranges(("mitigation_ignored",), advisory.mitigation_ignored)
    for position, one in enumerate(advisory.preconditions):
        yield from _ranges(("preconditions", position, "not_on"), one.not_on)


def _of_train(key: Key, train: str, text: str) -> Iterator[Flaw]:
    named = _TRAIN.fullmatch(train)
    if named is None:
        yield key, f"{train!r} is not a train such as 13.1 or 13.1-FIPS"
        return
    flaws = list(_readable(key, text))
    yield from flaws
    if not flaws:
        found: Train = Build.parse(text, fips=named["fips"] is not None).train
        if str(found) != train:
            yield key, f"{text} is a build of {found}, not of {train}"


def _readable(key: Key, text: str) -> Iterator[Flaw]:
    try:
        Build.parse(text)
    except BuildError as exc:
        yield key, str(exc)


def _ranges(key: Key, ranges: Iterable[tuple[str, str]]) -> Iterator[Flaw]:
    for position, (first, last) in enumerate(ranges):
        try:
            empty = Build.parse(first) > Build.parse(last)
        except BuildError as exc:
            yield (*key, position), str(exc)
            continue
        if empty:
            yield (*key, position), f"{first} comes after {last}: no build is in this range"


def _conditions(advisory: Advisory) -> Iterator[Flaw]:
    looks: list[tuple[Key, str]] = [
        (("preconditions", position, "show"), one.show)
        for position, one in enumerate(advisory.preconditions)
        if one.show
    ]
    looks += [
        (("required_settings", position, "show"), one.show)
        for position, one in enumerate(advisory.required_settings)
    ]
    yield from ((key, f"`{look}` may write") for key, look in looks if not is_read_only(look))
    for position, one in enumerate(advisory.preconditions):
        key = ("preconditions", position, "pattern")
        if bool(one.show) is not bool(one.pattern):
            yield key, "a look and its pattern belong together"
        try:
            re.compile(one.pattern)
        except re.error as exc:
            yield key, f"is not a regular expression: {exc}"


def _checks(advisory: Advisory) -> Iterator[Flaw]:
    for position, check in enumerate(advisory.safe_checks):
        key: Key = ("safe_checks", position)
        if not (check.vulnerable_when or check.fixed_when):
            yield key, "needs vulnerable_when or fixed_when; without, it says nothing"
        if check.weight == "proof" and not check.vulnerable_when:
            yield (*key, "vulnerable_when"), "a proof needs the answer of a vulnerable gateway"
        for name in ("path", "served"):
            if re.fullmatch(r"/[!-~]*", getattr(check, name)) is None:
                yield (*key, name), "is not a path of one line that begins with /"
        for name, wanted in (
            ("vulnerable_when", check.vulnerable_when),
            ("fixed_when", check.fixed_when),
        ):
            for part, pattern in wanted.items():
                if part not in _ANSWER_FIELDS:
                    known = ", ".join(sorted(_ANSWER_FIELDS))
                    yield (*key, name, part), f"is not a field of an answer: {known}"
                try:
                    re.compile(pattern)
                except re.error as exc:
                    yield (*key, name, part), f"is not a regular expression: {exc}"


def _cves(advisory: Advisory) -> Iterator[Flaw]:
    """Find what speaks of a CVE that is not the bulletin's: it would never be looked at."""
    spoken: list[tuple[Key, tuple[str, ...]]] = [
        (("mitigation_cves",), advisory.mitigation_cves),
        (("exploited_cves",), advisory.exploited_cves),
    ]
    parts: dict[str, list[tuple[str, ...]]] = {
        "preconditions": [one.cves for one in advisory.preconditions],
        "required_settings": [one.cves for one in advisory.required_settings],
        "partly_fixed": [one.cves for one in advisory.partly_fixed],
    }
    for name, lists in parts.items():
        spoken += [((name, position, "cves"), cves) for position, cves in enumerate(lists)]
    for key, cves in spoken:
        strange = [cve for cve in cves if cve not in advisory.cves]
        if strange:
            yield key, f"{', '.join(strange)} is not among the bulletin's own CVEs"

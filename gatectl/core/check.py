"""What was seen, what was expected, and the verdict: pass, fail or unknown, with its reason."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import assert_never

from gatectl.core.advisory import Advisory, Build, BuildError, Exposure, exposure_of_build
from gatectl.core.gate import Network
from gatectl.core.traffic import Traffic

Record = Mapping[str, str]
"""One thing that a look showed, as field and value; the fields are the parser's vocabulary."""


class Answer(StrEnum):
    """Judgement of a claim. There is no truth value on purpose: unknown is not a kind of no."""

    PASS = "pass"  # noqa: S105 - the answer pass, no password
    FAIL = "fail"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Refuse, so that nobody writes `if verdict.answer` and lets unknown through."""
        raise TypeError("compare an answer with PASS, FAIL or UNKNOWN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A look that was understood: the records it showed, none if there was nothing to show."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A look that gave no answer that can be used: cut, refused, or in words not known."""

    because: str


Observation = Seen | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One thing that a look must show: a field, and exactly one way to compare it."""

    field: str
    """A field of the parser, or `count` for the number of records (after `where`)."""
    where: Mapping[str, str] | None = None
    """Only the records with these values; none left means that the thing is not there.

    A value that ends in `*` stands for all that begin with what is before it.
    """
    apart_from: Mapping[str, str] | None = None
    """Not the records with these values; what was chosen to be passed over may be missing."""
    lets_in: Traffic | None = None
    """Only the packet rules that would let this traffic in."""
    equals: str | None = None
    differs: str | None = None
    contains: str | None = None
    matches: str | None = None
    """A regular expression for the whole value."""
    one_of: tuple[str, ...] | None = None
    at_least: int | None = None
    at_most: int | None = None
    at_least_build: str | None = None
    fixed_for: tuple[Advisory, ...] | None = None
    """Every one of these advisories is fixed in the build that the field names."""
    fips: bool = False
    """The inventory calls the appliance FIPS, which `fixed_for` needs where numbers are shared."""
    within: tuple[Network, ...] | None = None
    """Every address is in one of these networks; nobody at all is within, too."""
    not_between: tuple[int, int] | None = None
    """Every number is lower than the first or higher than the last; none at all is right, too."""
    above: int | None = None
    """Every number is higher; none at all is right, too."""
    not_here: bool = False
    """The field must be missing, or there must be no record at all."""

    def __post_init__(self) -> None:
        """Raise ValueError unless there is exactly one comparison."""
        if len(self.comparisons()) != 1:
            raise ValueError(
                f"the expectation on {self.field!r} needs exactly one comparison "
                f"({', '.join(COMPARISONS)}), it has {len(self.comparisons())}"
            )
        if self.fixed_for is not None and not self.fixed_for:
            # Without this, a gate with no advisories would count as fixed for all of them.
            raise ValueError("fixed_for needs at least one advisory")
        if self.within is not None and not self.within:
            raise ValueError("within needs at least one network")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as exc:
                raise ValueError(f"{self.matches!r} is not a regular expression: {exc}") from exc

    def comparisons(self) -> tuple[str, ...]:
        """Name the comparisons that are given."""
        # By identity: nought is a limit like any other, and not every value can be in a set.
        return tuple(
            name
            for name in COMPARISONS
            if getattr(self, name) is not None and getattr(self, name) is not False
        )

    def sentence(self) -> str:
        """Say in words what is expected, for plans and reports."""
        value = getattr(self, self.comparisons()[0])
        if self.fixed_for is not None:
            value = " ".join(advisory.id for advisory in self.fixed_for)
        if self.within is not None:
            value = " ".join(str(network) for network in self.within)
        where = "".join(f" of {key}={wanted}" for key, wanted in (self.where or {}).items())
        where += "".join(f" but {key}={other}" for key, other in (self.apart_from or {}).items())
        if self.lets_in is not None:
            where += f" of rules that let others in to {self.lets_in.destination}"
        words = self.comparisons()[0].replace("_", " ")
        return f"{self.field}{where} {words}" + ("" if value is True else f" {value}")


COMPARISONS = (
    "equals",
    "differs",
    "contains",
    "matches",
    "one_of",
    "at_least",
    "at_most",
    "at_least_build",
    "fixed_for",
    "within",
    "not_between",
    "above",
    "not_here",
)


NOTHING_THERE = (Expectation(field="count", equals="0"),)
"""The look shows no record at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Pass, fail or unknown; the reason is never empty."""

    answer: Answer
    because: str

    @property
    def passed(self) -> bool:
        """Whether the claim is proven; neither fail nor unknown is."""
        return self.answer is Answer.PASS


def passed(because: str) -> Verdict:
    """Make the verdict of a proven claim."""
    return Verdict(answer=Answer.PASS, because=because)


def failed(because: str) -> Verdict:
    """Make the verdict of a refuted claim."""
    return Verdict(answer=Answer.FAIL, because=because)


def unknown(because: str) -> Verdict:
    """Make the verdict of a claim that could not be judged."""
    return Verdict(answer=Answer.UNKNOWN, because=because)


def judge_file(observation: Observation, path: str, sha256: str) -> Verdict:
    """Judge whether a file on a node has its promised content, by a look at its SHA-256."""
    match observation:
        case Unreadable(because=because) if "External program failed" not in because:
            return unknown(because)
        case Unreadable() | Seen(records=()):
            return failed(f"{path} is not there")
        case Seen(records=records):
            found = records[0].get("sha256", "")
            if found.casefold() == sha256.casefold():
                return passed(f"{path} has the promised SHA-256")
            return failed(f"{path} has SHA-256 {found}, promised is {sha256}")
        case _ as never:
            assert_never(never)


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join verdicts that must all pass: fail before unknown before pass."""
    given = list(verdicts)
    for answer in (Answer.FAIL, Answer.UNKNOWN):
        reasons = [verdict.because for verdict in given if verdict.answer is answer]
        if reasons:
            return Verdict(answer=answer, because="; ".join(reasons))
    if not given:
        # Without this, a check with nothing in it would pass for every device.
        return unknown("nothing was checked")
    return passed("; ".join(verdict.because for verdict in given))


def judge(observation: Observation, holds: tuple[Expectation, ...]) -> Verdict:
    """Compare what was seen with all that was expected."""
    match observation:
        case Unreadable(because=because):
            return unknown(because)
        case Seen(records=records):
            return all_of(_judge_one(records, expectation) for expectation in holds)
        case _ as never:
            assert_never(never)


def judge_undone(observation: Observation, holds: tuple[Expectation, ...]) -> Verdict:
    """Judge the opposite claim: proven only if the claim itself is refuted, never if unknown."""
    verdict = judge(observation, holds)
    match verdict.answer:
        case Answer.PASS:
            return failed(f"still so: {verdict.because}")
        case Answer.FAIL:
            return passed(f"taken back: {verdict.because}")
        case Answer.UNKNOWN:
            return verdict
        case _ as never:
            assert_never(never)


def readable(observation: Observation) -> Verdict:
    """Judge only whether a look gave an answer that can be used."""
    if isinstance(observation, Unreadable):
        return unknown(observation.because)
    return passed("seen, to be compared later")


def judge_changed(before: Observation, after: Observation) -> Verdict:
    """Judge whether a look gives another answer than it gave before an act."""
    for observation in (before, after):
        if isinstance(observation, Unreadable):
            return unknown(observation.because)
    if before == after:
        return failed("the look that must change still gives the same answer")
    return passed("the look that must change gives another answer")


def _judge_one(records: tuple[Record, ...], expectation: Expectation) -> Verdict:
    where = expectation.where or {}
    chosen = [record for record in records if _is_meant(record, expectation)]
    if expectation.field == "count":
        return _compare(str(len(chosen)), expectation)
    values = [record[expectation.field] for record in chosen if expectation.field in record]
    if expectation.not_here:
        if values:
            return failed(f"{expectation.field} is {', '.join(values)}")
        return passed(f"{expectation.field} is not there")
    if not chosen and expectation.comparisons()[0] in _HOLD_OF_NOTHING:
        return passed(f"nothing is there that speaks against {expectation.sentence()}")
    if not values:
        thing = " ".join(where.values()) or expectation.field
        return failed(f"{thing} is not there")
    verdicts = [_compare(value, expectation) for value in values]
    if len(values) < len(chosen):
        # A record that does not show the field may hold anything: it is not passed over.
        silent = len(chosen) - len(values)
        verdicts.append(unknown(f"{silent} of {len(chosen)} do not show {expectation.field}"))
    return all_of(verdicts)


_HOLD_OF_NOTHING = frozenset({"within", "not_between", "above"})


def _is_meant(record: Record, expectation: Expectation) -> bool:
    where, apart_from = expectation.where or {}, expectation.apart_from or {}
    if not all(_same(record.get(key), wanted) for key, wanted in where.items()):
        return False
    if apart_from and all(_same(record.get(key), other) for key, other in apart_from.items()):
        return False
    return expectation.lets_in is None or expectation.lets_in.let_in_by(record)


def _same(value: str | None, wanted: str) -> bool:
    # The device keeps keywords and names in the case that somebody once typed.
    if value is None:
        return False
    if wanted.endswith("*"):
        return value.casefold().startswith(wanted[:-1].casefold())
    return value.casefold() == wanted.casefold()


def _compare(value: str, expectation: Expectation) -> Verdict:
    kind = expectation.comparisons()[0]
    match kind:
        case "at_least" | "at_most" | "not_between" | "above":
            return _compare_number(value, expectation)
        case "at_least_build" | "fixed_for":
            return _compare_build(value, expectation)
        case "within":
            return _compare_address(value, expectation)
        case _:
            return _compare_text(value, expectation)


def _verdict(holds: bool, expectation: Expectation, value: str) -> Verdict:
    if holds:
        return passed(f"{expectation.field} is {value}")
    return failed(f"{expectation.field} is {value}, expected: {expectation.sentence()}")


def _compare_text(value: str, expectation: Expectation) -> Verdict:
    folded = value.casefold()
    if expectation.equals is not None:
        return _verdict(folded == expectation.equals.casefold(), expectation, value)
    if expectation.differs is not None:
        return _verdict(folded != expectation.differs.casefold(), expectation, value)
    if expectation.contains is not None:
        return _verdict(expectation.contains.casefold() in folded, expectation, value)
    if expectation.matches is not None:
        return _verdict(re.fullmatch(expectation.matches, value) is not None, expectation, value)
    wanted = [choice.casefold() for choice in expectation.one_of or ()]
    return _verdict(folded in wanted, expectation, value)


def _compare_number(value: str, expectation: Expectation) -> Verdict:
    try:
        number = int(value)
    except ValueError:
        return unknown(f"{expectation.field} is {value!r}, which is not a number")
    if expectation.at_least is not None:
        return _verdict(number >= expectation.at_least, expectation, value)
    if expectation.above is not None:
        return _verdict(number > expectation.above, expectation, value)
    if expectation.not_between is not None:
        first, last = expectation.not_between
        return _verdict(not first <= number <= last, expectation, value)
    return _verdict(number <= (expectation.at_most or 0), expectation, value)


def _compare_address(value: str, expectation: Expectation) -> Verdict:
    try:
        address = ip_address(value)
    except ValueError:
        return unknown(f"{expectation.field} is {value!r}, which is not an address")
    networks = expectation.within or ()
    return _verdict(any(address in network for network in networks), expectation, value)


def _compare_build(value: str, expectation: Expectation) -> Verdict:
    try:
        if expectation.at_least_build is not None:
            # It names no edition, so the numbers alone tell.
            wanted = Build.parse(expectation.at_least_build)
            return _verdict(Build.parse(value) >= wanted, expectation, value)
        build = Build.parse(value, fips=expectation.fips)
    except BuildError as exc:
        return unknown(str(exc))
    return all_of(_fixed(build, advisory) for advisory in expectation.fixed_for or ())


def _fixed(build: Build, advisory: Advisory) -> Verdict:
    exposure = exposure_of_build(build, advisory)
    match exposure.kind:
        case Exposure.Kind.FIXED | Exposure.Kind.NOT_AFFECTED:
            return passed(exposure.because)
        case Exposure.Kind.EXPOSED:
            return failed(exposure.because)
        case Exposure.Kind.UNKNOWN:
            return unknown(exposure.because)
        case _ as never:
            assert_never(never)

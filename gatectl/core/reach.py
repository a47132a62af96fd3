"""Who gets an answer at the gate: looks from inside and outside, and what they prove together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self, assert_never

from gatectl.core.check import Record, Verdict, all_of, failed, passed, unknown
from gatectl.core.gate import Side, VantageName
from gatectl.core.page import Page

Expected = Literal["open", "shut"]
GateWord = Literal["open", "unknown", "shut"]
Wire = Literal["tcp", "https", "http", "dtls"]


class LookKind(StrEnum):
    """What one look at a port gave."""

    REFUSED = "refused"
    RESET = "reset"
    """Taken, and then ended before a single byte."""
    DROPPED = "dropped"
    """No answer of any kind in time."""
    UNREACHABLE = "unreachable"
    """No route; this speaks of the way and not of the gate."""
    SILENT = "silent"
    """TCP was taken, and then nothing was said."""
    NOT_TLS = "not-tls"
    """Bytes came, but not of TLS."""
    TLS_FAILED = "tls-failed"
    """The other end speaks TLS, but no session came about."""
    WRONG_CERTIFICATE = "wrong-certificate"
    NOT_HTTP = "not-http"
    ANSWERED = "answered"
    CONNECTED = "connected"
    """TCP was taken; all that is asked of a control."""
    NOT_LOOKED = "not-looked"
    """The look itself could not be made from here."""


_SHUT: Final = frozenset({LookKind.REFUSED, LookKind.RESET, LookKind.DROPPED})
_CONTROL_ANSWERS: Final = frozenset({LookKind.CONNECTED, LookKind.ANSWERED})
_SIGN_ON: Final = frozenset({Page.SIGN_ON, Page.REDIRECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One attempt to get an answer, and what came of it."""

    vantage: VantageName
    side: Side
    target: str
    port: int
    wire: Wire
    kind: LookKind
    detail: str = ""
    status: int | None = None
    """HTTP status of the page that was judged, where there was one."""
    page: Page | None = None
    certificate_sha256: str = ""
    """Of the certificate that was shown, as lower-case hexadecimal."""

    def as_record(self) -> dict[str, str]:
        """Write it as plain texts, for the journal and for checks."""
        return {
            "vantage": self.vantage,
            "side": self.side.value,
            "target": self.target,
            "port": str(self.port),
            "wire": self.wire,
            "kind": self.kind.value,
            "status": "" if self.status is None else str(self.status),
            "page": "" if self.page is None else self.page.value,
            "certificate_sha256": self.certificate_sha256,
            "detail": self.detail,
        }

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Read what `as_record` wrote; raises ValueError or KeyError for anything else."""
        return cls(
            vantage=VantageName(record["vantage"]),
            side=Side(record["side"]),
            target=record["target"],
            port=int(record["port"]),
            wire=_WIRES[record["wire"]],
            kind=LookKind(record["kind"]),
            detail=record["detail"],
            status=int(record["status"]) if record["status"] else None,
            page=Page(record["page"]) if record["page"] else None,
            certificate_sha256=record["certificate_sha256"],
        )

    @property
    def shows_gateway(self) -> bool:
        """Whether something that behaves like the gateway answered: TLS or HTTP, 503 too."""
        if self.kind is LookKind.NOT_HTTP:
            return self.wire == "https"
        return self.kind in {LookKind.ANSWERED, LookKind.TLS_FAILED}

    @property
    def shows_sign_on(self) -> bool:
        """Whether people can sign in here."""
        return self.kind is LookKind.ANSWERED and self.page in _SIGN_ON

    def sentence(self) -> str:
        """Say in words what was seen."""
        host = f"[{self.target}]" if ":" in self.target else self.target
        words = " ".join(
            str(part)
            for part in (self.kind.value.replace("-", " "), self.status, self.page)
            if part is not None
        )
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.wire} {host}:{self.port} {words}{detail}"


_WIRES: Final[Mapping[str, Wire]] = {"tcp": "tcp", "https": "https", "http": "http", "dtls": "dtls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VantageReport:
    """All looks from one vantage, taken together."""

    vantage: VantageName
    side: Side
    control: Look | None
    """None where no control target is configured."""
    gate: tuple[Look, ...]
    closed_page_is_shut: bool = False
    """Whether the closed page from outside, and nothing else, counts as shut on this gate."""

    def __post_init__(self) -> None:
        """Raise ValueError for a report without a look at the gate."""
        if not self.gate:
            # Without this, a vantage that looked at nothing would have seen nothing open.
            raise ValueError(f"the report of {self.vantage} has no look at the gate")

    def as_records(self) -> tuple[dict[str, str], ...]:
        """Write it as one record a look; `role` tells control and gate apart."""
        control = () if self.control is None else (self.control,)
        return tuple(
            {"role": role, **look.as_record()}
            for role, looks in (("control", control), ("gate", self.gate))
            for look in looks
        )


def reports_from_records(records: Iterable[Record]) -> tuple[VantageReport, ...]:
    """Read reports that `as_records` wrote, one after another; raises ValueError or KeyError."""
    controls: dict[VantageName, Look] = {}
    gates: dict[VantageName, list[Look]] = {}
    for record in records:
        look = Look.from_record(record)
        looks = gates.setdefault(look.vantage, [])
        match record["role"]:
            case "control":
                controls[look.vantage] = look
            case "gate":
                looks.append(look)
            case other:
                raise ValueError(f"{other!r} is neither control nor gate")
    return tuple(
        VantageReport(
            vantage=name,
            side=looks[0].side if looks else controls[name].side,
            control=controls.get(name),
            gate=tuple(looks),
        )
        for name, looks in gates.items()
    )


class Reach(StrEnum):
    """Whether people on a side get in."""

    OPEN = "open"
    SHUT = "shut"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideReach:
    """What is known of a side, or of one vantage, with the reason."""

    reach: Reach
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The 2x2: each side open, shut or unknown."""

    outside: Reach
    inside: Reach


def sides_of(reports: Iterable[VantageReport]) -> Sides:
    """Sum up both sides."""
    given = tuple(reports)
    return Sides(
        outside=side_reach(given, Side.OUTSIDE).reach, inside=side_reach(given, Side.INSIDE).reach
    )


def side_reach(reports: Iterable[VantageReport], side: Side) -> SideReach:
    """Sum up one side; outside, one open vantage is enough to call it open."""
    seen = [vantage_reach(report) for report in reports if report.side is side]
    if not seen:
        return SideReach(reach=Reach.UNKNOWN, because=f"no vantage looks from {side}")
    kinds = {one.reach for one in seen}
    if side is Side.OUTSIDE and Reach.OPEN in kinds:
        reach = Reach.OPEN
    else:
        # Offices of which some get in and some do not are neither open nor shut.
        reach = kinds.pop() if len(kinds) == 1 else Reach.UNKNOWN
    relevant = [one.because for one in seen if one.reach is reach] or [one.because for one in seen]
    return SideReach(reach=reach, because="; ".join(relevant))


def vantage_reach(report: VantageReport) -> SideReach:
    """Tell what one vantage proves; a control that fails makes all of it unknown."""
    name = f"{report.side} ({report.vantage})"
    seen = ", ".join(look.sentence() for look in report.gate)
    if report.control is not None and report.control.kind not in _CONTROL_ANSWERS:
        because = f"{name}: the control failed: {report.control.sentence()}; seen: {seen}"
        return SideReach(reach=Reach.UNKNOWN, because=because)
    signs = [look for look in report.gate if look.shows_gateway and not _accepted(look, report)]
    if report.side is Side.INSIDE:
        signs = [look for look in signs if look.shows_sign_on]
    if signs:
        because = f"{name}: {', '.join(look.sentence() for look in signs)}"
        return SideReach(reach=Reach.OPEN, because=because)
    doubt = _doubt_of_shut(report)
    if doubt:
        return SideReach(reach=Reach.UNKNOWN, because=f"{name}: {doubt}; seen: {seen}")
    control = report.control
    witness = "" if control is None else f"; the control answers: {control.sentence()}"
    return SideReach(reach=Reach.SHUT, because=f"{name}: {seen}{witness}")


def _accepted(look: Look, report: VantageReport) -> bool:
    """Say whether an answer is the closed page of a gate whose owner takes that for shut."""
    outside = report.side is Side.OUTSIDE and report.closed_page_is_shut
    return outside and look.page is Page.CLOSED


def _doubt_of_shut(report: VantageReport) -> str:
    others = [
        look for look in report.gate if look.kind not in _SHUT and not _accepted(look, report)
    ]
    if others:
        return f"{others[0].sentence()} is neither open nor shut"
    if all(look.wire == "dtls" for look in report.gate):
        return "UDP alone proves nothing, for silence is its usual answer"
    dropped = any(look.kind is LookKind.DROPPED for look in report.gate)
    if dropped and report.control is None:
        return "silence proves nothing without a control target"
    return ""


def judge_sides(
    reports: Iterable[VantageReport], *, outside: Expected, inside: Expected
) -> Verdict:
    """Judge both sides against what they should be; every vantage must agree."""
    given = tuple(reports)
    return all_of(
        (
            _judge_side(given, side=Side.OUTSIDE, expected=outside),
            _judge_side(given, side=Side.INSIDE, expected=inside),
        )
    )


def _judge_side(reports: tuple[VantageReport, ...], *, side: Side, expected: Expected) -> Verdict:
    here = [report for report in reports if report.side is side]
    if not here:
        return unknown(f"no vantage looks from {side}")
    return all_of(_judge_vantage(report, expected) for report in here)


def _judge_vantage(report: VantageReport, expected: Expected) -> Verdict:
    seen = vantage_reach(report)
    control_holds = report.control is None or report.control.kind in _CONTROL_ANSWERS
    signs = [look for look in report.gate if look.shows_gateway and not _accepted(look, report)]
    answers = control_holds and bool(signs)
    match expected:
        case "shut":
            if answers and all(look.page is Page.CLOSED for look in signs):
                return failed(
                    "only the closed page is shown, so the gateway itself can still be reached, "
                    f"and this gate does not accept that as shut: {seen.because}"
                )
            if answers:
                return failed(f"should be shut, but answers: {seen.because}")
            return _verdict(seen, proven=Reach.SHUT)
        case "open":
            # A gate that answers, but lets nobody sign in, is not what the gate promises.
            if answers and not any(look.shows_sign_on for look in report.gate):
                return failed(f"answers, but not with the sign-on page: {seen.because}")
            if seen.reach is Reach.SHUT:
                return failed(f"should be open, but is shut: {seen.because}")
            return _verdict(seen, proven=Reach.OPEN)
        case _ as never:
            assert_never(never)


def _verdict(seen: SideReach, *, proven: Reach) -> Verdict:
    if seen.reach is proven:
        return passed(f"{proven} from {seen.because}")
    return unknown(seen.because)


def answered_outside(reports: Iterable[VantageReport]) -> tuple[Look, ...]:
    """Name the looks from outside that met the gateway, whatever the controls say: an alarm."""
    return tuple(
        look
        for report in reports
        if report.side is Side.OUTSIDE
        for look in report.gate
        if look.shows_gateway
    )


def gate_word(reports: Iterable[VantageReport]) -> GateWord:
    """Say in one word, for status, whether the outside gets in."""
    reach = side_reach(reports, Side.OUTSIDE).reach
    match reach:
        case Reach.OPEN:
            return "open"
        case Reach.SHUT:
            return "shut"
        case Reach.UNKNOWN:
            return "unknown"
        case _ as never:
            assert_never(never)


_WORST_FIRST: Final[tuple[GateWord, ...]] = ("open", "unknown", "shut")


def worst_word(words: Iterable[GateWord]) -> GateWord:
    """Sum up several gates; no gate at all is unknown."""
    return min(words, key=_WORST_FIRST.index, default="unknown")


def nobody_looked(reports: Iterable[VantageReport], side: Side) -> bool:
    """Say whether no vantage of a side got anywhere at all, to its own control target either."""
    controls = [report.control for report in reports if report.side is side]
    return all(one is not None and one.kind not in _CONTROL_ANSWERS for one in controls)

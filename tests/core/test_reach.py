"""What looks from both sides prove together."""

import itertools
from dataclasses import replace

import pytest

from gatectl.core.check import Answer
from gatectl.core.gate import Side, VantageName
from gatectl.core.page import Page
from gatectl.core.reach import (
    GateWord,
    Look,
    LookKind,
    Reach,
    Sides,
    VantageReport,
    Wire,
    answered_outside,
    gate_word,
    judge_sides,
    reports_from_records,
    side_reach,
    sides_of,
    vantage_reach,
    worst_word,
)

GATE = "203.0.113.10"
SHUT_KINDS = (LookKind.REFUSED, LookKind.RESET, LookKind.DROPPED)
DOUBTFUL_KINDS = (
    LookKind.UNREACHABLE,
    LookKind.SILENT,
    LookKind.NOT_TLS,
    LookKind.WRONG_CERTIFICATE,
    LookKind.NOT_LOOKED,
    LookKind.CONNECTED,
)


def look(
    kind: LookKind,
    *,
    side: Side = Side.OUTSIDE,
    page: Page | None = None,
    wire: Wire = "https",
    port: int = 443,
    vantage: str = "",
) -> Look:
    """Make a look at the gate."""
    return Look(
        vantage=VantageName(vantage or side.value),
        side=side,
        target=GATE,
        port=port,
        wire=wire,
        kind=kind,
        page=page,
        status=None if page is None else 200,
    )


def sign_on(side: Side = Side.OUTSIDE, vantage: str = "") -> Look:
    """Make a look that saw the sign-on page."""
    return look(LookKind.ANSWERED, side=side, page=Page.SIGN_ON, vantage=vantage)


def report(*looks: Look, control: LookKind | None = LookKind.CONNECTED) -> VantageReport:
    """Make a report with a control that answers, if not said otherwise."""
    first = looks[0]
    return VantageReport(
        vantage=first.vantage,
        side=first.side,
        control=None
        if control is None
        else look(control, side=first.side, wire="tcp", vantage=first.vantage),
        gate=looks,
    )


OUTSIDE_SHUT = report(look(LookKind.DROPPED))
OUTSIDE_OPEN = report(sign_on())
OUTSIDE_UNKNOWN = report(look(LookKind.DROPPED), control=LookKind.DROPPED)
INSIDE_OPEN = report(sign_on(Side.INSIDE))
INSIDE_SHUT = report(look(LookKind.REFUSED, side=Side.INSIDE))
INSIDE_UNKNOWN = report(look(LookKind.UNREACHABLE, side=Side.INSIDE))


@pytest.mark.parametrize("kind", SHUT_KINDS)
@pytest.mark.parametrize("side", Side)
def test_refused_reset_and_dropped_are_shut_while_the_control_answers(
    kind: LookKind, side: Side
) -> None:
    """The three ways of a shut port, each with a witness that the way there works."""
    assert vantage_reach(report(look(kind, side=side))).reach is Reach.SHUT


@pytest.mark.parametrize("kind", SHUT_KINDS)
@pytest.mark.parametrize("control", sorted(set(LookKind) - {LookKind.CONNECTED, LookKind.ANSWERED}))
def test_a_failing_control_is_never_shut(kind: LookKind, control: LookKind) -> None:
    """Silence of everything is our own trouble."""
    seen = vantage_reach(report(look(kind), control=control))
    assert seen.reach is Reach.UNKNOWN
    assert "control" in seen.because


def test_a_failing_control_makes_even_an_answer_unknown_but_still_an_alarm() -> None:
    """The verdict waits for a working control; the alarm does not."""
    reports = (report(sign_on(), control=LookKind.REFUSED), INSIDE_OPEN)
    assert gate_word(reports) == "unknown"
    assert judge_sides(reports, outside="shut", inside="open").answer is Answer.UNKNOWN
    assert [one.vantage for one in answered_outside(reports)] == ["outside"]


def test_without_a_control_a_refusal_is_shut_and_silence_is_not() -> None:
    """A refusal came from somewhere; silence may come from anywhere."""
    refused = report(look(LookKind.REFUSED), control=None)
    reset = report(look(LookKind.RESET), control=None)
    dropped = report(look(LookKind.REFUSED), look(LookKind.DROPPED, port=80), control=None)
    assert vantage_reach(refused).reach is Reach.SHUT
    assert vantage_reach(reset).reach is Reach.SHUT
    assert vantage_reach(dropped).reach is Reach.UNKNOWN


@pytest.mark.parametrize("kind", DOUBTFUL_KINDS)
@pytest.mark.parametrize("side", Side)
def test_doubtful_looks_are_unknown(kind: LookKind, side: Side) -> None:
    """What is neither an answer of the gate nor a closed port proves neither."""
    reports = report(look(kind, side=side), look(LookKind.REFUSED, side=side, port=80))
    assert vantage_reach(reports).reach is Reach.UNKNOWN


@pytest.mark.parametrize(
    "sign",
    [
        sign_on(),
        look(LookKind.ANSWERED, page=Page.MAINTENANCE),
        look(LookKind.ANSWERED, page=Page.OTHER),
        look(LookKind.TLS_FAILED),
        look(LookKind.NOT_HTTP),
        look(LookKind.ANSWERED, wire="dtls"),
        look(LookKind.ANSWERED, wire="http", port=80, page=Page.OTHER),
    ],
)
def test_any_sign_of_the_gateway_on_any_port_is_open_outside(sign: Look) -> None:
    """One open door is enough, whichever it is."""
    shut = look(LookKind.DROPPED, port=8443)
    assert gate_word((report(shut, sign),)) == "open"


def test_other_talk_on_port_80_is_not_the_gateway() -> None:
    """Without TLS, bytes that are no HTTP may be anybody's: neither open nor shut."""
    seen = report(look(LookKind.DROPPED), look(LookKind.NOT_HTTP, wire="http", port=80))
    assert vantage_reach(seen).reach is Reach.UNKNOWN


def test_every_kind_of_look_is_either_sign_shut_or_doubt() -> None:
    """A kind that is added must be judged: no kind falls through to shut."""
    signs = {LookKind.ANSWERED, LookKind.TLS_FAILED, LookKind.NOT_HTTP}
    assert set(LookKind) == signs | set(SHUT_KINDS) | set(DOUBTFUL_KINDS)


def test_udp_alone_never_proves_shut() -> None:
    """Silence is the usual answer of a gate without DTLS."""
    assert vantage_reach(report(look(LookKind.DROPPED, wire="dtls"))).reach is Reach.UNKNOWN


def test_inside_is_open_only_with_the_sign_on_page() -> None:
    """An office that gets an error page is not served."""
    inside = Side.INSIDE
    for page in (Page.SIGN_ON, Page.REDIRECT):
        seen = vantage_reach(report(look(LookKind.ANSWERED, side=inside, page=page)))
        assert seen.reach is Reach.OPEN
    for page in (Page.MAINTENANCE, Page.OTHER, Page.EMPTY, Page.APACHE_403):
        reports = (report(look(LookKind.ANSWERED, side=inside, page=page)), OUTSIDE_SHUT)
        assert sides_of(reports).inside is Reach.UNKNOWN
        assert judge_sides(reports, outside="shut", inside="open").answer is Answer.FAIL
        assert judge_sides(reports, outside="shut", inside="shut").answer is Answer.FAIL


def test_outside_expected_open_needs_the_sign_on_page() -> None:
    """A reopened gate that shows an error page is not open and healthy."""
    broken = report(look(LookKind.ANSWERED, page=Page.MAINTENANCE))
    verdict = judge_sides((broken, INSIDE_OPEN), outside="open", inside="open")
    assert verdict.answer is Answer.FAIL
    assert "sign-on" in verdict.because


OUTSIDE = {"open": OUTSIDE_OPEN, "shut": OUTSIDE_SHUT, "unknown": OUTSIDE_UNKNOWN}
INSIDE = {"open": INSIDE_OPEN, "shut": INSIDE_SHUT, "unknown": INSIDE_UNKNOWN}


@pytest.mark.parametrize(("outside", "inside"), list(itertools.product(OUTSIDE, INSIDE)))
@pytest.mark.parametrize("expected_outside", ["open", "shut"])
@pytest.mark.parametrize("expected_inside", ["open", "shut"])
def test_judge_sides_passes_only_when_both_sides_are_as_they_should(
    outside: str, inside: str, expected_outside: str, expected_inside: str
) -> None:
    """The whole 2x2, against each expectation: wrong is fail, not known is unknown."""
    verdict = judge_sides(
        (OUTSIDE[outside], INSIDE[inside]),
        outside="open" if expected_outside == "open" else "shut",
        inside="open" if expected_inside == "open" else "shut",
    )
    pairs = [(outside, expected_outside), (inside, expected_inside)]
    if any(seen not in {expected, "unknown"} for seen, expected in pairs):
        wanted = Answer.FAIL
    elif "unknown" in {outside, inside}:
        wanted = Answer.UNKNOWN
    else:
        wanted = Answer.PASS
    assert verdict.answer is wanted
    assert verdict.because


def test_sides_of_gives_the_two_by_two() -> None:
    """A closed gate with a working office."""
    assert sides_of((OUTSIDE_SHUT, INSIDE_OPEN)) == Sides(outside=Reach.SHUT, inside=Reach.OPEN)


def test_a_side_without_a_vantage_is_unknown() -> None:
    """Where nobody looks nothing is proven."""
    verdict = judge_sides((OUTSIDE_SHUT,), outside="shut", inside="open")
    assert verdict.answer is Answer.UNKNOWN
    assert "no vantage looks from inside" in verdict.because
    assert gate_word((INSIDE_OPEN,)) == "unknown"
    assert judge_sides((), outside="shut", inside="shut").answer is Answer.UNKNOWN


def test_one_open_vantage_outside_is_enough_for_open() -> None:
    """The worst of several looks from outside counts."""
    reports = (OUTSIDE_SHUT, report(sign_on(vantage="abroad")), OUTSIDE_UNKNOWN)
    assert gate_word(reports) == "open"
    assert side_reach(reports, Side.OUTSIDE).because.startswith("outside (abroad)")


def test_one_doubtful_vantage_outside_spoils_shut() -> None:
    """All looks from outside must agree before a gate is called shut."""
    assert gate_word((OUTSIDE_SHUT, OUTSIDE_UNKNOWN)) == "unknown"


def test_offices_that_differ_are_unknown_and_fail_what_is_expected() -> None:
    """An office that cannot get in is found, though another one can."""
    other = report(look(LookKind.REFUSED, side=Side.INSIDE, vantage="annex"))
    reports = (OUTSIDE_SHUT, INSIDE_OPEN, other)
    assert sides_of(reports).inside is Reach.UNKNOWN
    verdict = judge_sides(reports, outside="shut", inside="open")
    assert verdict.answer is Answer.FAIL
    assert "annex" in verdict.because


def test_a_report_without_a_look_is_refused() -> None:
    """A vantage that looked at nothing has seen nothing shut."""
    with pytest.raises(ValueError, match="no look"):
        VantageReport(vantage=VantageName("v"), side=Side.OUTSIDE, control=None, gate=())


def test_reports_survive_the_journal() -> None:
    """What is written to the journal is read back as it was, with and without a control."""
    full = Look(
        vantage=VantageName("outside"),
        side=Side.OUTSIDE,
        target="2001:db8::10",
        port=443,
        wire="https",
        kind=LookKind.ANSWERED,
        detail="302 to /vpn/index.html",
        status=200,
        page=Page.SIGN_ON,
        certificate_sha256="ab" * 32,
    )
    reports = (report(full, look(LookKind.DROPPED, wire="dtls")), INSIDE_OPEN)
    bare = report(look(LookKind.REFUSED, vantage="bare"), control=None)
    given = (*reports, bare)
    records = [record for one in given for record in one.as_records()]
    assert all(isinstance(value, str) for record in records for value in record.values())
    assert reports_from_records(records) == given


def test_a_record_that_is_no_look_is_refused() -> None:
    """The journal is read strictly."""
    record = {"role": "gate", **sign_on().as_record()}
    for key, value in (("kind", "fine"), ("wire", "carrier pigeon"), ("role", "guest")):
        with pytest.raises((ValueError, KeyError)):
            reports_from_records([{**record, key: value}])
    with pytest.raises(ValueError, match="no look"):
        reports_from_records([{**record, "role": "control"}])


@pytest.mark.parametrize(
    ("words", "worst"),
    [
        (("shut", "shut"), "shut"),
        (("shut", "unknown"), "unknown"),
        (("shut", "unknown", "open"), "open"),
        ((), "unknown"),
    ],
)
def test_the_worst_word_wins_over_several_gates(
    words: tuple[GateWord, ...], worst: GateWord
) -> None:
    """Open before unknown before shut; no gate at all is not shut."""
    assert worst_word(words) == worst


def test_a_look_says_what_it_saw() -> None:
    """The reason names wire, address and what came."""
    seen = sign_on()
    assert seen.sentence() == "https 203.0.113.10:443 answered 200 sign-on"
    assert (
        "[2001:db8::1]:443"
        in Look(
            vantage=VantageName("v"),
            side=Side.OUTSIDE,
            target="2001:db8::1",
            port=443,
            wire="https",
            kind=LookKind.DROPPED,
        ).sentence()
    )


CLOSED_PAGE = look(LookKind.ANSWERED, page=Page.CLOSED)


def test_the_closed_page_is_an_answer_unless_it_is_accepted() -> None:
    """Whoever gets a page has reached the gateway; the owner may take that for shut."""
    plain = report(CLOSED_PAGE, look(LookKind.DROPPED, wire="dtls"))
    assert vantage_reach(plain).reach is Reach.OPEN
    verdict = judge_sides((plain, INSIDE_OPEN), outside="shut", inside="open")
    assert (verdict.answer, "only the closed page" in verdict.because) == (Answer.FAIL, True)
    accepted = replace(plain, closed_page_is_shut=True)
    assert vantage_reach(accepted).reach is Reach.SHUT
    assert judge_sides((accepted, INSIDE_OPEN), outside="shut", inside="open").passed


@pytest.mark.parametrize("page", sorted(set(Page) - {Page.CLOSED}))
def test_no_other_page_is_accepted_in_its_place(page: Page) -> None:
    """Not the gateway's own 503 either, which goes away by itself."""
    other = replace(report(look(LookKind.ANSWERED, page=page)), closed_page_is_shut=True)
    assert vantage_reach(other).reach is Reach.OPEN
    both = replace(
        report(CLOSED_PAGE, look(LookKind.ANSWERED, page=page)), closed_page_is_shut=True
    )
    assert judge_sides((both, INSIDE_OPEN), outside="shut", inside="open").answer is Answer.FAIL


def test_an_accepted_page_proves_nothing_where_the_control_fails_or_inside() -> None:
    """The rest of the rules stands."""
    no_control = replace(report(CLOSED_PAGE, control=LookKind.DROPPED), closed_page_is_shut=True)
    assert vantage_reach(no_control).reach is Reach.UNKNOWN
    inside = report(look(LookKind.ANSWERED, side=Side.INSIDE, page=Page.CLOSED))
    inside = replace(inside, closed_page_is_shut=True)
    verdict = judge_sides((OUTSIDE_SHUT, inside), outside="shut", inside="open")
    assert verdict.answer is Answer.FAIL

"""Looking from everywhere at once, against real servers on loopback."""

import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address, ip_address

import pytest

from gatectl.core.check import Answer
from gatectl.core.gate import Host, SecretRef, Side, Vantage, VantageName, Vserver
from gatectl.core.reach import (
    Look,
    LookKind,
    Reach,
    Sides,
    VantageReport,
    gate_word,
    judge_sides,
    side_reach,
    sides_of,
)
from gatectl.errors import InvalidInput, LoginRefused
from gatectl.probe.stream import Stream, local_dialler
from gatectl.probe.survey import look_at_datagrams, survey
from gatectl.probe.trust import Trust
from tests.ports import HoldPort
from tests.probe_servers import (
    ADDRESS,
    Credentials,
    full_backlog,
    gateway_site,
    keeping_quiet,
    listening,
    make_credentials,
    over_tls,
    resetting,
    serving,
)

JUMP = Host(
    name="jump",
    address="192.0.2.9",
    username="watch",
    secret=SecretRef(kind="agent"),
    host_keys=("SHA256:x",),
)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def control() -> Iterator[tuple[str, int]]:
    """Serve a control that always answers."""
    with listening(keeping_quiet) as port:
        yield (ADDRESS, port)


@pytest.fixture
def gateway(credentials: Credentials) -> Iterator[tuple[str, int]]:
    """Serve an open gateway."""
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        yield (ADDRESS, port)


def vantage(
    name: str, target: tuple[str, int] | None = None, control: tuple[str, int] | None = None
) -> Vantage:
    """Make a vantage; the side is in its name."""
    side = Side.INSIDE if name.startswith("office") else Side.OUTSIDE
    return Vantage(name=VantageName(name), side=side, control=control, target=target)


def vserver(port: int, address6: str = "") -> Vserver:
    """Make a gateway on loopback."""
    return Vserver(
        name="gw",
        address=ip_address(ADDRESS),
        port=port,
        address6=IPv6Address(address6) if address6 else None,
    )


def test_survey_of_a_closed_gate_with_a_working_office(
    gateway: tuple[str, int], control: tuple[str, int], shut_port: HoldPort
) -> None:
    """The state that all this is about: shut outside, sign-on inside."""
    outside = vantage("home", (ADDRESS, shut_port()), control)
    inside = vantage("office", gateway, control)
    reports = survey([outside, inside], vserver(gateway[1]), {}, timeout_s=2.0)
    assert judge_sides(reports, outside="shut", inside="open").passed
    assert gate_word(reports) == "shut"
    wires = [look.wire for look in reports[0].gate]
    assert wires == ["https", "dtls"]


def test_survey_of_an_open_gate(gateway: tuple[str, int], control: tuple[str, int]) -> None:
    """The same gate from both sides."""
    both = [vantage("home", control=control), vantage("office", control=control)]
    reports = survey(both, vserver(gateway[1]), {}, timeout_s=2.0)
    assert sides_of(reports).outside is Reach.OPEN
    assert judge_sides(reports, outside="open", inside="open").passed
    assert not judge_sides(reports, outside="shut", inside="open").passed


@pytest.mark.parametrize("inside", Reach)
@pytest.mark.parametrize("outside", Reach)
def test_each_cell_of_outside_and_inside_is_told_from_the_others(
    gateway: tuple[str, int],
    control: tuple[str, int],
    outside: Reach,
    inside: Reach,
    shut_port: HoldPort,
) -> None:
    """Open answers, shut refuses, unknown has a control that is dead; each against each."""

    def seen(name: str, reach: Reach) -> Vantage:
        target = gateway if reach is Reach.OPEN else (ADDRESS, shut_port())
        working = (ADDRESS, shut_port()) if reach is Reach.UNKNOWN else control
        return vantage(name, target, working)

    vantages = [seen("home", outside), seen("office", inside)]
    reports = survey(vantages, vserver(gateway[1]), {}, timeout_s=2.0)
    assert sides_of(reports) == Sides(outside=outside, inside=inside)
    assert gate_word(reports) == outside.value
    for expected_outside in ("open", "shut"):
        for expected_inside in ("open", "shut"):
            judged = judge_sides(reports, outside=expected_outside, inside=expected_inside)
            as_expected = (expected_outside, expected_inside) == (outside.value, inside.value)
            assert judged.passed is as_expected, judged.because
            known = {outside.value, expected_outside} == {"open", "shut"} or (
                {inside.value, expected_inside} == {"open", "shut"}
            )
            if not as_expected:
                assert judged.answer is (Answer.FAIL if known else Answer.UNKNOWN)


@pytest.mark.parametrize("fails", ["refused", "dropped", "nameless"])
@pytest.mark.parametrize("is_open", [True, False])
def test_survey_with_a_control_that_fails_in_any_way_is_unknown(
    gateway: tuple[str, int], shut_port: HoldPort, *, fails: str, is_open: bool
) -> None:
    """Neither an answer nor a refusal is believed from there, and the reason names the control."""
    with full_backlog() as full:
        controls = {
            "refused": ((ADDRESS, shut_port()), LookKind.REFUSED),
            "dropped": ((ADDRESS, full), LookKind.DROPPED),
            "nameless": (("c" * 64 + ".test", 443), LookKind.NOT_LOOKED),
        }
        dead, kind = controls[fails]
        home = vantage("home", gateway if is_open else (ADDRESS, shut_port()), dead)
        reports = survey([home], vserver(gateway[1]), {}, timeout_s=1.0)
    assert reports[0].control is not None
    assert reports[0].control.kind is kind
    assert reports[0].gate[0].kind is (LookKind.ANSWERED if is_open else LookKind.REFUSED)
    assert gate_word(reports) == "unknown"
    assert "the control failed" in side_reach(reports, Side.OUTSIDE).because


def test_survey_with_a_dead_control_is_unknown(
    gateway: tuple[str, int], shut_port: HoldPort
) -> None:
    """From a machine without network everything seems shut."""
    dead = (ADDRESS, shut_port())
    reports = survey(
        [vantage("home", (ADDRESS, shut_port()), dead), vantage("office", gateway, dead)],
        vserver(gateway[1]),
        {},
        timeout_s=2.0,
    )
    assert gate_word(reports) == "unknown"
    assert sides_of(reports).inside is Reach.UNKNOWN


def test_survey_asks_the_control_again_after_looks_that_seem_shut(
    control: tuple[str, int],
    shut_port: HoldPort,
) -> None:
    """A way that breaks during the looks must not make the gate shut."""
    asked: list[int] = []

    def dial(host: str, port: int, timeout_s: float) -> Stream:
        if port != control[1]:
            raise TimeoutError
        asked.append(port)
        if len(asked) > 1:
            raise TimeoutError
        return local_dialler()(host, port, timeout_s)

    home = vantage("home", (ADDRESS, shut_port()), control)
    reports = survey([home], vserver(443), {home.name: dial}, datagrams=None, timeout_s=1.0)
    assert len(asked) == 2
    assert reports[0].control is not None
    assert reports[0].control.kind is LookKind.DROPPED
    assert gate_word(reports) == "unknown"


def test_survey_looks_at_once_and_waits_for_nobody(control: tuple[str, int]) -> None:
    """Many dropped looks take the time of one, and a stuck dialler is left behind."""

    def stuck(_host: str, _port: int, _timeout_s: float) -> Stream:
        time.sleep(30)
        raise TimeoutError

    with full_backlog() as port:
        slow = [vantage(f"home{number}", (ADDRESS, port), control) for number in range(6)]
        hung = vantage("office", (ADDRESS, port))
        began = time.monotonic()
        reports = survey([*slow, hung], vserver(port), {hung.name: stuck}, timeout_s=0.5)
        took_s = time.monotonic() - began
    assert took_s < 6
    assert [report.gate[0].kind for report in reports[:6]] == [LookKind.DROPPED] * 6
    assert reports[6].gate[0].kind is LookKind.NOT_LOOKED
    assert "no result" in reports[6].gate[0].detail


def test_survey_through_an_ssh_host_that_is_not_there_is_not_a_look(shut_port: HoldPort) -> None:
    """A vantage that cannot be used proves nothing, and is never replaced by this machine."""
    away = replace(vantage("home", (ADDRESS, shut_port())), via=JUMP)
    reports = survey([away], vserver(443), {}, timeout_s=1.0)
    assert [look.kind for look in reports[0].gate] == [LookKind.NOT_LOOKED]
    assert "jump" in reports[0].gate[0].detail
    assert gate_word(reports) == "unknown"


def test_survey_through_ssh_does_not_believe_an_ended_channel_without_a_control(
    control: tuple[str, int],
) -> None:
    """A channel ends the same way when the vantage dies and when the gate resets."""
    with listening(resetting) as port:
        bare = replace(vantage("home", (ADDRESS, port)), via=JUMP)
        watched = replace(vantage("home2", (ADDRESS, port), control), via=JUMP)
        diallers = {one.name: local_dialler() for one in (bare, watched)}
        reports = survey([bare, watched], vserver(443), diallers, timeout_s=1.0)
    assert [report.gate[0].kind for report in reports] == [LookKind.SILENT, LookKind.RESET]


def test_survey_logs_in_once_and_waits_for_it(
    gateway: tuple[str, int], control: tuple[str, int]
) -> None:
    """An SSH host that takes longer to log us in than a look takes still serves all looks."""
    logins: list[float] = []

    def dial(host: str, port: int, timeout_s: float) -> Stream:
        if not logins:
            time.sleep(2.0)
            logins.append(2.0)
        return local_dialler()(host, port, timeout_s)

    away = replace(vantage("home", gateway, control), via=JUMP)
    reports = survey([away], vserver(443), {away.name: dial}, timeout_s=0.8)
    assert reports[0].gate[0].shows_sign_on


def test_survey_does_not_repeat_a_refused_login(control: tuple[str, int]) -> None:
    """One wrong password is one attempt, however many looks were planned."""
    attempts: list[int] = []

    def dial(_host: str, port: int, _timeout_s: float) -> Stream:
        attempts.append(port)
        raise LoginRefused("jump does not take our key")

    away = replace(vantage("home", control=control), via=JUMP)
    reports = survey([away], vserver(443, "2001:db8::1"), {away.name: dial}, timeout_s=1.0)
    assert len(attempts) == 1
    assert {look.kind for look in reports[0].gate} == {LookKind.NOT_LOOKED}
    assert "does not take our key" in reports[0].gate[0].detail


def kinds(report: VantageReport) -> dict[tuple[str, int, str], LookKind]:
    """Give what was looked at, and what came of it."""
    return {(look.target, look.port, look.wire): look.kind for look in report.gate}


def refusing(_host: str, _port: int, _timeout_s: float) -> Stream:
    """Refuse every connection, without any network."""
    raise ConnectionRefusedError


def refusing_datagrams(vantage: Vantage, target: tuple[str, int], _timeout_s: float) -> Look:
    """Refuse every datagram, without any network."""
    return Look(
        vantage=vantage.name,
        side=vantage.side,
        target=target[0],
        port=target[1],
        wire="dtls",
        kind=LookKind.REFUSED,
    )


def test_survey_looks_at_both_addresses_and_all_doors() -> None:
    """TCP 443, TCP 80 and UDP 443, over IPv4 and IPv6."""
    home = vantage("home")
    gate = vserver(443, "2001:db8::1")
    reports = survey([home], gate, {home.name: refusing}, datagrams=refusing_datagrams)
    assert set(kinds(reports[0])) == {
        (host, port, wire)
        for host in (ADDRESS, "2001:db8::1")
        for port, wire in ((443, "https"), (80, "http"), (443, "dtls"))
    }
    assert gate_word(reports) == "shut"


def test_survey_looks_at_port_80_only_beside_443() -> None:
    """Behind another port, port 80 may be anybody's."""
    home = vantage("home")
    away = vantage("away", ("192.0.2.1", 443))
    diallers = {home.name: refusing, away.name: refusing}
    reports = survey([home, away], vserver(8443), diallers, datagrams=None)
    assert set(kinds(reports[0])) == {(ADDRESS, 8443, "https")}
    assert set(kinds(reports[1])) == {("192.0.2.1", 443, "https")}


def test_survey_says_which_address_nobody_looks_at() -> None:
    """An IPv6 address that no vantage can see is not shut."""
    home = replace(vantage("home"), source=ip_address(ADDRESS))
    other = replace(vantage("other"), source=ip_address(ADDRESS))
    diallers = {home.name: refusing, other.name: refusing}
    gate = vserver(8443, "2001:db8::1")
    reports = survey([home, other], gate, diallers, datagrams=None)
    unseen = ("2001:db8::1", 8443, "https")
    assert kinds(reports[0])[unseen] is LookKind.NOT_LOOKED
    assert unseen not in kinds(reports[1])
    assert gate_word(reports) == "unknown"
    six = replace(vantage("six"), source=ip_address("::1"))
    covered = survey([home, six], gate, {**diallers, six.name: refusing}, datagrams=None)
    assert gate_word(covered) == "shut"


def test_survey_from_the_wrong_ip_version_is_not_a_look() -> None:
    """A vantage that cannot see the gate at all says so."""
    home = vantage("home")
    six = replace(vantage("six"), source=ip_address("::1"))
    diallers = {home.name: refusing, six.name: refusing}
    reports = survey([home, six], vserver(8443), diallers, datagrams=None)
    assert kinds(reports[1]) == {(ADDRESS, 8443, "https"): LookKind.NOT_LOOKED}
    assert gate_word(reports) == "unknown"


def test_survey_uses_the_source_address_of_a_vantage() -> None:
    """The gate sees whence a vantage looks: that is what makes it inside or outside."""
    peers: list[str] = []
    with listening(lambda connection: peers.append(connection.getpeername()[0])) as port:
        one = replace(vantage("home"), source=ip_address("127.0.0.7"))
        survey([one], vserver(port), {}, datagrams=None, timeout_s=1.0)
    assert peers == ["127.0.0.7"]


def test_survey_with_unreadable_authorities_is_refused_before_any_look() -> None:
    """A broken trust file is the caller's mistake and not a shut gate."""
    home = vantage("home")
    with pytest.raises(InvalidInput):
        survey([home], vserver(443), {home.name: refusing}, trust=Trust(authorities_pem="x"))


def test_survey_looks_over_udp_from_here(shut_port: HoldPort) -> None:
    """The datagram look is a real one unless another is given."""
    seen = look_at_datagrams(vantage("home"), (ADDRESS, shut_port()), 0.5)
    assert (seen.wire, seen.kind) == ("dtls", LookKind.REFUSED)

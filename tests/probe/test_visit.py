"""What a look tells apart, against real servers on loopback."""

import errno
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from gatectl.core.gate import Side, Vantage, VantageName
from gatectl.core.page import Page
from gatectl.core.reach import Look, LookKind
from gatectl.errors import Unreachable
from gatectl.probe.stream import Stream, local_dialler
from gatectl.probe.trust import Trust
from gatectl.probe.visit import control_answers, look_at
from tests.ports import HoldPort
from tests.probe_servers import (
    ADDRESS,
    APACHE_403,
    MITIGATED_403,
    NETSCALER_503,
    SIGN_ON,
    Credentials,
    dripping,
    full_backlog,
    gateway_site,
    hanging_up,
    keeping_quiet,
    listening,
    make_credentials,
    ok,
    over_tls,
    redirect,
    resetting,
    saying,
    serving,
)

HOME = Vantage(name=VantageName("home"), side=Side.OUTSIDE)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


def look(
    port: int,
    *,
    tls: bool = True,
    trust: Trust | None = None,
    server_name: str = "",
    timeout_s: float = 2.0,
) -> Look:
    """Look at a port on loopback from here."""
    return look_at(
        HOME,
        dial=local_dialler(),
        target=(ADDRESS, port),
        server_name=server_name,
        timeout_s=timeout_s,
        tls=tls,
        trust=trust or Trust(),
    )


def test_look_at_a_port_without_listener_is_refused(shut_port: HoldPort) -> None:
    """A closed port says so."""
    assert look(shut_port()).kind is LookKind.REFUSED


def test_look_at_a_port_that_drops_ends_at_its_timeout() -> None:
    """A packet that nobody answers ends the look in time, as dropped."""
    with full_backlog() as port:
        began = time.monotonic()
        seen = look(port, timeout_s=0.4)
    assert seen.kind is LookKind.DROPPED
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("tls", [True, False])
def test_look_at_a_port_that_resets_before_a_byte_is_reset(tls: bool) -> None:
    """A connection that is taken and reset showed nothing of a gateway."""
    with listening(resetting) as port:
        seen = look(port, tls=tls)
    assert seen.kind is LookKind.RESET
    assert not seen.shows_gateway


def test_look_at_a_port_that_hangs_up_is_reset_too() -> None:
    """An end without a byte is told like a reset, for an SSH channel cannot tell them apart."""
    with listening(hanging_up) as port:
        assert look(port).kind is LookKind.RESET


@pytest.mark.parametrize("tls", [True, False])
def test_look_at_a_port_that_stays_quiet_is_silent_and_not_dropped(tls: bool) -> None:
    """Something took the connection, so it cannot pass as shut."""
    with listening(keeping_quiet) as port:
        assert look(port, tls=tls, timeout_s=0.4).kind is LookKind.SILENT


def test_look_at_garbage_is_not_tls() -> None:
    """Bytes that are no TLS are somebody's, but no gateway's."""
    with listening(saying(b"SSH-2.0-OpenSSH_9.2\r\n\x1b[31m")) as port:
        seen = look(port)
    assert seen.kind is LookKind.NOT_TLS
    assert "SSH-2.0" in seen.detail
    assert "\x1b" not in seen.detail


def test_look_at_http_without_tls_is_not_tls() -> None:
    """A web server on the TLS port answers our greeting with an HTTP error."""
    with listening(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert look(port).kind is LookKind.NOT_TLS


def test_look_at_a_tls_alert_is_tls_failed_and_shows_the_gateway() -> None:
    """An alert comes from something that speaks TLS: the port is not shut."""
    with listening(saying(b"\x15\x03\x01\x00\x02\x02\x28")) as port:
        seen = look(port)
    assert seen.kind is LookKind.TLS_FAILED
    assert seen.shows_gateway


def test_look_at_a_handshake_that_never_ends_is_bounded() -> None:
    """A server that drips TLS bytes cannot hold the look."""
    with listening(dripping(b"\x16\x03\x03\x40\x00")) as port:
        began = time.monotonic()
        seen = look(port, timeout_s=0.5)
    assert seen.kind is LookKind.TLS_FAILED
    assert time.monotonic() - began < 2


def test_look_follows_the_redirect_to_the_sign_on_page(credentials: Credentials) -> None:
    """The front door redirects, and the page behind it is what is judged."""
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        seen = look(port)
    assert (seen.kind, seen.page, seen.status) == (LookKind.ANSWERED, Page.SIGN_ON, 200)
    assert seen.certificate_sha256 == credentials.sha256
    assert "/vpn/index.html" in seen.detail


def test_look_does_not_take_a_redirect_for_a_sign_on_page_that_is_missing(
    credentials: Credentials,
) -> None:
    """A packet engine that still redirects proves nothing when the page behind it is broken."""

    def broken(target: str) -> bytes:
        return redirect("/vpn/index.html") if target == "/" else NETSCALER_503

    with listening(over_tls(credentials, serving(broken))) as port:
        assert look(port).page is Page.MAINTENANCE

    def silent(target: str) -> bytes:
        return redirect("/vpn/index.html") if target == "/" else b""

    with listening(over_tls(credentials, serving(silent))) as port:
        seen = look(port)
    assert seen.page is Page.OTHER
    assert "gave no answer" in seen.detail


def test_look_stops_after_one_redirect(credentials: Credentials) -> None:
    """A sign-on page that hands over to an identity provider is still the sign-on."""
    requests: list[bytes] = []

    def site(target: str) -> bytes:
        return redirect("/vpn/index.html" if target == "/" else "https://identity.test/saml")

    with listening(over_tls(credentials, serving(site, requests=requests))) as port:
        seen = look(port)
    assert seen.page is Page.REDIRECT
    assert len(requests) == 2


def test_look_does_not_follow_a_redirect_to_another_host(credentials: Credentials) -> None:
    """Only the gate is ever contacted."""
    requests: list[bytes] = []
    site = serving(lambda _: redirect("https://elsewhere.test/welcome"), requests=requests)
    with listening(over_tls(credentials, site)) as port:
        seen = look(port)
    assert seen.page is not Page.REDIRECT
    assert "elsewhere.test" in seen.detail
    assert len(requests) == 1


def test_look_knows_the_maintenance_page(credentials: Credentials) -> None:
    """A 503 is an answer: it shows the gateway, and nobody can sign in."""
    with listening(over_tls(credentials, serving(lambda _: NETSCALER_503))) as port:
        seen = look(port)
    assert (seen.status, seen.page) == (503, Page.MAINTENANCE)
    assert seen.shows_gateway
    assert not seen.shows_sign_on


def test_look_knows_somebody_elses_page(credentials: Credentials) -> None:
    """A page without the gateway's marks is not taken for a sign-on page."""
    site = serving(lambda _: ok(b"<html><title>It works!</title></html>"))
    with listening(over_tls(credentials, site)) as port:
        assert look(port).page is Page.OTHER


@pytest.mark.parametrize(
    ("answer", "status", "page"),
    [
        (ok(SIGN_ON), 200, Page.SIGN_ON),
        (APACHE_403, 403, Page.APACHE_403),
        (MITIGATED_403, 403, Page.EMPTY),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", 404, Page.OTHER),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\noops", 500, Page.OTHER),
        (NETSCALER_503, 503, Page.MAINTENANCE),
    ],
    ids=["sign-on", "web server", "mitigation", "missing", "broken", "maintenance"],
)
def test_look_tells_each_status_with_the_page_that_it_comes_with(
    credentials: Credentials, answer: bytes, status: int, page: Page
) -> None:
    """Whatever the status, something answered: never shut; only the sign-on page lets people in."""
    with listening(over_tls(credentials, serving(lambda _: answer))) as port:
        seen = look(port)
    assert (seen.kind, seen.status, seen.page) == (LookKind.ANSWERED, status, page)
    assert seen.shows_gateway
    assert seen.shows_sign_on is (page is Page.SIGN_ON)


def test_look_at_tls_without_http_is_not_http(credentials: Credentials) -> None:
    """TLS that answers with something else still shows the gateway."""
    with listening(over_tls(credentials, saying(b"220 mail ready\r\n"))) as port:
        seen = look(port)
    assert seen.kind is LookKind.NOT_HTTP
    assert seen.shows_gateway
    assert seen.certificate_sha256 == credentials.sha256


def test_look_at_a_dripping_page_is_bounded(credentials: Credentials) -> None:
    """The deadline is that of the whole look, not of each read."""
    with listening(over_tls(credentials, dripping(b"HTTP/1.1 200 OK\r\nX: "))) as port:
        began = time.monotonic()
        seen = look(port, timeout_s=0.6)
    assert seen.kind is LookKind.NOT_HTTP
    assert time.monotonic() - began < 2


def test_look_reads_no_more_than_it_needs(credentials: Credentials) -> None:
    """A page without end is cut at the limit and still judged."""
    page = b"HTTP/1.1 200 OK\r\n\r\n" + SIGN_ON + b"x" * 3_000_000
    with listening(over_tls(credentials, saying(page))) as port:
        seen = look(port)
    assert (seen.kind, seen.page) == (LookKind.ANSWERED, Page.SIGN_ON)


def test_look_accepts_the_pinned_key_only(credentials: Credentials) -> None:
    """Another key on the gate's address is a kind of its own, not an open gate, and is named."""
    other = "sha256//" + "A" * 43 + "="
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        right = look(port, trust=Trust(pins=frozenset({other, credentials.pin})))
        wrong = look(port, trust=Trust(pins=frozenset({other})))
    assert right.kind is LookKind.ANSWERED
    assert wrong.kind is LookKind.WRONG_CERTIFICATE
    assert wrong.certificate_sha256 == credentials.sha256
    assert wrong.detail == f"its key is {credentials.pin}, which is not pinned"
    assert not wrong.shows_gateway


def test_look_without_readable_authorities_accepts_nobody_but_still_sees_a_shut_gate(
    credentials: Credentials,
    shut_port: HoldPort,
) -> None:
    """What gives no answer needs no certificate; what answers cannot be told from another."""
    trust = Trust(unreadable="the authorities cannot be read")
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        seen = look(port, trust=trust)
    assert (seen.kind, seen.detail) == (LookKind.WRONG_CERTIFICATE, trust.unreadable)
    assert look(shut_port(), trust=trust).kind is LookKind.REFUSED


def test_look_accepts_a_certificate_of_the_given_authority_only(
    credentials: Credentials, tmp_path: Path
) -> None:
    """With authorities both the signature and the name must be right."""
    own = Trust(authorities_pem=credentials.certificate.read_text())
    other = make_credentials(tmp_path, name="other.test")
    foreign = Trust(authorities_pem=other.certificate.read_text())
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        assert look(port, trust=own, server_name="gate.test").kind is LookKind.ANSWERED
        assert look(port, trust=own).kind is LookKind.ANSWERED
        misnamed = look(port, trust=own, server_name="else.test")
        unsigned = look(port, trust=foreign, server_name="gate.test")
    assert misnamed.kind is LookKind.WRONG_CERTIFICATE
    assert unsigned.kind is LookKind.WRONG_CERTIFICATE
    for wrong in (misnamed, unsigned):
        assert wrong.detail.endswith(f"; its key is {credentials.pin}")
        assert wrong.certificate_sha256 == credentials.sha256
        assert not wrong.shows_gateway


def test_look_judges_pin_and_authority_together(credentials: Credentials, tmp_path: Path) -> None:
    """A key that is pinned is not enough where somebody must have signed it, nor the reverse."""
    own = credentials.certificate.read_text()
    other = make_credentials(tmp_path, name="other.test")
    pins, others = frozenset({credentials.pin}), frozenset({other.pin})
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        seen = [
            look(port, trust=Trust(pins=pins, authorities_pem=own)).kind,
            look(port, trust=Trust(pins=others, authorities_pem=own)).kind,
            look(port, trust=Trust(pins=pins, authorities_pem=other.certificate.read_text())).kind,
        ]
    wrong = LookKind.WRONG_CERTIFICATE
    assert seen == [LookKind.ANSWERED, wrong, wrong]


def test_every_look_is_a_new_connection_with_a_new_tls_session(credentials: Credentials) -> None:
    """What is remembered of an earlier look could be let in where nobody new is."""
    seen: list[tuple[int, bool | None]] = []
    site = serving(gateway_site)

    def serve(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        seen.append((connection.getpeername()[1], connection.session_reused))
        site(connection)

    with listening(over_tls(credentials, serve)) as port:
        for _ in range(3):
            assert look(port).page is Page.SIGN_ON
    assert len(seen) == 6, "the front door and the page behind it, each time"
    assert len({source for source, _ in seen}) == 6
    assert not any(reused for _, reused in seen)


def test_look_asks_for_names_and_never_for_addresses(credentials: Credentials) -> None:
    """SNI carries host names only, so an address is not sent."""
    names: list[str | None] = []
    with listening(over_tls(credentials, serving(gateway_site), names=names)) as port:
        look(port, server_name="gate.test")
        look(port)
    assert names[0] == "gate.test"
    assert names[-1] is None


def test_look_over_plain_http_sees_the_redirect_and_stays() -> None:
    """Port 80 that redirects to TLS is an answer and is not followed there."""
    requests: list[bytes] = []
    site = serving(lambda _: redirect("https://gate.test/"), requests=requests)
    with listening(site) as port:
        seen = look(port, tls=False)
    assert (seen.kind, seen.status, seen.wire) == (LookKind.ANSWERED, 302, "http")
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), LookKind.UNREACHABLE),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), LookKind.UNREACHABLE),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign"), LookKind.NOT_LOOKED),
        (OSError(errno.EMFILE, "Too many open files"), LookKind.NOT_LOOKED),
        (Unreachable("the vantage does not answer"), LookKind.NOT_LOOKED),
    ],
)
def test_look_tells_our_own_trouble_from_the_gates(trouble: Exception, kind: LookKind) -> None:
    """What fails on our side never counts as a shut port."""

    def dial(_host: str, _port: int, _timeout_s: float) -> Stream:
        raise trouble

    assert look_at(HOME, dial=dial, target=("192.0.2.1", 443)).kind is kind


def test_look_from_an_address_that_is_not_ours_is_not_a_look(shut_port: HoldPort) -> None:
    """A source address that this machine does not have is found out and said."""
    dial = local_dialler(ip_address("192.0.2.77"))
    seen = look_at(HOME, dial=dial, target=(ADDRESS, shut_port()))
    assert seen.kind is LookKind.NOT_LOOKED


def test_control_answers_when_it_takes_a_connection() -> None:
    """A control needs no more than TCP."""
    with listening(keeping_quiet) as port:
        seen = control_answers(HOME, dial=local_dialler(), target=(ADDRESS, port))
    assert seen.kind is LookKind.CONNECTED


def test_control_fails_when_it_is_refused_or_dropped(shut_port: HoldPort) -> None:
    """Each way of failing is told."""
    dial = local_dialler()
    refused = control_answers(HOME, dial=dial, target=(ADDRESS, shut_port()))
    with full_backlog() as port:
        dropped = control_answers(HOME, dial=dial, target=(ADDRESS, port), timeout_s=0.3)
    assert (refused.kind, dropped.kind) == (LookKind.REFUSED, LookKind.DROPPED)

"""Requests sent byte for byte, their answers as records, and the build as a visitor sees it."""

import gzip
import io
import socket
from collections.abc import Mapping

import pytest

from gatectl.core.check import Expectation, Seen, Unreadable, judge
from gatectl.core.fingerprint import STAMP_PATH, Recognised, Unrecognised
from gatectl.core.page import HttpAnswer
from gatectl.core.reach import LookKind
from gatectl.errors import InvalidInput
from gatectl.probe import request as probe
from gatectl.probe.exchange import NoAnswer
from gatectl.probe.stream import local_dialler
from gatectl.probe.trust import Trust
from tests.ports import HoldPort
from tests.probe_servers import (
    ADDRESS,
    APACHE_403,
    MITIGATED_403,
    NETSCALER_503,
    Credentials,
    Handler,
    dripping,
    gateway_site,
    keeping_quiet,
    listening,
    make_credentials,
    ok,
    over_tls,
    saying,
    serving,
)

TRAVERSAL = "/vpn/../vpns/cfg/smb.conf"


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Make one certificate for all servers of this module."""
    return make_credentials(tmp_path_factory.mktemp("tls"))


def ask(
    handler: Handler, *, path: str = "/", method: str = "GET", timeout_s: float = 1.0
) -> HttpAnswer | NoAnswer:
    """Ask a server that behaves in this way, without TLS."""
    with listening(handler) as port:
        return probe.request(
            local_dialler(),
            (ADDRESS, port),
            method=method,
            path=path,
            tls=False,
            timeout_s=timeout_s,
        )


def record_of(got: HttpAnswer | NoAnswer) -> Mapping[str, str]:
    """Give the one record of an answer that must be readable."""
    observation = probe.answer_record(got)
    assert isinstance(observation, Seen)
    assert len(observation.records) == 1
    return observation.records[0]


@pytest.mark.parametrize(
    "path",
    [TRAVERSAL, "/vpn/js/%2e./.%2e/%76pns/cfg/smb.conf", "//a/./b/../c?x=%2F..#", "/vpn//../"],
)
def test_request_sends_the_path_byte_for_byte(path: str, credentials: Credentials) -> None:
    """Whoever tidies the path tests another request than the attacker's."""
    requests: list[bytes] = []
    with listening(over_tls(credentials, serving(gateway_site, requests=requests))) as port:
        target = (ADDRESS, port)
        probe.request(local_dialler(), target, path=path, server_name="gate.test")
    assert requests[0].startswith(f"GET {path} HTTP/1.1\r\nHost: gate.test:{port}\r\n".encode())


def test_request_sends_the_given_headers_instead_of_its_own() -> None:
    """A header that is given replaces the usual one."""
    requests: list[bytes] = []
    with listening(serving(gateway_site, requests=requests)) as port:
        probe.request(
            local_dialler(),
            (ADDRESS, port),
            tls=False,
            method="POST",
            headers=(("NSC_USER", "../../x"), ("host", "other")),
        )
    assert b"POST / HTTP/1.1\r\n" in requests[0]
    assert b"NSC_USER: ../../x\r\n" in requests[0]
    assert requests[0].lower().count(b"host:") == 1


@pytest.mark.parametrize("path", ["/a\r\nX: y", "/a\nb", "/\0"])
def test_request_with_a_line_break_is_refused_before_anything_is_sent(
    path: str, shut_port: HoldPort
) -> None:
    """A path must stay one line of one request."""
    with pytest.raises(InvalidInput):
        probe.request(local_dialler(), (ADDRESS, shut_port()), path=path)


def test_request_does_not_follow_redirects() -> None:
    """The answer to this request is what a mitigation is judged by."""
    record = record_of(ask(serving(gateway_site)))
    assert (record["status"], record["page"]) == ("302", "redirect-to-sign-on")
    assert record["location"] == "/vpn/index.html"


def test_a_mitigations_403_is_told_from_apaches_403() -> None:
    """Blocked in front has no body; through to the web server has Apache's words."""
    mitigated = record_of(ask(saying(MITIGATED_403), path=TRAVERSAL))
    exposed = record_of(ask(saying(APACHE_403), path=TRAVERSAL))
    assert (mitigated["status"], mitigated["body_empty"], mitigated["page"]) == (
        "403",
        "yes",
        "empty",
    )
    assert (exposed["status"], exposed["body_empty"], exposed["page"]) == (
        "403",
        "no",
        "apache-403",
    )
    assert exposed["server"] == "Apache"
    assert "have permission to access /vpns/" in exposed["body"]


def test_a_mitigations_403_that_keeps_the_connection_is_read_at_the_deadline() -> None:
    """An answer without length and without end is whole when nothing follows its header."""

    def staying(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(MITIGATED_403)
        keeping_quiet(connection)

    record = record_of(ask(staying, path=TRAVERSAL, timeout_s=0.4))
    assert (record["status"], record["body_empty"]) == ("403", "yes")


def test_answer_record_of_the_gateways_503_is_maintenance() -> None:
    """The gateway's own page while nothing is behind it."""
    record = record_of(ask(saying(NETSCALER_503)))
    assert (record["status"], record["page"]) == ("503", "maintenance")


@pytest.mark.parametrize(
    "handler",
    [
        keeping_quiet,
        saying(b"SSH-2.0-x\r\n"),
        saying(b""),
        saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n<h1>"),
        dripping(b"HTTP/1.1 403 Forbidden\r\n\r\n<h1>You don't"),
    ],
)
def test_answer_record_of_no_whole_answer_is_unreadable(handler: Handler) -> None:
    """A gateway that is shut, broken or cut short is not a gateway that blocks."""
    observation = probe.answer_record(ask(handler, path=TRAVERSAL, timeout_s=0.5))
    assert isinstance(observation, Unreadable)
    verdict = judge(observation, (Expectation(field="status", equals="403"),))
    assert verdict.answer == "unknown"


def test_answer_record_of_a_shut_gate_is_unreadable(shut_port: HoldPort) -> None:
    """Not vulnerable because it is shut is not mitigated."""
    got = probe.request(local_dialler(), (ADDRESS, shut_port()), path=TRAVERSAL)
    assert isinstance(got, NoAnswer)
    assert got.kind is LookKind.REFUSED
    observation = probe.answer_record(got)
    assert isinstance(observation, Unreadable)
    assert "refused" in observation.because


def test_answer_record_shows_hostile_text_without_its_power() -> None:
    """Terminal escapes and direction marks of a server do not get into a record."""
    hostile = b"HTTP/1.1 200 \x1b[2JFine\r\nServer: \x1b]0;x\x07\r\n\r\n\x1b[31m\xe2\x80\xaehi"
    record = record_of(ask(saying(hostile)))
    assert all(sign.isprintable() for value in record.values() for sign in value)
    assert "hi" in record["body"]


def test_head_request_reads_no_body() -> None:
    """The length in the answer to HEAD is that of a body which does not come."""
    got = ask(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"), method="HEAD")
    assert record_of(got)["body_empty"] == "yes"


def test_look_for_build_reads_stamp_and_hash(credentials: Credentials) -> None:
    """Both marks of one build, fetched as a visitor does."""
    packed = io.BytesIO()
    with gzip.GzipFile("rdx_en.json", "wb", fileobj=packed, mtime=1574967982) as stream:
        stream.write(b"{}")

    def site(target: str) -> bytes:
        if target == STAMP_PATH:
            return ok(packed.getvalue())
        return ok(b'<script src="/vpn/x.js?v=fedb4ba86b5edcbc86081f2893dc9fdf">')

    with listening(over_tls(credentials, serving(site))) as port:
        finding = probe.look_for_build(local_dialler(), (ADDRESS, port))
    assert isinstance(finding, Recognised)
    assert finding.build == "13.0-47.22"
    assert "stamp" in finding.because
    assert "hash" in finding.because


def test_look_for_build_of_a_shut_or_other_gateway_is_unrecognised(
    credentials: Credentials,
    shut_port: HoldPort,
) -> None:
    """No answer, an error page and a certificate that is not the gate's tell no build."""
    dial = local_dialler()
    shut = probe.look_for_build(dial, (ADDRESS, shut_port()))
    with listening(over_tls(credentials, serving(gateway_site))) as port:
        other = probe.look_for_build(dial, (ADDRESS, port))
        pins = frozenset({"sha256//" + "A" * 43 + "="})
        somebody = probe.look_for_build(dial, (ADDRESS, port), trust=Trust(pins=pins))
    assert isinstance(somebody, Unrecognised)
    assert "not pinned" in somebody.because
    assert isinstance(shut, Unrecognised)
    assert "refused" in shut.because.lower()
    assert isinstance(other, Unrecognised)
    assert "404" in other.because

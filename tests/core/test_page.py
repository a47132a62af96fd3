"""Reading HTTP answers and telling pages apart."""

import pytest

from gatectl.core.page import (
    End,
    HttpAnswer,
    Incomplete,
    NotHttp,
    Page,
    is_sign_on_address,
    page_of,
    read_answer,
    same_host_path,
)


def whole(raw: bytes, *, end: End | None = None, head_only: bool = False) -> HttpAnswer:
    """Read an answer that must be one."""
    read = read_answer(raw, end=end, head_only=head_only)
    assert isinstance(read, HttpAnswer)
    return read


def page(raw: bytes) -> Page:
    """Tell the page of an answer that ended with its connection."""
    return page_of(whole(raw, end=End.CLOSED))


def test_read_answer_by_length() -> None:
    """With a length the answer ends there, and not before."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: Apache\r\n\r\nhello"
    assert isinstance(read_answer(raw[:-1]), Incomplete)
    answer = whole(raw + b"more")
    assert (answer.status, answer.reason, answer.body, answer.cut) == (200, "OK", b"hello", "")
    assert answer.header("SERVER") == "Apache"
    assert answer.header("x-missing") == ""


def test_read_answer_in_chunks() -> None:
    """A chunked body is put together; a broken one is cut."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = whole(head + b"5;x=1\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    assert (answer.body, answer.cut) == (b"hello world", "")
    assert isinstance(read_answer(head + b"5\r\nhel"), Incomplete)
    assert whole(head + b"5\r\nhel", end=End.CLOSED).cut
    assert whole(head + b"zz\r\n", end=End.CLOSED).cut


@pytest.mark.parametrize(("end", "cut"), [(End.CLOSED, False), (End.RESET, True)])
def test_read_answer_until_the_end(end: End, cut: bool) -> None:
    """Without a length the end of the connection is the end of the body, if it is a proper one."""
    raw = b"HTTP/1.0 200 OK\r\n\r\nhello"
    assert isinstance(read_answer(raw), Incomplete)
    assert bool(whole(raw, end=end).cut) is cut


@pytest.mark.parametrize("end", [End.CLOSED, End.RESET, End.DEADLINE])
def test_read_answer_shorter_than_its_length_is_cut(end: End) -> None:
    """An empty body that was promised to be longer is not an empty body."""
    assert whole(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n", end=end).cut


def test_read_answer_takes_a_quiet_end_for_an_empty_body() -> None:
    """A responder's answer has no length, no body, and may keep the connection."""
    raw = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    assert whole(raw, end=End.DEADLINE).cut == ""
    assert whole(raw + b"<h1>", end=End.DEADLINE).cut


def test_read_answer_longer_than_the_limit_is_not_cut() -> None:
    """We stopped reading; the other end did nothing wrong."""
    assert whole(b"HTTP/1.1 200 OK\r\n\r\nhello", end=End.LIMIT).cut == ""


def test_read_answer_to_head_and_204_have_no_body() -> None:
    """Their length is that of a body which does not come."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"
    assert whole(raw, head_only=True).body == b""
    assert whole(b"HTTP/1.1 204 No Content\r\n\r\n").body == b""


def test_read_answer_passes_over_interim_answers() -> None:
    """A 100 is not the answer."""
    raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    assert whole(raw).status == 404


@pytest.mark.parametrize(
    "raw",
    [b"SSH-2.0-x\r\n", b"HTTP/1.1 two hundred\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: y", b"", b"HT"],
)
def test_read_answer_refuses_what_is_not_http(raw: bytes) -> None:
    """Other talk, half a header and nothing at all are no answers."""
    assert isinstance(read_answer(raw, end=End.CLOSED), NotHttp)


def test_read_answer_waits_for_a_whole_header() -> None:
    """A beginning that may become HTTP is neither one nor the other."""
    for raw in (b"", b"HT", b"HTTP/1.1 200 OK\r\nX"):
        assert isinstance(read_answer(raw), Incomplete)


def test_pages_of_a_gateway_and_of_others() -> None:
    """Each kind of page by its own marks."""
    ok = b"HTTP/1.1 200 OK\r\n\r\n"
    assert page(ok + b"<title>Citrix Gateway</title>") is Page.SIGN_ON
    assert page(ok + b"<title>NetScaler Gateway</title>") is Page.SIGN_ON
    assert page(ok + b'<link href="/vpn/images/AccessGateway.ico"> frame-busting') is Page.SIGN_ON
    assert page(ok + b"we use a gateway: frame-busting") is Page.OTHER
    assert page(ok + b"<title>About Citrix Gateway appliances</title>") is Page.OTHER
    assert page(ok) is Page.EMPTY
    unavailable = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
    assert page(unavailable + b"x") is Page.MAINTENANCE
    assert page(unavailable + b"Remote access is closed (gatectl)\r\n") is Page.CLOSED
    assert page(b"HTTP/1.1 200 OK\r\n\r\nRemote access is closed (gatectl)") is Page.OTHER
    assert page(b"HTTP/1.1 404 Not Found\r\nServer: Apache\r\n\r\nx") is Page.OTHER


def test_a_sign_on_page_with_an_error_status_is_not_a_sign_on_page() -> None:
    """Both the marks and the status must be right."""
    assert page(b"HTTP/1.1 500 Oops\r\n\r\n<title>Citrix Gateway</title>") is Page.OTHER


def test_the_responders_403_is_told_from_apaches() -> None:
    """One was blocked in front, the other got through to the web server."""
    assert page(b"HTTP/1.1 403 Forbidden\r\n\r\n") is Page.EMPTY
    apache = b"HTTP/1.1 403 Forbidden\r\n%s\r\n%s"
    words = b"You don't have permission to access /vpns/"
    assert page(apache % (b"", words)) is Page.APACHE_403
    assert page(apache % (b"Server: Apache\r\n", b"")) is Page.APACHE_403
    assert page(apache % (b"", b"blocked by the proxy")) is Page.OTHER


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/vpn/index.html", True),
        ("/logon/LogonPoint/index.html", True),
        ("https://gate.test/vpn/index.html?x=1", True),
        ("/", False),
        ("https://vpn.test/welcome", False),
        ("https://[broken/vpn/index.html", False),
    ],
)
def test_redirects_to_the_sign_on_page_are_known_by_their_path(location: str, leads: bool) -> None:
    """The host may be any name of the gate; the path is the gateway's."""
    assert is_sign_on_address(location) is leads
    raw = f"HTTP/1.1 302 Object Moved\r\nLocation: {location}\r\n\r\n".encode()
    assert (page(raw) is Page.REDIRECT) is leads


def test_same_host_path_stays_at_the_gate() -> None:
    """A redirect elsewhere gives nothing to follow."""
    names = frozenset({"gate.test"})
    assert same_host_path("/a/%2e%2e/b?x=1", names) == "/a/%2e%2e/b?x=1"
    assert same_host_path("https://gate.test/a", names) == "/a"
    assert same_host_path("https://else.test/a", names) == ""
    assert same_host_path("a b", names) == ""

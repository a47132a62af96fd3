import pytest

from gatectl.simulator.http_request import (
    BODY_BYTES_MAX,
    HEAD_BYTES_MAX,
    BadRequestError,
    take_request,
)


def test_the_target_is_kept_as_it_was_sent() -> None:
    """Dots, encodings and the query arrive unchanged, and the path is the target without it."""
    buffer = bytearray(b"GET /vpn/../%76pns/?a=%2e HTTP/1.1\r\nHost: gw\r\n\r\n")
    request = take_request(buffer)
    assert request is not None
    assert request.target == "/vpn/../%76pns/?a=%2e"
    assert request.path == "/vpn/../%76pns/"
    assert request.headers == {"host": "gw"}
    assert not buffer


def test_requests_are_taken_one_by_one_as_they_become_whole() -> None:
    """Every prefix of a request is incomplete, and what follows stays in the buffer."""
    whole = b"POST /cgi/login HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    for length in range(len(whole)):
        assert take_request(bytearray(whole[:length])) is None
    buffer = bytearray(whole + b"GET / HTTP/1.1\r\n")
    request = take_request(buffer)
    assert request is not None
    assert (request.method, request.body) == ("POST", b"abc")
    assert bytes(buffer) == b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "SSH-2.0-OpenSSH_9.2",
        "GET /",
        "GET / HTTP/2.0",
        "G3T / HTTP/1.1",
        "GET / HTTP/1.1\r\nno colon here",
        "GET / HTTP/1.1\r\nContent-Length: -1",
        "GET / HTTP/1.1\r\nContent-Length: ten",
        f"GET / HTTP/1.1\r\nContent-Length: {BODY_BYTES_MAX + 1}",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_is_no_request_is_refused(head: str) -> None:
    """Other protocols, broken headers and unbounded bodies are refused."""
    with pytest.raises(BadRequestError):
        take_request(bytearray(head.encode() + b"\r\n\r\n"))


def test_a_head_without_end_is_refused_in_time() -> None:
    """A head that never ends is given up at its limit."""
    with pytest.raises(BadRequestError, match="too long"):
        take_request(bytearray(b"a" * (HEAD_BYTES_MAX + 1)))

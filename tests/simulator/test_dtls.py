import pytest

from gatectl.simulator.dtls import hello_verify_request
from tests.simulator.data_plane_stand_in import client_hello

CLIENT = ("127.0.0.3", 40_000)


def test_a_client_hello_is_answered_with_a_cookie() -> None:
    """The answer is one well-formed HelloVerifyRequest record."""
    reply = hello_verify_request(client_hello(), client=CLIENT, secret=b"s")
    assert reply[:3] == b"\x16\xfe\xff"
    assert int.from_bytes(reply[11:13], "big") == len(reply) - 13
    assert reply[13] == 3
    assert int.from_bytes(reply[14:17], "big") == len(reply) - 25
    assert reply[25:28] == b"\xfe\xff\x14"
    assert len(reply[28:]) == 20


def test_the_cookie_belongs_to_one_client_and_one_secret() -> None:
    """The same client gets the same cookie, another one or another secret a different one."""
    first = hello_verify_request(client_hello(), client=CLIENT, secret=b"s")
    assert hello_verify_request(client_hello(), client=CLIENT, secret=b"s") == first
    assert hello_verify_request(client_hello(), client=("127.0.0.4", 1), secret=b"s") != first
    assert hello_verify_request(client_hello(), client=CLIENT, secret=b"t") != first


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        client_hello()[:20],
        b"\x17" + client_hello()[1:],
        b"\x16\x03\x01" + client_hello()[3:],
        client_hello()[:13] + b"\x02" + client_hello()[14:],
    ],
)
def test_anything_else_is_not_answered(datagram: bytes) -> None:
    """Short, foreign and later datagrams get no answer."""
    assert hello_verify_request(datagram, client=CLIENT, secret=b"s") == b""

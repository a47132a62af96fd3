"""One request, and how far it came."""

import pytest

from gatectl.core.reach import LookKind
from gatectl.probe.exchange import Answered, Ask, NoAnswer, exchange, kind_of_refusal, open_stream
from gatectl.probe.stream import Deadline, Stream, local_dialler
from gatectl.probe.trust import Trust
from tests.probe_servers import ADDRESS, listening, resetting, saying


def ask(port: int, *, host: str = ADDRESS, server_name: str = "", tls: bool = False) -> Ask:
    """Make a request for the front door."""
    return Ask(
        dial=local_dialler(),
        target=(host, port),
        server_name=server_name,
        tls=tls,
        trust=Trust(),
        deadline=Deadline.after(2),
    )


@pytest.mark.parametrize(
    ("request_", "host"),
    [
        (ask(443, host="203.0.113.10", tls=True), "203.0.113.10"),
        (ask(443, host="2001:db8::1", tls=True), "[2001:db8::1]"),
        (ask(8443, server_name="gate.test", tls=True), "gate.test:8443"),
        (ask(80, server_name="gate.test"), "gate.test"),
        (ask(443, server_name="gate.test"), "gate.test:443"),
    ],
)
def test_ask_names_the_host_as_a_browser_does(request_: Ask, host: str) -> None:
    """A port stands there only when it is not the usual one."""
    assert f"\r\nHost: {host}\r\n".encode() in request_.to_bytes()


def test_exchange_gives_the_answer_or_how_far_it_came() -> None:
    """An answer is an answer, and a reset is told."""
    with listening(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as port:
        got = exchange(ask(port))
    assert isinstance(got, Answered)
    assert got.answer.body == b"hi"
    with listening(resetting) as port:
        cut = exchange(ask(port))
    assert isinstance(cut, NoAnswer)
    assert cut.kind is LookKind.RESET
    assert cut.because


def test_open_stream_turns_trouble_into_a_word() -> None:
    """What the dialler raises never gets through."""

    def dial(_host: str, _port: int, _timeout_s: float) -> Stream:
        raise PermissionError(1, "Operation not permitted")

    got = open_stream(dial, (ADDRESS, 1), Deadline.after(1))
    assert got == NoAnswer(kind=LookKind.NOT_LOOKED, because="Operation not permitted")


def test_a_connect_that_times_out_in_the_kernel_is_dropped() -> None:
    """The kernel's own timeout means the same as ours."""
    assert kind_of_refusal(OSError(110, "Connection timed out")) is LookKind.DROPPED
    assert kind_of_refusal(OSError(111, "Connection refused")) is LookKind.REFUSED

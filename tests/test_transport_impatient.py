"""A host that did not let us in just now is not waited for again, for a while."""

from typing import cast

import pytest

from gatectl.core.netscaler import Reply
from gatectl.errors import CommandRefused, GatectlError, LoginRefused, Unreachable
from gatectl.transport.contract import Transport
from gatectl.transport.conversation import Silent
from gatectl.transport.impatient import Impatience, Impatient


class Host:
    """Counts what it is asked, and gives trouble or an answer."""

    def __init__(self, trouble: GatectlError | None) -> None:
        self.trouble = trouble
        self.asked = 0

    def send(self, command: str, *, timeout_s: float) -> Reply:
        """Give the trouble, or what was asked."""
        del timeout_s
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return Reply(text=command)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Give the time that it shows."""
        return self.now_s


def ask(host: Host, impatience: Impatience, name: str = "ns-a") -> str:
    """Ask over a transport of its own, as after every loss."""
    transport = Impatient(cast("Transport", host), name, impatience)
    return transport.send("show ns version", timeout_s=1.0).text


@pytest.mark.parametrize("kind", [Unreachable, LoginRefused])
def test_a_lost_host_is_asked_once_in_the_time(kind: type[GatectlError]) -> None:
    """The second look gets the first one's trouble, at once, also over a new transport."""
    clock = Hand()
    impatience = Impatience(clock=clock, cool_down_s=60.0)
    host = Host(kind("it did not let us in"))
    told_before = []
    for _ in range(5):
        with pytest.raises(kind) as caught:
            ask(host, impatience)
        told_before.append(caught.value.told_before)
    assert told_before == [False, True, True, True, True]
    assert host.asked == 1
    clock.now_s = 61.0
    host.trouble = None
    assert ask(host, impatience) == "show ns version"


def test_another_host_is_not_given_up_with_it() -> None:
    """One node's silence says nothing about the other."""
    impatience = Impatience(clock=Hand())
    with pytest.raises(Unreachable):
        ask(Host(Unreachable("no route")), impatience, "ns-a")
    assert ask(Host(None), impatience, "ns-b")


def test_a_host_that_answers_with_a_refusal_is_not_lost() -> None:
    """It is there, and the next command may do."""
    impatience = Impatience(clock=Hand())
    host = Host(CommandRefused("no such resource"))
    for _ in range(2):
        with pytest.raises(CommandRefused):
            ask(host, impatience)
    assert host.asked == 2


def test_a_host_that_twice_says_nothing_is_asked_no_more() -> None:
    """A stopped command line takes logins and connections for ever, and answers nothing."""
    clock = Hand()
    impatience = Impatience(clock=clock, cool_down_s=60.0)
    host = Host(Silent("no whole answer in time"))
    for _ in range(2):
        with pytest.raises(Silent):
            ask(host, impatience)
    for _ in range(5):
        with pytest.raises(Unreachable, match="not asked again"):
            ask(host, impatience)
    assert host.asked == 2
    clock.now_s = 61.0
    host.trouble = None
    assert ask(host, impatience)


def test_one_answer_that_gets_lost_is_forgiven() -> None:
    """Silences count in a row alone, so that a slow command does not end a closing."""
    impatience = Impatience(clock=Hand())
    for trouble in (Silent("no whole answer"), None) * 3:
        host = Host(trouble)
        if trouble is None:
            assert ask(host, impatience)
        else:
            with pytest.raises(Silent):
                ask(host, impatience)
        assert host.asked == 1

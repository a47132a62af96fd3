"""A line between two processes: only who knows the key is heard, and nothing can be changed."""

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gatectl.fleet.channel import (
    MESSAGE_BYTES_MAX,
    Channel,
    ChannelBroken,
    answer,
    call,
    new_ticket,
    read_ticket,
)

KEY = b"k" * 32
PATIENCE_S = 10.0


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(PATIENCE_S)
        theirs.settimeout(PATIENCE_S)
        yield ours, theirs


def met(
    wire: tuple[socket.socket, socket.socket], key_there: bytes
) -> tuple["Future[Channel]", "Future[Channel]"]:
    """Let a worker call with one key, and a coordinator answer with another."""
    ticket, key = new_ticket()

    def coordinate() -> Channel:
        number, theirs = read_ticket(wire[1])
        assert number == ticket
        try:
            return answer(wire[1], key_there or key, theirs)
        except ChannelBroken:
            wire[1].shutdown(socket.SHUT_RDWR)
            raise

    def work() -> Channel:
        try:
            return call(wire[0], ticket, key)
        except ChannelBroken:
            wire[0].shutdown(socket.SHUT_RDWR)
            raise

    with ThreadPoolExecutor(2) as pool:
        return pool.submit(work), pool.submit(coordinate)


def test_who_knows_the_key_is_heard(wire: tuple[socket.socket, socket.socket]) -> None:
    """Messages go both ways, in their order."""
    worker, coordinator = (one.result(PATIENCE_S) for one in met(wire, b""))
    worker.send({"ask": "stop", "text": "é\n\0"})
    worker.send({"ask": "head"})
    assert coordinator.receive() == {"ask": "stop", "text": "é\n\0"}
    assert coordinator.receive() == {"ask": "head"}
    coordinator.send({"answer": None})
    assert worker.receive() == {"answer": None}


def test_a_wrong_key_is_heard_by_nobody(wire: tuple[socket.socket, socket.socket]) -> None:
    """Neither a worker nor a coordinator that does not know the key gets through."""
    for one in met(wire, b"another key of the same length!!"):
        assert isinstance(one.exception(PATIENCE_S), ChannelBroken)


@pytest.mark.parametrize("place", [4, 40])
def test_a_changed_message_is_refused(
    wire: tuple[socket.socket, socket.socket], place: int
) -> None:
    """One bit in the code or in the text is enough."""
    between, away = socket.socketpair()
    with between, away:
        Channel(between, KEY, "worker").send({"ask": "append"})
        message = bytearray(away.recv(4096))
    message[place] ^= 1
    wire[0].sendall(message)
    with pytest.raises(ChannelBroken, match="not the other side's"):
        Channel(wire[1], KEY, "coordinator").receive()


def test_a_message_counts_once(wire: tuple[socket.socket, socket.socket]) -> None:
    """What is sent a second time, or back to its sender, is refused."""
    between, away = socket.socketpair()
    with between, away:
        Channel(between, KEY, "worker").send({"ask": "append"})
        message = away.recv(4096)
    wire[0].sendall(message * 2)
    coordinator = Channel(wire[1], KEY, "coordinator")
    assert coordinator.receive() == {"ask": "append"}
    with pytest.raises(ChannelBroken):
        coordinator.receive()
    wire[1].sendall(message)
    with pytest.raises(ChannelBroken):
        Channel(wire[0], KEY, "worker").receive()


def test_a_message_has_a_longest_length(wire: tuple[socket.socket, socket.socket]) -> None:
    """Neither is too much sent, nor is memory given to what claims to be long."""
    with pytest.raises(ChannelBroken, match="too long"):
        Channel(wire[0], KEY, "worker").send({"content": "x" * MESSAGE_BYTES_MAX})
    wire[0].sendall((MESSAGE_BYTES_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(ChannelBroken, match="too long"):
        Channel(wire[1], KEY, "coordinator").receive()


def test_an_end_in_the_middle_is_told(wire: tuple[socket.socket, socket.socket]) -> None:
    """Half a message is none."""
    wire[0].sendall(b"\0\0\0\x10half")
    wire[0].close()
    with pytest.raises(ChannelBroken, match="left"):
        Channel(wire[1], KEY, "coordinator").receive()

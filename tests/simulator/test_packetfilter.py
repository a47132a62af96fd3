import ipaddress
import socket
import struct

import pytest

from gatectl.simulator import packetfilter


def number(address: str) -> int:
    """Give an address as a number."""
    return int(ipaddress.IPv4Address(address))


def verdict(code: bytes, source: str) -> int:
    """Run a program as the kernel would, for a packet from a source."""
    instructions = list(struct.iter_unpack("@HBBI", code))
    accumulator = 0
    at = 0
    for _ in range(len(instructions)):
        operation, then, otherwise, operand = instructions[at]
        at += 1
        if operation == 0x20:
            assert operand == 0xFFF00000 + 12
            accumulator = number(source)
        elif operation == 0x35:
            at += then if accumulator >= operand else otherwise
        elif operation == 0x25:
            at += then if accumulator > operand else otherwise
        else:
            return int(operand)
    raise AssertionError("the program does not end")


def test_addresses_are_joined_into_ranges() -> None:
    """Neighbours share a range, order and repetition do not matter."""
    joined = packetfilter.ranges_of(["127.0.0.3", "127.0.0.1", "127.0.0.9", "127.0.0.2"] * 2)
    assert joined == (
        (number("127.0.0.1"), number("127.0.0.3")),
        (number("127.0.0.9"), number("127.0.0.9")),
    )


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        ("127.0.0.0", True),
        ("127.0.0.1", False),
        ("127.0.0.3", False),
        ("127.0.0.4", True),
        ("127.0.0.9", False),
        ("255.255.255.255", True),
    ],
)
def test_the_program_loses_exactly_the_denied_sources(source: str, passes: bool) -> None:
    """Packets pass at both sides of each range and are lost at its ends."""
    denied = packetfilter.ranges_of(["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9"])
    assert verdict(packetfilter.program(denied), source) == (0xFFFFFFFF if passes else 0)


def test_more_ranges_than_the_kernel_takes_are_refused() -> None:
    """A program that would be too long is not sent to the kernel."""
    with pytest.raises(ValueError, match="1001 ranges"):
        packetfilter.program(tuple((2 * index, 2 * index) for index in range(1001)))


@pytest.mark.skipif(not packetfilter.supported(), reason="socket filters are a Linux feature")
def test_the_kernel_takes_the_program_and_obeys_it() -> None:
    """A datagram from a denied source is lost, and arrives once the filter is replaced."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        client.bind(("127.0.0.3", 0))
        packetfilter.attach(server, packetfilter.ranges_of(["127.0.0.3"]))
        client.sendto(b"lost", server.getsockname())
        with pytest.raises(TimeoutError):
            server.recv(10)
        packetfilter.attach(server, ())
        client.sendto(b"found", server.getsockname())
        assert server.recv(10) == b"found"

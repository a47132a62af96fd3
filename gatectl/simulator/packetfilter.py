"""Silent drops: a packet filter on a listening socket that loses what comes from denied sources.

A process cannot leave a connection attempt unanswered by itself, because the kernel completes the
handshake. A classic BPF program on the listening socket can, and needs no privilege on Linux.
"""

import ctypes
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterable
from typing import Final

Ranges = tuple[tuple[int, int], ...]

_SO_ATTACH_FILTER: Final = 26
_NETWORK_HEADER: Final = 0x100000000 - 0x100000
"""SKF_NET_OFF (-0x100000): a TCP socket's filter otherwise starts to read at the TCP header."""
_SOURCE_OFFSET: Final = 12

_LOAD_WORD: Final = 0x20
_JUMP_GREATER: Final = 0x25
_JUMP_GREATER_OR_EQUAL: Final = 0x35
_RETURN: Final = 0x06
_WHOLE_PACKET: Final = 0xFFFFFFFF
_RANGES_MAX: Final = 1000
"""The kernel accepts 4096 instructions, and a range takes three."""


def supported() -> bool:
    """Tell whether this system has socket filters."""
    return sys.platform == "linux"


def ranges_of(addresses: Iterable[str]) -> Ranges:
    """Join IPv4 addresses into as few inclusive ranges as possible, in order."""
    ranges: list[tuple[int, int]] = []
    for number in sorted({int(ipaddress.IPv4Address(address)) for address in addresses}):
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)


def program(denied: Ranges) -> bytes:
    """Assemble the filter that loses IPv4 packets whose source lies in a denied range."""
    if len(denied) > _RANGES_MAX:
        raise ValueError(f"{len(denied)} ranges are more than a socket filter holds")
    code = [_instruction(_LOAD_WORD, _NETWORK_HEADER + _SOURCE_OFFSET)]
    for first, last in denied:
        code.append(_instruction(_JUMP_GREATER_OR_EQUAL, first, otherwise=2))
        code.append(_instruction(_JUMP_GREATER, last, then=1))
        code.append(_instruction(_RETURN, 0))
    code.append(_instruction(_RETURN, _WHOLE_PACKET))
    return b"".join(code)


def attach(listener: socket.socket, denied: Ranges) -> None:
    """Lose packets from the denied ranges at this socket; an earlier filter is replaced.

    Accepted sockets keep the filter that let them in, so it does not need to be taken off them.
    """
    code = program(denied)
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: the number of instructions and the address of the first.
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)


def _instruction(code: int, operand: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("@HBBI", code, then, otherwise, operand)

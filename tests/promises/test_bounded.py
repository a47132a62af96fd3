"""P9 and P26: a hostile answer and a long outage cost no memory, no thread and no file."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from gatectl.errors import GatectlError
from tests.cli.keyboard import clean_environment
from tests.ports import HoldPort
from tests.transport_stand_ins import PIN, RawServer, SshServer, appliance, connected, lines

FLOOD_BYTES = 100_000_000
GROWTH_KB_MAX = 20_000
CONNECTS = 200
SLACK = 2
ANOTHER_PIN = "SHA256:" + "A" * 43

FLOODED = """
import sys
from pathlib import Path

from gatectl.errors import ConversationCut
from gatectl.transport.contract import Timeouts
from tests.transport_stand_ins import connected


def peak_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


port, pin = int(sys.argv[1]), sys.argv[2]
with connected(port, host_keys=(pin,), timeouts=Timeouts()) as transport:
    transport.send("show ns version", timeout_s=10)
    before = peak_kb()
    try:
        transport.send("show flood", timeout_s=60)
    except ConversationCut as exc:
        assert "overflow" in exc.sentence, exc.sentence
    else:
        raise AssertionError("a flood was taken for an answer")
    after = transport.send("show ns version", timeout_s=10)
    assert after.text, "the next command got no answer"
    print(peak_kb() - before)
"""


def flooding(piece: bytes) -> Callable[[paramiko.Channel], None]:
    """Make a command line whose answer to one command is a flood."""

    def shell(channel: paramiko.Channel) -> None:
        channel.sendall(b"Last login: Fri\r\n Done\r\n> ")
        for line in lines(channel):
            channel.sendall(f"{line}\r\n".encode())
            if line == "show flood":
                for _ in range(FLOOD_BYTES // len(piece)):
                    channel.sendall(piece)
            answer = b"\tNS12.1\r\n Done\r\n" if line.strip() else b""
            channel.sendall(answer + b"> ")

    return shell


@pytest.mark.parametrize(
    "piece",
    [b"y\r\n" * 10_000, b"\x00" * 30_000, b" Done\r\n> " * 3_000],
    ids=["yes", "one line without an end", "answers that seem to end"],
)
def test_a_flood_of_100_mb_costs_next_to_no_memory(piece: bytes) -> None:
    """The answer is cut off at its limit, and the next command is answered."""
    with SshServer(flooding(piece)) as server:
        done = subprocess.run(  # noqa: S603 - this very Python, and words of this test
            [sys.executable, "-c", FLOODED, str(server.port), PIN],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=dict(clean_environment()),
        )
    assert done.returncode == 0, done.stderr
    growth_kb = int(done.stdout.splitlines()[-1])
    print(f"peak grew by {growth_kb} kB")
    assert growth_kb <= GROWTH_KB_MAX


def hangs_up(connection: socket.socket) -> None:
    """Take a connection and end it."""
    connection.close()


def speaks_http(connection: socket.socket) -> None:
    """Be another kind of server."""
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


def resources() -> tuple[int, int]:
    """Count this process's threads and open files."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def try_in_vain(port: int, pin: str = PIN) -> None:
    """Connect, fail, and let go as a verb does."""
    with connected(port, host_keys=(pin,)) as transport, contextlib.suppress(GatectlError):
        transport.send("show ns version", timeout_s=2)
        raise AssertionError("it was answered")


def settled(before: tuple[int, int]) -> tuple[int, int]:
    """Count again; threads that are just ending have a moment for it."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        now = resources()
        if all(one <= was + SLACK for one, was in zip(now, before, strict=True)):
            break
        time.sleep(0.05)
    return resources()


def test_200_failed_connects_leave_no_thread_and_no_file_behind(shut_port: HoldPort) -> None:
    """Refused, hung up on, another protocol, another host key: each many times over."""
    closed = shut_port()
    with (
        RawServer(hangs_up) as rude,
        RawServer(speaks_http) as web,
        SshServer(appliance(lambda _command: " Done\r\n")) as other,
    ):
        for port in (closed, rude.port, web.port):
            try_in_vain(port)
        try_in_vain(other.port, ANOTHER_PIN)
        ours = resources()
        for _ in range(CONNECTS // 4):
            for port in (closed, rude.port, web.port):
                try_in_vain(port)
            try_in_vain(other.port, ANOTHER_PIN)
        for session in other.sessions:
            session.close()
    after = settled(ours)
    assert after[0] <= ours[0] + SLACK
    assert after[1] <= ours[1] + SLACK

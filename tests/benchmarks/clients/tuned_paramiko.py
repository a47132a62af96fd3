"""paramiko tuned: one interactive session, no delays, late imports, and no tear-down."""

import os
import socket
import sys

from tests.benchmarks.clients.words import ADDRESS, right, words

asked = words()
connected = socket.create_connection((ADDRESS, asked.port), 10)
connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
sys.modules["invoke"] = None  # type: ignore[assignment]  # paramiko needs it for `Match exec` alone

import paramiko  # noqa: E402 - the server is at work meanwhile


class Door(socket.socket):
    """A socket that acknowledges at once."""

    eager = True

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive."""
        if self.eager:
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return super().recv(size, flags)


class Client(paramiko.Transport):
    """AES-GCM first: one call a packet."""

    _preferred_ciphers = ("aes128-gcm@openssh.com", "aes128-ctr")


door = Door(fileno=connected.detach())
client = Client(door)
client.start_client(timeout=10)
shown = client.get_remote_server_key()
with open(asked.known_hosts, encoding="ascii") as known:  # noqa: PTH123 - pathlib takes time
    if f"{shown.get_name()} {shown.get_base64()}" not in known.read():
        sys.exit("the host key is another one")
client.auth_publickey(asked.user, paramiko.Ed25519Key.from_private_key_file(asked.key))
session = client.open_session()
door.eager = False
session.get_pty()
session.invoke_shell()


def until_prompt() -> str:
    """Read up to the next prompt."""
    answer = b""
    while not answer.endswith(b"\n> "):
        piece = session.recv(65536)
        if not piece:
            sys.exit("the session ended")
        answer += piece
    return answer.decode()


until_prompt()
looks = asked.looks()
count = 0
for command, shows in looks:
    session.sendall(f"{command}\n".encode())
    count += right(until_prompt(), shows)
sys.stdout.write(f"{count} of {len(looks)}\n")
sys.stdout.flush()
os._exit(count != len(looks))

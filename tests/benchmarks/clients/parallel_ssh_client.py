"""parallel-ssh: a request a command over one connection of libssh2."""

from pssh.clients import SSHClient

from tests.benchmarks.clients.words import ADDRESS, tell, words

asked = words()
client = SSHClient(ADDRESS, user=asked.user, port=asked.port, pkey=asked.key)


def ask(command: str) -> str:
    """Run one command."""
    return "\n".join(client.run_command(command).stdout)


tell(asked, ask)

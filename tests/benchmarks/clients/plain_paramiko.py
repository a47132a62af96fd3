"""paramiko, as its documentation shows it: a request a command."""

import paramiko

from tests.benchmarks.clients.words import ADDRESS, tell, words

asked = words()
client = paramiko.SSHClient()
client.load_host_keys(asked.known_hosts)
client.connect(ADDRESS, port=asked.port, username=asked.user, key_filename=asked.key)


def ask(command: str) -> str:
    """Run one command."""
    _, out, _ = client.exec_command(command)
    return out.read().decode()


tell(asked, ask)

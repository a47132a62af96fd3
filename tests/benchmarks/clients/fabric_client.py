"""Fabric: a request a command over one connection."""

import fabric

from tests.benchmarks.clients.words import ADDRESS, tell, words

asked = words()
given = {"key_filename": asked.key, "look_for_keys": False, "allow_agent": False}
with fabric.Connection(ADDRESS, asked.user, asked.port, connect_kwargs=given) as connection:
    connection.client.load_host_keys(asked.known_hosts)
    tell(asked, lambda command: str(connection.run(command, hide=True, in_stream=False).stdout))

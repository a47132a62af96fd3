"""asyncssh: a request a command over one connection."""

import asyncio

import asyncssh

from tests.benchmarks.clients.words import ADDRESS, Words, finish, right, words


async def visit(asked: Words) -> int:
    """Connect, and ask one command after the other."""
    async with asyncssh.connect(
        ADDRESS,
        asked.port,
        username=asked.user,
        client_keys=[asked.key],
        known_hosts=asked.known_hosts,
        config=None,
    ) as connection:
        answers = [(await connection.run(command), shows) for command, shows in asked.looks()]
    return sum(right(str(answer.stdout), shows) for answer, shows in answers)


told = words()
finish(asyncio.run(visit(told)), len(told.looks()))

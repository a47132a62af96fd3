"""What every client shares: its words, and the check of an answer."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

ADDRESS = "127.0.0.1"


class Words(argparse.Namespace):
    """Where the server is, how it is known, and what it is asked."""

    port: int
    user: str
    key: str
    known_hosts: str
    commands: str

    def looks(self) -> list[tuple[str, str]]:
        """Read the commands, each with a text that the right answer holds."""
        with open(self.commands, encoding="ascii") as file:  # noqa: PTH123 - pathlib takes time
            pairs = [line.rstrip("\n").split("\t") for line in file]
        return [(command, shows) for command, shows in pairs]


def words() -> Words:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    for name in ("--user", "--key", "--known-hosts", "--commands"):
        parser.add_argument(name, required=True)
    return parser.parse_args(namespace=Words())


def right(answer: str, shows: str) -> bool:
    """Say whether an answer is whole and holds what it must."""
    return shows in answer and " Done" in answer


def tell(asked: Words, ask: Callable[[str], str]) -> NoReturn:
    """Ask every command, tell how many answers were right, and end."""
    looks = asked.looks()
    finish(sum(right(ask(command), shows) for command, shows in looks), len(looks))


def finish(count: int, of: int) -> NoReturn:
    """Tell how many answers were right, and end."""
    sys.stdout.write(f"{count} of {of}\n")
    sys.exit(count != of)

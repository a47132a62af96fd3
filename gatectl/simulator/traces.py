"""Published traces of CVE-2019-19781 exploitation, planted so that a scan has something to find.

The shapes follow public incident reports: a template that carries a Perl block, a bookmark of the
same name, the access-log lines of the two requests that made and rendered them, a cron line of the
web server's user, and a binary's place in /var/tmp. Nothing in them does anything: the commands
named are harmless and nobody runs them.
"""

import random
import string
import time
from typing import Final, Protocol

from gatectl.simulator.filesystem import Entry

_BLOCK: Final = "[% template.new({'BLOCK' = 'print `id`'}) %]"
_ATTACKER: Final = "192.0.2.66"
_ACCESS_LOG: Final = "/var/log/httpaccess.log"
_MINER: Final = "/var/tmp/netscalerd"  # noqa: S108 - a path on the simulated device
_NAME_LETTERS: Final = 12


class PlantableFiles(Protocol):
    """The part of a file system that planting needs."""

    def place(self, path: str, entry: Entry, /) -> None:
        """Put an entry at a path, with the directories above it."""

    def exists(self, path: str, /) -> bool:
        """Say whether there is something at a path."""

    def read(self, path: str, /) -> bytes:
        """Give a file's content."""


def plant_traces(files: PlantableFiles, *, rng: random.Random, at: float) -> tuple[str, ...]:
    """Leave the traces of one break-in that happened at a time; gives the paths touched."""
    name = "".join(rng.choices(string.ascii_lowercase, k=_NAME_LETTERS))
    bookmark = _bookmark(name).encode()
    planted = {
        f"/netscaler/portal/templates/{name}.xml": (bookmark, 0o644, "nobody"),
        f"/var/vpn/bookmark/{name}.xml": (bookmark, 0o644, "nobody"),
        "/var/cron/tabs/nobody": (b"*/1 * * * * /var/nstmp/.nscache/httpd\n", 0o600, "nobody"),
        _MINER: (b"\x7fELF simulated, not a program\n", 0o755, "nobody"),
        _ACCESS_LOG: (_log_before(files) + _log_lines(name, at), 0o644, "root"),
    }
    for path, (content, mode, owner) in planted.items():
        entry = Entry(
            kind="file",
            content=bytearray(content),
            mode=mode,
            owner=owner,
            group="nobody" if owner == "nobody" else "wheel",
            modified=at,
        )
        files.place(path, entry)
    return tuple(planted)


def _bookmark(name: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<user username="/../../../../netscaler/portal/templates/{name}">\n<bookmarks>\n'
        f'<bookmark UI_inuse="" descr="desc" title="{_BLOCK}" url="http://example.invalid"/>\n'
        "</bookmarks>\n</user>\n"
    )


def _log_before(files: PlantableFiles) -> bytes:
    return files.read(_ACCESS_LOG) if files.exists(_ACCESS_LOG) else b""


def _log_lines(name: str, at: float) -> bytes:
    stamps = [time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at + later)) for later in (0, 1)]
    agent = '"-" "python-requests/2.22.0"'
    return (
        f"{_ATTACKER} - - [{stamps[0]}] "
        f'"POST /vpn/../vpns/portal/scripts/newbm.pl HTTP/1.1" 200 143 {agent}\n'
        f"{_ATTACKER} - - [{stamps[1]}] "
        f'"GET /vpn/../vpns/portal/{name}.xml HTTP/1.1" 200 941 {agent}\n'
    ).encode()

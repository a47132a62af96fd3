"""What the named faults of an appliance do to commands.

A fault is a word in `Appliance.faults`; those that wait for a command are `name:prefix`, where
the prefix is the beginning of the line as it is typed, without regard to case. They strike once
and are then gone, unless the name begins with `always-`.

- `hang:P` the reply never comes; `cut:P` the command is carried out and the connection breaks in
  the middle of the reply; `question:P` an unexpected `[y/n]` question comes first.
- `command-lost`, `command-lost:P` a writing command is answered with ` Done` and not carried out.
- `command-late`, `command-late:P` likewise, and it is carried out some device seconds later.
- `save-fails`, `disk-full`, `acl-apply-ignored`, `install-fails`, `boots-old-build`,
  `never-returns`, `sync-never`, `failover-refused`, `kill-ignored`, `mitigation-ignored`,
  `host-key-changes`, `silent` and `refuses-logins` are states: they last until they are taken away.
"""

from __future__ import annotations

from gatectl.simulator.command import Disconnected, Terminal

FOREVER_S = 86_400.0
LATE_S = 60.0
QUESTION = "Do you want to continue? [y/n] "
ALWAYS = "always-"


def take(faults: set[str], name: str, line: str) -> bool:
    """Say whether a fault strikes at this line; one that strikes once is taken away."""
    for fault in sorted(faults):
        bare, _, prefix = fault.removeprefix(ALWAYS).partition(":")
        if bare == name and line.lower().startswith(prefix.lower()):
            if not fault.startswith(ALWAYS):
                faults.discard(fault)
            return True
    return False


def before(faults: set[str], line: str, terminal: Terminal) -> bool:
    """Strike before a command is carried out; True when the reply is to be cut off."""
    if take(faults, "hang", line):
        terminal.wait(FOREVER_S)
        raise Disconnected
    if take(faults, "question", line):
        reply = terminal.ask(QUESTION)
        if not reply.strip().lower().startswith("y"):
            raise Disconnected
    return take(faults, "cut", line)

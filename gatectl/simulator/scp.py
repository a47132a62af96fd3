"""The old scp protocol, for clients that do not speak SFTP."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from gatectl.simulator.command import Disconnected

if TYPE_CHECKING:
    from gatectl.simulator.appliance import Appliance
    from gatectl.simulator.terminal import ChannelTerminal

OK = b"\0"
SIZE_LIMIT_BYTES = 2_000_000_000


def is_scp(command: str) -> bool:
    """Say whether an exec request is the far end of an scp."""
    return re.match(r"(?:\S*/)?scp\s", command) is not None


def serve(box: Appliance, command: str, terminal: ChannelTerminal) -> int:
    """Be the far end of an scp; give the exit status."""
    words = shlex.split(command)[1:]
    flags = set("".join(word[1:] for word in words if word.startswith("-") and word != "--"))
    paths = [word for word in words if not word.startswith("-")]
    if len(paths) != 1 or not flags & {"t", "f"}:
        return _fail(terminal, "scp: ambiguous target")
    if "t" in flags:
        return _receive(box, paths[0], terminal)
    return _send(box, paths[0], terminal)


def _receive(box: Appliance, target: str, terminal: ChannelTerminal) -> int:
    box.record("scp", f"scp -t {target}", writes=True)
    terminal.write_raw(OK)
    while line := terminal.read_raw_line().decode("utf-8", "surrogateescape"):
        if line.startswith("T"):
            terminal.write_raw(OK)
            continue
        found = re.fullmatch(r"C(\d{4}) (\d+) (.+)", line)
        if found is None or int(found[2]) > SIZE_LIMIT_BYTES:
            return _fail(terminal, "scp: protocol error")
        terminal.write_raw(OK)
        data = terminal.read_exactly(int(found[2]))
        terminal.read_exactly(1)
        path = posixpath.join("/root", target)
        if box.files.is_dir(path):
            path = posixpath.join(path, posixpath.basename(found[3]))
        try:
            box.files.write(path, data, mode=int(found[1], 8))
        except OSError as error:
            return _fail(terminal, f"scp: {target}: {error.strerror}")
        terminal.write_raw(OK)
    return 0


def _send(box: Appliance, source: str, terminal: ChannelTerminal) -> int:
    box.record("scp", f"scp -f {source}", writes=False)
    terminal.read_exactly(1)
    path = posixpath.join("/root", source)
    try:
        data = box.files.read(path)
    except OSError as error:
        return _fail(terminal, f"scp: {source}: {error.strerror}")
    mode = box.files.stat(path).mode & 0o777
    head = f"C{mode:04o} {len(data)} {posixpath.basename(path)}\n"
    terminal.write_raw(head.encode("utf-8", "surrogateescape"))
    if terminal.read_exactly(1) != OK:
        raise Disconnected
    terminal.write_raw(data + OK)
    return 0 if terminal.read_exactly(1) == OK else 1


def _fail(terminal: ChannelTerminal, sentence: str) -> int:
    terminal.write_raw(b"\x01" + sentence.encode("utf-8", "surrogateescape") + b"\n")
    return 1

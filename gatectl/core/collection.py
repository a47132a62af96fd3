"""The evidence that was collected from a gate's nodes, and what is missing in it.

Evidence with a hole in it is still evidence: a sign of an attack counts all the same, but the
absence of signs does not.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from gatectl.core.devicelog import LogUnreadable, time_of, unpack
from gatectl.core.gate import NodeName

_BUILD_TRACES = ("/flash/ns-*.gz", "/var/nsinstall/*/installns_state_post_reboot")
_NEEDED_LOGS = (
    ("web access log", ("/var/log/httpaccess.log*", "/var/log/httpaccess-vpn.log*")),
    # The same commands stand in several of these, so together they are one log.
    ("shell history", ("/var/log/{bash,sh,notice}.log*",)),
)
_ROTATED = re.compile(r"(?P<log>.*)\.(?P<number>\d{1,4})(?:\.gz)?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedFile:
    """A file as it lay on a node; None as content means that it was listed but not fetched."""

    node: NodeName
    path: str
    size: int
    mode: int
    owner: str
    mtime: datetime
    sha256: str
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutput:
    """What a command printed on a node."""

    node: NodeName
    command: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLogin:
    """A login of gatectl itself."""

    node: NodeName
    at: datetime
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCommand:
    """A command that gatectl sent, or `GET /path` for a request that it made."""

    node: NodeName
    at: datetime
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """A file that gatectl wrote; once its content differs it is not gatectl's any more."""

    node: NodeName
    at: datetime
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """All that gatectl itself left on the nodes, by gatectl's clock."""

    logins: tuple[OwnLogin, ...] = ()
    commands: tuple[OwnCommand, ...] = ()
    files: tuple[OwnFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPart:
    """Something that should have been collected and was not."""

    node: NodeName
    part: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The evidence of one moment, from every node of a gate."""

    files: tuple[CollectedFile, ...]
    outputs: tuple[CommandOutput, ...] = ()
    missing: tuple[MissingPart, ...] = ()
    footprint: Footprint = field(default_factory=Footprint)
    collected_at: datetime
    device_skew_s: Mapping[NodeName, float] = field(default_factory=dict)
    """How far a node's clock is ahead of gatectl's; a node that is not named is not ahead."""
    nodes: tuple[NodeName, ...] = ()
    """The nodes that should be in it; empty for those that are."""

    def skew(self, node: NodeName) -> timedelta:
        """How far a node's clock is ahead."""
        return timedelta(seconds=self.device_skew_s.get(node, 0))


def gaps(collection: Collection, *, exposed_since: datetime | None) -> Iterator[str]:
    """Name all that keeps this evidence from clearing a gate."""
    for part in collection.missing:
        yield f"{part.node}: {part.part} could not be collected: {part.because}"
    seen = {file.node for file in collection.files}
    if not seen:
        yield "nothing was collected"
    for node in set(collection.nodes) - seen:
        yield f"{node}: nothing was collected"
    yield from _log_doubts(collection, exposed_since)


def _log_doubts(collection: Collection, exposed_since: datetime | None) -> Iterator[str]:
    by_node: dict[NodeName, list[CollectedFile]] = defaultdict(list)
    for file in collection.files:
        by_node[file.node].append(file)
    for node, files in by_node.items():
        for name, globs in _NEEDED_LOGS:
            logs = [file for file in files if matches_any(globs, file.path)]
            yield from (f"{node}: {doubt}" for doubt in _one_log_doubts(name, logs))
            if exposed_since is None:
                continue
            since = exposed_since + collection.skew(node)
            for glob in globs:
                row = [file for file in logs if matches_any((glob,), file.path)]
                yield from (f"{node}: {doubt}" for doubt in _reach_doubts(name, row, since))


def _one_log_doubts(name: str, logs: list[CollectedFile]) -> Iterator[str]:
    if not any(file.size for file in logs):
        yield f"the {name} is missing or empty"
    numbers: dict[str, set[int]] = defaultdict(set)
    for file in logs:
        found = _ROTATED.fullmatch(file.path)
        if found is not None:
            numbers[found["log"]].add(int(found["number"]))
    for log, present in numbers.items():
        absent = sorted(set(range(max(present))) - present)
        if absent:
            # newsyslog drops the oldest only: a hole in the row was made by somebody.
            yield f"{printable(log)}.{absent[0]} is missing between its neighbours"


def _reach_doubts(name: str, logs: list[CollectedFile], since: datetime) -> Iterator[str]:
    times = [time for file in logs if (time := _first_time(file)) is not None]
    if not logs:
        return
    if not times:
        yield f"no time can be read in the {name}"
    elif min(times) > since:
        yield (
            f"the {name} goes back to {min(times).isoformat()} only; the gate stood exposed "
            f"since {since.isoformat()}"
        )


def _first_time(file: CollectedFile) -> datetime | None:
    try:
        content = plain_content(file)
    except LogUnreadable:
        # That it is unread is a doubt of its own.
        return None
    times = (time_of(line, written=file.mtime) for line in content.splitlines())
    return next((time for time in times if time is not None), None)


def printable(path: str) -> str:
    """Write a file's name so that it can be shown and sent on, whatever bytes it has."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def installations(
    collection: Collection, told: Mapping[NodeName, datetime]
) -> Mapping[NodeName, datetime]:
    """When each node's build was installed, by its own clock: as told, or as its files show."""
    seen: dict[NodeName, datetime] = {}
    for file in collection.files:
        if matches_any(_BUILD_TRACES, file.path):
            seen[file.node] = max(file.mtime, seen.get(file.node, file.mtime))
    return seen | {node: at + collection.skew(node) for node, at in told.items()}


def plain_content(file: CollectedFile) -> bytes:
    """Give a file's content unpacked; raises LogUnreadable if it is not there or damaged."""
    if file.content is None:
        raise LogUnreadable("it was listed but not fetched")
    return unpack(file.content)


def matches_any(globs: tuple[str, ...], path: str) -> bool:
    """Whether a path is as one of the globs: `*` in a folder, `**` across, `{a,b}` either."""
    return bool(globs) and _globs_pattern(globs).fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _globs_pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_glob_regex(glob) for glob in globs), re.DOTALL)


def _glob_regex(glob: str) -> str:
    meaning = {"/**/": "/(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
    pieces = re.split(r"(/\*\*/|\*\*|[*?{},])", glob)
    inside, regex = False, ""
    for piece in pieces:
        inside = piece == "{" or (inside and piece != "}")
        separator = "|" if piece == "," and inside else None
        regex += separator or meaning.get(piece) or re.escape(piece)
    return regex

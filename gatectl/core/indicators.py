"""Judges collected evidence: clean, scanned, compromised or inconclusive, and by which findings.

Pure and offline: the same collection gives the same verdict wherever and whenever it is judged.
What counts as a sign is data (`gatectl/indicators/*.toml`); how signs add up is here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NewType, assert_never

from gatectl.core.check import Verdict, failed, passed, unknown
from gatectl.core.collection import (
    CollectedFile,
    Collection,
    CommandOutput,
    gaps,
    installations,
    matches_any,
    plain_content,
    printable,
)
from gatectl.core.devicelog import LogUnreadable, commands_in, time_of
from gatectl.core.gate import NodeName

IndicatorId = NewType("IndicatorId", str)

_CLOCK_SLACK = timedelta(seconds=120)
_EXCERPT_CHARACTERS = 240
_FINDINGS_A_FILE_MAX = 20
_DOUBTS_SHOWN_MAX = 12


class IndicatorError(ValueError):
    """An indicator that could never fire, or that cannot be read."""


class Severity(StrEnum):
    """What a finding proves: that somebody got in, or that somebody tried."""

    COMPROMISE = "compromise"
    ATTEMPT = "attempt"


class Kind(StrEnum):
    """Where an indicator looks, and for what."""

    PATH_EXISTS = "path-exists"
    CONTENT_REGEX = "content-regex"
    """The pattern in a file, unpacked if it is gzip; `^` and `$` are a line's ends."""
    MAGIC = "magic"
    """The pattern at the very start of a file as it lies there, not unpacked."""
    LOG_REGEX = "log-regex"
    """The pattern in one line of a log, plain or gzip, that is not gatectl's own doing."""
    OUTPUT_REGEX = "output-regex"
    """The pattern in one line of what a command printed."""
    NEWER_THAN_BUILD = "newer-than-build"
    """A file changed after the running build was installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One published sign of an attack, and what its presence proves."""

    id: IndicatorId
    title: str
    about: str
    """The CVE or the wave of attacks that left it."""
    source: str
    """Who published it."""
    kind: Kind
    severity: Severity = Severity.COMPROMISE
    paths: tuple[str, ...] = ()
    """Globs: `*` stays within a folder, `**` crosses folders, `{a,b}` is either."""
    excluded: tuple[str, ...] = ()
    """Globs of what is normal among `paths`."""
    pattern: str = ""
    command: str = ""
    """Regular expression for the command whose output is read."""
    mode_bits: int = 0
    """Only files that have one of these permission bits."""
    owners: tuple[str, ...] = ()
    """Only files of these owners, by name or number."""
    bytes_max: int = 0
    """Only files up to this size, where it is not 0: what is dropped by hand is small."""
    grace_s: int = 0
    """How long after the installation a changed file is still part of it."""
    names: Literal["", "users"] = ""
    """The pattern's first group is a name of this sort; a name that is expected is no sign."""
    known: tuple[str, ...] = ()
    """Names that every appliance has."""

    def __post_init__(self) -> None:
        """Raise IndicatorError unless the kind has all that it needs."""
        output = self.kind is Kind.OUTPUT_REGEX
        if output is not bool(self.command) or output is bool(self.paths):
            raise IndicatorError(f"{self.id}: {self.kind} looks at a command xor at paths")
        patterned = self.kind not in {Kind.PATH_EXISTS, Kind.NEWER_THAN_BUILD}
        if patterned is not bool(self.pattern):
            raise IndicatorError(f"{self.id}: {self.kind} and pattern {self.pattern!r} do not fit")
        try:
            groups = _bytes_pattern(self.pattern).groups
            re.compile(self.command)
        except re.error as exc:
            raise IndicatorError(f"{self.id}: not a regular expression: {exc}") from exc
        if self.names and not groups:
            raise IndicatorError(f"{self.id}: the pattern needs a group that holds the name")

    def covers(self, path: str) -> bool:
        """Whether a file of this name is looked at."""
        return matches_any(self.paths, path) and not matches_any(self.excluded, path)


class CompromiseAnswer(StrEnum):
    """The four answers; only `clean` clears a gate, and inconclusive is never clean."""

    CLEAN = "clean"
    SCANNED = "scanned"
    COMPROMISED = "compromised"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sign that was seen, and where."""

    node: NodeName
    indicator: IndicatorId
    severity: Severity
    path: str
    """A file, or the command that printed it; bytes that are no text are escaped."""
    line_number: int | None
    excerpt: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompromiseVerdict:
    """The judgement of a collection; there is no truth value on purpose."""

    answer: CompromiseAnswer
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...]
    """All that stood in the way of a clean answer."""
    because: str

    def __bool__(self) -> bool:
        """Refuse, so that nobody writes `if verdict` and lets inconclusive through."""
        raise TypeError("compare the verdict's answer with the four of CompromiseAnswer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    because: str


_Sign = Finding | _Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """All that judging needs besides the piece that is judged."""

    collection: Collection
    indicators: tuple[Indicator, ...]
    installed_at: Mapping[NodeName, datetime]
    """By the node's own clock."""
    expected_users: frozenset[str] | None


def judge_collection(
    collection: Collection,
    indicators: Iterable[Indicator],
    *,
    exposed_since: datetime | None,
    installed_at: Mapping[NodeName, datetime] | None = None,
    expected_users: frozenset[str] | None = None,
) -> CompromiseVerdict:
    """Judge the evidence by the indicators.

    `installed_at` says when each node got its build (by gatectl's clock); without it the traces
    of the installation among the files tell. Without `expected_users`, indicators of unknown
    users are left out: a site's own administrators cannot be told from strangers.
    """
    bench = _Bench(
        collection=collection,
        indicators=tuple(indicators),
        installed_at=installations(collection, installed_at or {}),
        expected_users=expected_users,
    )
    signs = [sign for file in collection.files for sign in _judge_file(file, bench)]
    signs += [sign for output in collection.outputs for sign in _judge_output(output, bench)]
    findings = {sign for sign in signs if isinstance(sign, Finding)}
    doubts = {sign.because for sign in signs if isinstance(sign, _Doubt)}
    doubts |= set(gaps(collection, exposed_since=exposed_since))
    if not bench.indicators:
        # Without this, an empty folder of indicators would clear every gate.
        doubts.add("there are no indicators to judge by")
    return _verdict(sorted(findings, key=_place), sorted(doubts))


def newest_with_earlier_findings(verdicts: Sequence[CompromiseVerdict]) -> CompromiseVerdict:
    """Join the verdicts on several collections, oldest first.

    A sign of an attack counts wherever it was found; only the newest collection has to be whole.
    """
    if not verdicts:
        return _verdict([], ["nothing was collected"])
    findings = {finding for verdict in verdicts for finding in verdict.findings}
    return _verdict(sorted(findings, key=_place), list(verdicts[-1].doubts))


def judge_depth(
    judged: CompromiseVerdict,
    *,
    exposed_since: datetime | None,
    examined: Literal["clean", "compromised", "no"],
    required: bool,
) -> Verdict:
    """Judge whether a check of what the box itself gave goes deep enough.

    A box that stood exposed while attacks were known may lie about itself; only an examination
    made elsewhere, on its disk or memory, can clear it.
    """
    sentence = f"{judged.answer}: {judged.because}"
    if judged.answer is CompromiseAnswer.COMPROMISED:
        return failed(sentence)
    if examined == "compromised":
        return failed(f"{sentence}; the examination off the box found a compromise")
    if judged.answer is CompromiseAnswer.INCONCLUSIVE:
        return unknown(sentence)
    if exposed_since is None or examined == "clean":
        return passed(sentence)
    missing = (
        f"{sentence}; the gate stood exposed since {exposed_since:%Y-%m-%d %H:%M} UTC, and no "
        "examination off the box is on record"
    )
    return unknown(missing) if required else passed(f"{missing} (it is only advised)")


def _verdict(findings: list[Finding], doubts: list[str]) -> CompromiseVerdict:
    proofs = {f.indicator for f in findings if f.severity is Severity.COMPROMISE}
    shown = "; ".join(doubts[:_DOUBTS_SHOWN_MAX])
    if len(doubts) > _DOUBTS_SHOWN_MAX:
        shown += f"; and {len(doubts) - _DOUBTS_SHOWN_MAX} more"
    if proofs:
        answer, because = CompromiseAnswer.COMPROMISED, ", ".join(sorted(proofs))
    elif doubts:
        answer, because = CompromiseAnswer.INCONCLUSIVE, shown
    elif findings:
        answer = CompromiseAnswer.SCANNED
        because = f"tried {len(findings)} times, no sign of success"
    else:
        answer, because = CompromiseAnswer.CLEAN, "no indicator fired, and nothing was missing"
    return CompromiseVerdict(
        answer=answer, findings=tuple(findings), doubts=tuple(doubts), because=because
    )


def _place(finding: Finding) -> tuple[str, str, int, str, str]:
    number = finding.line_number or 0
    return (finding.node, finding.path, number, finding.indicator, finding.excerpt)


def _judge_file(file: CollectedFile, bench: _Bench) -> Iterator[_Sign]:
    footprint = bench.collection.footprint
    if any(
        (own.node, own.path, own.sha256) == (file.node, file.path, file.sha256)
        for own in footprint.files
    ):
        return
    wanted = [i for i in bench.indicators if i.paths and i.covers(file.path) and _fits(i, file)]
    readers = [i for i in wanted if i.pattern and not _left_out(i, bench)]
    plain = b""
    if any(indicator.kind is not Kind.MAGIC for indicator in readers):
        try:
            plain = plain_content(file)
        except LogUnreadable as exc:
            yield _Doubt(because=f"{file.node}: {printable(file.path)} is unread: {exc}")
    for indicator in wanted:
        yield from _judge_file_by(indicator, file, plain, bench)


def _judge_file_by(
    indicator: Indicator, file: CollectedFile, plain: bytes, bench: _Bench
) -> Iterator[_Sign]:
    match indicator.kind:
        case Kind.PATH_EXISTS:
            yield _finding(indicator, file, f"mode {file.mode & 0o7777:04o}, owner {file.owner}")
        case Kind.NEWER_THAN_BUILD:
            yield from _judge_age(indicator, file, bench)
        case Kind.MAGIC:
            if _bytes_pattern(indicator.pattern).match(file.content or b""):
                yield _finding(indicator, file, f"begins with {(file.content or b'')[:8]!r}")
        case Kind.CONTENT_REGEX | Kind.LOG_REGEX:
            lines = _hits(indicator, plain, bench)
            own = indicator.kind is Kind.LOG_REGEX
            shown = 0
            for number, line in lines:
                if own and _is_own_line(line, file, bench.collection):
                    continue
                yield _finding(indicator, file, _excerpt(line), number)
                shown += 1
                if shown >= _FINDINGS_A_FILE_MAX:
                    return
        case Kind.OUTPUT_REGEX:
            return
        case _ as never:
            assert_never(never)


def _judge_age(indicator: Indicator, file: CollectedFile, bench: _Bench) -> Iterator[_Sign]:
    installed = bench.installed_at.get(file.node)
    if installed is None:
        because = f"{file.node}: nothing tells when its build was installed, so no file is too new"
        yield _Doubt(because=because)
    elif file.mtime > installed + timedelta(seconds=indicator.grace_s):
        changed = f"changed {file.mtime.isoformat()}, build installed {installed.isoformat()}"
        yield _finding(indicator, file, changed)


def _judge_output(output: CommandOutput, bench: _Bench) -> Iterator[Finding]:
    own = {own.command for own in bench.collection.footprint.commands if own.node == output.node}
    content = output.text.encode("utf-8", "surrogateescape")
    for indicator in bench.indicators:
        if not indicator.command or re.search(indicator.command, output.command) is None:
            continue
        for number, line in _hits(indicator, content, bench):
            excerpt = _excerpt(line)
            # A process list shows gatectl's own commands, such as a scanner that it started.
            if any(excerpt.endswith(f" {_shell_words(command)}") for command in own):
                continue
            yield Finding(
                node=output.node,
                indicator=indicator.id,
                severity=indicator.severity,
                path=printable(output.command),
                line_number=number,
                excerpt=excerpt,
                source=indicator.source,
            )


def _hits(indicator: Indicator, content: bytes, bench: _Bench) -> Iterator[tuple[int, bytes]]:
    """Give the number and the whole line of each match, a line once."""
    if _left_out(indicator, bench):
        return
    expected = {*indicator.known, *(bench.expected_users or ())}
    number, counted, last = 1, 0, -1
    for match in _bytes_pattern(indicator.pattern).finditer(content):
        start = content.rfind(b"\n", 0, match.start()) + 1
        if indicator.names and match[1].decode("utf-8", "backslashreplace") in expected:
            continue
        number += content.count(b"\n", counted, start)
        counted = max(counted, start)
        if start != last:
            end = content.find(b"\n", match.start())
            yield number, content[start : end if end >= 0 else len(content)]
        last = start


def _left_out(indicator: Indicator, bench: _Bench) -> bool:
    return bool(indicator.names) and bench.expected_users is None


def _is_own_line(line: bytes, file: CollectedFile, collection: Collection) -> bool:
    commands = commands_in(line)
    time = time_of(line, written=file.mtime) if commands else None
    if time is None:
        return False
    ours = time - collection.skew(file.node)
    # The whole command must be the recorded one: one that only holds it may do more.
    return any(
        own.node == file.node
        and abs(own.at - ours) <= _CLOCK_SLACK
        and (own.command in commands or _shell_words(own.command) in commands)
        for own in collection.footprint.commands
    )


def _shell_words(command: str) -> str:
    words = command.removeprefix("shell ").strip()
    quoted = len(words) > 1 and words[0] == words[-1] and words[0] in "\"'"
    return words[1:-1] if quoted else words


def _finding(
    indicator: Indicator, file: CollectedFile, excerpt: str, line_number: int | None = None
) -> Finding:
    return Finding(
        node=file.node,
        indicator=indicator.id,
        severity=indicator.severity,
        path=printable(file.path),
        line_number=line_number,
        excerpt=excerpt,
        source=indicator.source,
    )


def _fits(indicator: Indicator, file: CollectedFile) -> bool:
    if indicator.mode_bits and not file.mode & indicator.mode_bits:
        return False
    if indicator.bytes_max and file.size > indicator.bytes_max:
        return False
    return not indicator.owners or file.owner in indicator.owners


def _excerpt(line: bytes) -> str:
    text = line.strip().decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= _EXCERPT_CHARACTERS else text[: _EXCERPT_CHARACTERS - 1] + "…"


@lru_cache(maxsize=1024)
def _bytes_pattern(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.MULTILINE)

"""A node's configuration before the closure and now, and what differs that is no step of ours.

A line is compared as the device prints it, without its comments. What is named of a difference is
the object alone, for the rest of a line may be the hash of somebody's password.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gatectl.core.check import Verdict, all_of, failed, passed, unknown
from gatectl.core.event import ActIntended, ConfigurationSeen, EvidenceId, Recorded, Signalled
from gatectl.core.gate import GateState, NodeName
from gatectl.core.moment import Lived, Moment
from gatectl.core.playbook import Purpose

LOOK: Final = "show ns runningConfig"
AGE_S_MAX: Final = 1800
"""How old the last look at a node's configuration may be."""
KINDS: Final = ("configuration.seen", "gate.signalled", "act.intended")

_OWN: Final = "GATECTL_"
_NAMED_WORDS: Final = 4
_NAMED_MAX: Final = 12
_LISTS: Final = ("enable ns feature", "enable ns mode")
_SWITCHES: Final = re.compile(r"(?:enable|disable)\s+\S+\s+vserver\s", re.IGNORECASE)
_STATE: Final = re.compile(r"\s+-state\s+(?:ENABLED|DISABLED)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A configuration that was kept as evidence."""

    evidence: EvidenceId
    lived: Lived
    """How long the record had lasted then, from which its age is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """What is on record of the nodes' configurations since the gate was last open."""

    before: Mapping[NodeName, Kept] = field(default_factory=dict)
    """The first that a closing kept; our own lines in it are left out of the comparison."""
    now: Mapping[NodeName, Kept] = field(default_factory=dict)
    acts: tuple[str, ...] = ()
    """What gatectl sent, or meant to send, since then."""
    lived: Lived | None = None

    @classmethod
    def from_events(cls, events: Iterable[Recorded]) -> "Snapshots":
        """Fold a gate's events in their order."""
        found = cls()
        for recorded in events:
            moment = recorded.moment
            lived = found.lived.until(moment) if found.lived else Lived(last=moment)
            found = replace(found, lived=lived)
            match recorded.event:
                case Signalled(after=GateState.OPEN):
                    found = cls(lived=lived)
                case ConfigurationSeen(node=node, evidence=evidence, by=by):
                    kept = Kept(evidence=evidence, lived=lived)
                    first = by is Purpose.CLOSE and node not in found.before
                    before = {**found.before, node: kept} if first else found.before
                    found = replace(found, before=before, now={**found.now, node: kept})
                case ActIntended(lines=lines):
                    found = replace(found, acts=(*found.acts, *lines))
                case _:
                    pass
        return found

    def age_s(self, kept: Kept, now: Moment) -> float | None:
        """Tell how old a configuration is; none if no clock can say."""
        return (self.lived or kept.lived).until(now).since_s(kept.lived)


def judge_snapshots(
    nodes: Collection[NodeName],
    snapshots: Snapshots,
    texts: Mapping[EvidenceId, str],
    now: Moment,
    max_age_s: int,
) -> Verdict:
    """Judge whether each node's configuration is what it was, but for what gatectl did to it."""
    return all_of(_judge_node(node, snapshots, texts, now, max_age_s) for node in nodes)


def _judge_node(
    node: NodeName,
    snapshots: Snapshots,
    texts: Mapping[EvidenceId, str],
    now: Moment,
    max_age_s: int,
) -> Verdict:
    before, last = snapshots.before.get(node), snapshots.now.get(node)
    if before is None or last is None:
        return unknown(f"no configuration of {node} was kept at the closure")
    if before.evidence not in texts or last.evidence not in texts:
        return unknown(f"the configuration of {node} that was kept is not there any more")
    found = differences(texts[before.evidence], texts[last.evidence], snapshots.acts)
    if found:
        return failed(f"{node} differs from before the closure: {_named(found)}")
    age_s = snapshots.age_s(last, now)
    if age_s is None:
        return unknown(f"no clock can tell how old the last look at the configuration of {node} is")
    if age_s > max_age_s:
        return unknown(f"the last look at the configuration of {node} is {age_s / 60:.0f} min old")
    at = before.lived.last.at
    return passed(f"{node} is configured as before the closure, at {at:%Y-%m-%d %H:%M} UTC")


def _named(found: tuple[str, ...]) -> str:
    more = len(found) - _NAMED_MAX
    return ", ".join((*found[:_NAMED_MAX], *([f"and {more} more"] if more > 0 else [])))


def differences(before: str, after: str, acts: Collection[str]) -> tuple[str, ...]:
    """Name what is new (+) and what is gone (-), apart from what these acts speak of."""
    acted = {key for act in acts if _OWN not in act for key in [_object(act)] if key}
    switched = {_object(act) for act in acts if _SWITCHES.match(act)}
    old, new = (set(_lines(text, switched)) for text in (before, after))
    signs = (("+", new - old), ("-", old - new))
    found = [
        f"{sign} {' '.join(line.split()[:_NAMED_WORDS])}"
        for sign, lines in signs
        for line in sorted(lines)
        if not _is_ours(line, acted - switched)
    ]
    return tuple(dict.fromkeys(found))


def _lines(text: str, switched: Collection[tuple[str, ...]]) -> Iterator[str]:
    """Give a configuration's lines in one form; a list of switches as a line each."""
    for raw in text.splitlines():
        line = " ".join(raw.split())
        if not line or line.startswith("#") or line == "Done" or _OWN in line:
            continue
        prefix = next((one for one in _LISTS if line.casefold().startswith(one)), None)
        if prefix is not None:
            yield from (f"{prefix} {word}" for word in line[len(prefix) :].split())
        elif _object(line) in switched:
            # Whether it is in service is what closing by this object changes, and nothing else.
            if _SWITCHES.match(line) is None:
                yield _STATE.sub("", line)
        else:
            yield line


def _object(line: str) -> tuple[str, ...]:
    """Give the words that name what a line is about: those between its verb and its values."""
    words: list[str] = []
    for word in line.split()[1:_NAMED_WORDS]:
        if word.startswith(("-", '"')):
            break
        words.append(word.casefold())
    return tuple(words)


def _is_ours(line: str, acted: Collection[tuple[str, ...]]) -> bool:
    about = _object(line)
    return any(about[: len(one)] == one for one in acted)

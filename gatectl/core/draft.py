"""A bulletin made from a public record, for a person to review: what is certain, and what is not.

Everything that was left out is listed. A train that is not in the draft is unknown, and is never
taken to be unaffected.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from gatectl.core.advisory import Advisory, Build
from gatectl.core.gate import AdvisoryId
from gatectl.core.writtenbuild import plain

_BULLETIN = re.compile(r"(?<![A-Za-z0-9])CTX\d{5,7}(?!\d)")
_TITLE_CHARACTERS = 160
TRAINS_IN_USE = ("12.1", "12.1-FIPS", "13.0", "13.1", "13.1-FIPS", "14.1", "14.1-FIPS")
"""What a reader asks for by name when a record does not name it."""


class NothingCertain(Exception):
    """A record from which no bulletin can be made without guessing."""

    def __init__(self, sentence: str, left_out: Iterable[str] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.left_out = tuple(dict.fromkeys(left_out))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody's word that a build is the first fixed one of its train, for one CVE."""

    build: Build
    cve: str
    said_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bulletin to review, and all that could not be read for certain."""

    advisory: Advisory
    left_out: tuple[str, ...]


def settle(claims: Iterable[Claim], cves: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Keep a train's build if nobody contradicts it and it is told for every CVE."""
    by_train: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_train[str(claim.build.train)].append(claim)
    fixed: dict[str, str] = {}
    left_out: list[str] = []
    wanted = set(cves)
    for train, told in sorted(by_train.items()):
        builds = sorted({claim.build for claim in told})
        silent = sorted(wanted - {claim.cve for claim in told})
        if len(builds) > 1:
            who = "; ".join(
                f"{build} by {_names(claim for claim in told if claim.build == build)}"
                for build in builds
            )
            left_out.append(f"fixed.{train}: the sources disagree: {who}")
        elif silent:
            left_out.append(f"fixed.{train}: {builds[0]} is not told for {', '.join(silent)}")
        else:
            fixed[train] = str(builds[0])
    return fixed, left_out


def trains_not_named(fixed: Iterable[str]) -> str:
    """Say which trains are in use and not in the draft, and what that means."""
    missing = [train for train in TRAINS_IN_USE if train not in set(fixed)]
    if not missing:
        return ""
    return (
        f"{', '.join(missing)}: no fixed build was read, so builds of these trains are unknown; "
        "say in the draft which of them get no fix (unfixed), never had the fault (unaffected), "
        "or came out later (later)"
    )


def bulletin_in(texts: Iterable[str]) -> AdvisoryId | None:
    """Find the vendor's number for the bulletin, if there is exactly one."""
    found = {match for text in texts for match in _BULLETIN.findall(text)}
    return AdvisoryId(found.pop()) if len(found) == 1 else None


def title_from(*texts: str) -> str:
    """Take the first text that says something, in one line of bounded length."""
    text = next((plain(text) for text in texts if plain(text)), "")
    if len(text) <= _TITLE_CHARACTERS:
        return text
    return text[:_TITLE_CHARACTERS].rpartition(" ")[0] + " ..."


def day_of(text: str) -> date | None:
    """Read the day of a timestamp."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def _names(claims: Iterable[Claim]) -> str:
    return ", ".join(dict.fromkeys(claim.said_by for claim in claims))

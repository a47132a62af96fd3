"""What an audit compares: what was found of a gate, what it should be, and what is known of that.

A difference is drift. One that the configuration names, with a reason and an end, is known drift.
What could not be judged is unknown, and never as it should be.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from gatectl.core.check import Answer
from gatectl.core.gate import GateName, NodeName
from gatectl.errors import ExitCode, worst


class Weight(StrEnum):
    """What a difference would mean at night."""

    REACH = "reach"
    """People may get in who should not: somebody is woken."""
    CARE = "care"
    """Something to review in working hours."""
    MARK = "mark"
    """Only some gates show it at all: a difference is reviewed, its absence is told and no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDrift:
    """Something that is other than it should be, and accepted for a while."""

    name: str
    node: NodeName | None = None
    """None means every node."""
    reason: str
    until: date
    """The last day."""

    def covers(self, compared: "Compared", today: date) -> bool:
        """Say whether this difference is the one that is meant, today."""
        return (
            self.name == compared.name
            and self.node in {None, compared.node}
            and today <= self.until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One thing that a gate was compared in."""

    name: str
    """What it is called in reports and in the configuration of known drift."""
    gate: GateName
    node: NodeName | None = None
    answer: Answer
    found: str
    wanted: str
    weight: Weight = Weight.CARE
    trouble: ExitCode | None = None
    """The exit code of the error that kept it from being looked at."""
    known: KnownDrift | None = None

    @property
    def drifted(self) -> bool:
        """Whether this is drift that nobody has accepted."""
        return self.answer is Answer.FAIL and self.known is None

    @property
    def code(self) -> ExitCode:
        """What this is worth to a timer."""
        match self.answer:
            case Answer.PASS:
                return ExitCode.PROVEN
            case Answer.FAIL if self.known is not None:
                return ExitCode.PROVEN
            case Answer.UNKNOWN if self.weight is Weight.MARK:
                return ExitCode.PROVEN
            case Answer.FAIL | Answer.UNKNOWN if self.trouble is not None:
                return self.trouble
            case _:
                reach = self.weight is Weight.REACH
                return ExitCode.MAYBE_OPEN if reach else ExitCode.DRIFT

    def sentence(self) -> str:
        """Say what was found and what should be."""
        match self.answer:
            case Answer.PASS:
                return self.found
            case Answer.FAIL:
                known = self.known
                until = f" (known until {known.until}: {known.reason})" if known else ""
                return f"{self.found}; it should be: {self.wanted}{until}"
            case Answer.UNKNOWN:
                return f"not known: {self.found}; it should be: {self.wanted}"


def with_known(
    compared: Iterable[Compared], known: Iterable[KnownDrift], today: date
) -> tuple[Compared, ...]:
    """Mark the differences that the configuration accepts today.

    That people may get in who should not is accepted by nobody.
    """
    accepted = tuple(known)
    return tuple(
        replace(one, known=next((k for k in accepted if k.covers(one, today)), None))
        if one.answer is Answer.FAIL and one.weight is not Weight.REACH
        else one
        for one in compared
    )


def judge_known(
    gate: GateName, compared: Iterable[Compared], known: Iterable[KnownDrift], today: date
) -> Iterator[Compared]:
    """Find known drift that is over: its day is past, or what it speaks of is as it should be."""
    given = tuple(compared)
    for one in known:
        met = [c for c in given if c.name == one.name and one.node in {None, c.node}]
        wanted = "known drift that is there and whose end is not past"
        name = f"known-drift:{one.name}"
        if today > one.until:
            found = f"accepted until {one.until} ({one.reason}), and that day is past"
        elif all(c.answer is Answer.PASS for c in met):
            found = f"{one.name} is accepted until {one.until}, and nothing of it is found"
        else:
            continue
        yield Compared(
            name=name, gate=gate, node=one.node, answer=Answer.FAIL, found=found, wanted=wanted
        )


def audit_code(compared: Iterable[Compared]) -> ExitCode:
    """Give the exit code of an audit; one that compared nothing has proven nothing."""
    return worst([one.code for one in compared] or [ExitCode.MAYBE_OPEN])

"""An answer to a question about a case: sentences without a language, and what each rests on.

A sentence is a key and values; a report gives it the words of a language. What may not be
published is told apart here, by type, and not by whoever writes the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Term:
    """A word of our own that each language has its own for, as `says.mitigate`."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class Free:
    """What somebody wrote: shown as it is, with what is private blacked out in public."""

    text: str


@dataclass(frozen=True, slots=True)
class Private:
    """A build, an address or an account: left out in public."""

    text: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in cents of a euro."""

    cents: int


Value = datetime | date | timedelta | int | float | Term | Free | Private | Money


class Answered(StrEnum):
    """What a question's answer comes to."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    UNKNOWN = "unknown"
    TOLD = "told"
    """A question that is not answered by yes or no."""
    NOT_APPLICABLE = "not-applicable"


class Question(StrEnum):
    """What the council asks, in its order."""

    ADVICE = "advice"
    CONSEQUENCES = "consequences"
    DEVIATION = "deviation"
    MEASURES = "measures"
    COMPROMISE = "compromise"
    COST = "cost"
    RESERVATIONS = "reservations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One thing that is claimed, and the journal's records that it rests on."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    cites: tuple[int, ...] = ()
    """Sequence numbers in the journal."""
    by_hand: bool = False
    """It rests on somebody's word and not on a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question's answer: short first, then what it rests on, then what is missing."""

    question: Question
    answered: Answered
    short: tuple[Sentence, ...]
    details: tuple[Sentence, ...] = ()
    missing: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer that says nothing."""
        if not self.short and not self.missing:
            raise ValueError(f"the question {self.question} has neither an answer nor a gap")

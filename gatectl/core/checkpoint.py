"""The event that keeps a gate's standing, so that a long history need not be folded again."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingKept:
    """What was known of a gate after the event before this one.

    It is linked into the chain like any other event: whoever would change it has to rewrite the
    journal, and that the anchor shows. It adds nothing to what is known.
    """

    kind: Literal["standing.kept"] = "standing.kept"
    rules: str
    """Of the fold that made it; a fold by other rules passes it over."""
    document: str
    """JSON, in a text of its own: whoever folds from the first event need not understand it."""

"""Advice and its revisions: what changed, what it supersedes, and which decisions it unsettles."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatectl.core.case import Case, Entered
from gatectl.core.casework import AdviceKey, AdviceReceived, Decided

_CONTEXT_LINES = 1
_DIFF_LINES_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """A decision that rests on advice of which there is a newer revision."""

    decision: Entered[Decided]
    rests_on: AdviceKey
    newer: Entered[AdviceReceived]
    answered: bool
    """Whether something was decided since on the newer revision, or on one after it."""


def revisions(case: Case, advice: AdviceReceived) -> tuple[Entered[AdviceReceived], ...]:
    """List every revision of a piece of advice, oldest first."""
    return tuple(one for one in case.advice if one.entry.thread == advice.thread)


def previous(case: Case, given: Entered[AdviceReceived]) -> Entered[AdviceReceived] | None:
    """Find the revision that came before this one."""
    before: Entered[AdviceReceived] | None = None
    for one in revisions(case, given.entry):
        if one.sequence == given.sequence:
            return before
        before = one
    return before


def superseded(case: Case, given: Entered[AdviceReceived]) -> Entered[AdviceReceived] | None:
    """Find the revision that took the place of this one."""
    later = False
    for one in revisions(case, given.entry):
        if later:
            return one
        later = one.sequence == given.sequence
    return None


def unsettled(case: Case) -> tuple[Unsettled, ...]:
    """Find the decisions that rest on a revision that is not the newest any more."""
    return tuple(_unsettled(case))


def _unsettled(case: Case) -> Iterator[Unsettled]:
    by_key = {one.entry.key: one for one in case.advice}
    for position, decision in enumerate(case.decisions):
        for key in decision.entry.rests_on:
            ground = by_key.get(key)
            newer = superseded(case, ground) if ground else None
            if newer is None:
                continue
            later = case.decisions[position + 1 :]
            fresh = {
                one.entry.key
                for one in revisions(case, newer.entry)
                if one.entry.received_at >= newer.entry.received_at
            }
            yield Unsettled(
                decision=decision,
                rests_on=key,
                newer=newer,
                answered=any(fresh & set(one.entry.rests_on) for one in later),
            )


def changes(
    before: AdviceReceived, after: AdviceReceived, text_before: str, text_after: str
) -> tuple[str, ...]:
    """Tell what a revision changed: its fields first, then its text, line by line."""
    fields = [
        f"{name}: {was or '-'} -> {now or '-'}"
        for name, was, now in (
            ("revision", before.revision, after.revision),
            ("says", before.says.value, after.says.value),
            ("rating", before.rating, after.rating),
            ("advisories", _joined(before.advisories), _joined(after.advisories)),
        )
        if was != now
    ]
    lines = list(
        difflib.unified_diff(
            text_before.splitlines(), text_after.splitlines(), n=_CONTEXT_LINES, lineterm=""
        )
    )
    # The two lines of file names say nothing here.
    shown = lines[2 : _DIFF_LINES_MAX + 2]
    left_out = len(lines) - 2 - len(shown)
    more = [f"... {left_out} lines more"] if left_out > 0 else []
    return (*fields, *shown, *more)


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names)

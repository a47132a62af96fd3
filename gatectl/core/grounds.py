"""What a reopening rests on besides what each verification proves: advice and configuration."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gatectl.core.advice import superseded, unsettled
from gatectl.core.case import Case, Entered, decided_at
from gatectl.core.casework import AdviceReceived, Choice, Says
from gatectl.core.check import Verdict, failed, passed, unknown

DECISION_AGE_S_MAX: Final = 31 * 86_400
"""A decision to reopen that nobody acted upon for so long is taken again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Judged on more than the standing; whoever reopens has looked at all of it."""

    advice: Verdict | None
    """None where no case is open, or no advice is in force in it: then nothing is asked."""
    configuration: Verdict
    settings: bool
    """A bulletin in force asks for settings besides the build."""


def judge_advice(case: Case | None, now: datetime) -> Verdict | None:
    """Judge whether the advice in force is answered: lifted, or met by a decision to reopen."""
    if case is None:
        return None
    newest = [one for one in case.advice if superseded(case, one) is None]
    in_force = [one for one in newest if one.entry.says is not Says.LIFTED]
    if not newest:
        return None
    if not in_force:
        return passed("all advice of the case is lifted")
    return _judge_decision(case, in_force, now)


def _judge_decision(case: Case, in_force: list[Entered[AdviceReceived]], now: datetime) -> Verdict:
    last = max(in_force, key=lambda one: one.entry.received_at).entry
    told = f"{last.key} ({last.says}) is in force in the case {case.name}"
    decision = case.decisions[-1] if case.decisions else None
    if decision is None or decision.entry.decision is not Choice.REOPEN:
        return failed(f"{told}, and the last decision is not to reopen")
    at = decided_at(decision)
    if at < last.received_at:
        return failed(f"{told}, and the decision to reopen is older than it")
    if any(one.decision.sequence == decision.sequence for one in unsettled(case)):
        return failed("the decision to reopen rests on advice of which there is a newer revision")
    if not timedelta() <= now - at <= timedelta(seconds=DECISION_AGE_S_MAX):
        return unknown(f"the decision to reopen is of {at:%Y-%m-%d}; it is to be taken again")
    return passed(f"{decision.entry.by} decided to reopen at {at:%Y-%m-%d %H:%M} UTC")

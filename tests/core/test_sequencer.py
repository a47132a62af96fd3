"""Conversations: what has been, and what is to be done next."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatectl.core.check import Answer, Verdict, failed, unknown
from gatectl.core.event import (
    ActIntended,
    Ending,
    Event,
    Mode,
    Outcome,
    RunEnded,
    RunResumed,
)
from gatectl.core.plan import Plan, PlannedStep
from gatectl.core.playbook import OnFail, Purpose
from gatectl.core.sequencer import (
    Action,
    Finish,
    Hold,
    Perform,
    Reobserve,
    may_act,
    next_action,
    next_precheck,
)
from tests.builders import NS_A, Chronicle, ended, plan_of, planned, started

ONE, TWO, THREE = planned("one"), planned("two"), planned("three")
CHECK = planned("check", precheck=True)
LENIENT = planned("lenient", on_fail=OnFail.CONTINUE)
PLAN = plan_of(ONE, TWO, THREE)
NO, DONT_KNOW = failed("no"), unknown("cut")


def intent(step: PlannedStep) -> ActIntended:
    """Say that a step's act is about to be sent."""
    return ActIntended(step=step.id, node=NS_A, lines=("save ns config",))


def after(plan: Plan, *events: Event) -> Action:
    """Ask for the next action of a run that had these events."""
    chronicle = Chronicle()
    chronicle.begin(plan)
    for event in events:
        chronicle.add(event)
    return next_action(plan, chronicle.run())


CONVERSATIONS: dict[str, tuple[Plan, tuple[Event, ...], Action]] = {
    "it begins with the first step": (PLAN, (), Perform(step=ONE)),
    "a step that was only begun is performed again": (PLAN, (started(ONE),), Perform(step=ONE)),
    "after a step that holds comes the next": (PLAN, (ended(ONE),), Perform(step=TWO)),
    "already so is as good as done": (PLAN, (ended(ONE, Outcome.ALREADY),), Perform(step=TWO)),
    "a step in doubt is looked at": (PLAN, (started(ONE), intent(ONE)), Reobserve(step=ONE)),
    "a doubt is settled before later steps": (
        PLAN,
        (ended(ONE), started(TWO), intent(TWO)),
        Reobserve(step=TWO),
    ),
    "a failed step holds": (
        PLAN,
        (ended(ONE, Outcome.FAILED, NO),),
        Hold(because="the step one: no", ending=Ending.FAILED),
    ),
    "an unknown step holds": (
        PLAN,
        (ended(ONE), ended(TWO, Outcome.UNKNOWN, DONT_KNOW)),
        Hold(because="the step two: cut", ending=Ending.UNKNOWN),
    ),
    "on_fail continue goes on": (
        plan_of(LENIENT, TWO),
        (ended(LENIENT, Outcome.FAILED, NO),),
        Perform(step=TWO),
    ),
    "a run that went on fails all the same": (
        plan_of(LENIENT, TWO),
        (ended(LENIENT, Outcome.FAILED, NO), ended(TWO)),
        Finish(because="failed: lenient", ending=Ending.FAILED),
    ),
    "unknown is worse than failed": (
        plan_of(LENIENT, planned("two", on_fail=OnFail.CONTINUE)),
        (ended(LENIENT, Outcome.UNKNOWN, DONT_KNOW), ended(TWO, Outcome.FAILED, NO)),
        Finish(because="unknown: lenient", ending=Ending.UNKNOWN),
    ),
    "what a dry run would do is pending": (
        PLAN,
        (ended(ONE), ended(TWO, Outcome.WOULD, NO), ended(THREE, Outcome.ALREADY)),
        Finish(because="would act: two", ending=Ending.PENDING),
    ),
    "all steps hold": (
        PLAN,
        (ended(ONE), ended(TWO, Outcome.ALREADY), ended(THREE)),
        Finish(because="all 3 steps hold", ending=Ending.PROVEN),
    ),
    "a resumed run performs the failed step again": (
        PLAN,
        (
            ended(ONE),
            ended(TWO, Outcome.FAILED, NO),
            RunEnded(ending=Ending.FAILED, because="no"),
            RunResumed(digest=PLAN.digest),
        ),
        Perform(step=TWO),
    ),
    "a resumed run looks at what was in doubt": (
        PLAN,
        (
            started(ONE),
            intent(ONE),
            RunEnded(ending=Ending.INTERRUPTED, because="Ctrl-C"),
            RunResumed(digest=PLAN.digest),
        ),
        Reobserve(step=ONE),
    ),
    "a precheck that failed was judged before and does not hold": (
        plan_of(CHECK, ONE),
        (ended(CHECK, Outcome.FAILED, NO),),
        Perform(step=ONE),
    ),
    "a precheck that failed and was overridden does not make the run fail": (
        plan_of(CHECK, ONE),
        (ended(CHECK, Outcome.UNKNOWN, DONT_KNOW), ended(ONE)),
        Finish(because="all 2 steps hold", ending=Ending.PROVEN),
    ),
    "a run that was interrupted before its end is not finished by that": (
        PLAN,
        (ended(ONE), RunEnded(ending=Ending.INTERRUPTED, because="Ctrl-C")),
        Perform(step=TWO),
    ),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_next_action(name: str) -> None:
    """The plan's order decides, and nothing is done twice."""
    plan, events, action = CONVERSATIONS[name]
    assert after(plan, *events) == action


OUTCOMES = st.lists(st.sampled_from(Outcome), min_size=1, max_size=6)
_ENDING_OF_WORST = (
    (Outcome.UNKNOWN, Ending.UNKNOWN),
    (Outcome.FAILED, Ending.FAILED),
    (Outcome.WOULD, Ending.PENDING),
)


@given(outcomes=OUTCOMES, shuffle=st.randoms(use_true_random=False))
def test_the_worst_step_decides_and_never_the_last(
    outcomes: list[Outcome], shuffle: random.Random
) -> None:
    """In whatever order the steps ended, the run is worth as much as its worst one."""
    shuffle.shuffle(outcomes)
    steps = [planned(f"s{n}", on_fail=OnFail.CONTINUE) for n in range(len(outcomes))]
    action = after(plan_of(*steps), *(ended(s, o) for s, o in zip(steps, outcomes, strict=True)))
    assert isinstance(action, Finish)
    worst = [ending for outcome, ending in _ENDING_OF_WORST if outcome in outcomes]
    assert action.ending is (worst[0] if worst else Ending.PROVEN)


@given(outcomes=st.lists(st.sampled_from(Outcome), min_size=3, max_size=3))
def test_a_step_that_has_not_had_its_turn_is_never_passed_over(outcomes: list[Outcome]) -> None:
    """However far a run came, the first step without an outcome is next, or the run holds."""
    plan = plan_of(*(planned(f"s{n}") for n in range(4)))
    bad = {Outcome.FAILED, Outcome.UNKNOWN}
    action = after(plan, *(ended(s, o) for s, o in zip(plan.steps[:3], outcomes, strict=True)))
    if bad & set(outcomes):
        assert isinstance(action, Hold)
    else:
        assert action == Perform(step=plan.steps[3])


def test_every_precheck_is_looked_at_whatever_the_others_found() -> None:
    """All that fail are told at once; other steps wait, and none is looked at twice."""
    second = planned("second", precheck=True)
    plan = plan_of(ONE, CHECK, TWO, second)
    chronicle = Chronicle()
    chronicle.begin(plan)
    assert next_precheck(plan, chronicle.run()) == CHECK
    chronicle.add(started(CHECK))
    assert next_precheck(plan, chronicle.run()) == CHECK
    chronicle.add(ended(CHECK, Outcome.FAILED, NO))
    assert next_precheck(plan, chronicle.run()) == second
    chronicle.add(ended(second, Outcome.ALREADY))
    assert next_precheck(plan, chronicle.run()) is None
    assert next_precheck(PLAN, chronicle.run()) is None


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("answer", Answer)
def test_when_an_act_may_be_sent(purpose: Purpose, mode: Mode, answer: Answer) -> None:
    """Never in a dry run, never on what holds; on what is unknown only to close."""
    allowed = may_act(Verdict(answer=answer, because="x"), purpose, mode)
    expected = mode is Mode.REAL and (
        answer is Answer.FAIL or (answer is Answer.UNKNOWN and purpose is Purpose.CLOSE)
    )
    assert allowed is expected
